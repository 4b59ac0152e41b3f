package org.bayu.finetune.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bayu.finetune.TestFiles;
import org.bayu.finetune.error.UserException;
import org.bayu.tensor.optim.Decay;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How the keys of the learning rate are read; what they mean is tested with the schedule. */
class LearningRateKeysTest {
  @TempDir private Path folder;

  /** A configuration of 100 steps. */
  private TrainConfig load(String optimizer) throws IOException {
    var yaml = "data: t\ntrainer: {num_train_steps: 100}\noptimizer: {" + optimizer + "}\n";
    return TrainConfig.load(
        Files.writeString(folder.resolve("run.yaml"), yaml), List.of(), TestFiles.HERE);
  }

  private void assertDecay(Decay expected, String value) throws IOException {
    var config = load("lr_schedule: " + value);
    assertEquals(expected, config.optimizer().lrSchedule(), value);
    var file = Files.writeString(folder.resolve("config.yaml"), config.toYaml(TestFiles.HERE));
    assertEquals(
        config,
        TrainConfig.load(file, List.of(), TestFiles.HERE),
        () -> config.toYaml(TestFiles.HERE));
  }

  private void assertRefused(String optimizer, String part) {
    var e = assertThrows(UserException.class, () -> load(optimizer), optimizer);
    assertTrue(String.valueOf(e.getMessage()).contains(part), e::getMessage);
  }

  @Test
  void aScheduleIsANameOrASectionWithConstants() throws IOException {
    assertDecay(new Decay.Cosine(1), "null");
    assertDecay(new Decay.Linear(), "LINEAR");
    assertDecay(new Decay.Constant(), "{type: constant}");
    assertDecay(new Decay.Cosine(2), "{type: cosine, exponent: 2}");
    assertDecay(new Decay.InvSqrt(10_000), "inv_sqrt");
    assertDecay(new Decay.InvSqrt(50), "{type: inv_sqrt, timescale: 50}");
    assertDecay(
        new Decay.Power(8, 512, 4.6, -0.51), "{type: power, batch_size: 8, seq_length: 512}");
    assertDecay(
        new Decay.Power(8, 512, 2, -1),
        "{type: power, batch_size: 8, seq_length: 512, a: 2, b: -1}");
  }

  @Test
  void aScheduleThatIsNoneIsNamedWithWhatItNeeds() {
    assertRefused("lr_schedule: power", "{type: power, batch_size: EXAMPLES, seq_length: TOKENS}");
    assertRefused("lr_schedule: {timescale: 5}", "needs a type");
    assertRefused("lr_schedule: {type: exponential}", "cosine, inv, inv_sqrt, power");
    assertRefused("lr_schedule: {type: linear, timescale: 5}", "it has none");
    assertRefused("lr_schedule: {type: inv_sqrt, exponent: 5}", "it has timescale");
    assertRefused("lr_schedule: [cosine]", "a list");
    assertRefused("lr_schedule: {type: inv_sqrt, timescale: 0}", "a number above 0");
    assertRefused("warmup: 101", "warm-up (101 steps) leaves nothing of a cycle of 100 steps");
    assertRefused("warmup: 60, decay: 50", "warm-up (60 steps) and decay (50) do not fit");
    assertRefused("cycles: [50], rewarmup: 51", "warm-up of a later cycle (51 steps) leaves");
  }

  private void assertCycles(List<Integer> starts, String optimizer) throws IOException {
    assertEquals(starts, load(optimizer).optimizer().cycles(), optimizer);
  }

  @Test
  void cyclesAreANumberOrStepsOrLengths() throws IOException {
    assertCycles(List.of(), "cycles: 1");
    assertCycles(List.of(33, 66), "cycles: 3");
    assertCycles(List.of(10, 50), "cycles: [10, 50, 100]");
    assertCycles(List.of(30, 60), "cycle_length: 30");
    assertCycles(List.of(25, 50, 75), "cycle_length: 0.25");
    assertCycles(List.of(10, 40), "cycle_length: [10, 30, 60]");
    assertCycles(List.of(40), "cycle_length: 40, cooldown: 0.2");
  }

  @Test
  void cyclesThatContradictOneAnotherOrTheRunAreRefused() {
    assertRefused("cycles: 2, cycle_length: 50", "leave one of the two out");
    assertRefused("cycle_length: [60, 60]", "longer than the 100 steps");
    assertRefused("cycle_length: 0.001", "at least one of 100 steps");
    assertRefused("cooldown: 100", "less than the whole run of 100 steps");
  }
}
