package org.bayu.finetune.fuzz;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.bayu.finetune.TestFiles;
import org.bayu.train.data.PromptTemplate;
import org.bayu.train.data.RowReader;

/** Rows in JSON Lines. */
public final class RowsFuzz {
  static final FuzzedFile FILE =
      new FuzzedFile("rows.jsonl", RowsFuzz::read).seeds(TestFiles.seed("rows.jsonl"));

  private static final RowReader READER =
      new RowReader(
          new PromptTemplate("{instruction} {input} {id}", "{instruction}"),
          RowReader.Output.REQUIRED,
          true,
          false);

  private RowsFuzz() {}

  /** Called by Jazzer before the first input. */
  public static void fuzzerInitialize() {
    FILE.warmUp();
  }

  /** Called by Jazzer. */
  public static void fuzzerTestOneInput(byte[] input) {
    FILE.read(input);
  }

  static List<String> read(Path file) throws IOException {
    var report = READER.read(file, row -> {});
    return report.firstSkipped() == null ? List.of() : List.of(report.firstSkipped());
  }
}
