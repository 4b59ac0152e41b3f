package org.bayu.llama.tokenizer;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntList;
import org.bayu.tensor.io.MalformedFileException;

/** The special tokens that a tokenizer puts in front of and behind every text. */
record Template(IntList prefix, IntList suffix) {
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
      }
    }
    if (inFront) {
      throw json.malformed("single", "leaves out the text");
    }
    return new Template(IntList.of(prefix.toIntArray()), IntList.of(suffix.toIntArray()));
  }

  private static IntList concat(IntList first, IntList second) {
    var both = new IntArrayList(first);
    both.addAll(second);
    return IntList.of(both.toIntArray());
  }
}
