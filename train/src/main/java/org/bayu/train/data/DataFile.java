package org.bayu.train.data;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.bayu.tensor.io.GitLfs;
import org.bayu.train.TrainException;

/**
 * A text file of data, plain or gzip (recognized by its first bytes, not by its name). Files of
 * other kinds are refused with a message that names their kind.
 */
public final class DataFile {
  private static final int BUFFER = 1 << 16;

  /** Text is packed to a tenth or so; what unpacks to more was made to fill the memory. */
  private static final int MOST_UNPACKED = 200;

  private static final long LEAST_UNPACKED = 16 << 20;

  private DataFile() {}

  /**
   * Opens the file for reading, unpacked.
   *
   * @param expected what it should be, for messages: "JSON Lines"
   * @throws TrainException if it is a folder, damaged gzip, or of a kind that Bayu does not read;
   *     when it is read, if it unpacks to very much more than its size
   */
  public static InputStream open(Path file, String expected) throws IOException {
    if (Files.isDirectory(file)) {
      throw folder(file, expected);
    }
    var plain = new BufferedInputStream(Files.newInputStream(file), BUFFER);
    try {
      var start = start(plain);
      if (!isGzip(start)) {
        refuse(file, start, expected);
        return plain;
      }
      var unpacked = new BufferedInputStream(new Unpacked(file, plain), BUFFER);
      start = start(unpacked);
      if (isGzip(start)) {
        throw TrainException.inputFile(
            "%s: packed with gzip twice. Unpack it once: gzip -d.".formatted(file));
      }
      refuse(file, start, expected);
      return unpacked;
    } catch (ZipException | EOFException e) {
      plain.close();
      throw damagedGzip(file, e);
    } catch (Throwable e) {
      plain.close();
      throw e;
    }
  }

  /**
   * Unpacks a file, which may have several members, as long as that is in proportion to the file's
   * size. {@link GZIPInputStream} ends without a word where a further member's header is damaged.
   */
  private static final class Unpacked extends GZIPInputStream {
    /** The check sum and the length behind a member, which the inflater does not take. */
    private static final int TRAILER = 8;

    private final Path file;
    private long left;

    Unpacked(Path file, InputStream packed) throws IOException {
      super(packed, BUFFER);
      this.file = file;
      left = Math.max(LEAST_UNPACKED, MOST_UNPACKED * Files.size(file));
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      var count = super.read(bytes, offset, length);
      left -= Math.max(count, 0);
      if (count < 0) {
        requireEnd();
      }
      if (left < 0) {
        throw TrainException.inputFile(
            String.format(
                Locale.ROOT,
                "%s: unpacks to more than %d times its size. If it is right, unpack it: gzip -d.",
                file,
                MOST_UNPACKED));
      }
      return count;
    }

    /** Behind the last member a file may be filled up with zeros, and has nothing else. */
    private void requireEnd() throws IOException {
      var rest = false;
      for (var i = len - inf.getRemaining() + TRAILER; i < len; i++) {
        rest |= buf[i] != 0;
      }
      for (var next = in.read(); next >= 0 && !rest; next = in.read()) {
        rest = next != 0;
      }
      if (rest) {
        throw new ZipException("data behind the last member");
      }
    }
  }

  /** The refusal of a folder in place of a file. */
  static TrainException folder(Path file, String expected) {
    return TrainException.inputFile(
        "%s: a folder, where a file is expected (%s).".formatted(file, expected));
  }

  /** What reading throws where the packed data is damaged: a {@link ZipException} or the end. */
  public static TrainException damagedGzip(Path file, IOException e) {
    return TrainException.inputFile(
        "%s: a damaged gzip file%s. Pack or download it anew."
            .formatted(file, e instanceof EOFException ? ", which ends too early" : ""));
  }

  /** The first bytes, which stay to be read. */
  private static byte[] start(BufferedInputStream in) throws IOException {
    in.mark(GitLfs.POINTER_BYTES);
    var start = in.readNBytes(GitLfs.POINTER_BYTES);
    in.reset();
    return start;
  }

  private static boolean isGzip(byte[] start) {
    return start.length >= 2 && start[0] == 0x1f && start[1] == (byte) 0x8b;
  }

  private static void refuse(Path file, byte[] start, String expected) throws IOException {
    GitLfs.refusePointer(file, start);
    var kind = ForeignFile.of(new String(start, ISO_8859_1));
    if (kind != null) {
      throw TrainException.inputFile(
          "%s: %s, not %s. %s".formatted(file, kind.what(), expected, kind.advice()));
    }
  }
}
