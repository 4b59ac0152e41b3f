package org.bayu.train.data;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32C;
import java.util.zip.CheckedOutputStream;
import org.bayu.tensor.io.Crc32c;
import org.bayu.train.TokenizedData;

/**
 * The file of a {@link TokenCache}, numbers big-endian: the magic number, then each row's token ids
 * row after row, then length and source length of each row, then the trailer: rows, skipped rows,
 * truncated rows, merged rows, rows that spell special tokens, 0 (32 bits each), tokens (64), and
 * the CRC-32C of all bytes before it (64). It is written in one pass and read by mapping.
 */
final class TokenFile {
  /** "BAYUTOK3". */
  static final long MAGIC = 0x42415955544f4b33L;

  private static final int MAGIC_BYTES = 8;
  private static final int INDEX_BYTES = 8;
  private static final int TRAILER_BYTES = 40;

  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  private TokenFile() {}

  /** The file is not what was written; the message is the reason. */
  static final class DamagedException extends IOException {
    private static final long serialVersionUID = 1L;

    DamagedException(String reason) {
      super(reason);
    }
  }

  /** Writes a file; what it keeps in memory is 8 bytes a row. */
  static final class Writer {
    private final CheckedOutputStream checked;
    private final DataOutputStream out;
    private final IntArrayList lengths = new IntArrayList();
    private final IntArrayList sourceLengths = new IntArrayList();
    private long tokens;
    private int truncated;
    private int merged;
    private int spelling;

    Writer(OutputStream out) throws IOException {
      checked = new CheckedOutputStream(out, new CRC32C());
      this.out = new DataOutputStream(checked);
      this.out.writeLong(MAGIC);
    }

    void add(ExampleTokenizer.Result row) throws IOException {
      var ids = row.example().tokens();
      for (var i = 0; i < ids.size(); i++) {
        out.writeInt(ids.getInt(i));
      }
      lengths.add(ids.size());
      sourceLengths.add(row.example().sourceLength());
      tokens += ids.size();
      truncated += row.truncated() ? 1 : 0;
      merged += row.merged() ? 1 : 0;
      spelling += row.spellsSpecial() ? 1 : 0;
    }

    void finish(int skipped) throws IOException {
      for (var row = 0; row < lengths.size(); row++) {
        out.writeInt(lengths.getInt(row));
        out.writeInt(sourceLengths.getInt(row));
      }
      out.writeInt(lengths.size());
      out.writeInt(skipped);
      out.writeInt(truncated);
      out.writeInt(merged);
      out.writeInt(spelling);
      out.writeInt(0);
      out.writeLong(tokens);
      out.writeLong(checked.getChecksum().getValue());
    }
  }

  /**
   * Opens a file, mapped as long as the result is reachable, after reading it through once to check
   * it.
   */
  static TokenizedData read(Path file) throws IOException {
    var all = bytes(file);
    if (all.byteSize() < MAGIC_BYTES + TRAILER_BYTES) {
      throw new DamagedException("cut short");
    }
    if (all.get(LONG, 0) != MAGIC) {
      throw new DamagedException("another format");
    }
    var trailer = all.byteSize() - TRAILER_BYTES;
    if (all.get(LONG, trailer + 32)
        != Integer.toUnsignedLong(Crc32c.of(all.asSlice(0, trailer + 32)))) {
      throw new DamagedException("wrong checksum");
    }
    // Sound from here on: the checksum covers all that follows.
    var rows = all.get(TokenizedData.ID, trailer);
    var index = MAGIC_BYTES + 4 * all.get(LONG, trailer + 24);
    var lengths = new int[rows];
    var sourceLengths = new int[rows];
    for (var row = 0; row < rows; row++) {
      lengths[row] = all.get(TokenizedData.ID, index + (long) row * INDEX_BYTES);
      sourceLengths[row] = all.get(TokenizedData.ID, index + (long) row * INDEX_BYTES + 4);
    }
    return new TokenizedData(
        all.asSlice(MAGIC_BYTES, index - MAGIC_BYTES),
        lengths,
        sourceLengths,
        new TokenizedData.Counts(
            all.get(TokenizedData.ID, trailer + 4),
            all.get(TokenizedData.ID, trailer + 8),
            all.get(TokenizedData.ID, trailer + 12),
            all.get(TokenizedData.ID, trailer + 16)));
  }

  private static MemorySegment bytes(Path file) throws IOException {
    if (!file.getFileSystem().equals(FileSystems.getDefault())) {
      return MemorySegment.ofArray(Files.readAllBytes(file)).asReadOnly();
    }
    try (var channel = FileChannel.open(file)) {
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), Arena.ofAuto());
    }
  }
}
