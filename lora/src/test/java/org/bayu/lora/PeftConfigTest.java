package org.bayu.lora;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bayu.lora.LoraTargets.AllLinears;
import org.bayu.lora.LoraTargets.Expression;
import org.bayu.lora.LoraTargets.Names;
import org.bayu.tensor.io.MalformedFileException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PeftConfigTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");

  @TempDir private Path folder;

  @Test
  void whatPeftWritesIsRead() throws IOException {
    var names =
        List.of("gate_proj", "v_proj", "o_proj", "k_proj", "up_proj", "down_proj", "q_proj");
    assertEquals(
        new LoraConfig(4, 8, 0, new Names(names), false),
        PeftConfig.read(GOLDEN.resolve("all-linear/adapter_config.json")).lora());
    assertEquals(
        new LoraConfig(
            2, 3, 0, new Expression("model\\.layers\\.1\\.(self_attn|mlp)\\.\\w+_proj"), false),
        PeftConfig.read(GOLDEN.resolve("regular-expression/adapter_config.json")).lora());
    assertEquals(
        new LoraConfig(4, 8, 0, new Names(names), true),
        PeftConfig.read(GOLDEN.resolve("configs/use_rslora.json")).lora());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "use_dora; true",
        "lora_bias; true",
        "modules_to_save; [\"lm_head\"]",
        "layer_replication; [[0,2],[1,2]]",
        "trainable_token_indices; [5,6]",
        "target_parameters; [\"mlp.gate_proj.weight\"]",
        "alora_invocation_tokens; [7,8]",
      })
  void whatChangesTheComputationIsRefusedByName(String key, String value) {
    var file = GOLDEN.resolve("configs").resolve(key + ".json");
    var refusal = assertThrows(MalformedFileException.class, () -> PeftConfig.read(file));
    assertEquals(
        file + ": " + key + " is " + value + ", which Bayu does not implement",
        refusal.getMessage());
  }

  @Test
  void ranksAndAlphasOfTheirOwnAreRead() throws IOException {
    var ranks = PeftConfig.read(GOLDEN.resolve("configs/rank_pattern.json")).lora();
    assertEquals(Map.of("q_proj", 8), ranks.rankPattern());
    var alphas = PeftConfig.read(GOLDEN.resolve("configs/alpha_pattern.json")).lora();
    assertEquals(Map.of("layers.1.self_attn.q_proj", 16.0), alphas.alphaPattern());
  }

  @Test
  void settingsThatLeaveOutLayersAreSaid() throws IOException {
    for (var name : List.of("exclude_modules", "layers_to_transform")) {
      assertTrue(PeftConfig.read(GOLDEN.resolve("configs/" + name + ".json")).leavesOut(), name);
    }
    var all = PeftConfig.read(GOLDEN.resolve("all-linear/adapter_config.json"));
    assertFalse(all.leavesOut());
    assertTrue(all.namesTargets());
    assertEquals("", all.bias());
    assertEquals("\"lora_only\"", PeftConfig.read(GOLDEN.resolve("configs/bias.json")).bias());
  }

  @Test
  void whatChangesNothingInALinearLayerIsRead() throws IOException {
    var plain = PeftConfig.read(GOLDEN.resolve("all-linear/adapter_config.json"));
    assertEquals(plain, PeftConfig.read(GOLDEN.resolve("configs/fan_in_fan_out.json")));
    var qalora = "{\"peft_type\":\"LORA\",\"use_qalora\":true,\"target_modules\":[\"q\"]}";
    // PEFT's defaults: r 8, alpha 8.
    assertEquals(new LoraConfig(8, 8, 0, new Names(List.of("q")), false), read(qalora));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "`\"r\":4`; `\"r\":0`; the LoRA rank r is 0, less than 1",
        "`\"r\":4`; `\"r\":\"4\"`; r is \"4\", not a whole number",
        "`\"r\":4`; `\"r\":4.5`; r is 4.5, not a whole number",
        "`:8,`; `:null,`; lora_alpha is null, not a number",
        "`[\"q\"]`; `[]`; target_modules is [], not a list of names or a regular expression",
        "`[\"q\"]`; `[1]`; target_modules is [1], not a list of names",
        "`\"peft_type\":\"LORA\",`; ``; lacks peft_type: \"LORA\"",
        "`LORA`; `IA3`; peft_type is \"IA3\", which Bayu does not implement",
        "`}`; `,\"init_lora_weights\":\"pissa\"}`; init_lora_weights is \"pissa\", which Bayu does"
            + " not implement",
        "`}`; `,\"task_type\":\"SEQ_CLS\"}`; task_type is \"SEQ_CLS\", which Bayu does not"
            + " implement",
        "`}`; `,\"use_rslora\":1}`; use_rslora is 1, which Bayu does not implement",
        "`}`; `,\"from_the_future\":{\"k\":1}}`; from_the_future is {\"k\":1}, which Bayu does not"
            + " implement",
      })
  void wrongSettingsAreRefusedByName(String part, String replacement, String reason)
      throws IOException {
    var valid = "{\"peft_type\":\"LORA\",\"r\":4,\"lora_alpha\":8,\"target_modules\":[\"q\"]}";
    assertEquals(new LoraConfig(4, 8, 0, new Names(List.of("q")), false), read(valid));
    var changed = valid.replace(part, replacement == null ? "" : replacement);
    assertTrue(!changed.equals(valid));
    assertEquals(reason, refusal(changed));
  }

  @Test
  void brokenFilesAreRefused() {
    assertEquals("is not a JSON object", refusal("[]"));
    assertEquals("is not valid JSON at line 1, column 1: it is empty", refusal(""));
    assertEquals(
        "is not valid JSON at line 2, column 6: a value is missing before }",
        refusal("{\n\"r\": }"));
    assertEquals(
        "is not valid JSON at line 1, column 8: the key \"r\" is given twice",
        refusal("{\"r\":1,\"r\":2}"));
    assertEquals(
        "is not valid JSON at line 1, column 4: a second value begins, where the text should end",
        refusal("{} {}"));
    assertEquals(
        "is not valid JSON at line 1, column 1001: objects and arrays are nested more than 1000"
            + " deep",
        refusal("[".repeat(2000)));
    assertThrows(NoSuchFileException.class, () -> PeftConfig.read(folder.resolve("none.json")));
  }

  @Test
  void allLinearMeansAllButTheHead() throws IOException {
    var config =
        read(
            "{\"peft_type\":\"LORA\",\"r\":4,\"lora_alpha\":2.5,\"lora_dropout\":0.1,"
                + "\"target_modules\":\"all-linear\"}");
    assertEquals(new LoraConfig(4, 2.5, 0.1, new AllLinears(), false), config);
  }

  private LoraConfig read(String json) throws IOException {
    return PeftConfig.read(Files.writeString(folder.resolve("adapter_config.json"), json)).lora();
  }

  private String refusal(String json) {
    return assertThrows(MalformedFileException.class, () -> read(json)).reason();
  }
}
