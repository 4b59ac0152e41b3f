package org.bayu.parquet;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.hardwood.metadata.LogicalType.IntType;
import dev.hardwood.row.PqList;
import dev.hardwood.row.PqMap;
import dev.hardwood.row.StructAccessor;
import dev.hardwood.schema.SchemaNode;
import dev.hardwood.schema.SchemaNode.GroupNode;
import dev.hardwood.schema.SchemaNode.PrimitiveNode;
import java.math.BigDecimal;
import java.math.BigInteger;
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
   * A row or a struct, of which the schema tells what its numbers are.
   *
   * @throws BadRowException if bytes are no text
   */
  static ObjectNode object(@Nullable SchemaNode schema, StructAccessor struct)
      throws BadRowException {
    var object = JSON.objectNode();
    for (var i = 0; i < struct.getFieldCount(); i++) {
      var name = struct.getFieldName(i);
      object.set(
          name, value(name, field(schema, name), struct.isNull(i) ? null : struct.getValue(i)));
    }
    return object;
  }

  private static @Nullable SchemaNode field(@Nullable SchemaNode schema, String name) {
    if (schema instanceof GroupNode group) {
      for (var child : group.children()) {
        if (child.name().equals(name)) {
          return child;
        }
      }
    }
    return null;
  }

  private static JsonNode value(String name, @Nullable SchemaNode schema, @Nullable Object value)
      throws BadRowException {
    return switch (value) {
      case null -> JSON.nullNode();
      case String text -> JSON.textNode(text);
      case Boolean flag -> JSON.booleanNode(flag);
      case Byte number -> JSON.numberNode(number);
      case Short number -> JSON.numberNode(number);
      case Integer number ->
          isUnsigned(schema)
              ? JSON.numberNode(Integer.toUnsignedLong(number))
              : JSON.numberNode(number);
      case Long number ->
          isUnsigned(schema)
              ? JSON.numberNode(new BigInteger(Long.toUnsignedString(number)))
              : JSON.numberNode(number);
      case Float number -> JSON.numberNode(number);
      case Double number -> JSON.numberNode(number);
      case BigDecimal number -> JSON.numberNode(number);
      case byte[] bytes -> text(name, bytes);
      case StructAccessor struct -> object(schema, struct);
      case PqList list -> list(name, schema, list);
      case PqMap map -> map(name, schema, map);
      default -> JSON.textNode(value.toString());
    };
  }

  /** hardwood 1.0.1 gives a number above the greatest of Java's type as a negative one. */
  private static boolean isUnsigned(@Nullable SchemaNode schema) {
    return schema instanceof PrimitiveNode primitive
        && primitive.logicalType() instanceof IntType type
        && !type.isSigned();
  }

  private static JsonNode list(String name, @Nullable SchemaNode schema, PqList list)
      throws BadRowException {
    var element =
        schema instanceof GroupNode group && group.isList() ? group.getListElement() : schema;
    var array = JSON.arrayNode(list.size());
    for (var i = 0; i < list.size(); i++) {
      array.add(value(name, element, list.isNull(i) ? null : list.get(i)));
    }
    return array;
  }

  private static JsonNode map(String name, @Nullable SchemaNode schema, PqMap map)
      throws BadRowException {
    var group = schema instanceof GroupNode node && node.isMap() ? node : null;
    var keys = group == null ? null : group.getMapKey();
    var values = group == null ? null : group.getMapValue();
    var object = JSON.objectNode();
    for (var entry : map.getEntries()) {
      object.set(value(name, keys, entry.getKey()).asText(), value(name, values, entry.getValue()));
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
