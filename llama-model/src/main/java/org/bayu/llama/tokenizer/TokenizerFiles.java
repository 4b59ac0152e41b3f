package org.bayu.llama.tokenizer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import org.bayu.tensor.io.MalformedFileException;

/** The files of one tokenizer, read into parts. */
final class TokenizerFiles {
  /**
   * What the files hold.
   *
   * @param fingerprint SHA-256 of all that was read
   */
  record Loaded(TokenizerParts parts, TokenizerConfig config, String fingerprint) {}

  private TokenizerFiles() {}

  /** Reads the tokenizer of a folder, or the one file, with what lies beside it. */
  static Loaded load(Path path) throws IOException {
    var file = file(path);
    var digest = sha256();
    var configFile = TokenizerConfig.beside(file);
    JsonObject configJson = null;
    if (Files.exists(configFile)) {
      var bytes = read(configFile);
      digest.update(bytes);
      configJson = JsonObject.parse(configFile, bytes);
    }
    var config = new TokenizerConfig(configJson);
    var bytes = read(file);
    digest.update(bytes);
    var parts =
        file.toString().endsWith(".json")
            ? TokenizerJson.parse(file, bytes, config)
            : SentencePieceModel.parse(file, bytes, config);
    return new Loaded(parts, config, HexFormat.of().formatHex(digest.digest()));
  }

  private static Path file(Path path) throws MalformedFileException {
    if (!Files.isDirectory(path)) {
      return path;
    }
    for (var name : List.of(TokenizerJson.FILE_NAME, SentencePieceModel.FILE_NAME)) {
      if (Files.exists(path.resolve(name))) {
        return path.resolve(name);
      }
    }
    throw new MalformedFileException(
        path, "holds no tokenizer: neither tokenizer.json nor tokenizer.model");
  }

  /** Reads a file whole; tokenizers have a few megabytes. */
  private static byte[] read(Path file) throws IOException {
    if (Files.size(file) > 1 << 30) {
      throw new MalformedFileException(file, "is larger than 1 GiB, which no tokenizer is");
    }
    return Files.readAllBytes(file);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java platform has SHA-256", e);
    }
  }
}
