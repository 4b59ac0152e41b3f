package org.bayu.finetune.command;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.bayu.finetune.data.JsonLines;
import org.bayu.finetune.data.ViggoRows;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.model.Models;
import org.bayu.tensor.io.StrictJson;
import org.bayu.tensor.io.WholeFile;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** The tutorial's step 1: a data set's own files to the JSON Lines that {@code train} reads. */
@Command(
    name = "prepare",
    description =
        "Turn ViGGO's CSV into JSON Lines of instruction, input (the utterance) and output (its"
            + " meaning).")
final class PrepareCommand implements Callable<Integer> {
  private static final int MAX_PROMPT_BYTES = 10_000_000;

  /** The data sets whose files can be read. */
  enum Format {
    /** Juraska, Bowden, Walker 2019. */
    VIGGO
  }

  @Spec private CommandSpec spec;

  @ParentCommand private CommandRunner runner;

  @Option(names = "--format", required = true, description = "viggo")
  private Format format;

  @Option(
      names = "--input",
      required = true,
      paramLabel = "F.csv",
      description =
          "Columns mr and ref, or GEM's meaning_representation and target; CSV (UTF-8, RFC 4180),"
              + " JSON Lines or Parquet. Or a data set on the Hub: GEM/viggo.")
  private Path input;

  @Option(
      names = "--split",
      paramLabel = "S",
      description = "Of a data set on the Hub: train (the default), validation or test.")
  private @Nullable String split;

  @Option(
      names = "--output",
      required = true,
      paramLabel = "F.jsonl",
      description = "Written when whole; replaced if it exists.")
  private Path output;

  @Option(
      names = "--prompt",
      paramLabel = "P.txt",
      description =
          "The instruction of every row, taken as it is, to the last line end. Default: a"
              + " description of ViGGO's functions and attributes.")
  private @Nullable Path prompt;

  @Override
  public Integer call() throws IOException {
    try (var models = new Models(runner.environment(), spec.commandLine().getErr())) {
      prepare(models);
    }
    return ExitCode.DONE;
  }

  private void prepare(Models models) throws IOException {
    var instruction = instruction(models);
    var rows =
        switch (format) {
          case VIGGO -> ViggoRows.read(models.rows(input, split, "train"));
        };
    JsonLines.write(
        output,
        rows.stream().map(row -> JsonLines.row(instruction, row.utterance(), row.meaning())));
    models.outputs().publish("--output", output);
    spec.commandLine().getErr().printf(Locale.ROOT, "Wrote %d rows to %s.%n", rows.size(), output);
  }

  private String instruction(Models models) throws IOException {
    if (prompt != null) {
      models.files().fetched(prompt);
      return StrictJson.text(prompt, WholeFile.read(prompt, MAX_PROMPT_BYTES));
    }
    try (var text = PrepareCommand.class.getResourceAsStream("viggo-prompt.txt")) {
      return new String(Objects.requireNonNull(text).readAllBytes(), UTF_8);
    }
  }
}
