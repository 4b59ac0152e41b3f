package org.bayu.finetune.run;

import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.finetune.config.TrainerConfig;
import org.bayu.finetune.error.UserException;
import org.bayu.remote.files.LocalFiles;
import org.bayu.tensor.Device;
import org.bayu.tensor.io.Printable;
import org.bayu.train.TrainState;
import org.bayu.train.checkpoint.BaseDescription;
import org.bayu.train.checkpoint.Checkpoint;
import org.bayu.train.checkpoint.DamagedCheckpointException;
import org.bayu.train.checkpoint.DataDescription;
import org.bayu.train.checkpoint.RunDescription;
import org.bayu.train.plan.MachineMemory;
import org.bayu.train.plan.MemoryPlan;
import org.jspecify.annotations.Nullable;

/**
 * How a run goes on from its checkpoint: what must be equal is compared, the cut of the batches is
 * kept, and what changes the last bits is said. Without a checkpoint the run begins at its first
 * step.
 */
final class Resumption {
  private final TrainConfig config;
  private final LocalFiles files;
  private final RunInputs inputs;
  private final @Nullable Checkpoint checkpoint;
  private final DataDescription data;
  private final BaseDescription base;

  private Resumption(RunStart start, RunInputs inputs) throws IOException {
    this.config = start.config();
    this.files = start.models().files();
    this.inputs = inputs;
    this.checkpoint = start.checkpoint();
    data = DataDescription.of(inputs.data());
    base = BaseDescription.of(inputs.base().checkpoint(), inputs.model().commit());
  }

  /**
   * Compares a run with the checkpoint that it goes on from.
   *
   * @throws UserException if it would be another run
   */
  static Resumption of(RunStart start, RunInputs inputs, Consumer<String> messages)
      throws IOException {
    var resumption = new Resumption(start, inputs);
    var checkpoint = resumption.checkpoint;
    if (checkpoint != null) {
      var before = resumption.refuseOther(checkpoint);
      messages.accept(
          "Going on after step %s from %s."
              .formatted(checkpoint.info().progress().steps(), checkpoint.folder()));
      resumption.sayOtherSums(before, messages);
    }
    return resumption;
  }

  private void sayOtherSums(TrainConfig before, Consumer<String> messages) {
    var then = before.trainer().gradientSums();
    var now = config.trainer().gradientSums();
    if (config.lora() == null && !then.equals(now)) {
      messages.accept(
          "The checkpoint's run had trainer.gradient_sums %s, and now it is %s: the results are no longer equal to the last bit."
              .formatted(then, now));
    }
  }

  /** Returns the configuration of the checkpoint's run. */
  private TrainConfig refuseOther(Checkpoint from) throws IOException {
    var done = from.info().progress().steps();
    var steps = config.trainer().numTrainSteps();
    if (done > steps) {
      throw UserException.usage(
          "trainer.num_train_steps: %s, and the checkpoint %s has %s steps already."
              .formatted(steps, from.folder(), done));
    }
    var before = from.info().run();
    // Keys that an earlier Bayu did not have yet have their defaults.
    var settings =
        TrainConfig.ofJson(from.folder().toString(), before.settings(), List.of(), files);
    var complete = before.withSettings(settings.toJson(files));
    var differences =
        complete.differences(describe(config, before.cut(), ""), ResumeKeys::mayDiffer);
    if (!differences.isEmpty()) {
      throw UserException.usage(
          "%s: this run cannot go on from that checkpoint: %s."
              .formatted(from.folder(), Printable.first(differences, "; ")));
    }
    return settings;
  }

  private RunDescription describe(
      TrainConfig resolved, RunDescription.Cut cut, String instructions) {
    var adapter = inputs.shape().adapter();
    return RunDescription.of(
        resolved.trainer().runId(),
        resolved.toJson(files),
        adapter == null ? null : adapter.config(),
        data,
        base,
        cut,
        instructions);
  }

  /**
   * Plans the memory. The cut of the checkpoint is kept if it fits.
   *
   * @throws UserException if nothing fits
   */
  MemoryPlan plan(MachineMemory machine, Consumer<String> messages) {
    if (checkpoint == null) {
      return planned(machine);
    }
    var cut = checkpoint.info().run().cut();
    var asked = config.trainer().maxTokensPerMicrobatch();
    if (asked == null || asked == cut.maxTokens()) {
      var kept = inputs.planner(config.withTrainer(kept(config.trainer(), cut)), machine).plan();
      if (kept.fits(machine)) {
        return kept;
      }
    }
    var plan = planned(machine);
    if (plan.maxTokens() != cut.maxTokens()) {
      messages.accept(
          "The checkpoint's run had micro-batches of up to %s tokens, and now they have up to %s%s: the results are no longer equal to the last bit."
              .formatted(
                  cut.maxTokens(),
                  plan.maxTokens(),
                  asked == null ? ", because the others do not fit into memory here" : ""));
    }
    return plan;
  }

  /** The plan of the configuration alone. */
  private MemoryPlan planned(MachineMemory machine) {
    var planner = inputs.planner(config, machine);
    var plan = planner.plan();
    new PlanRefusal(planner, machine).check(plan);
    return plan;
  }

  /** Gradient checkpointing changes no bits, so it is chosen anew by the memory here. */
  private static TrainerConfig kept(TrainerConfig trainer, RunDescription.Cut cut) {
    return trainer.withMemory(cut.maxTokens(), trainer.gradientCheckpointing());
  }

  /** Loads the checkpoint, or the weights that {@code trainer.initialize_from} names. */
  void load(TrainState state, Consumer<String> messages) throws IOException {
    load(checkpoint, config, files, state, messages);
  }

  /** The same with a given checkpoint; null for none. */
  static void load(
      @Nullable Checkpoint checkpoint,
      TrainConfig config,
      LocalFiles files,
      TrainState state,
      Consumer<String> messages)
      throws IOException {
    var weights = config.trainer().initializeFrom();
    try {
      if (checkpoint != null) {
        checkpoint.load(state);
      } else if (weights != null) {
        var from = RunStart.open("trainer.initialize_from", weights, files.buckets(), messages);
        from.loadParameters(state);
        messages.accept("The weights are those of " + from.folder() + ".");
      }
    } catch (DamagedCheckpointException e) {
      throw UserException.usage(e.getMessage() + ".");
    }
  }

  /** What the run's own checkpoints say of it. */
  RunDescription description(MemoryPlan plan, Device device, Consumer<String> messages) {
    var cut = new RunDescription.Cut(plan.maxTokens(), plan.recomputed() > 0);
    var now = describe(resolved(config, plan), cut, device.instructions());
    if (checkpoint == null) {
      return now;
    }
    var before = checkpoint.info().run().instructions();
    if (!Objects.equals(before.getLast(), device.instructions())) {
      messages.accept(
          "The checkpoint was computed by %s, and this machine computes by %s: the results are no longer equal to the last bit."
              .formatted(before.getLast(), device.instructions()));
    }
    return now.after(before);
  }

  /** The configuration with the plan's settings in place of what it left open. */
  static TrainConfig resolved(TrainConfig config, MemoryPlan plan) {
    var trainer = config.trainer();
    var given = trainer.gradientCheckpointing();
    return config.withTrainer(
        trainer.withMemory(plan.maxTokens(), given.isAuto() ? plan.checkpointing() : given));
  }
}
