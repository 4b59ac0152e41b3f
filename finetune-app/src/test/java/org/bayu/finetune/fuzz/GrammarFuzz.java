package org.bayu.finetune.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.bayu.finetune.TestFiles;
import org.bayu.finetune.grammar.Grammar;

/** The JSON file that the option {@code --grammar} names. */
public final class GrammarFuzz {
  static final FuzzedFile FILE =
      new FuzzedFile("grammar.json", GrammarFuzz::read)
          .seed(
              """
              {"functions": ["inform", "ask"], "attributes": {"name": "text", "year": "number",
               "rating": ["good", "poor"], "genres": {"list": ["action", "indie"]}}}
              """
                  .getBytes(UTF_8))
          .seeds(
              TestFiles.project(
                  "finetune-app/src/main/resources/org/bayu/finetune/grammar/viggo.json"));

  private GrammarFuzz() {}

  /** Called by Jazzer before the first input. */
  public static void fuzzerInitialize() {
    FILE.warmUp();
  }

  /** Called by Jazzer. */
  public static void fuzzerTestOneInput(byte[] input) {
    FILE.read(input);
  }

  private static List<String> read(Path file) throws IOException {
    Grammar.read(file);
    return List.of();
  }
}
