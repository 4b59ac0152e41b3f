package org.bayu.llama.hf;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.bayu.llama.LlamaConfig;
import org.bayu.tensor.io.MalformedFileException;
import org.bayu.tensor.io.StrictJson;
import org.jspecify.annotations.Nullable;

/**
 * A model folder's {@code generation_config.json}, of which Bayu reads the tokens that end a text.
 *
 * @param source the file's text; null where there is none
 * @param stopTokens the file's {@code eos_token_id}, or where it names none, that of {@code
 *     config.json}
 * @param ownTokens whether {@code stopTokens} are the file's
 */
record GenerationConfig(@Nullable String source, List<Integer> stopTokens, boolean ownTokens) {
  static final String FILE_NAME = "generation_config.json";

  private static final String EOS = "eos_token_id";

  /**
   * Reads the file in {@code folder}, which need not exist.
   *
   * @throws MalformedFileException if it is malformed
   */
  static GenerationConfig read(Path folder, LlamaConfig config) throws IOException {
    var file = folder.resolve(FILE_NAME);
    if (Files.notExists(file)) {
      return new GenerationConfig(null, config.eosTokenIds(), false);
    }
    var source = StrictJson.text(file);
    try {
      var problems = new ArrayList<String>();
      var tokens = TokenIds.all(LlamaConfigReader.parse(source), EOS, problems::add);
      if (!problems.isEmpty()) {
        throw new MalformedFileException(file, problems.getFirst());
      }
      return tokens.isEmpty()
          ? new GenerationConfig(source, config.eosTokenIds(), false)
          : new GenerationConfig(source, tokens, true);
    } catch (IllegalArgumentException e) {
      throw new MalformedFileException(file, String.valueOf(e.getMessage()), e);
    }
  }

  /**
   * The text of the file for a model that was trained to end its texts with {@code eos}: with that
   * token among those that end a text. Null where there is nothing to write.
   */
  @Nullable String trainedOn(OptionalInt eos, LlamaConfig config) {
    if (eos.isEmpty() || (ownTokens && stopTokens.contains(eos.getAsInt()))) {
      return source;
    }
    var json = source == null ? created(config) : LlamaConfigReader.parse(source);
    var tokens = new ArrayList<>(stopTokens);
    if (!tokens.contains(eos.getAsInt())) {
      tokens.add(eos.getAsInt());
    }
    LlamaConfigWriter.putTokens(json, EOS, tokens);
    return LlamaConfigWriter.print(json);
  }

  private static ObjectNode created(LlamaConfig config) {
    var json = LlamaConfigReader.JSON.createObjectNode();
    config.bosTokenId().ifPresent(id -> json.put("bos_token_id", id));
    config.padTokenId().ifPresent(id -> json.put("pad_token_id", id));
    return json;
  }
}
