package org.bayu.finetune.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import org.bayu.finetune.error.UserException;
import org.bayu.tensor.io.MalformedFileException;
import org.bayu.tensor.io.StrictJson;
import org.bayu.train.data.PromptTemplate;
import org.jspecify.annotations.Nullable;

/**
 * The key {@code prompts}: {@code prompt_input} and {@code prompt_no_input} in a section, or in a
 * JSON file whose path is given.
 */
final class PromptsKey {
  private PromptsKey() {}

  static PromptTemplate read(ConfigSection root) throws IOException {
    var file = root.isSection("prompts") ? null : root.path("prompts");
    if (file != null) {
      return file(root.files().fetched(file));
    }
    var keys = root.section("prompts");
    var promptInput = keys.text("prompt_input");
    var promptNoInput = keys.text("prompt_no_input");
    if (!root.isSection("prompts")) {
      return PromptTemplate.ALPACA;
    }
    try {
      return template(promptInput, promptNoInput);
    } catch (IllegalArgumentException e) {
      throw root.bad("prompts", e.getMessage() + ".");
    }
  }

  private static PromptTemplate file(Path file) throws IOException {
    try {
      JsonNode json = StrictJson.read(file, new ObjectMapper()::readTree);
      return template(text(json, "prompt_input"), text(json, "prompt_no_input"));
    } catch (MalformedFileException e) {
      throw UserException.inputFile(
          e.getMessage() + ". The key prompts names a JSON file of two texts.");
    } catch (IllegalArgumentException e) {
      throw UserException.inputFile("%s: %s.".formatted(file, e.getMessage()));
    }
  }

  private static @Nullable String text(JsonNode json, String name) {
    return json.path(name).textValue();
  }

  private static PromptTemplate template(
      @Nullable String promptInput, @Nullable String promptNoInput) {
    if (promptInput == null || promptNoInput == null) {
      throw new IllegalArgumentException(
          "both texts, prompt_input and prompt_no_input, are needed");
    }
    return new PromptTemplate(promptInput, promptNoInput);
  }
}
