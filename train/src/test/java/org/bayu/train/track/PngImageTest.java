package org.bayu.train.track;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.junit.jupiter.api.Test;

class PngImageTest {
  @Test
  void pixelsAreInTheFile() throws DataFormatException {
    var file = ByteBuffer.wrap(PngImage.of(2, 2, new int[] {0xFF0000, 0x010203, 0, -1}).bytes());
    assertEquals(0x89504E470D0A1A0AL, file.getLong());
    assertArrayEquals(new byte[] {0, 0, 0, 2, 0, 0, 0, 2, 8, 2, 0, 0, 0}, chunk(file, "IHDR"));
    var inflater = new Inflater();
    inflater.setInput(chunk(file, "IDAT"));
    var pixels = new byte[100];
    var count = inflater.inflate(pixels);
    inflater.end();
    assertEquals(14, count);
    assertArrayEquals(
        new byte[] {0, -1, 0, 0, 1, 2, 3, 0, 0, 0, 0, -1, -1, -1}, Arrays.copyOf(pixels, count));
    assertEquals(0, chunk(file, "IEND").length);
    assertEquals(0, file.remaining());
  }

  private static byte[] chunk(ByteBuffer file, String type) {
    var data = new byte[file.getInt()];
    var name = new byte[4];
    file.get(name).get(data);
    assertEquals(type, new String(name, StandardCharsets.US_ASCII));
    var crc = new CRC32();
    crc.update(name);
    crc.update(data);
    assertEquals((int) crc.getValue(), file.getInt());
    return data;
  }

  @Test
  void numberOfPixelsMustBeRight() {
    assertThrows(IllegalArgumentException.class, () -> PngImage.of(2, 2, new int[3]));
  }
}
