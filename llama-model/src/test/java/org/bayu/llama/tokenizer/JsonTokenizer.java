package org.bayu.llama.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A small {@code tokenizer.json} in Llama 2's form, whose parts tests replace. */
@SuppressWarnings("missing-explicit-ctor") // tests alone see it
public final class JsonTokenizer {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final ObjectNode json =
      (ObjectNode)
          parse(
              """
              {
                "version": "1.0",
                "added_tokens": [
                  {"id": 0, "content": "<unk>", "special": true},
                  {"id": 1, "content": "<s>", "special": true},
                  {"id": 2, "content": "</s>", "special": true}
                ],
                "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
                "pre_tokenizer": null,
                "post_processor": null,
                "decoder": {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
                "model": {
                  "type": "BPE",
                  "unk_token": "<unk>",
                  "vocab": {
                    "<unk>": 0, "<s>": 1, "</s>": 2, "▁": 3, "a": 4, "b": 5, "c": 6, "ab": 7,
                    "▁ab": 8, "bc": 9
                  },
                  "merges": ["a b", "▁ ab", "b c"]
                }
              }
              """);

  /** Puts a value, written as JSON, in the place of a pointer such as {@code /model/vocab}. */
  JsonTokenizer with(String pointer, String value) {
    int slash = pointer.lastIndexOf('/');
    var parent = (ObjectNode) json.at(pointer.substring(0, slash));
    parent.set(pointer.substring(slash + 1), parse(value));
    return this;
  }

  JsonTokenizer without(String pointer) {
    int slash = pointer.lastIndexOf('/');
    ((ObjectNode) json.at(pointer.substring(0, slash))).remove(pointer.substring(slash + 1));
    return this;
  }

  /** Adds to the tokens that are found in the text. */
  public JsonTokenizer added(String token) {
    json.withArray("added_tokens").add(parse(token));
    return this;
  }

  /** Writes it into a folder. */
  public JsonTokenizer write(Path folder) throws IOException {
    Files.write(folder.resolve("tokenizer.json"), MAPPER.writeValueAsBytes(json));
    return this;
  }

  LlamaTokenizer load(Path folder) throws IOException {
    write(folder);
    return LlamaTokenizer.load(folder);
  }

  private static JsonNode parse(String text) {
    try {
      return MAPPER.readTree(text);
    } catch (IOException e) {
      throw new IllegalArgumentException(text, e);
    }
  }
}
