package org.bayu.remote.hub;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.bayu.remote.hub.HubException.Reason;
import org.bayu.tensor.io.Printable;

/** Fetches one file into the cache: resumed after a break, checked, and under the file's lock. */
final class Download {
  private static final int CHUNK = 1 << 17;
  private static final Duration LOCK = Duration.ofMillis(200);

  private final HubClient client;
  private final CacheFolder cache;
  private final Request request;
  private final String commit;
  private final RepositoryFile file;
  private final LongConsumer progress;
  private final Consumer<String> messages;
  private long counted;

  /**
   * A file of a commit.
   *
   * @param request for the file
   * @param progress is told of bytes that are there now and were not before, as they come
   */
  Download(
      HubClient client,
      CacheFolder cache,
      Request request,
      String commit,
      RepositoryFile file,
      LongConsumer progress,
      Consumer<String> messages) {
    this.client = client;
    this.cache = cache;
    this.request = request;
    this.commit = commit;
    this.file = file;
    this.progress = progress;
    this.messages = messages;
  }

  /** Fetches the file unless it is there. */
  void run() throws IOException {
    if (Files.notExists(cache.blob(file.etag()))) {
      try (var _ = lock()) {
        if (Files.notExists(cache.blob(file.etag()))) {
          fetch();
        }
      }
    }
    count(file.size());
    cache.link(commit, file.path(), file.etag());
  }

  private Closeable lock() throws IOException {
    for (var waited = false; ; waited = true) {
      var lock = cache.tryLock(file.etag());
      if (lock.isPresent()) {
        return lock.get();
      }
      if (!waited) {
        messages.accept(
            "Another process is fetching %s: waiting for it."
                .formatted(Printable.name(file.path())));
      }
      client.pause(LOCK);
    }
  }

  /** So many bytes are there now. */
  private void count(long present) {
    if (present > counted) {
      progress.accept(present - counted);
      counted = present;
    }
  }

  private void fetch() throws IOException {
    var part = cache.incomplete(file.etag());
    for (var again = false; ; again = true) {
      if (Files.exists(part) && Files.size(part) > file.size()) {
        Files.delete(part);
      }
      var hash = BlobHash.follow(part, file);
      try {
        fill(part, hash);
        if (hash.matches(file.etag())) {
          CacheFolder.move(part, cache.blob(file.etag()));
          return;
        }
      } catch (HubException e) {
        if (e.reason() != Reason.DAMAGED || again) {
          throw e;
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new HubException(Reason.OTHER, "The download was interrupted.", e);
      } finally {
        hash.abandon();
      }
      // A break may have left bytes that never reached the disk; a second time it is no accident.
      Files.deleteIfExists(part);
      if (again) {
        throw new HubException(
            Reason.DAMAGED,
            "%s of %s arrived twice with other content than the Hub announces. Look at HF_ENDPOINT and at the proxy, or try again later."
                .formatted(Printable.name(file.path()), request.repository().id()));
      }
    }
  }

  /** Brings the file to its full size. */
  private void fill(Path part, BlobHash hash) throws IOException {
    try (var channel =
        FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      count(channel.size());
      hash.available(channel.size());
      for (var have = channel.size(); have < file.size(); have = channel.size()) {
        request(part, channel, hash);
        if (channel.size() <= have) {
          throw HubFailures.unreadable(request, null);
        }
      }
      channel.force(true);
    }
  }

  private void request(Path part, FileChannel channel, BlobHash hash) throws IOException {
    var buffer = new byte[CHUNK];
    client.send(
        "GET",
        request.with(() -> range(channel)),
        HubClient.Body.NONE,
        (response, alive) -> {
          var at = start(response, channel);
          var in = response.body();
          while (at < file.size()) {
            if (Thread.interrupted()) {
              response.abort();
              throw new HubException(Reason.OTHER, "The download was interrupted.");
            }
            var read = in.read(buffer, 0, (int) Math.min(CHUNK, file.size() - at));
            if (read < 0) {
              throw new IOException("cut after " + at + " of " + file.size() + " bytes");
            }
            alive.run();
            write(part, channel, ByteBuffer.wrap(buffer, 0, read), at);
            at += read;
            count(at);
            hash.available(at);
          }
          if (in.read() >= 0) {
            response.abort();
            throw HubFailures.unreadable(request, null);
          }
          return at;
        });
  }

  private static void write(Path part, FileChannel channel, ByteBuffer bytes, long at)
      throws IOException {
    try {
      for (var to = at; bytes.hasRemaining(); ) {
        to += channel.write(bytes, to);
      }
    } catch (IOException e) {
      throw new DiskFailure(part, e);
    }
  }

  /** What is missing, if something is there. */
  private static Map<String, String> range(FileChannel channel) {
    try {
      return channel.size() == 0 ? Map.of() : Map.of("Range", "bytes=" + channel.size() + "-");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Where the body's first byte belongs: a server that knows no ranges sends the whole file. */
  private long start(HubResponse response, FileChannel channel) throws IOException {
    if (response.status() != 206) {
      return 0;
    }
    var start = channel.size();
    var range = "bytes %s-%s/%s".formatted(start, file.size() - 1, file.size());
    if (!response.header("Content-Range").orElse(range).equals(range)) {
      response.abort();
      throw HubFailures.unreadable(request, null);
    }
    return start;
  }
}
