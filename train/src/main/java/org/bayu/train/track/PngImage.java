package org.bayu.train.track;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;

/**
 * An image as a PNG file (RFC 2083).
 *
 * @param width in pixels
 * @param height in pixels
 * @param bytes the file; not copied
 */
@SuppressWarnings("ArrayRecordComponent") // nobody compares images
public record PngImage(int width, int height, byte[] bytes) {
  private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  private static final int BITS = 8;
  private static final int TRUE_COLOR = 2;

  /**
   * Encodes an image.
   *
   * @param rgb the pixels row by row, 0xRRGGBB
   * @throws IllegalArgumentException if there are not {@code width} × {@code height} of them
   */
  public static PngImage of(int width, int height, int[] rgb) {
    if (width < 1 || height < 1 || rgb.length != width * height) {
      throw new IllegalArgumentException(
          "%s pixels for an image of %s × %s".formatted(rgb.length, width, height));
    }
    try {
      var file = new ByteArrayOutputStream();
      file.write(SIGNATURE);
      chunk(file, "IHDR", header(width, height));
      chunk(file, "IDAT", data(width, height, rgb));
      chunk(file, "IEND", new byte[0]);
      return new PngImage(width, height, file.toByteArray());
    } catch (IOException e) {
      throw new UncheckedIOException(e); // not in memory
    }
  }

  private static byte[] header(int width, int height) throws IOException {
    var bytes = new ByteArrayOutputStream();
    var out = new DataOutputStream(bytes);
    out.writeInt(width);
    out.writeInt(height);
    out.write(new byte[] {BITS, TRUE_COLOR, 0, 0, 0});
    return bytes.toByteArray();
  }

  private static byte[] data(int width, int height, int[] rgb) throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var out = new DeflaterOutputStream(bytes)) {
      for (var y = 0; y < height; y++) {
        var row = new byte[1 + 3 * width]; // the first byte is the filter: none
        for (var x = 0; x < width; x++) {
          var pixel = rgb[y * width + x];
          row[1 + 3 * x] = (byte) (pixel >> 16);
          row[2 + 3 * x] = (byte) (pixel >> 8);
          row[3 + 3 * x] = (byte) pixel;
        }
        out.write(row);
      }
    }
    return bytes.toByteArray();
  }

  private static void chunk(ByteArrayOutputStream file, String type, byte[] data)
      throws IOException {
    var name = type.getBytes(US_ASCII);
    var crc = new CRC32();
    crc.update(name);
    crc.update(data);
    var out = new DataOutputStream(file);
    out.writeInt(data.length);
    out.write(name);
    out.write(data);
    out.writeInt((int) crc.getValue());
  }
}
