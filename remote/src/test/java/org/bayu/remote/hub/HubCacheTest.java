package org.bayu.remote.hub;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.net.ProxySelector;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.bayu.remote.standin.StandInHub;
import org.bayu.remote.standin.StandInMain;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The cache that Bayu makes is the one that {@code huggingface_hub} makes. */
final class HubCacheTest {
  @Test
  void theCacheHasThePythonClientsFilesLinksAndContents(@TempDir Path cache) throws IOException {
    try (var server = new StandInHub()) {
      StandInMain.fill(server);
      var environment =
          new HubEnvironment(
              cache,
              URI.create(server.url() + "/"),
              Optional.empty(),
              false,
              ProxySelector.getDefault());
      var snapshot =
          Hub.of(environment, _ -> {})
              .find(HubRepository.model(new HubName("org/tiny", "main")), "main");
      snapshot.fetch(ModelFiles.model(snapshot), _ -> {});
    }
    try (var fixture = HubCacheTest.class.getResourceAsStream("python-cache.txt")) {
      var text = new String(Objects.requireNonNull(fixture).readAllBytes(), UTF_8);
      assertEquals(String.join("\n", listing(cache)) + "\n", text);
    }
  }

  /** As {@code tools/golden/hub_cache.py} lists a cache. */
  private static List<String> listing(Path cache) throws IOException {
    var lines = new TreeMap<String, String>();
    try (var all = Files.walk(cache)) {
      for (var path : (Iterable<Path>) all::iterator) {
        var name = cache.relativize(path).toString();
        if (!name.isEmpty()) {
          lines.put(name.replace("/", "\0"), line(path, name));
        }
      }
    }
    return new ArrayList<>(lines.values());
  }

  private static String line(Path path, String name) throws IOException {
    if (Files.isSymbolicLink(path)) {
      return name + " -> " + Files.readSymbolicLink(path);
    }
    if (Files.isDirectory(path)) {
      return name + "/";
    }
    if (name.startsWith(".locks") || name.contains("/blobs/")) {
      return name + " " + Files.size(path) + " bytes";
    }
    var text = Files.readString(path);
    if (!name.endsWith(".json")) {
      return name + " '" + text.replace("\n", "\\n").replace("\t", "\\t") + "'";
    }
    var mapper =
        JsonMapper.builder().enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS).build();
    var json = mapper.writeValueAsString(mapper.readValue(text, TreeMap.class));
    return name + " " + json.replace("\":", "\": ").replace(",\"", ", \"");
  }
}
