package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GenerateCommandTest {
  @TempDir private Path folder;
  private Path model;

  @BeforeEach
  void prepare() throws IOException {
    model = SmallModel.in(folder);
  }

  private CommandLineRun generate(Object... options) {
    var all = new ArrayList<Object>(List.of("generate", "--model", model));
    all.addAll(List.of("--compute", "f32", "--max_new_tokens", 8));
    all.addAll(List.of(options));
    return CommandLineRun.of(all.toArray());
  }

  /** What the text goes on with, as {@code --prompts} has it. */
  private String answer(String prompt) throws IOException {
    var json = new ObjectMapper();
    var row = json.writeValueAsString(Map.of("prompt", prompt, "completion", ""));
    var run = generate("--prompts", Files.writeString(folder.resolve("row.jsonl"), row));
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    return json.readTree(run.out()).get("output").textValue();
  }

  @Test
  void aPromptIsTheTextAsItIs() throws IOException {
    var file = Files.writeString(folder.resolve("file"), "other text");
    var texts = List.of("@@x", "@" + file, "-hello", "-h", "--ids", "--", "'a'", "\"a\"");
    for (var text : texts) {
      var run = generate("--prompt", text);
      assertEquals(ExitCode.DONE, run.exitCode(), run.err());
      assertEquals(answer(text), run.out().strip(), text);
      assertEquals(answer(text), generate("--prompt=" + text).out().strip(), text);
    }
    assertNotEquals(answer("@x"), answer("@@x"));
    assertEquals(ExitCode.USAGE, generate("--prompt").exitCode());
  }
}
