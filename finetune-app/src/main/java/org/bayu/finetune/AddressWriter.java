package org.bayu.finetune;

import java.io.FilterWriter;
import java.io.IOException;
import java.io.Writer;
import java.util.regex.Pattern;
import org.bayu.remote.bucket.Buckets;

/**
 * Writes the addresses of buckets in place of the paths of their local copies. An address with
 * {@code file://} stays, for it means the copy.
 */
final class AddressWriter extends FilterWriter {
  private final String copies = Buckets.ofThisUser(line -> {}).folder() + "/";
  private final Pattern path = Pattern.compile("(?<!file://)" + Pattern.quote(copies) + "(gs|s3)/");

  AddressWriter(Writer out) {
    super(out);
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
