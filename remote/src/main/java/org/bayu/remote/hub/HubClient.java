package org.bayu.remote.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.NullNode;
import java.io.IOException;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bayu.remote.hub.HubException.Reason;
import org.bayu.tensor.io.StrictJson;

/**
 * Sends requests to the Hub: with the token, but only to the Hub's own origin; following redirects;
 * and again after failures that pass.
 *
 * <p>By {@link HttpURLConnection}: the newer {@code java.net.http} takes three times the processor
 * time for a large body.
 */
final class HubClient {
  private static final Set<Integer> PASSING = Set.of(408, 429, 500, 502, 503, 504);
  private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
  private static final int MAX_REDIRECTS = 10;
  private static final Duration CONNECT = Duration.ofSeconds(10);
  private static final Duration SILENCE = Duration.ofSeconds(30);
  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(5);
  private static final Pattern NEXT = Pattern.compile("<([^>]+)>\\s*;\\s*rel=\"next\"");
  private static final Pattern SECONDS = Pattern.compile("\\d{1,6}");

  private final HubEnvironment environment;
  private final Pause pause;

  HubClient(HubEnvironment environment, Pause pause) {
    this.environment = environment;
    this.pause = pause;
  }

  HubEnvironment environment() {
    return environment;
  }

  /** What a request carries. */
  interface Body {
    /** Bytes that {@link #writeTo} writes. */
    long length();

    /** Writes it; again for each try. */
    void writeTo(OutputStream out) throws IOException;

    /** No body. */
    Body NONE = of(new byte[0]);

    /** These bytes. */
    static Body of(byte[] bytes) {
      return new Body() {
        @Override
        public long length() {
          return bytes.length;
        }

        @Override
        public void writeTo(OutputStream out) throws IOException {
          out.write(bytes);
        }
      };
    }
  }

  /** Takes what it needs from a success. */
  @FunctionalInterface
  interface Reader<T> {
    /**
     * Reads the body.
     *
     * @param alive to be called when bytes came: the failures before are forgotten
     * @throws IOException if the connection failed, so that the request is sent again
     */
    T read(HubResponse response, Runnable alive) throws IOException;
  }

  /** A page of JSON, and the address of the next one if there are more. */
  record Page(JsonNode json, Optional<URI> next) {}

  /** The JSON at an address. */
  Page json(Request request) throws HubException {
    return json("GET", request, Body.NONE);
  }

  /** The same of what another method than GET answers; a null node for an empty answer. */
  Page json(String method, Request request, Body body) throws HubException {
    return send(
        method,
        request,
        body,
        (response, _) -> {
          var text = new String(response.bytes(), StandardCharsets.UTF_8);
          try {
            var json =
                text.isBlank()
                    ? NullNode.getInstance()
                    : StrictJson.<JsonNode>parse(text, new JsonMapper()::readTree);
            return new Page(json, next(response));
          } catch (IOException | IllegalArgumentException e) {
            throw HubFailures.unreadable(request, e);
          }
        });
  }

  private static Optional<URI> next(HubResponse response) {
    return response
        .header("Link")
        .map(NEXT::matcher)
        .filter(Matcher::find)
        .map(link -> response.uri().resolve(link.group(1)));
  }

  /**
   * Sends a request until it is answered with success, and the body is read.
   *
   * @throws HubException if it is not, in the words for the user
   */
  <T> T send(String method, Request request, Body body, Reader<T> reader) throws HubException {
    var failures = new int[1];
    while (true) {
      var wait = backoff(failures[0]);
      try (var response = follow(method, request, body)) {
        if (response.isSuccess()) {
          return reader.read(response, () -> failures[0] = 0);
        }
        if (!PASSING.contains(response.status()) || ++failures[0] >= request.tries()) {
          throw HubFailures.of(request, response, environment);
        }
        wait = retryAfter(response).orElse(wait);
      } catch (HubException e) {
        throw e;
      } catch (DiskFailure e) {
        throw e.asHubException();
      } catch (IOException e) {
        if (++failures[0] >= request.tries()) {
          throw HubFailures.unreachable(request, environment, e);
        }
      }
      pause(wait);
    }
  }

  /** A second, and twice as long after each failure. */
  private static Duration backoff(int failures) {
    return Duration.ofSeconds(1L << Math.min(3, failures));
  }

  void pause(Duration time) throws HubException {
    try {
      pause.of(time);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HubException(Reason.OTHER, "The work with the Hub was interrupted.", e);
    }
  }

  /** What the server asks to wait, if it is bearable. */
  private static Optional<Duration> retryAfter(HubResponse response) {
    return response
        .header("Retry-After")
        .filter(text -> SECONDS.matcher(text).matches())
        .map(text -> Duration.ofSeconds(Long.parseLong(text)))
        .map(time -> time.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : time);
  }

  private HubResponse follow(String method, Request request, Body body) throws IOException {
    var uri = request.uri();
    for (var i = 0; i < MAX_REDIRECTS; i++) {
      var response = once(method, request, uri, body);
      var location = response.header("Location");
      if (!REDIRECTS.contains(response.status()) || location.isEmpty()) {
        return response;
      }
      response.close();
      uri = target(request, uri, location.get());
    }
    throw HubFailures.unreadable(request, null);
  }

  private static URI target(Request request, URI from, String location) throws HubException {
    try {
      var uri = from.resolve(location);
      if (Set.of("http", "https").contains(String.valueOf(uri.getScheme()))
          && uri.getHost() != null) {
        return uri;
      }
    } catch (IllegalArgumentException e) {
      throw HubFailures.unreadable(request, e);
    }
    throw HubFailures.unreadable(request, null);
  }

  private HubResponse once(String method, Request request, URI uri, Body body) throws IOException {
    var proxy = environment.proxies().select(uri).getFirst();
    var connection = (HttpURLConnection) uri.toURL().openConnection(proxy);
    connection.setInstanceFollowRedirects(false);
    connection.setConnectTimeout(Math.toIntExact(CONNECT.toMillis()));
    connection.setReadTimeout(Math.toIntExact(SILENCE.toMillis()));
    connection.setUseCaches(false);
    connection.setRequestMethod(method);
    connection.setRequestProperty("User-Agent", "bayu");
    connection.setRequestProperty("Accept-Encoding", "identity");
    request.headers().get().forEach(connection::setRequestProperty);
    if (isHub(uri)) {
      environment
          .token()
          .ifPresent(
              token -> connection.setRequestProperty("Authorization", token.authorization()));
    }
    if (!method.equals("GET")) {
      connection.setDoOutput(true);
      connection.setFixedLengthStreamingMode(body.length());
      try (var out = connection.getOutputStream()) {
        body.writeTo(out);
      }
    }
    return new HubResponse(connection, uri);
  }

  /** Whether an address is of the Hub itself: the token goes nowhere else. */
  private boolean isHub(URI uri) {
    var hub = environment.endpoint();
    return hub.getScheme().equals(uri.getScheme())
        && hub.getHost().equalsIgnoreCase(uri.getHost())
        && hub.getPort() == uri.getPort();
  }
}
