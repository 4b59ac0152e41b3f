package org.bayu.finetune.run;

import static org.bayu.train.plan.MemoryPlan.gib;

import java.util.Locale;
import java.util.Optional;
import org.bayu.finetune.error.UserException;
import org.bayu.train.plan.MachineMemory;
import org.bayu.train.plan.MemoryPlan;
import org.bayu.train.plan.MemoryPlanner;

/** The refusal of a run that does not fit into memory: it names the keys with which it would. */
public record PlanRefusal(MemoryPlanner planner, MachineMemory machine) {
  /**
   * Lets a plan that fits pass.
   *
   * @throws UserException if it does not fit
   */
  public void check(MemoryPlan plan) {
    if (!plan.fits(machine)) {
      throw UserException.memory(plan.shortage(machine) + " " + advice());
    }
  }

  private String advice() {
    Optional<String> sameWeights =
        planner
            .fitting()
            .map(plan -> "It fits with %s: %s.".formatted(keys(plan), gib(plan.anonymousBytes())));
    return sameWeights
        .or(this::adviceOfLora)
        .orElse(
            "No choice of trainer.max_tokens_per_microbatch and trainer.gradient_checkpointing"
                + " helps. Take a smaller model, shorten the rows (max_tune_length), or close"
                + " other programs.");
  }

  private Optional<String> adviceOfLora() {
    return planner
        .fittingAdapter()
        .map(
            plan ->
                "With LoRA in place of all weights it fits: add lora: {r: 8}%s, which takes %s."
                    .formatted(
                        planner.isOpen(plan) ? "" : " and " + keys(plan),
                        gib(plan.anonymousBytes())));
  }

  private static String keys(MemoryPlan plan) {
    return String.format(
        Locale.ROOT,
        "trainer.max_tokens_per_microbatch %d and trainer.gradient_checkpointing %s",
        plan.maxTokens(),
        plan.checkpointing());
  }
}
