package org.bayu.remote.hub;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The proxies that {@code HTTPS_PROXY}, {@code HTTP_PROXY}, {@code ALL_PROXY} and {@code NO_PROXY}
 * name, in either case of letters.
 */
final class EnvironmentProxies extends ProxySelector {
  private final @Nullable Proxy forHttp;
  private final @Nullable Proxy forHttps;
  private final List<String> direct;

  private EnvironmentProxies(
      @Nullable Proxy forHttp, @Nullable Proxy forHttps, List<String> direct) {
    this.forHttp = forHttp;
    this.forHttps = forHttps;
    this.direct = direct;
  }

  /** Empty if no proxy is named. */
  static Optional<ProxySelector> of(Function<String, Optional<String>> variables) {
    var all = proxy(variables, "ALL_PROXY");
    var http = proxy(variables, "HTTP_PROXY").or(() -> all);
    var https = proxy(variables, "HTTPS_PROXY").or(() -> all);
    if (http.isEmpty() && https.isEmpty()) {
      return Optional.empty();
    }
    var direct = either(variables, "NO_PROXY").orElse("").toLowerCase(Locale.ROOT);
    return Optional.of(
        new EnvironmentProxies(
            http.orElse(null), https.orElse(null), List.of(direct.split("[\\s,]+"))));
  }

  private static Optional<String> either(
      Function<String, Optional<String>> variables, String name) {
    return variables.apply(name.toLowerCase(Locale.ROOT)).or(() -> variables.apply(name));
  }

  private static Optional<Proxy> proxy(Function<String, Optional<String>> variables, String name) {
    return either(variables, name)
        .map(text -> text.contains("://") ? text : "http://" + text)
        .flatMap(EnvironmentProxies::proxy);
  }

  private static Optional<Proxy> proxy(String text) {
    try {
      var uri = URI.create(text);
      if (uri.getHost() == null) {
        return Optional.empty();
      }
      var port = uri.getPort() >= 0 ? uri.getPort() : "https".equals(uri.getScheme()) ? 443 : 80;
      return Optional.of(
          new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved(uri.getHost(), port)));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  @Override
  public List<Proxy> select(URI uri) {
    var proxy = "https".equals(uri.getScheme()) ? forHttps : forHttp;
    return List.of(proxy == null || isDirect(uri.getHost()) ? Proxy.NO_PROXY : proxy);
  }

  private boolean isDirect(String host) {
    var name = host.toLowerCase(Locale.ROOT);
    return direct.stream()
        .map(each -> each.startsWith(".") ? each.substring(1) : each)
        .filter(each -> !each.isEmpty())
        .anyMatch(each -> each.equals("*") || name.equals(each) || name.endsWith("." + each));
  }

  @Override
  public void connectFailed(URI uri, SocketAddress address, IOException failure) {
    // The request fails, and says so.
  }
}
