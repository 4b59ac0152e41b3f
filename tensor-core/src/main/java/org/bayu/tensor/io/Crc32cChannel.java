package org.bayu.tensor.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.zip.CRC32C;

/** Passes bytes on to a channel, which it owns, and computes their CRC-32C. */
final class Crc32cChannel implements WritableByteChannel {
  private final WritableByteChannel channel;
  private final CRC32C crc = new CRC32C();

  Crc32cChannel(WritableByteChannel channel) {
    this.channel = channel;
  }

  /** The checksum of what was written so far. */
  int value() {
    return (int) crc.getValue();
  }

  @Override
  public int write(ByteBuffer bytes) throws IOException {
    var same = bytes.duplicate();
    var written = channel.write(bytes);
    crc.update(same.limit(same.position() + written));
    return written;
  }

  @Override
  public boolean isOpen() {
    return channel.isOpen();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
