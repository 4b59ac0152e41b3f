package org.bayu.finetune.command;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.UserException;
import org.bayu.finetune.model.Models;
import org.bayu.llama.TokenTree;
import org.bayu.tensor.DType;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.device.Devices;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** What a model thinks of a sequence of tokens, number by number: for comparing with others. */
@Command(
    name = "logits",
    description =
        "Print the logits at each token of a sequence, computed in f32: a JSON array of arrays.")
final class LogitsCommand implements Callable<Integer> {
  /** Rows of logits held at once. */
  private static final int CHUNK = 256;

  @Spec private CommandSpec spec;

  @ParentCommand private CommandRunner runner;

  @Option(names = "--model", required = true, paramLabel = "D", description = "A model folder.")
  private String model;

  @Option(names = "--adapter", paramLabel = "D", description = "A LoRA adapter folder.")
  private @Nullable String adapter;

  @Option(
      names = "--tokens",
      required = true,
      split = ",",
      paramLabel = "ID",
      description = "Token ids, BOS included, separated by commas.")
  private int[] tokens;

  @Override
  public Integer call() throws IOException {
    try (var models = new Models(runner.environment(), spec.commandLine().getErr());
        var loaded = LoadedModel.open(models, spec, model, adapter);
        var device = Devices.cpu();
        var workspace = new Workspace()) {
      var tape = Tape.inference(device, workspace);
      var tree = TokenTree.of(List.of(tokens), Integer.MAX_VALUE);
      var hidden = loaded.model().hidden(tape, tree, DType.F32, 0);
      var out = spec.commandLine().getOut();
      for (var from = 0; from < tokens.length; from += CHUNK) {
        var rows = IntStream.range(from, Math.min(from + CHUNK, tokens.length)).toArray();
        var logits = loaded.model().logits(tape, hidden, rows).value();
        loaded.model().checkLogits(device, logits);
        for (var i = 0; i < rows.length; i++) {
          out.print(from + i == 0 ? "[[" : ",\n [");
          var row = logits.slice(i, i + 1).toFloats();
          for (var j = 0; j < row.length; j++) {
            out.print(j == 0 ? "" : ",");
            out.print(row[j]);
          }
          out.print("]");
        }
      }
      out.println("]");
      return ExitCode.DONE;
    } catch (IllegalArgumentException e) {
      throw UserException.usage("--tokens: " + e.getMessage() + ".");
    }
  }
}
