package org.bayu.finetune.fuzz;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.bayu.finetune.TestFiles;
import org.bayu.finetune.data.ViggoRows;

/** A data set in comma-separated values. */
public final class CsvFuzz {
  static final FuzzedFile FILE =
      new FuzzedFile("viggo.csv", CsvFuzz::read).seeds(TestFiles.seed("viggo.csv"));

  private CsvFuzz() {}

  /** Called by Jazzer before the first input. */
  public static void fuzzerInitialize() {
    FILE.warmUp();
  }

  /** Called by Jazzer. */
  public static void fuzzerTestOneInput(byte[] input) {
    FILE.read(input);
  }

  private static List<String> read(Path file) throws IOException {
    ViggoRows.read(file);
    return List.of();
  }
}
