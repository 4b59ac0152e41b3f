package org.bayu.finetune;

import java.io.FilterWriter;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Path;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Writes the addresses of buckets in place of the paths of their local copies. An address with
 * {@code file://} stays, for it means the copy.
 */
final class AddressWriter extends FilterWriter {
  private final Supplier<Path> copies;
  private @Nullable Pattern path;

  /**
   * Writes what is written to it.
   *
   * @param copies gives the folder of the copies, once a text may name one
   */
  AddressWriter(Writer out, Supplier<Path> copies) {
    super(out);
    this.copies = copies;
  }

  @Override
  public void write(char[] text, int from, int count) throws IOException {
    write(new String(text, from, count), 0, count);
  }

  @Override
  public void write(String text, int from, int count) throws IOException {
    var part = text.substring(from, from + count);
    var mayName = part.contains("/gs/") || part.contains("/s3/");
    out.write(mayName ? path().matcher(part).replaceAll("$1://") : part);
  }

  private Pattern path() {
    if (path == null) {
      path = Pattern.compile("(?<!file://)" + Pattern.quote(copies.get() + "/") + "(gs|s3)/");
    }
    return path;
  }
}
