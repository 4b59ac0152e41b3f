package org.bayu.remote.hub;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.function.LongConsumer;
import org.bayu.tensor.io.Sha256;

/**
 * A file to be uploaded.
 *
 * @param path in the repository, with {@code /}
 * @param source where it is
 */
public record UploadFile(String path, Path source) {
  private static final int CHUNK = 1 << 17;

  long size() throws IOException {
    return Files.size(source);
  }

  byte[] start(int length) throws IOException {
    try (var in = Files.newInputStream(source)) {
      return in.readNBytes(length);
    }
  }

  String sha256() throws IOException {
    var digest = Sha256.digest();
    var buffer = new byte[CHUNK];
    try (var in = Files.newInputStream(source)) {
      for (var n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        digest.update(buffer, 0, n);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** A part of the file as what a request carries. */
  HubClient.Body part(long from, long length, LongConsumer progress) {
    return new HubClient.Body() {
      @Override
      public long length() {
        return length;
      }

      @Override
      public void writeTo(OutputStream out) throws IOException {
        var sent = 0L;
        var buffer = new byte[CHUNK];
        try (InputStream in = Files.newInputStream(source)) {
          in.skipNBytes(from);
          while (sent < length) {
            var n = in.read(buffer, 0, (int) Math.min(CHUNK, length - sent));
            if (n < 0) {
              throw new IOException("the file became shorter");
            }
            out.write(buffer, 0, n);
            progress.accept(n);
            sent += n;
          }
        } catch (IOException e) {
          progress.accept(-sent); // it will be sent again
          throw e;
        }
      }
    };
  }
}
