package org.bayu.finetune;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.util.Objects;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.UserException;
import org.bayu.train.files.CleanEnd;
import org.bayu.train.files.OutputFolder;
import org.jspecify.annotations.Nullable;

/**
 * Where results go. The first write that fails ends the command that made it: by a {@link
 * UserException}, because a {@link java.io.PrintWriter} keeps an {@link IOException} to itself.
 * What is written after that is lost without a further word.
 */
final class StandardOutput extends OutputStream {
  private final OutputStream out;
  private @Nullable IOException failure;

  StandardOutput(OutputStream out) {
    this.out = out;
  }

  @Override
  public void write(int b) {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int from, int count) {
    attempt(() -> out.write(bytes, from, count));
  }

  @Override
  public void flush() {
    attempt(out::flush);
  }

  private void attempt(CleanEnd.Writing writing) {
    if (failure != null) {
      return;
    }
    try {
      writing.run();
    } catch (IOException e) {
      failure = e;
      throw Objects.equals(e.getMessage(), brokenPipe())
          ? new UserException(ExitCode.PIPE_CLOSED, "Nobody reads the results any more.", e)
          : new UserException(
              ExitCode.FAILED,
              "The results cannot be written to standard output ("
                  + OutputFolder.reason(e)
                  + "). What was printed may be incomplete.",
              e);
    }
  }

  /** How this system, in this locale, says that a pipe has no reader; null if it does not say. */
  private static @Nullable String brokenPipe() {
    try {
      var pipe = Pipe.open();
      try (var sink = pipe.sink()) {
        pipe.source().close();
        var _ = sink.write(ByteBuffer.allocate(1));
        return null;
      }
    } catch (IOException e) {
      return e.getMessage();
    }
  }
}
