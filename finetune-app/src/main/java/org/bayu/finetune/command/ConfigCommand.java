package org.bayu.finetune.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.remote.files.LocalFiles;
import org.bayu.train.data.PromptTemplate;
import org.bayu.train.data.RowReader;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Unmatched;

/** A command that works on a run's configuration, and how it is told of it. */
abstract class ConfigCommand {
  @Spec private CommandSpec spec;

  @Option(
      names = "--config_path",
      paramLabel = "F.yaml",
      description =
          "The run's configuration. Flags override it: --trainer.num_train_steps 10,"
              + " --data=train.jsonl, --lora.target_modules '[q_proj, v_proj]'.")
  private @Nullable Path file;

  // All that is no option of the command is a key of the configuration.
  @Unmatched private List<String> flags = new ArrayList<>();

  /**
   * Reads rows that a model is to answer as its training read them: with its template, and special
   * tokens where it took them for tokens. A bad row is an error.
   *
   * @param config the training's configuration; null for the default
   * @param files what paths stand for
   */
  static RowReader rows(@Nullable Path config, RowReader.Output output, LocalFiles files)
      throws IOException {
    return config == null
        ? new RowReader(PromptTemplate.ALPACA, output, false, false)
        : TrainConfig.loadRows(files.fetched(config), output, files);
  }

  /**
   * The configuration: the file's keys, overridden by the flags. Says first which weights are to be
   * trained, then which keys have no effect.
   *
   * @param files what paths stand for
   */
  final TrainConfig load(LocalFiles files) throws IOException {
    return load(files, spec.commandLine().getErr()::println);
  }

  /** The same with these words given to {@code messages}. */
  final TrainConfig load(LocalFiles files, Consumer<String> messages) throws IOException {
    var options =
        spec.options().stream()
            .map(OptionSpec::longestName)
            .filter(name -> name.startsWith("--"))
            .map(name -> name.substring(2))
            .collect(Collectors.toSet());
    if (file != null) {
      files.fetched(file);
    }
    var config = TrainConfig.load(file, flags, options, files);
    messages.accept(config.kind());
    config.notices().forEach(messages);
    return config;
  }
}
