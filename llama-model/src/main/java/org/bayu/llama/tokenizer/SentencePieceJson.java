package org.bayu.llama.tokenizer;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Objects;

/**
 * A {@code tokenizer.json} that gives the ids of a {@code tokenizer.model} and of the added tokens
 * beside it. A space is put in front of a text alone, not of what follows an added token, and also
 * where the text begins with a space: one pre-tokenizer puts it there, the next makes it U+2581.
 *
 * <p>Where the model removes extra white space, spaces that begin the text are the one in front;
 * and those between a text and an added token behind it are removed too, which SentencePiece does
 * at the end of a text only.
 */
final class SentencePieceJson {
  private static final String SPACE = String.valueOf(Normalizer.SPACE);

  private final SentencePieceModel model;
  private final TokenizerParts parts;

  private SentencePieceJson(SentencePieceModel model, TokenizerParts parts) {
    this.model = model;
    this.parts = parts;
  }

  /** The file's content, for a model that {@link SentencePieceModel#hasJsonForm}. */
  static ObjectNode of(SentencePieceModel model, TokenizerParts parts, Template template) {
    return new SentencePieceJson(model, parts).json(template);
  }

  private ObjectNode json(Template template) {
    var json = object().put("version", "1.0");
    json.putNull("truncation").putNull("padding");
    var added = json.putArray("added_tokens");
    parts.added().forEach(token -> added.add(token.toJson()));
    parts.addedAfterNormalizing().forEach(token -> added.add(token.toJson()));
    json.set("normalizer", normalizer());
    json.set("pre_tokenizer", preTokenizer());
    json.set("post_processor", template.toJson(this::spelling));
    json.set("decoder", decoder());
    json.set("model", bpe());
    return json;
  }

  private String spelling(int id) {
    return Objects.requireNonNull(parts.vocabulary().piece(id));
  }

  private ObjectNode normalizer() {
    var spaces = replace("String", " ", SPACE);
    if (!model.removesExtraWhitespaces()) {
      return spaces;
    }
    var json = object().put("type", "Sequence");
    json.putArray("normalizers")
        .add(replace("Regex", "[ " + SPACE + "]+\\z", ""))
        .add(replace("Regex", "\\A" + SPACE, SPACE + SPACE))
        .add(replace("Regex", " +", SPACE));
    return json;
  }

  private static ObjectNode replace(String kind, String pattern, String content) {
    var json = object().put("type", "Replace");
    json.putObject("pattern").put(kind, pattern);
    return json.put("content", content);
  }

  private ObjectNode preTokenizer() {
    var json = object().put("type", "Sequence");
    var stages = json.putArray("pretokenizers");
    if (!model.dummyPrefix()) {
      stages.add(metaspace(SPACE, "never"));
    } else if (model.removesExtraWhitespaces()) {
      stages.add(metaspace(SPACE, "first"));
    } else {
      stages.add(metaspace(" ", "first")).add(metaspace(SPACE, "never"));
    }
    return json;
  }

  private static ObjectNode metaspace(String replacement, String scheme) {
    return object()
        .put("type", "Metaspace")
        .put("replacement", replacement)
        .put("prepend_scheme", scheme)
        .put("split", false);
  }

  private ObjectNode decoder() {
    var json = object().put("type", "Sequence");
    var stages = json.putArray("decoders").add(replace("String", SPACE, " "));
    if (model.byteFallback()) {
      stages.addObject().put("type", "ByteFallback");
    }
    stages.addObject().put("type", "Fuse");
    if (model.dummyPrefix()) {
      stages.add(object().put("type", "Strip").put("content", " ").put("start", 1).put("stop", 0));
    }
    return json;
  }

  private ObjectNode bpe() {
    var json = object().put("type", "BPE");
    json.putNull("dropout").put("unk_token", model.unknownPiece());
    json.putNull("continuing_subword_prefix").putNull("end_of_word_suffix");
    json.put("fuse_unk", true).put("byte_fallback", model.byteFallback());
    json.put("ignore_merges", false);
    var vocab = json.putObject("vocab");
    for (int id = 0; id < model.size(); id++) {
      vocab.put(model.piece(id), id);
    }
    var merges = json.putArray("merges");
    for (var pair : model.orderedMerges()) {
      merges.addArray().add(model.piece(pair.left())).add(model.piece(pair.right()));
    }
    return json;
  }

  private static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }
}
