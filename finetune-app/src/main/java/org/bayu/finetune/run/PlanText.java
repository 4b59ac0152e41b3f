package org.bayu.finetune.run;

import static org.bayu.train.plan.MemoryPlan.gib;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.tensor.optim.AdamW;
import org.bayu.train.plan.MachineMemory;
import org.bayu.train.plan.MemoryPlan;

/** A plan in words, beside what the machine has. */
public record PlanText(MemoryPlan plan, MachineMemory machine) {
  /** What the run will take and what was chosen, in a line or two. */
  public List<String> summary() {
    var lines = new ArrayList<String>();
    lines.add(
        String.format(
            Locale.ROOT,
            "Memory: %s planned, %s available. Micro-batches of up to %d tokens, gradient"
                + " checkpointing %s%s.",
            gib(plan.anonymousBytes()),
            gib(machine.availableBytes()),
            plan.maxTokens(),
            checkpointing(),
            kept()));
    warning().ifPresent(lines::add);
    return lines;
  }

  /** The plan, part by part. */
  public List<String> report(TrainConfig config) {
    var trainer = config.trainer();
    var step = plan.step();
    var lines = new ArrayList<String>();
    lines.add(
        String.format(
            Locale.ROOT,
            "Parameters:    %,d, of which %,d are trained%s",
            plan.parameters(),
            plan.trainable(),
            trainer.modelAxisSize() == 1
                ? ""
                : ", in one of the " + trainer.modelAxisSize() + " parts of the model"));
    lines.add(
        String.format(
            Locale.ROOT,
            "A step:        %,.0f examples of %,.0f tokens; %,.0f distinct ones in %.1f"
                + " micro-batches (mean of %d batches)",
            step.examples(),
            step.tokens(),
            step.distinct(),
            step.microBatches(),
            step.batches()));
    lines.add(
        String.format(
            Locale.ROOT,
            "A micro-batch: up to %,d tokens (%s), gradient checkpointing %s (%s)%s",
            plan.maxTokens(),
            origin(trainer.maxTokensPerMicrobatch() == null),
            checkpointing(),
            origin(trainer.gradientCheckpointing().isAuto()),
            kept()));
    lines.add("");
    lines.add(row("Trainable parameters, " + weights(), plan.trainableBytes()));
    if (plan.masterBytes() > 0) {
      lines.add(row("This process's part of them in F32", plan.masterBytes()));
    }
    lines.add(row("Gradients, " + gradients(), plan.gradientBytes()));
    lines.add(
        row(
            "Optimizer state, " + form(config.settings().adamW().moments()),
            plan.optimizerBytes()));
    lines.add(
        row("Workspace: activations and scratch", plan.workspaceBytes() + plan.scratchBytes()));
    if (plan.copiedBytes() > 0) {
      lines.add(row("Weights of which columns are copied", plan.copiedBytes()));
    }
    if (plan.mergingBytes() > 0) {
      lines.add(
          row(
              plan.trainable() >= plan.parameters()
                  ? "Collecting a tensor for a checkpoint"
                  : "Merging the adapter",
              plan.mergingBytes()));
    }
    if (plan.predictionBytes() > 0) {
      lines.add(row("Predictions at evaluations", plan.predictionBytes()));
    }
    lines.add(row("Java heap", plan.heapBytes()));
    lines.add(row("The JVM's own", plan.jvmBytes()));
    lines.add(row("In all", plan.anonymousBytes()));
    lines.add(row("Weights beside that, mapped from files", plan.mappedBytes()));
    lines.add("");
    lines.add(row("This machine's memory", machine.totalBytes()));
    lines.add(row("Available", machine.availableBytes()));
    warning().ifPresent(lines::add);
    if (plan.fits(machine)) {
      lines.add("The run fits.");
    }
    return lines;
  }

  /** That weights will be read from disk again and again, if so. */
  private Optional<String> warning() {
    return plan.keepsWeights(machine)
        ? Optional.empty()
        : Optional.of(
            "The mapped weights (%s) do not stay in memory beside that: every pass will read them from disk again, which is slow."
                .formatted(gib(plan.mappedBytes())));
  }

  private String checkpointing() {
    if (plan.recomputed() == 0) {
      return "off";
    }
    return plan.recomputed() == plan.layers() ? "on" : "partly on";
  }

  private String kept() {
    var kept = plan.layers() - plan.recomputed();
    return String.format(
        Locale.ROOT, ": %d of %d blocks keep their activations", kept, plan.layers());
  }

  private static String origin(boolean open) {
    return open ? "chosen" : "given";
  }

  private String weights() {
    if (plan.masterBytes() > 0) {
      return "mostly bf16"; // all but embedding and norms
    }
    return plan.trainableBytes() == plan.trainable() * Float.BYTES ? "F32" : "bf16";
  }

  private String gradients() {
    var type = plan.masterBytes() > 0 ? "F32" : weights();
    var isWhole = plan.gradientBytes() >= plan.trainable() * (type.equals("bf16") ? 2L : 4L);
    return isWhole ? type : type + ", this process's part";
  }

  private static String form(AdamW.Moments moments) {
    return moments == AdamW.Moments.F32 ? "F32" : "8-bit";
  }

  private static String row(String label, long bytes) {
    return "%-40s%14s".formatted(label, gib(bytes));
  }
}
