package org.bayu.finetune.run;

import java.io.IOException;
import java.nio.file.Path;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.finetune.error.UserException;
import org.bayu.finetune.model.Models;
import org.bayu.tensor.Device;
import org.bayu.tensor.device.Devices;
import org.bayu.train.GradientCheckpointing;
import org.bayu.train.StoppedException;
import org.bayu.train.checkpoint.Checkpoint;
import org.bayu.train.checkpoint.DamagedCheckpointException;
import org.bayu.train.finetune.FineTuning;
import org.bayu.train.plan.MachineMemory;
import org.jspecify.annotations.Nullable;

/**
 * A process of a run that computes and does nothing else. It opens the same model and data as rank
 * 0, begins at the same state, and makes the same updates. It prints and writes nothing.
 */
public final class RunWorker {
  private RunWorker() {}

  /**
   * What rank 0 has found out.
   *
   * @param gradientParts whether each process keeps only its part of the gradients
   * @param checkpoint the folder to go on from; null to begin at the first step
   * @param commit of a model of the Hub; null for the newest
   */
  record Assignment(
      int maxTokens,
      int recomputed,
      boolean gradientParts,
      @Nullable String checkpoint,
      @Nullable String commit) {
    /** One line for each. */
    String text() {
      return String.join(
          "\n",
          Integer.toString(maxTokens),
          Integer.toString(recomputed),
          Boolean.toString(gradientParts),
          orEmpty(checkpoint),
          orEmpty(commit));
    }

    private static String orEmpty(@Nullable String text) {
      return text == null ? "" : text;
    }

    private static @Nullable String orNull(String text) {
      return text.isEmpty() ? null : text;
    }

    static Assignment of(String text) {
      var lines = text.split("\n", -1);
      return new Assignment(
          Integer.parseInt(lines[0]),
          Integer.parseInt(lines[1]),
          Boolean.parseBoolean(lines[2]),
          orNull(lines[3]),
          orNull(lines[4]));
    }
  }

  /**
   * Takes part in a run until it ends.
   *
   * @param command the configuration that rank 0 has too
   * @throws UserException for what the user can mend on this machine
   */
  public static void run(TrainConfig command, Models models, RunRanks ranks) throws IOException {
    var told = ranks.receive();
    if (!told.isEmpty()) {
      train(command, models, ranks, Assignment.of(told));
    }
    ranks.finish();
  }

  private static @Nullable Checkpoint checkpoint(Assignment assignment, Models models)
      throws IOException {
    if (assignment.checkpoint == null) {
      return null;
    }
    var folder = Path.of(assignment.checkpoint);
    models.files().buckets().fetch(folder);
    return Checkpoint.open(folder);
  }

  /** Rank 0 lets the model answer some rows at each evaluation: those who have parts of it too. */
  private static void answerTogether(
      FineTuning tuning, RunInputs inputs, TrainConfig config, Device device) {
    var rows = inputs.predicted();
    var groups = tuning.state().groups();
    if (rows != null && groups.model().size() > 1 && groups.data().rank() == 0) {
      var compute = config.trainer().mp().compute();
      var predictions = new EvalPredictions(rows, inputs.base(), tuning.model(), device, compute);
      tuning.trainer().listen(report -> predictions.answer(report));
    }
  }

  private static void trainUntilStopped(FineTuning tuning) throws IOException {
    try {
      tuning.trainer().run();
    } catch (StoppedException e) {
      // Rank 0 collects the state, and then ends all.
    }
  }

  private static void train(
      TrainConfig command, Models models, RunRanks ranks, Assignment assignment)
      throws IOException {
    var config =
        command.withTrainer(
            command
                .trainer()
                .withMemory(
                    assignment.maxTokens, new GradientCheckpointing(assignment.recomputed)));
    try (var inputs =
            RunInputs.open(config, models, assignment.commit, _ -> {}).whole(config, models);
        var device = Devices.cpu(ranks.threads())) {
      // The same as rank 0's, which has seen to it that it fits.
      var divided = inputs.dividedAmong(ranks.communicator().size(), config);
      var shaped = assignment.gradientParts ? divided.withGradientParts() : divided;
      var plan = shaped.planner(config, MachineMemory.UNLIMITED).plan();
      try (var tuning =
          FineTuning.distributed(
              inputs.base(),
              inputs.adaptation(config),
              inputs.data(),
              inputs.evalData(),
              config.settings(),
              plan,
              device,
              ranks.groups(config))) {
        Resumption.load(
            checkpoint(assignment, models), config, models.files(), tuning.state(), _ -> {});
        ranks.check(device, inputs, config);
        answerTogether(tuning, inputs, config, device);
        trainUntilStopped(tuning);
        tuning.state().proceed();
      }
    } catch (DamagedCheckpointException e) {
      throw UserException.inputFile(e.getMessage() + ".");
    }
  }
}
