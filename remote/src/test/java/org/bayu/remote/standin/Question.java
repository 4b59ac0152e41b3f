package org.bayu.remote.standin;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URI;
import java.net.URLDecoder;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A request to the stand-in.
 *
 * @param headers by their names in small letters
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Question(String method, String target, Map<String, String> headers, byte[] body) {
  /** The value of a header. */
  public Optional<String> header(String name) {
    return Optional.ofNullable(headers.get(name.toLowerCase(Locale.ROOT)));
  }

  /** The parts of the path, decoded. */
  public List<String> path() {
    return Stream.of(URI.create(target).getRawPath().substring(1).split("/"))
        .map(part -> URLDecoder.decode(part.replace("+", "%2B"), UTF_8))
        .toList();
  }

  /** The value of a parameter behind the question mark. */
  public Optional<String> parameter(String name) {
    var query = URI.create(target).getRawQuery();
    return Stream.of(query == null ? new String[0] : query.split("&"))
        .filter(each -> each.startsWith(name + "="))
        .map(each -> URLDecoder.decode(each.substring(name.length() + 1), UTF_8))
        .findFirst();
  }

  /** The body as text. */
  public String text() {
    return new String(body, UTF_8);
  }

  @Override
  public String toString() {
    return method + " " + target;
  }
}
