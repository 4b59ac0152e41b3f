package org.bayu.remote.hub;

import java.io.IOException;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow.Subscription;
import java.util.function.LongConsumer;

/** Writes a body to a file as it comes, from the channel's position. */
final class FileBody implements BodySubscriber<Void> {
  private final CompletableFuture<Void> done = new CompletableFuture<>();
  private final Path file;
  private final FileChannel channel;
  private final long most;
  private final Activity life;
  private final LongConsumer written;
  private long bytes;

  @SuppressWarnings("NullAway.Init") // onSubscribe comes first
  private Subscription subscription;

  /**
   * Writes to an open file.
   *
   * @param most bytes that may come; with more the download fails
   * @param life is told that bytes come
   * @param written is told how many bytes were written
   */
  FileBody(Path file, FileChannel channel, long most, Activity life, LongConsumer written) {
    this.file = file;
    this.channel = channel;
    this.most = most;
    this.life = life;
    this.written = written;
  }

  @Override
  public CompletionStage<Void> getBody() {
    return done;
  }

  @Override
  public void onSubscribe(Subscription body) {
    subscription = body;
    body.request(1);
  }

  @Override
  public void onNext(List<ByteBuffer> buffers) {
    life.sign();
    var all = buffers.toArray(ByteBuffer[]::new);
    var length = 0L;
    for (var buffer : all) {
      length += buffer.remaining();
    }
    bytes += length;
    if (bytes > most) {
      fail(new IOException("more bytes than announced"));
      return;
    }
    try {
      for (var left = length; left > 0; ) {
        left -= channel.write(all);
      }
    } catch (IOException e) {
      fail(new DiskFailure(file, e));
      return;
    }
    written.accept(length);
    subscription.request(1);
  }

  private void fail(IOException e) {
    subscription.cancel();
    done.completeExceptionally(e);
  }

  @Override
  public void onError(Throwable e) {
    done.completeExceptionally(e);
  }

  @Override
  public void onComplete() {
    done.complete(null);
  }
}
