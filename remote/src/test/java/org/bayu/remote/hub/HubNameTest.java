package org.bayu.remote.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which texts name a repository of the Hub. */
final class HubNameTest {
  @Test
  void aNameWithoutARevisionMeansMain() {
    assertEquals(
        Optional.of(new HubName("meta-llama/Llama-2-7b-hf", "main")),
        HubName.parse("meta-llama/Llama-2-7b-hf"));
  }

  @Test
  void aRevisionMayHaveSlashes() {
    var name = new HubName("org/name", "refs/pr/1");
    assertEquals(Optional.of(name), HubName.parse("org/name@refs/pr/1"));
    assertEquals("org/name@refs/pr/1", name.toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "name",
        "./name",
        "../name",
        "/org/name",
        "org/name/",
        "a/b/c",
        "org/na me",
        "org/-name",
        "org/name.",
        "org/na--me",
        "org/na..me",
        "org/name@",
        "gs://bucket/name"
      })
  void otherTextsAreNoNames(String text) {
    assertEquals(Optional.empty(), HubName.parse(text));
  }
}
