package org.bayu.llama.tokenizer;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.bayu.tensor.io.MalformedFileException;

/** The tokenizer's files of a saved model. */
public final class SavedTokenizer {
  /** What class PreTrainedTokenizerFast does not heed, or what tokenizer.json says instead. */
  private static final List<String> REPLACED =
      List.of(
          "add_bos_token",
          "add_eos_token",
          "add_prefix_space",
          "added_tokens_decoder",
          "additional_special_tokens",
          "auto_map",
          "extra_special_tokens",
          "legacy",
          "sp_model_kwargs",
          "spaces_between_special_tokens");

  private SavedTokenizer() {}

  /**
   * Changes the copies of a tokenizer's files so that Transformers gives the same ids as {@link
   * LlamaTokenizer}.
   *
   * <ul>
   *   <li>Beside {@code tokenizer.model} without {@code tokenizer.json}, which Transformers 5 reads
   *       with other merges and, where no {@code tokenizer_config.json} says so, without BOS: a
   *       {@code tokenizer.json} is made, and a {@code tokenizer_config.json} that names its class.
   *       {@code added_tokens.json} and {@code special_tokens_map.json} go into them.
   *   <li>Beside {@code tokenizer.json}: {@code add_bos_token} and {@code add_eos_token} are taken
   *       out of {@code tokenizer_config.json} where the post-processor overrules them.
   * </ul>
   *
   * Files of a kind that Bayu does not read stay as they are.
   *
   * @throws IOException when the folder cannot be read or written
   */
  public static void complete(Path folder) throws IOException {
    boolean hasJson = Files.exists(folder.resolve(TokenizerJson.FILE_NAME));
    if (!hasJson && Files.notExists(folder.resolve(SentencePieceModel.FILE_NAME))) {
      return;
    }
    TokenizerFiles.Loaded files;
    OptionalInt bos;
    OptionalInt eos;
    Template template;
    List<String> flags;
    try {
      files = TokenizerFiles.load(folder);
      bos = files.bos();
      eos = files.eos();
      var parts = files.parts();
      template = files.config().template(parts.template(), parts.file(), bos, eos);
      flags = files.config().flagsThatDoNotHold(template, bos, eos);
    } catch (MalformedFileException e) {
      return;
    }
    var model = files.sentencePiece();
    if (model == null) {
      dropFlags(folder, files.config(), flags);
    } else if (model.hasJsonForm()) {
      write(
          folder.resolve(TokenizerJson.FILE_NAME),
          SentencePieceJson.of(model, files.parts(), template));
      write(folder.resolve(TokenizerConfig.FILE_NAME), config(files, model, bos, eos));
      Files.deleteIfExists(folder.resolve(TokenizerFiles.ADDED_TOKENS));
      Files.deleteIfExists(folder.resolve(TokenizerFiles.SPECIAL_TOKENS_MAP));
    }
  }

  private static void dropFlags(Path folder, TokenizerConfig config, List<String> flags)
      throws IOException {
    var json = config.json();
    if (json != null && !flags.isEmpty()) {
      write(
          folder.resolve(TokenizerConfig.FILE_NAME),
          ((ObjectNode) json.node()).deepCopy().remove(flags));
    }
  }

  private static ObjectNode config(
      TokenizerFiles.Loaded files, SentencePieceModel model, OptionalInt bos, OptionalInt eos) {
    var config = files.config();
    var json = JsonNodeFactory.instance.objectNode();
    json.put("tokenizer_class", "PreTrainedTokenizerFast");
    var vocabulary = files.parts().vocabulary();
    bos.ifPresent(id -> json.put("bos_token", vocabulary.piece(id)));
    eos.ifPresent(id -> json.put("eos_token", vocabulary.piece(id)));
    json.put("unk_token", model.unknownPiece());
    for (var part : NamedTokens.PARTS) {
      var named = config.named().get(part);
      if (named != null) {
        json.put(part, named.content());
      }
    }
    var listed = new ArrayList<>(config.named().listed(/* besideJson= */ false));
    if (!listed.isEmpty()) {
      var array = json.putArray("additional_special_tokens");
      listed.forEach(token -> array.add(token.content()));
    }
    json.put("clean_up_tokenization_spaces", false);
    var base = config.json();
    if (base != null) {
      for (var property : base.node().properties()) {
        boolean ours = json.has(property.getKey()) || REPLACED.contains(property.getKey());
        if (!ours) {
          json.set(property.getKey(), property.getValue());
        }
      }
    }
    return json;
  }

  /** The same bytes on every system. */
  private static void write(Path file, ObjectNode json) throws IOException {
    var text = new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(json);
    Files.deleteIfExists(file); // a copy may be read-only, as its source is
    Files.writeString(file, text.replace(System.lineSeparator(), "\n") + "\n");
  }
}
