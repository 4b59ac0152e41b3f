package org.bayu.tensor.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ProtobufReaderTest {
  private static final byte[] MESSAGE =
      new ProtobufWriter()
          .number(1, -1)
          .float64(2, 0.1)
          .float32(3, -0f)
          .text(4, "ü")
          .message(5, new ProtobufWriter().number(1, 300))
          .zero(16)
          .bytes(0x1FFF_FFFF, new byte[] {7, 8})
          .toBytes();

  @Test
  void whatIsWrittenIsReadBack() {
    var reader = new ProtobufReader(MESSAGE);
    var read = new HashMap<Integer, Object>();
    while (reader.next()) {
      switch (reader.field()) {
        case 1 -> read.put(1, reader.number());
        case 2 -> read.put(2, reader.float64());
        case 3 -> read.put(3, reader.float32());
        case 4 -> read.put(4, reader.text());
        case 5 -> {
          var inner = reader.message();
          assertTrue(inner.next());
          read.put(5, inner.number());
        }
        case 16 -> read.put(16, reader.bool());
        default -> assertArrayEquals(new byte[] {7, 8}, reader.bytes());
      }
    }
    assertEquals(Map.of(1, -1L, 2, 0.1, 3, -0f, 4, "ü", 5, 300L, 16, false), read);
  }

  @Test
  void whatIsNotAskedForIsPassedOver() {
    var reader = new ProtobufReader(MESSAGE);
    var fields = 0;
    while (reader.next()) {
      fields++;
    }
    assertEquals(7, fields);
  }

  @Test
  void everyCutIsFoundOrEndsBetweenTwoFields() {
    for (var length = 0; length < MESSAGE.length; length++) {
      var reader = new ProtobufReader(Arrays.copyOf(MESSAGE, length));
      try {
        while (reader.next()) {
          assertTrue(reader.field() > 0);
        }
      } catch (IllegalArgumentException e) {
        assertTrue(String.valueOf(e.getMessage()).endsWith("cut short"), e.getMessage());
      }
    }
  }

  @Test
  void whatIsNoMessageIsRefusedWithAReason() {
    refuse("a field has the number 0", 0, 0);
    refuse("field 1 has the wire type 3", 0x0B);
    refuse("field 1 is cut short", 0x0A, 5, 'a');
    refuse("the file is cut short", 0x0D, 1, 2);
    refuse("an integer has more than ten bytes", 8, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    var text = new ProtobufReader(new byte[] {0x0A, 1, (byte) 0xFF});
    assertTrue(text.next());
    assertThrows(IllegalArgumentException.class, text::number);
    assertEquals(
        "a string is not valid UTF-8",
        assertThrows(IllegalArgumentException.class, text::text).getMessage());
    assertFalse(text.next());
  }

  private static void refuse(String reason, int... bytes) {
    var message = new byte[bytes.length];
    for (var i = 0; i < bytes.length; i++) {
      message[i] = (byte) bytes[i];
    }
    var reader = new ProtobufReader(message);
    var e =
        assertThrows(
            IllegalArgumentException.class,
            () -> {
              while (reader.next()) {
                // the values are passed over
              }
            });
    assertEquals(reason, e.getMessage());
  }
}
