package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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

  @Test
  void aWeightThatIsNoNumberEndsInOneSentenceThatNamesIt() throws IOException {
    SmallModel.setLastWeight(model, Float.NaN);
    var expected = "because tensor model.norm.weight holds NaN.";
    for (var temperature : List.of(0, 1)) {
      var run = generate("--prompt", "a", "--temperature", temperature);
      assertTrue(run.sentence(ExitCode.FAILED).endsWith(expected), run.err());
    }
    var rows = Files.writeString(folder.resolve("r.jsonl"), "{\"instruction\":\"a\"}");
    var run = generate("--prompts", rows);
    assertTrue(run.sentence(ExitCode.FAILED).endsWith(expected), run.err());
    var logits = CommandLineRun.of("logits", "--model", model, "--tokens", "1,2");
    assertTrue(logits.sentence(ExitCode.FAILED).endsWith(expected), logits.err());
  }
}
