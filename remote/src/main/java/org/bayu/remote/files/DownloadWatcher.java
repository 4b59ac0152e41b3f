package org.bayu.remote.files;

import java.util.function.LongConsumer;

/** Shows how far downloads from the Hub are, such as by a bar. */
@FunctionalInterface
public interface DownloadWatcher {
  /** Shows nothing. */
  DownloadWatcher NONE =
      (_, _) ->
          new Shown() {
            @Override
            public void accept(long bytes) {}

            @Override
            public void close() {}
          };

  /**
   * A download begins.
   *
   * @param bytes of all its files
   * @param before how many of them an earlier try has left
   */
  Shown begin(long bytes, long before);

  /**
   * A download that is shown: takes the number of bytes that have come since the last call, from
   * any thread, one at a time. Closed at its end, failed or not.
   */
  interface Shown extends LongConsumer, AutoCloseable {
    @Override
    void close();
  }
}
