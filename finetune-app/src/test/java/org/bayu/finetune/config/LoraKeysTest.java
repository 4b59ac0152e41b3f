package org.bayu.finetune.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.UserException;
import org.bayu.lora.LoraConfig;
import org.bayu.lora.LoraTargets;
import org.bayu.tensor.DType;
import org.bayu.tensor.optim.AdamW;
import org.junit.jupiter.api.Test;

/** The section {@code lora}, and what follows from it. */
class LoraKeysTest extends ConfigFiles {
  private static final LoraTargets ALL = new LoraTargets.AllLinears();

  @Test
  void anEmptyLoraSectionHasItsDefaultsAndAnAdapterToGoOnFromSaysItsOwn() throws IOException {
    assertEquals(new LoraSettings(8, 8.0, 0.0, ALL, null), load("{data: t, lora: {}}").lora());
    assertEquals(
        new LoraSettings(null, 2.0, 0.0, ALL, Path.of("a")),
        load("{data: t, lora: {initialize_from: a, alpha: 2}}").lora());
    var lora = load("{data: t, lora: {target_modules: '.*_proj'}}").lora();
    assertEquals(
        new LoraTargets.Expression(".*_proj"), Objects.requireNonNull(lora).targetModules());
  }

  @Test
  void anAdapterKeepsItsOptimizerStateInF32AndALineSaysSo() throws IOException {
    var all = load("{data: t, optimizer: {state: 8BIT}}");
    assertEquals(AdamW.Moments.EIGHT_BIT, all.settings().adamW().moments());
    assertEquals(List.of(), all.notices());
    var adapter = load("{data: t, optimizer: {state: 8bit}, lora: {}}");
    assertEquals(AdamW.Moments.F32, adapter.settings().adamW().moments());
    assertEquals(
        List.of(
            "optimizer.state: 8bit has no effect, because a LoRA adapter's state is small and stays"
                + " f32."),
        adapter.notices());
    var bf16 = load("{data: t, optimizer: {weights: bf16}}");
    assertEquals(DType.BF16, bf16.adaptation(null).trainedType());
    assertTrue(bf16.trainsBFloat16Weights());
    var f32 = load("{data: t, optimizer: {weights: bf16}, lora: {}}");
    assertEquals(DType.F32, f32.adaptation(null).trainedType());
    assertFalse(f32.trainsBFloat16Weights());
    assertEquals(
        List.of(
            "optimizer.weights: bf16 has no effect, because a LoRA adapter's weights stay f32."),
        f32.notices());
    assertFlagRefused("--optimizer.state=4bit", "'4bit'", "one of 8bit, f32");
  }

  @Test
  void anAdapterToGoOnFromIsNotContradicted() throws IOException {
    var names = new LoraTargets.Names(List.of("v_proj", "q_proj"));
    var stored = new LoraConfig(4, 16, 0.5, names, true);
    for (var agreeing :
        List.of("", "r: 4", "alpha: 16", "target_modules: [q_proj, v_proj]", "dropout: 0.1")) {
      var lora = load("{data: t, lora: {initialize_from: a, " + agreeing + "}}").lora();
      var dropout = agreeing.startsWith("dropout") ? 0.1 : 0;
      assertEquals(stored.withDropout(dropout), Objects.requireNonNull(lora).goOnFrom(stored));
    }
    for (var other : List.of("r: 8", "alpha: 8", "target_modules: [q_proj]")) {
      var lora =
          Objects.requireNonNull(
              load("{data: t, lora: {initialize_from: a, " + other + "}}").lora());
      var e = assertThrows(UserException.class, () -> lora.goOnFrom(stored));
      assertEquals(ExitCode.USAGE, e.exitCode());
      var key = "lora." + other.substring(0, other.indexOf(':'));
      assertTrue(String.valueOf(e.getMessage()).startsWith(key), e::getMessage);
    }
  }

  @Test
  void aRunSaysWhetherItTrainsAnAdapterOrAllWeightsAndWhatToWriteForTheOther() throws IOException {
    var full = load("data: t").kind();
    assertTrue(full.startsWith("All weights are trained"), full);
    assertTrue(full.contains("lora: {}") && full.contains("--lora '{}'"), full);
    assertTrue(load("data: t", "--lora", "{}").kind().startsWith("LoRA: an adapter of rank 8"));
    assertTrue(load("data: t", "--lora.r=4").kind().contains("rank 4"));
    var goingOn = load("data: t", "--lora.initialize_from=before").kind();
    assertTrue(goingOn.contains("the adapter in before is trained"), goingOn);
    assertTrue(goingOn.contains("leave the section lora out"), goingOn);
  }
}
