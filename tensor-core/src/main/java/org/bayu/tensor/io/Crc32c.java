package org.bayu.tensor.io;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/** CRC-32C (Castagnoli, RFC 3720) of memory and files: against damage, not against forgery. */
public final class Crc32c {
  private static final long AT_ONCE = 1 << 30;

  private Crc32c() {}

  /** The checksum of bytes, off-heap or of a byte array. */
  public static int of(MemorySegment bytes) {
    var crc = new CRC32C();
    for (var begin = 0L; begin < bytes.byteSize(); begin += AT_ONCE) {
      crc.update(bytes.asSlice(begin, Math.min(AT_ONCE, bytes.byteSize() - begin)).asByteBuffer());
    }
    return (int) crc.getValue();
  }

  /** The checksum of a local file, which is mapped for that. */
  public static int of(Path file) throws IOException {
    try (var channel = FileChannel.open(file);
        var arena = Arena.ofConfined()) {
      return of(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
    }
  }
}
