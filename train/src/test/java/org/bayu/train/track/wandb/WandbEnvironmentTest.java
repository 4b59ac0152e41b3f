package org.bayu.train.track.wandb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WandbEnvironmentTest {
  @TempDir private Path home;

  private Optional<String> key(Map<String, String> variables) {
    return new WandbEnvironment(variables, home).server().map(WandbServer::key);
  }

  @Test
  void withoutAKeyThereIsNoServer() {
    assertEquals(Optional.empty(), key(Map.of()));
    assertEquals(Optional.empty(), key(Map.of("WANDB_API_KEY", " ")));
  }

  @Test
  void theKeyComesFromTheVariableThenNetrcThenTheSettings() throws IOException {
    var settings = Files.createDirectories(home.resolve(".config/wandb")).resolve("settings");
    Files.writeString(
        settings, "[other]\napi_key = no\n[default]\n# api_key = no\napi_key = settings\nmode=x\n");
    assertEquals(Optional.of("settings"), key(Map.of()));
    Files.writeString(
        home.resolve(".netrc"),
        """
        machine example.com login user password no
        machine api.wandb.ai # machine example.com
          login user
          password netrc
        machine localhost:8080
          login user
          password local
        """);
    assertEquals(Optional.of("netrc"), key(Map.of()));
    assertEquals(Optional.of("local"), key(Map.of("WANDB_BASE_URL", "http://localhost:8080/")));
    assertEquals(Optional.of("variable"), key(Map.of("WANDB_API_KEY", "variable\n")));
    Files.writeString(home.resolve("mine"), "machine api.wandb.ai login user password mine");
    assertEquals(Optional.of("mine"), key(Map.of("NETRC", home.resolve("mine").toString())));
  }

  @Test
  void variablesComeBeforeTheSettingsFile() throws IOException {
    Files.writeString(home.resolve("settings"), "[default]\nproject = p\nentity = e\n");
    var environment =
        new WandbEnvironment(
            Map.of("WANDB_CONFIG_DIR", home.toString(), "WANDB_PROJECT", "mine"), home);
    assertEquals(Optional.of("mine"), environment.setting("project"));
    assertEquals(Optional.of("e"), environment.setting("entity"));
    assertEquals(Optional.empty(), environment.setting("mode"));
  }

  @Test
  void anAddressThatIsNoneIsRefused() {
    var variables = Map.of("WANDB_BASE_URL", "my server", "WANDB_API_KEY", "k");
    assertThrows(IllegalArgumentException.class, () -> key(variables));
  }
}
