package org.bayu.finetune.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.bayu.llama.tokenizer.LlamaTokenizer;
import org.bayu.llama.tokenizer.SentencePieceTrainer;
import org.bayu.train.data.PromptTemplate;
import org.bayu.train.data.RowReader;

/** Rows of text, and the tokenizer that learns from them: it gives each of them back. */
public final class TextRowsFuzz {
  static final FuzzedFile FILE =
      new FuzzedFile("rows.jsonl", TextRowsFuzz::read)
          .seed(
              """
              {"text": "the dog was here, and the dog is there"}
              {"text": " in the \\u00e9 a\\n  \\ud83d\\ude00 "}
              """
                  .getBytes(UTF_8));

  private static final RowReader READER =
      new RowReader(
          new PromptTemplate("{instruction} {input}", "{instruction}"),
          RowReader.Output.REQUIRED,
          true,
          false);

  private static final SentencePieceTrainer.Settings SETTINGS =
      new SentencePieceTrainer.Settings(300, List.of("<end>"));

  private TextRowsFuzz() {}

  /** Called by Jazzer before the first input. */
  public static void fuzzerInitialize() {
    FILE.warmUp();
  }

  /** Called by Jazzer. */
  public static void fuzzerTestOneInput(byte[] input) {
    FILE.read(input);
  }

  private static List<String> read(Path file) throws IOException {
    var texts = new ArrayList<String>();
    var report = READER.read(file, row -> texts.add(row.output()));
    var folder = Objects.requireNonNull(file.getParent()).resolve("tokenizer");
    SentencePieceTrainer.train(texts, SETTINGS, folder);
    var tokenizer = LlamaTokenizer.load(folder);
    for (var text : texts) {
      // What is no character becomes "?" in UTF-8, and SentencePiece's mark is a space to it.
      var expected = new String(text.getBytes(UTF_8), UTF_8).replace('\u2581', ' ');
      var decoded = tokenizer.decode(tokenizer.encode(text));
      if (!decoded.equals(expected)) {
        throw new AssertionError("%s became %s".formatted(expected, decoded));
      }
    }
    return report.firstSkipped() == null ? List.of() : List.of(report.firstSkipped());
  }
}
