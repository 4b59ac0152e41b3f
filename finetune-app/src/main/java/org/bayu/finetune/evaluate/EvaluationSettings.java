package org.bayu.finetune.evaluate;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bayu.tensor.io.Sha256;

/**
 * All that the answers of an evaluation follow from, by name: what is short as it is, files as
 * their SHA-256.
 */
public record EvaluationSettings(Map<String, String> values) {
  /** The file in an evaluation's folder. */
  public static final String FILE_NAME = "settings.json";

  private static final JsonMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  private static final String WEIGHTS =
      "(adapter_|generation_)?config\\.json|.*\\.safetensors(\\.index\\.json)?";

  /** Keeps the order. */
  public EvaluationSettings {
    values = new LinkedHashMap<>(values);
  }

  /**
   * Reads what {@link #toJson} gave.
   *
   * @return no values where the file is missing or damaged
   */
  static EvaluationSettings read(Path file) throws IOException {
    try {
      return new EvaluationSettings(
          JSON.readValue(Files.readAllBytes(file), new TypeReference<Map<String, String>>() {}));
    } catch (JacksonException | NoSuchFileException e) {
      return new EvaluationSettings(Map.of());
    }
  }

  byte[] toJson() throws IOException {
    return JSON.writeValueAsBytes(values);
  }

  /** In what these are not {@code others}, those that are short with both values. */
  List<String> differences(EvaluationSettings others) {
    var differences = new ArrayList<String>();
    values.forEach(
        (name, value) -> {
          var other = others.values.get(name);
          if (!value.equals(other)) {
            differences.add(
                isDigest(value) || other == null || isDigest(other)
                    ? name
                    : "%s (%s there, %s here)".formatted(name, other, value));
          }
        });
    return differences;
  }

  private static boolean isDigest(String value) {
    return value.length() == 64;
  }

  /** The digest of a model folder's, or an adapter folder's, weights and configuration. */
  public static String ofWeights(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return digest(
          files
              .filter(file -> String.valueOf(file.getFileName()).matches(WEIGHTS))
              .sorted()
              .toList());
    }
  }

  /** The digest of a file's content. */
  public static String ofFile(Path file) throws IOException {
    return digest(List.of(file));
  }

  private static String digest(List<Path> files) throws IOException {
    var digest = Sha256.digest();
    try (var out =
        new DataOutputStream(new DigestOutputStream(OutputStream.nullOutputStream(), digest))) {
      for (var file : files) {
        if (files.size() > 1) {
          out.writeUTF(String.valueOf(file.getFileName()));
          out.writeLong(Files.size(file));
        }
        try (var in = Files.newInputStream(file)) {
          var buffer = new byte[1 << 20];
          for (var read = in.read(buffer); read >= 0; read = in.read(buffer)) {
            out.write(buffer, 0, read);
          }
        }
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** The digest of texts. */
  public static String ofTexts(List<String> texts) {
    var digest = Sha256.digest();
    for (var text : texts) {
      var bytes = text.getBytes(UTF_8);
      digest.update(ByteBuffer.allocate(4).putInt(0, bytes.length));
      digest.update(bytes);
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}
