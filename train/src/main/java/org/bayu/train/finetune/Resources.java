package org.bayu.train.finetune;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

/** Closeables that are opened one after another and closed together, the last one first. */
final class Resources implements AutoCloseable {
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();

  /** Closes {@code resource} too, before those that were added earlier. */
  <T extends AutoCloseable> T add(T resource) {
    opened.push(resource);
    return resource;
  }

  /** Closes everything because of {@code failure}, which takes along what fails on the way. */
  void closeAfter(Throwable failure) {
    while (!opened.isEmpty()) {
      try {
        opened.pop().close();
      } catch (Throwable e) {
        failure.addSuppressed(e);
      }
    }
  }

  /** Closes everything, also where closing something fails; throws what failed first. */
  @Override
  public void close() throws IOException {
    try {
      while (!opened.isEmpty()) {
        opened.pop().close();
      }
    } catch (IOException | RuntimeException | Error e) {
      closeAfter(e);
      throw e;
    } catch (Exception e) {
      closeAfter(e);
      throw new IOException(e);
    }
  }
}
