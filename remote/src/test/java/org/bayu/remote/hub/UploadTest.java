package org.bayu.remote.hub;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.bayu.remote.hub.HubException.Reason;
import org.bayu.remote.standin.Answer;
import org.bayu.remote.standin.StandInHub;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files go to the Hub, the large ones to its storage. */
final class UploadTest {
  private static final HubRepository REPOSITORY =
      HubRepository.model(new HubName("me/model", HubName.MAIN));

  @TempDir private Path folder;

  private List<UploadFile> files() throws IOException {
    var large = new byte[250_000];
    new Random(3).nextBytes(large);
    return List.of(
        file("config.json", "{}".getBytes(UTF_8)),
        file("model.safetensors", large),
        file("empty.safetensors", new byte[0]),
        file("small.safetensors", new byte[10]));
  }

  private UploadFile file(String name, byte[] bytes) throws IOException {
    return new UploadFile(name, Files.write(folder.resolve(name), bytes));
  }

  private Hub hub(StandInHub server, String token) throws IOException {
    return Hub.of(
        HubEnvironment.of(
            Map.of("HF_ENDPOINT", server.url(), "HF_TOKEN", token, "HF_HOME", folder.toString()),
            folder),
        _ -> {},
        _ -> {});
  }

  @Test
  void filesAreStoredInPartsAndCommitted() throws IOException {
    try (var server = new StandInHub()) {
      server.server().fail(1, "/store/", Answer.of(500));
      var files = files();
      var sent = new AtomicLong();
      var hub = hub(server, StandInHub.TOKEN);
      var uri = Upload.commit(hub, REPOSITORY, files, "Fine-tuned", true, sent::addAndGet);
      assertEquals(server.url() + "/me/model", uri.toString());
      assertTrue(sent.get() >= 250_012, () -> sent.toString());
      var stored = server.model("me/model");
      assertEquals("Fine-tuned", stored.messages().getLast());
      for (var file : files) {
        var there = Objects.requireNonNull(stored.files().get(file.path()));
        assertArrayEquals(Files.readAllBytes(file.source()), there.bytes(), file.path());
        assertEquals(
            file.path().equals("model.safetensors"), there.lfs() && there.bytes().length > 10);
      }
      // The token stays at the Hub, and what is stored is not sent again.
      assertFalse(
          server.server().questions().stream()
              .anyMatch(
                  q ->
                      q.target().matches("/(store|complete)/.*")
                          && q.header("Authorization").isPresent()));
      server.server().forget();
      Upload.commit(hub, REPOSITORY, files, "Again", false, _ -> {});
      assertFalse(
          server.server().questions().stream().anyMatch(q -> q.target().contains("/store/")));
    }
  }

  @Test
  void anUploadWithoutATokenThatMayWriteIsRefused() throws IOException {
    try (var server = new StandInHub()) {
      var files = files();
      var e =
          assertThrows(
              HubException.class,
              () -> Upload.commit(hub(server, ""), REPOSITORY, files, "x", false, _ -> {}));
      assertEquals(
          "An upload to me/model needs a token that may write. Make one at %s/settings/tokens, and set HF_TOKEN to it or run 'hf auth login'."
              .formatted(server.url()),
          e.getMessage());
      e =
          assertThrows(
              HubException.class,
              () -> Upload.commit(hub(server, "hf_wrong"), REPOSITORY, files, "x", false, _ -> {}));
      assertEquals(Reason.FORBIDDEN, e.reason());
      // One that may read is refused where something is written.
      server
          .server()
          .fail(1, "/preupload/", Answer.failure(401, "", "Invalid username or password"));
      e =
          assertThrows(
              HubException.class,
              () ->
                  Upload.commit(
                      hub(server, StandInHub.TOKEN), REPOSITORY, files, "x", false, _ -> {}));
      assertEquals(Reason.FORBIDDEN, e.reason());
    }
  }
}
