package org.bayu.remote.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.NullNode;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpResponse.BodySubscribers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bayu.remote.hub.HubException.Reason;
import org.bayu.tensor.io.StrictJson;

/**
 * Sends requests to the Hub: with the token, but only to the Hub's own origin; following redirects;
 * and again after failures that pass.
 */
final class HubClient {
  private static final Set<Integer> PASSING = Set.of(408, 429, 500, 502, 503, 504);
  private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
  private static final int MAX_REDIRECTS = 10;
  private static final Duration CONNECT = Duration.ofSeconds(10);
  private static final Duration ANSWER = Duration.ofMinutes(1);
  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(5);
  private static final Pattern NEXT = Pattern.compile("<([^>]+)>\\s*;\\s*rel=\"next\"");
  private static final Pattern SECONDS = Pattern.compile("\\d{1,6}");

  private final HubEnvironment environment;
  private final Pause pause;
  private final HttpClient http;

  HubClient(HubEnvironment environment, Pause pause) {
    this.environment = environment;
    this.pause = pause;
    // HTTP/1.1: one connection for each file, and no upgrade that a proxy stumbles over.
    http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(CONNECT)
            .proxy(environment.proxies())
            .build();
  }

  HubEnvironment environment() {
    return environment;
  }

  /** A page of JSON, and the address of the next one if there are more. */
  record Page(JsonNode json, Optional<URI> next) {}

  /** The JSON at an address. */
  Page json(Request request) throws HubException {
    return json("GET", request, BodyPublishers.noBody());
  }

  /** The same of what another method than GET answers. Null stands for an empty answer. */
  Page json(String method, Request request, BodyPublisher body) throws HubException {
    var response = send(method, request, body, BodyHandlers.ofByteArray(), new Activity(ANSWER));
    try {
      var text = new String(response.body(), StandardCharsets.UTF_8);
      var json =
          text.isBlank()
              ? NullNode.getInstance()
              : StrictJson.<JsonNode>parse(text, new JsonMapper()::readTree);
      return new Page(json, next(response));
    } catch (IOException e) {
      throw HubFailures.unreadable(request, e);
    }
  }

  private Optional<URI> next(HttpResponse<?> response) {
    return response
        .headers()
        .firstValue("Link")
        .map(NEXT::matcher)
        .filter(Matcher::find)
        .map(link -> response.uri().resolve(link.group(1)));
  }

  /**
   * Sends a request until it is answered with success.
   *
   * @param life how long each try may go without a sign of life
   * @throws HubException if it is not, in the words for the user
   */
  <T> HttpResponse<T> send(
      String method, Request request, BodyPublisher body, BodyHandler<T> handler, Activity life)
      throws HubException {
    for (var done = 1; ; done++) {
      life.begin();
      try {
        var response = follow(method, request, body, handler, life);
        var status = response.statusCode();
        if (status / 100 == 2) {
          return response;
        }
        if (!PASSING.contains(status) || done >= request.tries()) {
          throw HubFailures.of(request, response, environment);
        }
        pause(retryAfter(response).orElseGet(backoff(done)));
      } catch (HubException e) {
        throw e;
      } catch (InterruptedIOException e) {
        throw new HubException(Reason.OTHER, "The work with the Hub was interrupted.", e);
      } catch (DiskFailure e) {
        throw e.asHubException();
      } catch (IOException e) {
        if (life.hasSigns()) {
          done = 1; // the network came back for a while
        }
        if (done >= request.tries()) {
          throw HubFailures.unreachable(request, environment, e);
        }
        pause(backoff(done).get());
      }
    }
  }

  /** Waits a second, then twice as long each time. */
  static Supplier<Duration> backoff(int done) {
    return () -> Duration.ofSeconds(Math.min(8, 1L << (done - 1)));
  }

  void pause(Duration time) throws HubException {
    try {
      pause.of(time);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private static HubException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new HubException(Reason.OTHER, "The work with the Hub was interrupted.", e);
  }

  /** What the server asks to wait, if it is bearable. */
  private static Optional<Duration> retryAfter(HttpResponse<?> response) {
    return response
        .headers()
        .firstValue("Retry-After")
        .filter(text -> SECONDS.matcher(text).matches())
        .map(text -> Duration.ofSeconds(Long.parseLong(text)))
        .map(time -> time.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : time);
  }

  private <T> HttpResponse<T> follow(
      String method, Request request, BodyPublisher body, BodyHandler<T> handler, Activity life)
      throws IOException {
    var uri = request.uri();
    for (var i = 0; i < MAX_REDIRECTS; i++) {
      var response = once(method, request, uri, body, handler, life);
      var location = response.headers().firstValue("Location");
      if (!REDIRECTS.contains(response.statusCode()) || location.isEmpty()) {
        return response;
      }
      try {
        uri = uri.resolve(location.get());
      } catch (IllegalArgumentException e) {
        throw HubFailures.unreadable(request, e);
      }
      if (!Set.of("http", "https").contains(String.valueOf(uri.getScheme()))
          || uri.getHost() == null) {
        throw HubFailures.unreadable(request, null);
      }
    }
    throw HubFailures.unreadable(request, null);
  }

  private <T> HttpResponse<T> once(
      String method,
      Request request,
      URI uri,
      BodyPublisher body,
      BodyHandler<T> handler,
      Activity life)
      throws IOException {
    var builder =
        HttpRequest.newBuilder(uri)
            .method(method, body)
            .header("User-Agent", "bayu")
            .header("Accept-Encoding", "identity");
    request.headers().get().forEach(builder::header);
    if (isHub(uri)) {
      environment.token().ifPresent(t -> builder.header("Authorization", t.authorization()));
    }
    var answer = http.sendAsync(builder.build(), onlyOfSuccess(handler));
    try {
      while (true) {
        try {
          return answer.get(life.nanosLeft(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
          if (life.nanosLeft() <= 0) {
            answer.cancel(true);
            throw new IOException("no answer in time", e);
          }
        }
      }
    } catch (InterruptedException e) {
      answer.cancel(true);
      Thread.currentThread().interrupt();
      throw (IOException) new InterruptedIOException("interrupted").initCause(e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
    }
  }

  /** Whether an address is of the Hub itself: the token goes nowhere else. */
  private boolean isHub(URI uri) {
    var hub = environment.endpoint();
    return hub.getScheme().equals(uri.getScheme())
        && hub.getHost().equalsIgnoreCase(uri.getHost())
        && hub.getPort() == uri.getPort();
  }

  /** Other answers' bodies are thrown away. */
  @SuppressWarnings("NullAway") // nobody reads the body of a failure
  private static <T> BodyHandler<T> onlyOfSuccess(BodyHandler<T> handler) {
    return info ->
        info.statusCode() / 100 == 2
            ? handler.apply(info)
            : BodySubscribers.mapping(BodySubscribers.discarding(), _ -> null);
  }
}
