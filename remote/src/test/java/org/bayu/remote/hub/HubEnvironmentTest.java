package org.bayu.remote.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The variables of the environment mean what they mean to {@code huggingface_hub}. */
final class HubEnvironmentTest {
  @TempDir private Path home;

  private HubEnvironment of(String... variables) throws HubException {
    var map = new HashMap<String, String>();
    for (var i = 0; i < variables.length; i += 2) {
      map.put(variables[i], variables[i + 1]);
    }
    return HubEnvironment.of(Map.copyOf(map), home);
  }

  @Test
  void theCacheIsWherePythonHasIt() throws HubException {
    assertEquals(home.resolve(".cache/huggingface/hub"), of().cache());
    assertEquals(Path.of("/x/huggingface/hub"), of("XDG_CACHE_HOME", "/x").cache());
    assertEquals(Path.of("/h/hub"), of("XDG_CACHE_HOME", "/x", "HF_HOME", "/h").cache());
    assertEquals(Path.of("/c"), of("HF_HOME", "/h", "HF_HUB_CACHE", "/c").cache());
    assertEquals(home.resolve("here"), of("HF_HUB_CACHE", "~/here").cache());
  }

  @Test
  void theTokenIsTheVariablesOrTheStoredOne() throws IOException {
    assertTrue(of().token().isEmpty());
    var file = home.resolve(".cache/huggingface/token");
    Files.createDirectories(file.getParent());
    Files.writeString(file, "hf_stored\n");
    assertEquals("Bearer hf_stored", of().token().orElseThrow().authorization());
    assertEquals("Bearer hf_a", of("HF_TOKEN", "hf_a").token().orElseThrow().authorization());
    assertTrue(of("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1").token().isEmpty());
    var other = Files.writeString(home.resolve("t"), "hf_other");
    assertEquals(
        "Bearer hf_other",
        of("HF_TOKEN_PATH", other.toString()).token().orElseThrow().authorization());
    assertFalse(of("HF_TOKEN", "hf_secret").toString().contains("secret"));
  }

  @Test
  void theEndpointIsAnAddress() throws HubException {
    assertEquals(URI.create("https://huggingface.co/"), of().endpoint());
    assertEquals(
        URI.create("http://mirror:8080/hub/api/x"),
        of("HF_ENDPOINT", "http://mirror:8080/hub").at("api/x"));
    for (var wrong : List.of("mirror", "ftp://mirror", "http://user:secret@mirror", "http://a b")) {
      var e = assertThrows(HubException.class, () -> of("HF_ENDPOINT", wrong), wrong);
      assertFalse(e.getMessage().contains("secret"), e.getMessage());
    }
  }

  @Test
  void offlineIsSaidInSeveralWords() throws HubException {
    assertTrue(of("HF_HUB_OFFLINE", "yes").offline());
    assertTrue(of("TRANSFORMERS_OFFLINE", "1").offline());
    assertFalse(of("HF_HUB_OFFLINE", "0").offline());
  }

  @Test
  void proxiesAreThoseOfTheEnvironmentOrOfJava() throws HubException {
    assertEquals(ProxySelector.getDefault(), of().proxies());
    var proxies = of("HTTPS_PROXY", "http://p:3128", "no_proxy", "localhost,.intern.org").proxies();
    assertEquals(
        List.of(new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved("p", 3128))),
        proxies.select(URI.create("https://huggingface.co/x")));
    for (var direct :
        List.of("http://huggingface.co", "https://localhost/", "https://a.intern.org/")) {
      assertEquals(List.of(Proxy.NO_PROXY), proxies.select(URI.create(direct)), direct);
    }
  }
}
