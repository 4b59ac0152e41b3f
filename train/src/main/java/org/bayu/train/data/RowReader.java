package org.bayu.train.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.bayu.llama.tokenizer.TemplateText;
import org.bayu.tensor.io.Printable;
import org.jspecify.annotations.Nullable;

/**
 * Reads a data file's rows. A row has one of four forms:
 *
 * <ul>
 *   <li>{@code instruction} (or {@code instruction_field}, as the tutorial's snippet writes it),
 *       {@code input} (may be missing, null or empty) and {@code output}: the template makes the
 *       prompt of them.
 *   <li>{@code prompt} and {@code completion}: both as they are, without a template.
 *   <li>{@code messages}, a list of {@code role} and {@code content}: the last one, the
 *       assistant's, is the output. A system message that comes first is the instruction and the
 *       conversation the input; without one the conversation is the instruction. A conversation of
 *       one message is its text, a longer one has a line {@code User: …} or {@code Assistant: …}
 *       for each.
 *   <li>{@code text}: without a prompt, all of it is learned; to generate, it is the prompt.
 * </ul>
 *
 * @param template of the prompts
 * @param output whether a row must have an output
 * @param skipBadRows whether a bad line is counted and skipped instead of being an error
 * @param specialTokens whether special tokens that a row's own text spells are tokens; those of the
 *     template always are
 */
public record RowReader(
    PromptTemplate template, Output output, boolean skipBadRows, boolean specialTokens) {

  /** Whether a row must have an answer. */
  public enum Output {
    /** To train or evaluate. */
    REQUIRED,
    /** To generate: a missing output is read as empty. */
    OPTIONAL
  }

  /** Takes one row. */
  @FunctionalInterface
  public interface Sink {
    /**
     * Called row by row, in the file's order.
     *
     * @throws BadRowException if the row is of no use
     */
    void accept(PromptedRow row) throws BadRowException, IOException;
  }

  /**
   * Hands each row of a data file to the sink.
   *
   * @throws org.bayu.train.TrainException that names file, line and reason of a bad row
   */
  public RowFile.Report read(Path file, Sink sink) throws IOException {
    return RowFile.read(file, skipBadRows, row -> sink.accept(prompted(row)));
  }

  private PromptedRow prompted(ObjectNode row) throws BadRowException {
    if (row.hasNonNull("instruction") || row.hasNonNull("instruction_field")) {
      return instruction(row);
    }
    // Beside messages a prompt alone is their first one, for display (UltraChat).
    var repeatsMessage = row.hasNonNull("messages") && !row.hasNonNull("completion");
    if (row.hasNonNull("prompt") && !repeatsMessage) {
      var prompt = requiredText(row, "prompt");
      return row(prompt, TemplateText.EMPTY.field(prompt), answer(row, "completion"));
    }
    if (row.hasNonNull("messages")) {
      return conversation(row);
    }
    if (row.hasNonNull("text")) {
      var text = requiredText(row, "text");
      return output == Output.REQUIRED
          ? row("", TemplateText.EMPTY, text)
          : row(text, TemplateText.EMPTY.field(text), "");
    }
    throw new BadRowException(
        row.isEmpty()
            ? "an object without fields"
            : "none of the fields instruction, prompt, messages and text (found: %s)"
                .formatted(fieldNames(row)));
  }

  private PromptedRow row(String input, TemplateText prompt, String answer) {
    return new PromptedRow(
        input,
        specialTokens ? TemplateText.EMPTY.literal(prompt.text()) : prompt,
        answer,
        specialTokens);
  }

  private PromptedRow instruction(ObjectNode row) throws BadRowException {
    var name = row.hasNonNull("instruction") ? "instruction" : "instruction_field";
    var instruction = requiredText(row, name);
    var input = text(row, "input");
    return row(
        input == null || input.isEmpty() ? instruction : input,
        template.fill(
            field ->
                switch (field) {
                  case "instruction" -> instruction;
                  case "input" -> input;
                  default -> row.has(field) ? PythonText.of(field, row.get(field)) : null;
                }),
        answer(row, "output"));
  }

  private PromptedRow conversation(ObjectNode row) throws BadRowException {
    var messages = row.get("messages");
    if (!messages.isArray() || messages.isEmpty()) {
      throw new BadRowException("'messages' must be a list of messages");
    }
    var last = messages.size() - 1;
    var answered = role(messages.get(last)).equals("assistant");
    if (!answered && output == Output.REQUIRED) {
      throw new BadRowException("the last of 'messages' must be the assistant's");
    }
    var end = answered ? last : last + 1;
    var system = role(messages.get(0)).equals("system") ? content(messages.get(0)) : null;
    var conversation = turns(messages, system == null ? 0 : 1, end);
    var fields =
        system == null
            ? Map.of("instruction", conversation)
            : Map.of("instruction", system, "input", conversation);
    return row(
        conversation, template.fill(fields::get), answered ? content(messages.get(last)) : "");
  }

  private static String turns(JsonNode messages, int begin, int end) throws BadRowException {
    if (end <= begin) {
      throw new BadRowException("'messages' has none that the assistant could answer");
    }
    if (end == begin + 1) {
      return content(messages.get(begin));
    }
    var turns = new StringBuilder();
    for (var i = begin; i < end; i++) {
      var role = role(messages.get(i));
      turns.append(i == begin ? "" : "\n");
      turns.append(role.substring(0, 1).toUpperCase(Locale.ROOT)).append(role.substring(1));
      turns.append(": ").append(content(messages.get(i)));
    }
    return turns.toString();
  }

  private static String role(JsonNode message) throws BadRowException {
    var role = requiredText(message, "role");
    return switch (role) {
      case "system", "user", "assistant" -> role;
      default ->
          throw new BadRowException(
              "the role '%s' is unknown; system, user and assistant are known"
                  .formatted(Printable.name(role)));
    };
  }

  private static String content(JsonNode message) throws BadRowException {
    return requiredText(message, "content");
  }

  private String answer(ObjectNode row, String name) throws BadRowException {
    return output == Output.REQUIRED || row.hasNonNull(name) ? requiredText(row, name) : "";
  }

  private static String requiredText(JsonNode row, String name) throws BadRowException {
    var text = text(row, name);
    if (text == null) {
      throw new BadRowException("the field '%s' is missing".formatted(name));
    }
    return text;
  }

  private static @Nullable String text(JsonNode row, String name) throws BadRowException {
    var value = row.get(name);
    if (value == null || value.isNull()) {
      return null;
    }
    if (!value.isTextual()) {
      throw new BadRowException("the field '%s' must be text, not %s".formatted(name, kind(value)));
    }
    return value.textValue();
  }

  private static String fieldNames(ObjectNode row) {
    var names = row.properties().stream().map(field -> Printable.name(field.getKey())).toList();
    return Printable.first(names, ", ");
  }

  /** What a JSON value is, for messages: "a number". */
  static String kind(JsonNode value) {
    return switch (value.getNodeType()) {
      case STRING -> "text";
      case NUMBER -> "a number";
      case BOOLEAN -> "true or false";
      case NULL -> "null";
      case ARRAY -> "a list";
      default -> "an object";
    };
  }
}
