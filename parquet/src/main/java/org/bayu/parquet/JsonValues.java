package org.bayu.parquet;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.hardwood.row.PqList;
import dev.hardwood.row.PqMap;
import dev.hardwood.row.StructAccessor;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import org.bayu.tensor.io.Printable;
import org.bayu.train.data.BadRowException;
import org.jspecify.annotations.Nullable;

/**
 * Parquet's values as JSON: numbers, texts, booleans and nulls as they are; lists, structs and maps
 * as lists and objects; bytes as the text that they are in UTF-8; dates, times and the rest as the
 * text that ISO 8601 or Java gives them.
 */
final class JsonValues {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private JsonValues() {}

  /**
   * A row or a struct.
   *
   * @throws BadRowException if bytes are no text
   */
  static ObjectNode object(StructAccessor struct) throws BadRowException {
    var object = JSON.objectNode();
    for (var i = 0; i < struct.getFieldCount(); i++) {
      var name = struct.getFieldName(i);
      object.set(name, value(name, struct.isNull(i) ? null : struct.getValue(i)));
    }
    return object;
  }

  private static JsonNode value(String name, @Nullable Object value) throws BadRowException {
    return switch (value) {
      case null -> JSON.nullNode();
      case String text -> JSON.textNode(text);
      case Boolean flag -> JSON.booleanNode(flag);
      case Integer number -> JSON.numberNode(number);
      case Long number -> JSON.numberNode(number);
      case Float number -> JSON.numberNode(number);
      case Double number -> JSON.numberNode(number);
      case BigDecimal number -> JSON.numberNode(number);
      case byte[] bytes -> text(name, bytes);
      case StructAccessor struct -> object(struct);
      case PqList list -> list(name, list);
      case PqMap map -> map(name, map);
      default -> JSON.textNode(value.toString());
    };
  }

  private static JsonNode list(String name, PqList list) throws BadRowException {
    var array = JSON.arrayNode(list.size());
    for (var i = 0; i < list.size(); i++) {
      array.add(value(name, list.isNull(i) ? null : list.get(i)));
    }
    return array;
  }

  private static JsonNode map(String name, PqMap map) throws BadRowException {
    var object = JSON.objectNode();
    for (var entry : map.getEntries()) {
      object.set(value(name, entry.getKey()).asText(), value(name, entry.getValue()));
    }
    return object;
  }

  private static JsonNode text(String name, byte[] bytes) throws BadRowException {
    try {
      return JSON.textNode(UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
    } catch (CharacterCodingException e) {
      throw new BadRowException(
          "the field '%s' has bytes that are no text in UTF-8".formatted(Printable.name(name)),
          "Write the data without that column.");
    }
  }
}
