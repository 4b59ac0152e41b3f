package org.bayu.finetune.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import org.bayu.finetune.TestFiles;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.UserException;
import org.bayu.train.data.PromptTemplate;
import org.bayu.train.data.RowReader;
import org.junit.jupiter.api.Test;

/** The key {@code prompts}. */
class PromptsKeyTest extends ConfigFiles {
  @Test
  void aFileThatHasOnlyPromptsSaysThem() throws IOException {
    var file = folder.resolve("prompts.yaml");
    Files.writeString(file, "prompts: {prompt_input: 'a{input}', prompt_no_input: b}");
    assertEquals(
        new RowReader(new PromptTemplate("a{input}", "b"), RowReader.Output.OPTIONAL, false, false),
        TrainConfig.loadRows(file, RowReader.Output.OPTIONAL, TestFiles.HERE));
    Files.writeString(file, "prompt: {prompt_input: 'a{input}', prompt_no_input: b}");
    var e =
        assertThrows(
            UserException.class,
            () -> TrainConfig.loadRows(file, RowReader.Output.OPTIONAL, TestFiles.HERE));
    assertTrue(String.valueOf(e.getMessage()).contains("mean prompts?"), e::getMessage);
  }

  @Test
  void promptsMayStandInAJsonFile() throws IOException {
    var file = folder.resolve("prompts.json");
    Files.writeString(file, "{\"prompt_input\": \"a{input}\", \"prompt_no_input\": \"b\"}");
    assertEquals(
        new PromptTemplate("a{input}", "b"), load("{data: t, prompts: " + file + "}").prompts());
    for (var bad : List.of("{\"prompt_input\": \"a\"}", "{", "{\"prompt_input\": 1}", "[]", "")) {
      Files.writeString(file, bad);
      var e = assertThrows(UserException.class, () -> load("{data: t, prompts: " + file + "}"));
      assertEquals(ExitCode.INPUT_FILE, e.exitCode());
      assertTrue(String.valueOf(e.getMessage()).contains("prompts.json"), e::getMessage);
    }
    assertRefused("{data: t, prompts: {prompt_input: a}}", "prompts: both texts");
    assertRefused(
        "{data: t, prompts: {prompt_input: 'a{', prompt_no_input: b}}", "prompts: prompt_input");
  }
}
