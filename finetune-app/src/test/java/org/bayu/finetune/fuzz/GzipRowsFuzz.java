package org.bayu.finetune.fuzz;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;
import org.bayu.finetune.TestFiles;

/** Rows in JSON Lines, packed with gzip. */
public final class GzipRowsFuzz {
  static final FuzzedFile FILE =
      new FuzzedFile("rows.jsonl.gz", RowsFuzz::read).seed(packed(TestFiles.seed("rows.jsonl")));

  private GzipRowsFuzz() {}

  /** Called by Jazzer before the first input. */
  public static void fuzzerInitialize() {
    FILE.warmUp();
  }

  /** Called by Jazzer. */
  public static void fuzzerTestOneInput(byte[] input) {
    FILE.read(input);
  }

  private static byte[] packed(Path file) {
    var bytes = new ByteArrayOutputStream();
    try (var out = new GZIPOutputStream(bytes)) {
      Files.copy(file, out);
    } catch (IOException e) {
      throw new IllegalStateException("cannot pack " + file, e);
    }
    return bytes.toByteArray();
  }
}
