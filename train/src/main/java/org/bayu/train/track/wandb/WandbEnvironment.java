package org.bayu.train.track.wandb;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What {@code wandb} finds around it: its environment variables, its settings file, and the API key
 * in them or in the user's {@code .netrc}.
 */
public final class WandbEnvironment {
  private final Map<String, String> variables;
  private final Path home;
  private final Map<String, String> settings;

  /**
   * Reads the settings file, {@code ~/.config/wandb/settings}; one that cannot be read counts as
   * none.
   *
   * @param variables the environment
   * @param home the user's folder
   */
  public WandbEnvironment(Map<String, String> variables, Path home) {
    this.variables = Map.copyOf(variables);
    this.home = home;
    var folder = variables.get("WANDB_CONFIG_DIR");
    settings =
        settings(
            (folder == null || folder.isEmpty()
                    ? home.resolve(".config").resolve("wandb")
                    : Path.of(folder))
                .resolve("settings"));
  }

  /** The lines {@code name = value} of the section {@code default}. */
  private static Map<String, String> settings(Path file) {
    var settings = new LinkedHashMap<String, String>();
    var isDefault = false;
    for (var line : lines(file)) {
      var text = line.strip();
      var equals = text.indexOf('=');
      if (text.startsWith("[")) {
        isDefault = text.equals("[default]");
      } else if (isDefault && equals > 0 && !text.startsWith("#") && !text.startsWith(";")) {
        settings.put(text.substring(0, equals).strip(), text.substring(equals + 1).strip());
      }
    }
    return settings;
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      return List.of();
    }
  }

  /**
   * A setting such as {@code project}, {@code entity} or {@code mode}.
   *
   * @param name as the settings file has it; the variable is {@code WANDB_} and the name
   */
  public Optional<String> setting(String name) {
    return variable("WANDB_" + name.toUpperCase(Locale.ROOT))
        .or(() -> Optional.ofNullable(settings.get(name)).filter(text -> !text.isEmpty()));
  }

  private Optional<String> variable(String name) {
    return Optional.ofNullable(variables.get(name)).map(String::strip).filter(s -> !s.isEmpty());
  }

  /** The folder in which the folder {@code wandb} is to be, if that is set. */
  public Optional<Path> folder() {
    return variable("WANDB_DIR").map(Path::of);
  }

  /**
   * The server and the key to it; empty if there is no key.
   *
   * @throws IllegalArgumentException if the server's address is none
   */
  public Optional<WandbServer> server() {
    var base = setting("base_url").map(URI::create).orElse(WandbServer.PUBLIC);
    return variable("WANDB_API_KEY")
        .or(() -> Optional.ofNullable(netrc(base)))
        .or(() -> Optional.ofNullable(settings.get("api_key")).filter(key -> !key.isEmpty()))
        .map(key -> new WandbServer(base, key));
  }

  /** The password of the server's host. */
  private @Nullable String netrc(URI base) {
    var words = new ArrayList<String>();
    lines(netrcFile())
        .forEach(line -> words.addAll(List.of(line.replaceFirst("(^|\\s)#.*", "").split("\\s+"))));
    words.removeIf(String::isEmpty);
    var isHost = false;
    for (var i = 0; i + 1 < words.size(); i++) {
      switch (words.get(i)) {
        case "machine" -> isHost = words.get(++i).equals(base.getRawAuthority());
        case "login", "account" -> i++;
        case "password" -> {
          if (isHost) {
            return words.get(i + 1);
          }
          i++;
        }
        default -> {}
      }
    }
    return null;
  }

  private Path netrcFile() {
    var named = variable("NETRC");
    if (named.isPresent()) {
      return Path.of(named.get());
    }
    var file = home.resolve(".netrc");
    return Files.exists(file) ? file : home.resolve("_netrc");
  }
}
