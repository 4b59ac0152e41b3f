package org.bayu.finetune.grammar;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import it.unimi.dsi.fastutil.ints.IntSet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import org.bayu.finetune.error.UserException;
import org.bayu.llama.LlamaModel;
import org.bayu.llama.generate.AutomatonConstraint;
import org.bayu.llama.generate.ByteAutomaton;
import org.bayu.llama.generate.Constraint;
import org.bayu.llama.tokenizer.LlamaTokenizer;
import org.bayu.tensor.io.InvalidJsonException;
import org.bayu.tensor.io.MalformedFileException;
import org.bayu.tensor.io.Printable;
import org.bayu.tensor.io.StrictJson;

/**
 * What a model's answers can be at all. It is built in, and has a name then, or stands in a JSON
 * file.
 *
 * @param source the file's text
 * @param automaton accepts these answers and nothing else
 */
public record Grammar(String source, ByteAutomaton automaton) {
  /** The name of ViGGO's grammar. */
  public static final String VIGGO = "viggo";

  private static final Pattern NAME = Pattern.compile("[\\p{L}\\p{N}_]+");
  private static final String FORMS =
      "\"text\", \"number\", a list of texts, or {\"list\": a list of texts}";

  /**
   * Reads a grammar.
   *
   * @param named {@value #VIGGO} or the path of a file
   * @throws UserException if there is no such file, or it is no grammar
   */
  public static Grammar read(Path named) throws IOException {
    try {
      var text = text(named);
      return new Grammar(
          text, grammar(StrictJson.parse(text, new ObjectMapper()::readTree)).automaton());
    } catch (IllegalArgumentException e) {
      throw UserException.inputFile("--grammar: %s: %s.".formatted(named, e.getMessage()));
    } catch (InvalidJsonException e) {
      throw UserException.inputFile("--grammar: %s %s.".formatted(named, e.getMessage()));
    } catch (MalformedFileException e) {
      throw UserException.inputFile("--grammar: %s.".formatted(e.getMessage()));
    }
  }

  /** ViGGO's, which is built in. */
  public static Grammar viggo() {
    try {
      return read(Path.of(VIGGO));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Whether an answer is one of the grammar's. */
  public boolean accepts(String answer) {
    return automaton.accepts(automaton.read(0, ByteBuffer.wrap(answer.getBytes(UTF_8))));
  }

  private static String text(Path named) throws IOException {
    if (named.toString().equals(VIGGO)) {
      try (var file = Grammar.class.getResourceAsStream("viggo.json")) {
        return new String(Objects.requireNonNull(file).readAllBytes(), UTF_8);
      }
    }
    if (!Files.isRegularFile(named)) {
      throw new IllegalArgumentException(
          "no such file. Give one, or the name of a grammar that is built in: " + VIGGO);
    }
    return StrictJson.text(named);
  }

  /**
   * Holds a model to the grammar.
   *
   * @throws UserException if the model has no token that ends an answer
   */
  public Constraint constraint(LlamaModel model, LlamaTokenizer tokenizer, IntSet stopTokens) {
    try {
      return new AutomatonConstraint(
          automaton, model.config().vocabSize(), tokenizer::bytes, stopTokens);
    } catch (IllegalArgumentException e) {
      throw UserException.inputFile("--grammar: the model has no token that ends an answer.");
    }
  }

  private static CallGrammar grammar(JsonNode json) {
    var functions = texts("functions", json.path("functions"));
    functions.forEach(name -> checkName("functions", name));
    var attributes = new LinkedHashMap<String, CallGrammar.Values>();
    for (var attribute : json.path("attributes").properties()) {
      checkName("attributes", attribute.getKey());
      attributes.put(
          attribute.getKey(), values("attributes." + attribute.getKey(), attribute.getValue()));
    }
    for (var key : json.properties()) {
      if (!key.getKey().equals("functions") && !key.getKey().equals("attributes")) {
        throw new IllegalArgumentException(
            Printable.quote(key.getKey()) + " is no key of a grammar: functions, attributes");
      }
    }
    return new CallGrammar(functions, attributes);
  }

  private static void checkName(String key, String name) {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "%s: %s, where a name of letters, digits and _ is expected"
              .formatted(key, Printable.quote(name)));
    }
  }

  private static CallGrammar.Values values(String key, JsonNode json) {
    if (json.isArray()) {
      return new CallGrammar.Values.OneOf(texts(key, json));
    }
    if (json.isObject() && json.size() == 1 && json.has("list")) {
      var items = texts(key, json.path("list"));
      for (var item : items) {
        if (item.contains(CallGrammar.SEPARATOR)) {
          throw new IllegalArgumentException(
              "%s: %s has a comma, which separates items".formatted(key, Printable.quote(item)));
        }
      }
      return new CallGrammar.Values.Several(items);
    }
    return switch (json.asText()) {
      case "text" -> new CallGrammar.Values.Text();
      case "number" -> new CallGrammar.Values.Digits();
      default -> throw new IllegalArgumentException("%s: expected is %s".formatted(key, FORMS));
    };
  }

  /** Texts for which there is a place in brackets. */
  private static List<String> texts(String key, JsonNode json) {
    var texts = new ArrayList<String>();
    for (var item : json) {
      if (!item.isTextual() || !item.textValue().matches("[^\\[\\]\\p{Cntrl}]+")) {
        throw new IllegalArgumentException(
            key + ": expected are texts without brackets and line breaks");
      }
      texts.add(item.textValue());
    }
    if (texts.isEmpty() || !json.isArray()) {
      throw new IllegalArgumentException(key + ": a list of texts is missing");
    }
    return texts;
  }
}
