package org.bayu.finetune.command;

import com.fasterxml.jackson.databind.json.JsonMapper;
import it.unimi.dsi.fastutil.ints.IntList;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Stack;
import java.util.concurrent.Callable;
import org.bayu.finetune.data.PromptReader;
import org.bayu.finetune.data.PromptReader.Prompt;
import org.bayu.finetune.error.UserException;
import org.bayu.finetune.evaluate.DealtGroups;
import org.bayu.finetune.evaluate.EvaluationSettings;
import org.bayu.finetune.grammar.Grammar;
import org.bayu.finetune.model.Models;
import org.bayu.finetune.run.RunRanks;
import org.bayu.llama.generate.Generator;
import org.bayu.llama.generate.Sampling;
import org.bayu.llama.tokenizer.LlamaTokenizer;
import org.bayu.llama.tokenizer.TemplateText;
import org.bayu.tensor.device.Devices;
import org.bayu.train.data.BadRowException;
import org.bayu.train.data.RowReader;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.IParameterConsumer;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Continues one text, shown as it comes, or the prompts of a file. */
@Command(
    name = "generate",
    description =
        "Continue a text (--prompt; the continuation is printed as it comes) or the rows of a JSON"
            + " Lines file (--prompts; one object with prompt and output a line).")
final class GenerateCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @ParentCommand private CommandRunner runner;

  @Option(names = "--model", required = true, paramLabel = "D", description = "A model folder.")
  private String model;

  @Option(names = "--adapter", paramLabel = "D", description = "A LoRA adapter folder.")
  private @Nullable String adapter;

  @ArgGroup(multiplicity = "1")
  private Input input = new Input();

  /** What to continue. */
  static final class Input {
    @Option(
        names = "--prompt",
        required = true,
        paramLabel = "T",
        parameterConsumer = AnyText.class,
        description = "Raw text.")
    private @Nullable String text;

    @ArgGroup(exclusive = false)
    private @Nullable Rows rows;
  }

  /** Takes the next argument as it is, even if it looks like an option. */
  static final class AnyText implements IParameterConsumer {
    @Override
    public void consumeParameters(Stack<String> args, ArgSpec option, CommandSpec command) {
      if (args.isEmpty()) {
        throw new ParameterException(command.commandLine(), "--prompt needs a text");
      }
      option.setValue(args.pop());
    }
  }

  /** Rows, and what turns them into prompts. */
  static final class Rows {
    @Option(
        names = "--prompts",
        required = true,
        paramLabel = "F.jsonl",
        description = "Rows as train reads them, with its template; outputs are not needed.")
    private Path file = Path.of("");

    @Option(
        names = "--config_path",
        paramLabel = "F.yaml",
        description = "The training's configuration, if it has a template of its own (prompts).")
    private @Nullable Path config;
  }

  @Option(
      names = "--max_new_tokens",
      defaultValue = "256",
      paramLabel = "N",
      description = "The most new tokens (${DEFAULT-VALUE}).")
  private int maxNewTokens;

  @Option(
      names = "--temperature",
      defaultValue = "0",
      paramLabel = "X",
      description = "Divisor of the logits; 0 takes the most likely token (${DEFAULT-VALUE}).")
  private double temperature;

  @Option(
      names = "--top_p",
      defaultValue = "1",
      paramLabel = "P",
      description = "Draw only from the most likely tokens that together reach this probability.")
  private double topP;

  @Option(
      names = "--seed",
      defaultValue = "0",
      paramLabel = "N",
      description = "Seed of the draws.")
  private long seed;

  @Option(
      names = "--grammar",
      paramLabel = "G",
      description =
          "What answers can be at all: viggo, or a JSON file with functions and attributes.")
  private @Nullable Path grammar;

  @Option(
      names = "--compute",
      defaultValue = "bf16",
      paramLabel = "TYPE",
      description = "bf16 or f32 (${DEFAULT-VALUE}).")
  private ComputeType compute;

  @Option(
      names = "--ids",
      description = "With --prompt: print the token ids as a JSON array instead of the text.")
  private boolean ids;

  @Option(
      names = "--special_tokens",
      description =
          "With --prompt: special tokens that the text spells, such as chat markers, are tokens.")
  private boolean specialTokens;

  @Override
  public Integer call() throws IOException {
    var sampling = sampling();
    if (input.text != null && input.rows != null) {
      throw new ParameterException(spec.commandLine(), Misuse.both(spec));
    }
    if (maxNewTokens < 1) {
      throw UserException.usage("--max_new_tokens must be 1 or more, not " + maxNewTokens + ".");
    }
    if (specialTokens && input.rows != null) {
      throw UserException.usage(
          "--special_tokens is for --prompt. For rows, write special_tokens_in_rows: true into the"
              + " file of --config_path.");
    }
    if (ids && input.rows != null) {
      throw UserException.usage(
          "--ids is for --prompt. For texts of a file there is bayu tokenize.");
    }
    return AllProcesses.run(
        runner,
        spec,
        ranks -> {
          if (input.text != null && ranks.areSeveral()) {
            throw UserException.usage(
                "Several processes can continue --prompts only. Start one for --prompt.");
          }
          generate(sampling, ranks);
          ranks.finish();
        });
  }

  private void generate(Sampling sampling, RunRanks ranks) throws IOException {
    if (ranks.isWorker()) {
      var _ = ranks.receive(); // rank 0 has found the model and the rows
    } else if (temperature == 0 && (topP != 1 || seed != 0)) {
      spec.commandLine()
          .getErr()
          .println("--top_p and --seed have no effect without a --temperature above 0.");
    }
    try (var models = new Models(runner.environment(), spec.commandLine().getErr());
        var loaded = LoadedModel.open(models, spec, model, adapter);
        var device = Devices.cpu(ranks.threads())) {
      var tokenizer = loaded.tokenizer();
      var stopTokens = loaded.stopTokens();
      var answers = grammar == null ? null : Grammar.read(models.files().fetched(grammar));
      var constraint =
          answers == null ? null : answers.constraint(loaded.model(), tokenizer, stopTokens);
      var generator =
          new Generator(loaded.model(), device, compute.dtype(), stopTokens, constraint);
      var config = loaded.model().config();
      var reader = new PromptReader(tokenizer, config.vocabSize(), config.maxPositions());
      if (input.text != null) {
        continueText(loaded, generator, tokenizer, prompt(reader, input.text), sampling);
      } else if (input.rows != null) {
        var rows =
            reader.read(
                ConfigCommand.rows(input.rows.config, RowReader.Output.OPTIONAL, models.files()),
                models.files().fetched(input.rows.file));
        if (ranks.areSeveral()) {
          var source = answers == null ? "" : answers.source();
          checkEqual(loaded, rows, device.instructions() + source, ranks);
        }
        continueRows(loaded, generator, tokenizer, rows, sampling, ranks);
      }
    }
  }

  /** Refuses processes that would not continue the same; begins the work where they wait. */
  private static void checkEqual(LoadedModel loaded, List<Prompt> rows, String more, RunRanks ranks)
      throws IOException {
    var adapter = loaded.adapterFolder();
    var inputs =
        EvaluationSettings.ofWeights(loaded.folder().checkpoint().folder())
            + (adapter == null ? "" : EvaluationSettings.ofWeights(adapter))
            + rows.stream().map(Prompt::tokens).toList()
            + more;
    if (!ranks.isWorker()) {
      ranks.send("");
    }
    if (ranks.differ(inputs)) {
      throw UserException.inputFile(EvaluateCommand.DIFFERENT);
    }
  }

  private Sampling sampling() {
    try {
      return new Sampling(temperature, topP, seed);
    } catch (IllegalArgumentException e) {
      throw UserException.usage("--" + e.getMessage() + ".");
    }
  }

  private int[] prompt(PromptReader reader, String text) {
    var parts = specialTokens ? TemplateText.EMPTY.literal(text) : TemplateText.EMPTY.field(text);
    try {
      return reader.tokens(parts).toIntArray();
    } catch (BadRowException e) {
      throw UserException.usage("--prompt: " + e.reason() + ". Give another text.");
    }
  }

  private void continueText(
      LoadedModel loaded,
      Generator generator,
      LlamaTokenizer tokenizer,
      int[] prompt,
      Sampling sampling)
      throws IOException {
    var out = spec.commandLine().getOut();
    // What the prompt's last token means may hang on what follows: decode both as one text.
    var decoder = tokenizer.newDecoder();
    for (var id : prompt) {
      decoder.push(id);
    }
    var speed = new GenerationSpeed();
    var tokens =
        generator
            .generate(
                List.of(prompt),
                maxNewTokens,
                sampling,
                new Generator.Listener() {
                  @Override
                  public void step() {
                    loaded.checkFiles();
                  }

                  @Override
                  public void token(int number, int token) {
                    speed.token(number);
                    if (!ids) {
                      out.print(decoder.push(token));
                      out.flush();
                    }
                  }
                })
            .getFirst();
    out.println(ids ? new JsonMapper().writeValueAsString(tokens) : decoder.finish());
    out.flush(); // before the line on stderr, which a terminal shows too
    spec.commandLine().getErr().println(speed);
  }

  private void continueRows(
      LoadedModel loaded,
      Generator generator,
      LlamaTokenizer tokenizer,
      List<Prompt> rows,
      Sampling sampling,
      RunRanks ranks) {
    var json = new JsonMapper();
    var prompts = rows.stream().map(row -> row.tokens().toIntArray()).toList();
    var out = spec.commandLine().getOut();
    var speed = new GenerationSpeed();
    var continued = new DealtGroups(ranks.communicator());
    continued.generate(
        generator,
        prompts,
        _ -> true,
        maxNewTokens,
        sampling,
        new Generator.Listener() {
          private final String[] lines = new String[rows.size()];
          private int printed;

          @Override
          public void step() {
            loaded.checkFiles();
          }

          @Override
          public void token(int prompt, int token) {
            speed.token(prompt);
          }

          @Override
          public void end(int prompt, IntList tokens, Generator.End end) {
            var object = json.createObjectNode();
            object.put("prompt", rows.get(prompt).row().prompt().text());
            object.put("output", tokenizer.decode(tokens).strip());
            lines[prompt] = object.toString();
            while (printed < lines.length && lines[printed] != null) {
              out.println(lines[printed]);
              printed++;
            }
            out.flush();
          }
        });
    spec.commandLine().getErr().println(speed);
  }
}
