package org.bayu.train.checkpoint;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.bayu.llama.hf.ConfigJson;
import org.bayu.llama.hf.HfCheckpoint;
import org.jspecify.annotations.Nullable;

/**
 * The model that a run began with. Its weights are not part of it: a LoRA checkpoint needs the same
 * base again.
 *
 * @param config as {@code config.json} has it, and for a model of the Hub its commit as {@code
 *     _commit_hash}
 * @param tensors type and shape by name
 * @param files bytes of each safetensors file by name
 */
public record BaseDescription(
    JsonNode config, Map<String, String> tensors, Map<String, Long> files) {
  private static final String COMMIT = "_commit_hash";

  /** Refuses what a damaged file may lack. */
  public BaseDescription {
    requireNonNull(config);
    requireNonNull(tensors);
    requireNonNull(files);
  }

  /** Describes an open model folder. */
  public static BaseDescription of(HfCheckpoint base) throws IOException {
    return of(base, null);
  }

  /**
   * The same for a model of the Hub.
   *
   * @param commit null for a folder of the user's
   */
  public static BaseDescription of(HfCheckpoint base, @Nullable String commit) throws IOException {
    var tensors = new TreeMap<String, String>();
    for (var name : base.config().parameterShapes().keySet()) {
      var tensor = base.weights().tensor(name);
      tensors.put(name, tensor.dtype() + " " + tensor.shape());
    }
    var files = new TreeMap<String, Long>();
    try (var entries = Files.list(base.folder())) {
      for (var file : (Iterable<Path>) entries::iterator) {
        var name = String.valueOf(file.getFileName());
        if (name.endsWith(".safetensors")) {
          files.put(name, Files.size(file));
        }
      }
    }
    var config = new JsonMapper().readTree(ConfigJson.write(base.config()));
    if (commit != null) {
      ((ObjectNode) config).put(COMMIT, commit);
    }
    return new BaseDescription(config, tensors, files);
  }

  /** The commit of the Hub's repository; empty for a folder of the user's. */
  public Optional<String> commit() {
    return Optional.ofNullable(config.path(COMMIT).textValue());
  }

  /** What differs now, with both values. */
  public List<String> differences(BaseDescription now) {
    var differences = new ArrayList<String>();
    for (var key : keys(fields(config), fields(now.config))) {
      var before = config.get(key);
      var after = now.config.get(key);
      if (key.equals(COMMIT) && (before == null || after == null)) {
        continue; // a copy in a folder of the user's
      }
      RunDescription.add(differences, "the model's " + key, text(before), text(after));
    }
    compare(differences, "the model's tensor ", tensors, now.tensors, "");
    compare(differences, "the model's file ", files, now.files, " bytes");
    return differences;
  }

  private static void compare(
      List<String> differences,
      String what,
      Map<String, ?> before,
      Map<String, ?> now,
      String unit) {
    for (var name : keys(before.keySet(), now.keySet())) {
      RunDescription.add(
          differences, what + name, text(before.get(name), unit), text(now.get(name), unit));
    }
  }

  private static Iterable<String> fields(JsonNode node) {
    return node::fieldNames;
  }

  private static Iterable<String> keys(Iterable<String> before, Iterable<String> now) {
    var keys = new LinkedHashSet<String>();
    before.forEach(keys::add);
    now.forEach(keys::add);
    return keys;
  }

  private static String text(@Nullable Object value) {
    return text(value, "");
  }

  private static String text(@Nullable Object value, String unit) {
    return value == null ? "" : value + unit;
  }
}
