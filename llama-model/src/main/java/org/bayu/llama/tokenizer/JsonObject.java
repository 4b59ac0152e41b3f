package org.bayu.llama.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bayu.tensor.io.MalformedFileException;
import org.bayu.tensor.io.Printable;
import org.bayu.tensor.io.StrictJson;
import org.jspecify.annotations.Nullable;

/**
 * An object inside a JSON file whose values are asked for by key and kind; every complaint names
 * the file and the path of the key.
 *
 * @param where path of the object inside the file, empty for the whole
 */
record JsonObject(Path file, String where, JsonNode node) {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  /** Reads the one object that a file, whose bytes these are, holds. */
  static JsonObject parse(Path file, byte[] bytes) throws IOException {
    JsonNode node = StrictJson.read(file, bytes, MAPPER::readTree);
    if (!node.isObject()) {
      throw new MalformedFileException(file, "holds no JSON object");
    }
    return new JsonObject(file, "", node);
  }

  /** Whether the key is there and not null. */
  boolean has(String key) {
    return node.hasNonNull(key);
  }

  /** Whether the key is there with the value null. */
  boolean isNull(String key) {
    return node.has(key) && node.get(key).isNull();
  }

  String string(String key) throws MalformedFileException {
    var value = require(key);
    if (!value.isTextual()) {
      throw malformed(key, "is not a string");
    }
    return value.textValue();
  }

  String string(String key, String defaultValue) throws MalformedFileException {
    return has(key) ? string(key) : defaultValue;
  }

  /** A string of at most so many characters. */
  String string(String key, int longest) throws MalformedFileException {
    var string = string(key);
    if (string.length() > longest) {
      throw malformed(key, "is longer than " + longest + " characters");
    }
    return string;
  }

  /** A string of one character. */
  String character(String key) throws MalformedFileException {
    var string = string(key);
    if (!Characters.isSingle(string)) {
      throw malformed(key, "is not one character");
    }
    return string;
  }

  boolean bool(String key, boolean defaultValue) throws MalformedFileException {
    if (!has(key)) {
      return defaultValue;
    }
    var value = node.get(key);
    if (!value.isBoolean()) {
      throw malformed(key, "is neither true nor false");
    }
    return value.booleanValue();
  }

  int integer(String key) throws MalformedFileException {
    var value = require(key);
    if (!value.isIntegralNumber() || !value.canConvertToInt()) {
      throw malformed(key, "is not a 32-bit integer");
    }
    return value.intValue();
  }

  JsonObject object(String key) throws MalformedFileException {
    return asObject(path(key), require(key));
  }

  @Nullable JsonObject optionalObject(String key) throws MalformedFileException {
    return has(key) ? object(key) : null;
  }

  /** The array of objects under the key. */
  List<JsonObject> objects(String key) throws MalformedFileException {
    var objects = new ArrayList<JsonObject>();
    for (var element : array(key)) {
      objects.add(asObject(path(key) + "[" + objects.size() + "]", element));
    }
    return objects;
  }

  JsonNode array(String key) throws MalformedFileException {
    var value = require(key);
    if (!value.isArray()) {
      throw malformed(key, "is not an array");
    }
    return value;
  }

  /** A refusal that names the file and the key. */
  MalformedFileException malformed(String key, String reason) {
    return new MalformedFileException(file, Printable.name(path(key)) + " " + reason);
  }

  /** A refusal of a kind of component that Bayu does not implement, by its name. */
  MalformedFileException unknown(String kind, String name) {
    return new MalformedFileException(
        file,
        "the "
            + kind
            + " "
            + Printable.quote(name)
            + (where.isEmpty() ? "" : " (" + where + ")")
            + " is not one that Bayu implements");
  }

  /** An object that was found under the path {@code key} of this one. */
  JsonObject child(String key, JsonNode value) {
    return new JsonObject(file, path(key), value);
  }

  private String path(String key) {
    return where.isEmpty() ? key : where + "." + key;
  }

  private JsonNode require(String key) throws MalformedFileException {
    var value = node.get(key);
    if (value == null || value.isNull()) {
      throw malformed(key, "is missing");
    }
    return value;
  }

  private JsonObject asObject(String path, JsonNode value) throws MalformedFileException {
    if (!value.isObject()) {
      throw new MalformedFileException(file, Printable.name(path) + " is not an object");
    }
    return new JsonObject(file, path, value);
  }
}
