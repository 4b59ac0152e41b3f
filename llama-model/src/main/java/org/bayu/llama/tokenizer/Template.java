package org.bayu.llama.tokenizer;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntList;
import java.util.function.IntFunction;
import org.bayu.tensor.io.MalformedFileException;
import org.jspecify.annotations.Nullable;

/** The special tokens that a tokenizer puts in front of and behind every text. */
record Template(IntList prefix, IntList suffix) {
  /** A text has one or two of them. */
  private static final int MOST = 1000;

  static final Template EMPTY = new Template(IntList.of(), IntList.of());

  /** Reads a {@code post_processor} of tokenizer.json. */
  static Template read(JsonObject json) throws MalformedFileException {
    var type = json.string("type");
    return switch (type) {
      case "TemplateProcessing" -> readTemplate(json);
      case "ByteLevel" -> EMPTY; // moves offsets only
      case "Sequence" -> {
        var template = EMPTY;
        for (var stage : json.objects("processors")) {
          var inner = read(stage);
          template =
              new Template(
                  concat(inner.prefix, template.prefix), concat(template.suffix, inner.suffix));
          refuseMany(template.prefix.size() + template.suffix.size(), json, "processors");
        }
        yield template;
      }
      default -> throw json.unknown("post-processor", type);
    };
  }

  private static Template readTemplate(JsonObject json) throws MalformedFileException {
    var prefix = new IntArrayList();
    var suffix = new IntArrayList();
    boolean inFront = true;
    for (var entry : json.objects("single")) {
      if (entry.has("Sequence")) {
        if (!inFront) {
          throw json.malformed("single", "holds the text twice");
        }
        inFront = false;
        continue;
      }
      var name = entry.object("SpecialToken").string("id");
      for (var id : json.object("special_tokens").object(name).array("ids")) {
        if (!id.isIntegralNumber() || !id.canConvertToInt() || id.intValue() < 0) {
          throw json.malformed("special_tokens." + name + ".ids", "holds something else than ids");
        }
        (inFront ? prefix : suffix).add(id.intValue());
        refuseMany(prefix.size() + suffix.size(), json, "single");
      }
    }
    if (inFront) {
      throw json.malformed("single", "leaves out the text");
    }
    return new Template(IntList.of(prefix.toIntArray()), IntList.of(suffix.toIntArray()));
  }

  private static void refuseMany(int tokens, JsonObject json, String key)
      throws MalformedFileException {
    if (tokens > MOST) {
      throw json.malformed(key, "adds more than " + MOST + " tokens to a text");
    }
  }

  /** As a post-processor of tokenizer.json, or null where it adds nothing. */
  @Nullable ObjectNode toJson(IntFunction<String> spelling) {
    if (prefix.isEmpty() && suffix.isEmpty()) {
      return null;
    }
    var json = JsonNodeFactory.instance.objectNode().put("type", "TemplateProcessing");
    addText("A", 0, json.putArray("single"), spelling);
    var pair = json.putArray("pair");
    addText("A", 0, pair, spelling);
    addText("B", 1, pair, spelling);
    var tokens = json.putObject("special_tokens");
    for (int id : concat(prefix, suffix)) {
      var token = tokens.putObject(spelling.apply(id)).put("id", spelling.apply(id));
      token.putArray("ids").add(id);
      token.putArray("tokens").add(spelling.apply(id));
    }
    return json;
  }

  private void addText(String name, int type, ArrayNode out, IntFunction<String> spelling) {
    prefix.forEach(id -> addEntry("SpecialToken", spelling.apply(id), type, out));
    addEntry("Sequence", name, type, out);
    suffix.forEach(id -> addEntry("SpecialToken", spelling.apply(id), type, out));
  }

  private static void addEntry(String kind, String name, int type, ArrayNode out) {
    out.addObject().putObject(kind).put("id", name).put("type_id", type);
  }

  private static IntList concat(IntList first, IntList second) {
    var both = new IntArrayList(first);
    both.addAll(second);
    return IntList.of(both.toIntArray());
  }
}
