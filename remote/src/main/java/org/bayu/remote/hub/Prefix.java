package org.bayu.remote.hub;

import java.io.ByteArrayOutputStream;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow.Subscription;

/** Some bytes of the body of a server that knows no ranges: the rest is not waited for. */
final class Prefix implements BodySubscriber<byte[]> {
  private final CompletableFuture<byte[]> done = new CompletableFuture<>();
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final int length;
  private long skip;

  @SuppressWarnings("NullAway.Init") // onSubscribe comes first
  private Subscription subscription;

  Prefix(long from, int length) {
    skip = from;
    this.length = length;
  }

  @Override
  public CompletionStage<byte[]> getBody() {
    return done;
  }

  @Override
  public void onSubscribe(Subscription body) {
    subscription = body;
    body.request(1);
  }

  @Override
  public void onNext(List<ByteBuffer> buffers) {
    for (var buffer : buffers) {
      var skipped = (int) Math.min(skip, buffer.remaining());
      skip -= skipped;
      var part = new byte[Math.min(buffer.remaining() - skipped, length - bytes.size())];
      buffer.position(buffer.position() + skipped).get(part);
      bytes.writeBytes(part);
    }
    if (bytes.size() == length) {
      subscription.cancel();
      onComplete();
    } else {
      subscription.request(1);
    }
  }

  @Override
  public void onError(Throwable e) {
    done.completeExceptionally(e);
  }

  @Override
  public void onComplete() {
    done.complete(bytes.toByteArray());
  }
}
