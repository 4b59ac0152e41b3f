package org.bayu.train.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.bayu.tensor.io.StagedPath;

/** How long writing to a folder takes: at the rate of the last checkpoint, else at a trial's. */
final class WritingRate {
  /** Bytes of the trial. As much or less is written in no time worth estimating. */
  private static final int TRIAL_BYTES = 64 << 20;

  private final Path folder;

  /** 0 as long as it is unknown. */
  private double bytesPerSecond;

  WritingRate(Path folder) {
    this.folder = folder;
  }

  /** Takes note of what a checkpoint took. */
  void measured(long bytes, double seconds) {
    bytesPerSecond = (double) bytes / seconds;
  }

  /**
   * Seconds that writing so many bytes takes, about; 0 for few. May write and delete a file.
   *
   * @throws IOException if that file cannot be written
   */
  double seconds(long bytes) throws IOException {
    if (bytes <= TRIAL_BYTES) {
      return 0;
    }
    if (bytesPerSecond == 0) {
      bytesPerSecond = tryOut();
    }
    return (double) bytes / bytesPerSecond;
  }

  private double tryOut() throws IOException {
    Files.createDirectories(folder);
    var start = System.nanoTime();
    // Never published: it is deleted, also when the process is killed meanwhile.
    try (var file = StagedPath.file(folder.resolve("probe"));
        var channel =
            FileChannel.open(
                file.path(), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      var zeros = ByteBuffer.allocateDirect(TRIAL_BYTES);
      while (zeros.hasRemaining()) {
        channel.write(zeros);
      }
      channel.force(true);
    }
    return TRIAL_BYTES / ((System.nanoTime() - start) * 1e-9);
  }
}
