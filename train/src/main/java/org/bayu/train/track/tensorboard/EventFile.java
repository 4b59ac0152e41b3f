package org.bayu.train.track.tensorboard;

import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32C;
import org.bayu.tensor.io.ProtobufReader;
import org.jspecify.annotations.Nullable;

/**
 * A file of events in TensorFlow's record format: length (64 bits), its checksum, the event, its
 * checksum; little-endian. The checksum is CRC-32C, rotated by 15 bits and increased by 0xA282EAD8.
 */
final class EventFile implements AutoCloseable {
  private static final int MASK = 0xA282EAD8;
  private static final int MAX_EVENT = 1 << 28;
  private static final int STEP = 2;
  private static final int FILE_VERSION = 3;

  private final FileChannel file;

  private EventFile(FileChannel file) {
    this.file = file;
  }

  /** Creates a file, which must not exist. */
  static EventFile create(Path path) throws IOException {
    return new EventFile(FileChannel.open(path, CREATE_NEW, WRITE));
  }

  /** Writes an event; if it cannot be written whole, nothing of it stays. */
  void write(byte[] event) throws IOException {
    var record =
        ByteBuffer.allocate(Long.BYTES + 2 * Integer.BYTES + event.length)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(event.length);
    record.putInt(checksum(record.array(), 0, Long.BYTES));
    record.put(event).putInt(checksum(event, 0, event.length)).flip();
    var end = file.position();
    try {
      while (record.hasRemaining()) {
        file.write(record);
      }
    } catch (IOException e) {
      file.truncate(end);
      throw e;
    }
  }

  void sync() throws IOException {
    file.force(true);
  }

  @Override
  public void close() throws IOException {
    file.close();
  }

  /**
   * Cuts a file back to the events of the steps before one: at the first event that is not whole,
   * or of a later step. A file in which no step is left is deleted.
   *
   * @param firstStep the step that is done next, from 0
   */
  static void cut(Path path, int firstStep) throws IOException {
    var end = 0L;
    var steps = false;
    try (var channel = FileChannel.open(path, READ, WRITE)) {
      // Not closed: that would close the file.
      var in = new BufferedInputStream(Channels.newInputStream(channel), 1 << 16);
      for (var event = read(in); event != null; event = read(in)) {
        var step = step(event);
        if (step >= firstStep) {
          break;
        }
        steps |= step >= 0;
        end += Long.BYTES + 2L * Integer.BYTES + event.length;
      }
      if (end < channel.size()) {
        channel.truncate(end);
        channel.force(true);
      }
    }
    if (!steps) {
      Files.delete(path);
    }
  }

  /** The next whole event; null if there is none. */
  private static byte @Nullable [] read(InputStream in) throws IOException {
    var head = in.readNBytes(Long.BYTES + Integer.BYTES);
    if (head.length < Long.BYTES + Integer.BYTES) {
      return null;
    }
    var header = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN);
    var length = header.getLong();
    if (header.getInt() != checksum(head, 0, Long.BYTES) || length < 0 || length > MAX_EVENT) {
      return null;
    }
    var event = in.readNBytes((int) length);
    var tail = in.readNBytes(Integer.BYTES);
    return event.length == length
            && tail.length == Integer.BYTES
            && ByteBuffer.wrap(tail).order(ByteOrder.LITTLE_ENDIAN).getInt()
                == checksum(event, 0, event.length)
        ? event
        : null;
  }

  /** The event's step; below 0 for the one that begins a file, above all others if it is none. */
  private static long step(byte[] event) {
    try {
      var fields = new ProtobufReader(event);
      var step = 0L;
      while (fields.next()) {
        switch (fields.field()) {
          case STEP -> step = fields.number();
          case FILE_VERSION -> {
            return -1;
          }
          default -> {}
        }
      }
      return step;
    } catch (IllegalArgumentException e) {
      return Long.MAX_VALUE;
    }
  }

  private static int checksum(byte[] bytes, int from, int count) {
    var crc = new CRC32C();
    crc.update(bytes, from, count);
    return Integer.rotateRight((int) crc.getValue(), 15) + MASK;
  }
}
