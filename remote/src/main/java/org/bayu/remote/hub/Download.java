package org.bayu.remote.hub;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpResponse.BodySubscribers;
import java.net.http.HttpResponse.ResponseInfo;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.bayu.remote.hub.HubException.Reason;
import org.bayu.tensor.io.Printable;

/** Fetches one file into the cache: resumed after a break, checked, and under the file's lock. */
final class Download {
  private static final Duration SILENCE = Duration.ofSeconds(30);
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
    var life = new Activity(SILENCE);
    client.send(
        "GET",
        request.with(() -> range(channel)),
        BodyPublishers.noBody(),
        info -> body(info, part, channel, life, hash),
        life);
  }

  /** What is missing, if something is there. */
  private static Map<String, String> range(FileChannel channel) {
    try {
      return channel.size() == 0 ? Map.of() : Map.of("Range", "bytes=" + channel.size() + "-");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes a range where it belongs, and a whole file from the beginning. */
  private BodySubscriber<Void> body(
      ResponseInfo info, Path part, FileChannel channel, Activity life, BlobHash hash) {
    try {
      var start = info.statusCode() == 206 ? channel.size() : 0;
      var range = "bytes %s-%s/%s".formatted(start, file.size() - 1, file.size());
      var said = info.headers().firstValue("Content-Range").orElse(range);
      if (info.statusCode() == 206 && !said.equals(range)) {
        return failing(new IOException("another range than was asked for"));
      }
      channel.position(start);
      var at = new AtomicLong(start);
      return new FileBody(
          part,
          channel,
          file.size() - start,
          life,
          bytes -> {
            var now = at.addAndGet(bytes);
            count(now);
            hash.available(now);
          });
    } catch (IOException e) {
      return failing(new DiskFailure(part, e));
    }
  }

  private static BodySubscriber<Void> failing(IOException failure) {
    return BodySubscribers.mapping(
        BodySubscribers.discarding(),
        _ -> {
          throw new UncheckedIOException(failure);
        });
  }
}
