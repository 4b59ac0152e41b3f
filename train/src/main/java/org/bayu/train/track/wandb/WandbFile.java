package org.bayu.train.track.wandb;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.zip.CRC32;

/**
 * A run's {@code .wandb} file: records in the form of LevelDB's log, in blocks of 32,768 bytes,
 * with a plain CRC-32 over type and data. The first block begins with {@code :W&B}, 0xBEE1 and the
 * version 0. What is read by another thread are whole records only.
 */
final class WandbFile implements AutoCloseable {
  static final int BLOCK = 32_768;
  static final int PIECE_HEADER = 7;
  static final int FULL = 1;
  static final int FIRST = 2;
  static final int MIDDLE = 3;
  static final int LAST = 4;

  private static final byte[] HEADER = {':', 'W', '&', 'B', (byte) 0xE1, (byte) 0xBE, 0};

  private final FileChannel file;
  private volatile long size;

  private WandbFile(FileChannel file) {
    this.file = file;
  }

  /** Opens a file, or creates it, to read and to write; nothing is read yet. */
  static WandbFile open(Path path) throws IOException {
    return new WandbFile(FileChannel.open(path, CREATE, READ, WRITE));
  }

  /** Reads the records that are there, up to the first that is not whole. */
  WandbReader reader() {
    return new WandbReader(file, HEADER);
  }

  /** How many bytes the file has on the disk. */
  long length() throws IOException {
    return file.size();
  }

  /** Where the whole records end: the part for other threads. */
  long size() {
    return size;
  }

  /** Cuts the file at the end of a record; at 0 it begins anew. Further records follow there. */
  void cut(long end) throws IOException {
    if (end < file.size()) {
      file.truncate(end);
    }
    if (end < HEADER.length) {
      writeAll(ByteBuffer.wrap(HEADER), 0);
      size = HEADER.length;
    } else {
      size = end;
    }
    file.force(true);
  }

  /** Writes a record behind the last one; if it cannot be written whole, nothing of it stays. */
  void write(byte[] record) throws IOException {
    var start = size;
    var framed = framed(record, start);
    try {
      writeAll(framed, start);
    } catch (IOException e) {
      file.truncate(start);
      throw e;
    }
    size = start + framed.limit();
  }

  private void writeAll(ByteBuffer bytes, long position) throws IOException {
    for (var at = position; bytes.hasRemaining(); ) {
      at += file.write(bytes, at);
    }
  }

  private static ByteBuffer framed(byte[] record, long position) {
    var pieces = record.length / (BLOCK - PIECE_HEADER) + 2;
    var out =
        ByteBuffer.allocate(record.length + (pieces + 1) * PIECE_HEADER)
            .order(ByteOrder.LITTLE_ENDIAN);
    var from = 0;
    var isFirst = true;
    do {
      var left = BLOCK - (int) ((position + out.position()) % BLOCK);
      if (left < PIECE_HEADER) {
        out.position(out.position() + left); // zeros
        left = BLOCK;
      }
      var count = Math.min(record.length - from, left - PIECE_HEADER);
      var isLast = from + count == record.length;
      var type = isFirst ? (isLast ? FULL : FIRST) : (isLast ? LAST : MIDDLE);
      out.putInt(checksum(type, record, from, count));
      out.putShort((short) count).put((byte) type).put(record, from, count);
      from += count;
      isFirst = false;
    } while (from < record.length);
    return out.flip();
  }

  static int checksum(int type, byte[] bytes, int from, int count) {
    var crc = new CRC32();
    crc.update(type);
    crc.update(bytes, from, count);
    return (int) crc.getValue();
  }

  void sync() throws IOException {
    file.force(true);
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
