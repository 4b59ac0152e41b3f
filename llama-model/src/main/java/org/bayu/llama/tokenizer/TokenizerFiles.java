package org.bayu.llama.tokenizer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.OptionalInt;
import org.bayu.tensor.io.MalformedFileException;
import org.bayu.tensor.io.Sha256;
import org.bayu.tensor.io.WholeFile;
import org.jspecify.annotations.Nullable;

/** The files of one tokenizer, read into parts. */
final class TokenizerFiles {
  static final String SPECIAL_TOKENS_MAP = "special_tokens_map.json";
  static final String ADDED_TOKENS = "added_tokens.json";

  /** The first that is there counts. */
  private static final List<String> FORMS =
      List.of(TokenizerJson.FILE_NAME, SentencePieceModel.FILE_NAME);

  /**
   * What the files hold.
   *
   * @param sentencePiece the model, where it is tokenizer.model that was read
   * @param notes on the added tokens
   * @param fingerprint SHA-256 of all that was read
   */
  record Loaded(
      TokenizerParts parts,
      @Nullable SentencePieceModel sentencePiece,
      TokenizerConfig config,
      List<String> notes,
      String fingerprint) {
    OptionalInt bos() throws MalformedFileException {
      return config.token("bos_token", parts.vocabulary(), parts.bos());
    }

    OptionalInt eos() throws MalformedFileException {
      return config.token("eos_token", parts.vocabulary(), parts.eos());
    }
  }

  /** Of one file: several times the largest known. */
  private static final int MAX_BYTES = 200_000_000;

  private TokenizerFiles() {}

  /** Reads the tokenizer of a folder, or the one file, with what lies beside it. */
  static Loaded load(Path path) throws IOException {
    var file = file(path);
    var digest = Sha256.digest();
    var configJson = beside(file, TokenizerConfig.FILE_NAME, digest);
    var mapJson = beside(file, SPECIAL_TOKENS_MAP, digest);
    var addedJson = beside(file, ADDED_TOKENS, digest);
    var config = new TokenizerConfig(configJson, NamedTokens.read(configJson, mapJson));
    var files = new AddedTokenFiles(config, addedJson);
    var bytes = WholeFile.read(file, MAX_BYTES);
    digest.update(bytes);
    boolean isJson = file.toString().endsWith(".json");
    var model = isJson ? null : SentencePieceModel.parse(file, bytes);
    var parts = model == null ? TokenizerJson.parse(file, bytes, files) : model.parts(files);
    var fingerprint = HexFormat.of().formatHex(digest.digest());
    return new Loaded(parts, model, config, files.notes(), fingerprint);
  }

  private static @Nullable JsonObject beside(Path file, String name, MessageDigest digest)
      throws IOException {
    var other = file.resolveSibling(name);
    if (Files.notExists(other)) {
      return null;
    }
    var bytes = WholeFile.read(other, MAX_BYTES);
    digest.update(bytes);
    return JsonObject.parse(other, bytes);
  }

  /** Whether a folder holds a tokenizer. */
  static boolean areIn(Path folder) {
    return FORMS.stream().anyMatch(name -> Files.exists(folder.resolve(name)));
  }

  private static Path file(Path path) throws MalformedFileException {
    if (!Files.isDirectory(path)) {
      return path;
    }
    for (var name : FORMS) {
      if (Files.exists(path.resolve(name))) {
        return path.resolve(name);
      }
    }
    throw new MalformedFileException(
        path, "holds no tokenizer: neither tokenizer.json nor tokenizer.model");
  }
}
