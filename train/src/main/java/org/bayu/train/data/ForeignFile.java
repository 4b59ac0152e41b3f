package org.bayu.train.data;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a file that holds no text of Bayu's may be instead, told by its first bytes.
 *
 * @param what the file is: the beginning of a sentence behind its name
 * @param advice what to do: a sentence
 * @param starts of such files, a character each byte
 */
record ForeignFile(String what, String advice, List<String> starts) {
  private static final int TAR_MARK = 257;

  private static final ForeignFile TAR = kind("a tar archive", "Unpack it: tar -xf.");
  private static final ForeignFile HTML =
      kind("an HTML page", "Download the file itself, not the page that shows it.");
  private static final List<ForeignFile> KINDS =
      List.of(
          kind(
              "a Parquet file",
              "It can be read with bayu-parquet.jar beside finetune-app.jar; or convert it, for"
                  + " instance with Python's pandas: read_parquet(F).to_json(G, orient='records',"
                  + " lines=True).",
              "PAR1"),
          kind(
              "an Arrow file",
              "Convert it, for instance with Python's datasets: Dataset.from_file(F).to_json(G).",
              "ARROW1",
              "\u00ff\u00ff\u00ff\u00ff"),
          kind(
              "a zip archive, as Excel files are too",
              "Unpack it, or save the table as text, and give that file.",
              "PK\3\4",
              "PK\5\6"),
          kind("packed with zstd", "Unpack it (zstd -d) or pack it with gzip.", "(\u00b5/\u00fd"),
          kind("packed with xz", "Unpack it (xz -d) or pack it with gzip.", "\u00fd7zXZ\0"),
          kind("packed with bzip2", "Unpack it (bzip2 -d) or pack it with gzip.", "BZh"),
          kind("packed with lz4", "Unpack it (lz4 -d) or pack it with gzip.", "\4\"M\u0018"),
          kind("a 7-Zip archive", "Unpack it and give a file of it.", "7z\u00bc\u00af'\u001c"),
          kind(
              "an SQLite database",
              "Export its table as text and give that file.",
              "SQLite format 3\0"),
          kind(
              "text in UTF-32",
              "Convert it to UTF-8: iconv -f UTF-32 -t UTF-8.",
              "\u00ff\u00fe\0\0",
              "\0\0\u00fe\u00ff"),
          kind(
              "text in UTF-16",
              "Convert it to UTF-8: iconv -f UTF-16 -t UTF-8.",
              "\u00ff\u00fe",
              "\u00fe\u00ff",
              "{\0",
              "\0{"),
          kind(
              "nothing but zero bytes at its start",
              "Copy or download it anew.",
              "\0\0\0\0\0\0\0\0"));

  private static ForeignFile kind(String what, String advice, String... starts) {
    return new ForeignFile(what, advice, List.of(starts));
  }

  /**
   * The kind of a file.
   *
   * @param start its first bytes, a character each
   * @return null if it may well be text in UTF-8
   */
  static @Nullable ForeignFile of(String start) {
    for (var kind : KINDS) {
      if (kind.starts.stream().anyMatch(start::startsWith)) {
        return kind;
      }
    }
    if (start.startsWith("ustar", TAR_MARK)) {
      return TAR;
    }
    var text = start.stripLeading().toLowerCase(Locale.ROOT);
    return text.startsWith("<!doctype html") || text.startsWith("<html") ? HTML : null;
  }
}
