package org.bayu.remote.hub;

import java.io.IOException;
import java.net.ProxySelector;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Where the Hub and its cache are, and who asks: what Python's {@code huggingface_hub} takes from
 * the same environment variables.
 *
 * @param cache the folder of the cache: {@code HF_HUB_CACHE}, {@code HF_HOME/hub} or {@code
 *     ~/.cache/huggingface/hub}
 * @param endpoint {@code HF_ENDPOINT} or {@code https://huggingface.co}
 * @param token of the user: {@code HF_TOKEN}, or the file that {@code hf auth login} writes
 * @param offline whether nothing is asked over the network: {@code HF_HUB_OFFLINE}
 * @param proxies which proxy is used for which address
 */
public record HubEnvironment(
    Path cache, URI endpoint, Optional<HubToken> token, boolean offline, ProxySelector proxies) {
  private static final String PUBLIC = "https://huggingface.co";
  private static final Set<String> TRUE = Set.of("1", "ON", "YES", "TRUE");

  /** That of this process. */
  public static HubEnvironment ofProcess() throws HubException {
    return of(System.getenv(), Path.of(System.getProperty("user.home")));
  }

  /**
   * That of a process with these variables.
   *
   * @param home the user's folder
   * @throws HubException if {@code HF_ENDPOINT} is no address
   */
  public static HubEnvironment of(Map<String, String> variables, Path home) throws HubException {
    var env = new Variables(variables, home);
    var hfHome =
        env.path("HF_HOME")
            .orElseGet(
                () ->
                    env.path("XDG_CACHE_HOME")
                        .orElse(home.resolve(".cache"))
                        .resolve("huggingface"));
    var cache =
        env.path("HF_HUB_CACHE")
            .or(() -> env.path("HUGGINGFACE_HUB_CACHE"))
            .orElse(hfHome.resolve("hub"));
    return new HubEnvironment(
        cache.toAbsolutePath().normalize(),
        endpoint(env.text("HF_ENDPOINT").orElse(PUBLIC)),
        token(env, hfHome),
        env.isTrue("HF_HUB_OFFLINE") || env.isTrue("TRANSFORMERS_OFFLINE"),
        EnvironmentProxies.of(env::text).orElseGet(ProxySelector::getDefault));
  }

  private static Optional<HubToken> token(Variables env, Path hfHome) {
    if (env.isTrue("HF_HUB_DISABLE_IMPLICIT_TOKEN")) {
      return Optional.empty();
    }
    return env.text("HF_TOKEN")
        .or(() -> env.text("HUGGING_FACE_HUB_TOKEN"))
        .or(() -> stored(env.path("HF_TOKEN_PATH").orElse(hfHome.resolve("token"))))
        .flatMap(HubToken::of);
  }

  private static Optional<String> stored(Path file) {
    try {
      return Optional.of(Files.readString(file));
    } catch (IOException e) {
      return Optional.empty(); // nobody is logged in
    }
  }

  private static URI endpoint(String text) throws HubException {
    try {
      var uri = URI.create(text.endsWith("/") ? text : text + "/");
      if (Set.of("http", "https").contains(String.valueOf(uri.getScheme()))
          && uri.getHost() != null
          && uri.getUserInfo() == null) {
        return uri;
      }
    } catch (IllegalArgumentException e) {
      // said below
    }
    throw new HubException(
        HubException.Reason.OTHER,
        "HF_ENDPOINT is no address of a server. Write it as https://host, or leave it out.");
  }

  /** The address of a page or a question below the endpoint. */
  URI at(String path) {
    return endpoint.resolve(path);
  }

  private record Variables(Map<String, String> values, Path home) {
    Optional<String> text(String name) {
      return Optional.ofNullable(values.get(name)).map(String::strip).filter(v -> !v.isEmpty());
    }

    boolean isTrue(String name) {
      return text(name).map(v -> TRUE.contains(v.toUpperCase(Locale.ROOT))).orElse(false);
    }

    Optional<Path> path(String name) {
      return text(name)
          .map(
              text ->
                  text.equals("~") || text.startsWith("~/")
                      ? home.resolve(text.substring(Math.min(2, text.length())))
                      : Path.of(text));
    }
  }
}
