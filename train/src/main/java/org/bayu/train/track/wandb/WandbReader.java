package org.bayu.train.track.wandb;

import static org.bayu.train.track.wandb.WandbFile.BLOCK;
import static org.bayu.train.track.wandb.WandbFile.PIECE_HEADER;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Reads the records of a {@code .wandb} file one after the other. */
final class WandbReader {
  /** A record has some thousand bytes. */
  private static final int MAX_RECORD = 1 << 28;

  private final FileChannel file;
  private final byte[] header;
  private long position;
  private ByteBuffer block = ByteBuffer.allocate(0);
  private long blockStart = -1;

  WandbReader(FileChannel file, byte[] header) {
    this.file = file;
    this.header = header.clone();
  }

  /** Where the next record begins; 0 where the file has not even a header. */
  long position() {
    return position;
  }

  /**
   * The next record.
   *
   * @param end of the file's part that is read
   * @return null if there is no whole one up to there; the position then stays
   */
  byte @Nullable [] next(long end) throws IOException {
    if (position == 0) {
      if (end < header.length || !Arrays.equals(header, piece(0, header.length, end))) {
        return null;
      }
      position = header.length;
    }
    var record = new ByteArrayOutputStream();
    var isFirst = true;
    for (var at = position; ; isFirst = false) {
      if (BLOCK - at % BLOCK < PIECE_HEADER) {
        at += BLOCK - at % BLOCK;
      }
      var head = piece(at, PIECE_HEADER, end);
      if (head == null) {
        return null;
      }
      var fields = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN);
      var checksum = fields.getInt();
      var count = Short.toUnsignedInt(fields.getShort());
      var type = fields.get();
      var data =
          at % BLOCK + PIECE_HEADER + count > BLOCK ? null : piece(at + PIECE_HEADER, count, end);
      if (data == null
          || checksum != WandbFile.checksum(type, data, 0, count)
          || isFirst != (type == WandbFile.FULL || type == WandbFile.FIRST)
          || record.size() > MAX_RECORD) {
        return null;
      }
      record.writeBytes(data);
      at += PIECE_HEADER + count;
      if (type == WandbFile.FULL || type == WandbFile.LAST) {
        position = at;
        return record.toByteArray();
      }
    }
  }

  /** Bytes of one block; null if the file's part has not so many. */
  private byte @Nullable [] piece(long from, int count, long end) throws IOException {
    if (from + count > end) {
      return null;
    }
    var start = from - from % BLOCK;
    if (start != blockStart || from - start + count > block.limit()) {
      block = ByteBuffer.allocate((int) Math.min(BLOCK, end - start));
      while (block.hasRemaining() && file.read(block, start + block.position()) >= 0) {}
      block.flip();
      blockStart = start;
    }
    if (from - start + count > block.limit()) {
      return null;
    }
    var bytes = new byte[count];
    block.get((int) (from - start), bytes);
    return bytes;
  }
}
