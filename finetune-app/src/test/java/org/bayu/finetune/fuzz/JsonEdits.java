package org.bayu.finetune.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ContainerNode;
import com.fasterxml.jackson.databind.node.DecimalNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Edits valid files as the bytes of a fuzzer say. Of bytes that are changed blindly hardly any are
 * JSON still; these are, and so come to what a parser does with values.
 *
 * <p>An edit script is {@link #MARK}, the number of a file, and five bytes for each edit: what is
 * done, two for the node that it is done to, and two for what with.
 */
final class JsonEdits {
  /** No text in UTF-8 begins with it, and no valid file of the other formats that is known. */
  static final byte MARK = (byte) 0xFF;

  private static final int EDIT_BYTES = 5;
  private static final int MOST_EDITS = 24;
  private static final int MOST_CHARACTERS = 1 << 18;
  private static final JsonMapper JSON = new JsonMapper();

  private static final List<JsonNode> VALUES =
      List.of(
          parse("null"),
          parse("true"),
          parse("false"),
          parse("0"),
          parse("-1"),
          parse("1"),
          parse("2"),
          parse("0.5"),
          parse("1e-30"),
          parse("1e300"),
          parse("2147483647"),
          parse("2147483648"),
          parse("9223372036854775807"),
          parse("123456789012345678901234567890"),
          parse("\"\""),
          parse("\" \""),
          parse("\"a\""),
          parse("\"1\""),
          parse("\"\\u0000\\ud800\""),
          parse("\"../x\""),
          parse("[]"),
          parse("{}"),
          parse("[[[[]]]]"),
          parse("{\"\": {}}"));

  private JsonEdits() {}

  /** Whether an input is an edit script. */
  static boolean isScript(byte[] input) {
    return input.length > 1 && input[0] == MARK;
  }

  /** A script that makes one edit of a kind. */
  static byte[] script(int file, int edit) {
    return new byte[] {MARK, (byte) file, (byte) edit, 0, 3, 0, 1};
  }

  /** The edited file; as it was if no JSON is in it. */
  static byte[] edit(byte[] script, List<byte[]> files) {
    var file = files.get(Byte.toUnsignedInt(script[1]) % files.size());
    var begin = file.length > 8 && file[8] == '{' && file[0] != '{' ? 8 : 0; // safetensors
    var end = end(file, begin);
    if (end < 0) {
      return file;
    }
    var edited =
        write(edited(script, parse(new String(file, begin, end - begin, UTF_8)))).getBytes(UTF_8);
    var all = ByteBuffer.allocate(begin + edited.length + file.length - end);
    if (begin > 0) {
      all.order(ByteOrder.LITTLE_ENDIAN).putLong(edited.length);
    }
    return all.put(edited).put(file, end, file.length - end).array();
  }

  /** Where the JSON ends that begins there: safetensors say it, and JSON Lines end with a line. */
  private static int end(byte[] file, int begin) {
    if (begin > 0) {
      return begin + (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
    }
    try (var parser = JSON.createParser(file)) {
      JSON.readTree(parser);
      return Math.toIntExact(parser.currentLocation().getByteOffset());
    } catch (IOException e) {
      return -1;
    }
  }

  private static JsonNode edited(byte[] script, JsonNode root) {
    var edits = Math.min((script.length - 2) / EDIT_BYTES, MOST_EDITS);
    for (int edit = 0, at = 2; edit < edits; edit++, at += EDIT_BYTES) {
      var places = new ArrayList<Place>();
      collect(root, places);
      if (places.isEmpty() || write(root).length() > MOST_CHARACTERS) {
        break;
      }
      var place = places.get(number(script, at + 1) % places.size());
      var argument = number(script, at + 3);
      var other = places.get(argument % places.size());
      switch (Byte.toUnsignedInt(script[at]) % 8) {
        case 0 -> place.remove();
        case 1 -> place.set(VALUES.get(argument % VALUES.size()).deepCopy());
        case 2 -> place.set(other.value().deepCopy());
        case 3 -> place.rename(other);
        case 4 -> place.add(other.value().deepCopy());
        case 5 -> place.set(scaled(place.value(), argument));
        case 6 -> place.set(joined(place.value(), other.value()));
        default -> place.set(repeated(place.value(), argument));
      }
    }
    return root;
  }

  private static int number(byte[] script, int at) {
    return Byte.toUnsignedInt(script[at]) << 8 | Byte.toUnsignedInt(script[at + 1]);
  }

  /** A number that is a little or much more or less. */
  private static JsonNode scaled(JsonNode value, int argument) {
    if (!value.isNumber()) {
      return value;
    }
    var by = BigDecimal.valueOf((argument & 0xFF) - 128L);
    var number = value.decimalValue();
    return DecimalNode.valueOf(argument < 0x8000 ? number.add(by) : number.multiply(by));
  }

  /** A text with another behind it. */
  private static JsonNode joined(JsonNode value, JsonNode other) {
    return value.isTextual() && other.isValueNode()
        ? TextNode.valueOf(value.textValue() + other.asText())
        : value;
  }

  /** A text or a list that is itself several times. */
  private static JsonNode repeated(JsonNode value, int argument) {
    var times = 2 + argument % 62;
    if (value.isTextual()) {
      return TextNode.valueOf(value.textValue().repeat(times));
    }
    if (value instanceof ArrayNode list) {
      var copies = JSON.createArrayNode();
      for (var time = 0; time < times; time++) {
        list.forEach(element -> copies.add(element.deepCopy()));
      }
      return copies;
    }
    return value;
  }

  private static void collect(JsonNode node, List<Place> places) {
    if (node instanceof ObjectNode object) {
      for (var name : names(object)) {
        places.add(new Place(object, name, 0));
        collect(object.get(name), places);
      }
    } else if (node instanceof ArrayNode list) {
      for (var index = 0; index < list.size(); index++) {
        places.add(new Place(list, null, index));
        collect(list.get(index), places);
      }
    }
  }

  private static List<String> names(ObjectNode object) {
    var names = new ArrayList<String>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }

  private static JsonNode parse(String text) {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException("no JSON: " + text, e);
    }
  }

  private static String write(JsonNode node) {
    try {
      return JSON.writeValueAsString(node);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException("cannot write a tree that was read", e);
    }
  }

  /** A value in its object, by name, or in its array, by index. */
  private record Place(ContainerNode<?> parent, @Nullable String name, int index) {
    JsonNode value() {
      return parent instanceof ObjectNode object ? object.get(name) : parent.get(index);
    }

    void set(JsonNode value) {
      if (parent instanceof ObjectNode object) {
        object.set(name, value);
      } else {
        ((ArrayNode) parent).set(index, value);
      }
    }

    void remove() {
      if (parent instanceof ObjectNode object) {
        object.remove(name);
      } else {
        ((ArrayNode) parent).remove(index);
      }
    }

    /** Takes the other's name, or the other's text as a name. */
    void rename(Place other) {
      if (parent instanceof ObjectNode object) {
        var text = other.value().isTextual() ? other.value().textValue() : other.name;
        object.set(text == null ? "" : text, object.remove(name));
      }
    }

    /** Puts a value beside this one, or into it. */
    void add(JsonNode value) {
      if (value().equals(value) || !(value() instanceof ArrayNode list)) {
        if (parent instanceof ObjectNode object) {
          object.set(name + object.size(), value);
        } else {
          ((ArrayNode) parent).insert(index, value);
        }
      } else {
        list.add(value);
      }
    }
  }
}
