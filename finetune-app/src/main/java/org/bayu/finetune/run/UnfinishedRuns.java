package org.bayu.finetune.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.bayu.finetune.config.RunId;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.finetune.error.UserException;
import org.bayu.remote.files.LocalFiles;
import org.bayu.tensor.io.RemoteFiles;

/** The runs that a command without a run id may mean to go on with. */
public final class UnfinishedRuns {
  private UnfinishedRuns() {}

  /**
   * Finds, in the command's {@code trainer.output_dir}, the runs that have not done all their
   * steps, that no living process writes, and whose configuration is the command's. In the
   * comparison {@code trainer.id}, {@code output_dir} and {@code load_checkpoint} do not count, and
   * neither do {@code max_tokens_per_microbatch} and {@code gradient_checkpointing} if the command
   * leaves them to the memory plan.
   *
   * @param files what paths stand for
   * @param messages takes a line for each damaged {@code run.json}
   * @return their folders, in the order of their names, which are the run ids; a folder that cannot
   *     be read is not among them
   */
  public static List<Path> of(TrainConfig command, LocalFiles files, Consumer<String> messages)
      throws IOException {
    var yaml = command.toYaml(files);
    var found = new ArrayList<Path>();
    fetch(command.trainer().outputDir(), files.buckets());
    for (var folder : folders(command.trainer().outputDir())) {
      if (isSame(command, yaml, folder, files, messages)) {
        found.add(folder);
      }
    }
    return found;
  }

  private static boolean isSame(
      TrainConfig command, String yaml, Path folder, LocalFiles files, Consumer<String> messages) {
    TrainConfig config;
    try {
      if (RunLock.isTaken(folder)) {
        return false;
      }
      config = TrainConfig.load(folder.resolve(RunFolder.CONFIG), List.of(), files);
    } catch (IOException | UserException e) {
      return false;
    }
    return config
            .withTrainer(config.trainer().asOrderedBy(command.trainer()))
            .toYaml(files)
            .equals(yaml)
        && RunEnd.read(folder, messages)
            .filter(end -> end.steps() >= config.trainer().numTrainSteps())
            .isEmpty();
  }

  /** Brings here what tells how far the runs of an output folder are, or the run in it. */
  static void fetch(Path outputDir, RemoteFiles remote) throws IOException {
    var folders = new ArrayList<>(remote.list(outputDir));
    folders.add(outputDir);
    for (var folder : folders) {
      for (var name : List.of(RunFolder.CONFIG, RunFolder.METRICS, RunEnd.FILE)) {
        if (folder.equals(outputDir) || RunId.isName(String.valueOf(folder.getFileName()))) {
          remote.fetch(folder.resolve(name));
        }
      }
    }
  }

  /** The folders of runs in an output folder, in the order of their names. */
  static List<Path> folders(Path outputDir) throws IOException {
    if (!Files.isDirectory(outputDir)) {
      return List.of();
    }
    try (var entries = Files.list(outputDir)) {
      return entries
          .filter(entry -> RunId.isName(String.valueOf(entry.getFileName())))
          .filter(entry -> Files.isRegularFile(entry.resolve(RunFolder.CONFIG)))
          .sorted()
          .toList();
    }
  }
}
