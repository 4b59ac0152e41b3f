package org.bayu.finetune;

import java.io.FilterWriter;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * Writes the addresses of buckets in place of the paths of their local copies. An address with
 * {@code file://} stays, for it means the copy.
 */
final class AddressWriter extends FilterWriter {
  private final String copies;
  private final Pattern path;

  /**
   * Writes what is written to it.
   *
   * @param copies the folder of the copies
   */
  AddressWriter(Writer out, Path copies) {
    super(out);
    this.copies = copies + "/";
    path = Pattern.compile("(?<!file://)" + Pattern.quote(this.copies) + "(gs|s3)/");
  }

  @Override
  public void write(char[] text, int from, int count) throws IOException {
    write(new String(text, from, count), 0, count);
  }

  @Override
  public void write(String text, int from, int count) throws IOException {
    var part = text.substring(from, from + count);
    out.write(part.contains(copies) ? path.matcher(part).replaceAll("$1://") : part);
  }
}
