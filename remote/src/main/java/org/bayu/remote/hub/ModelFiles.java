package org.bayu.remote.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import org.bayu.remote.hub.HubException.Reason;
import org.bayu.tensor.io.Printable;
import org.bayu.tensor.io.StrictJson;
import org.bayu.tensor.io.WholeFile;

/** Which files of a repository a model or an adapter needs. Pickle files are never among them. */
public final class ModelFiles {
  private static final String SINGLE = "model.safetensors";
  private static final String INDEX = "model.safetensors.index.json";
  private static final String CONFIG = "config.json";
  private static final String ADAPTER_CONFIG = "adapter_config.json";
  private static final String ADAPTER = "adapter_model.safetensors";
  private static final int MAX_INDEX = 100_000_000;
  private static final List<String> TOKENIZER =
      List.of(
          "tokenizer.json",
          "tokenizer.model",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "added_tokens.json",
          "vocab.json",
          "merges.txt",
          "chat_template.jinja",
          "chat_template.json");

  private ModelFiles() {}

  private static List<RepositoryFile> present(Snapshot snapshot, List<String> names) {
    return names.stream().flatMap(name -> snapshot.file(name).stream()).toList();
  }

  /** The files of a tokenizer, and what else of a model is small: its configuration. */
  public static List<RepositoryFile> settings(Snapshot snapshot) {
    var names = new ArrayList<>(TOKENIZER);
    names.addAll(List.of(CONFIG, "generation_config.json"));
    return present(snapshot, names);
  }

  /**
   * All files of a model. The index of shards is fetched if there is one.
   *
   * @throws HubException if the repository holds no model, or none in safetensors
   */
  public static List<RepositoryFile> model(Snapshot snapshot) throws IOException {
    if (snapshot.file(CONFIG).isEmpty()) {
      throw new HubException(
          Reason.NO_FILE,
          snapshot.file(ADAPTER_CONFIG).isPresent()
              ? "%s is an adapter, not a model: it has %s and no %s."
                  .formatted(snapshot.repository().id(), ADAPTER_CONFIG, CONFIG)
              : "%s has no %s, so it is no model that Bayu reads."
                  .formatted(snapshot.repository().id(), CONFIG));
    }
    var files = new ArrayList<>(settings(snapshot));
    files.addAll(weights(snapshot));
    return files;
  }

  /** The safetensors files of a model, and their index. */
  private static List<RepositoryFile> weights(Snapshot snapshot) throws IOException {
    var single = snapshot.file(SINGLE);
    if (single.isPresent()) {
      return List.of(single.get());
    }
    var index =
        snapshot
            .file(INDEX)
            .orElseThrow(
                () ->
                    new HubException(
                        Reason.NO_FILE,
                        "%s has neither %s nor %s. Bayu reads weights only from safetensors files."
                            .formatted(snapshot.repository().id(), SINGLE, INDEX)));
    var path = snapshot.fetch(List.of(index), _ -> {}).resolve(INDEX);
    var files = new ArrayList<>(List.of(index));
    for (var shard : shards(path)) {
      files.add(
          snapshot
              .file(shard)
              .orElseThrow(
                  () ->
                      new HubException(
                          Reason.NO_FILE,
                          "%s has no file %s, which its %s names."
                              .formatted(
                                  snapshot.repository().id(), Printable.name(shard), INDEX))));
    }
    return files;
  }

  private static Iterable<String> shards(Path index) throws IOException {
    var json =
        StrictJson.<JsonNode>read(
            index, WholeFile.read(index, MAX_INDEX), new JsonMapper()::readTree);
    var shards = new LinkedHashSet<String>();
    json.path("weight_map").forEach(shard -> shards.add(shard.asText()));
    return shards;
  }

  /**
   * All files of an adapter in PEFT's layout.
   *
   * @throws HubException if the repository holds none
   */
  public static List<RepositoryFile> adapter(Snapshot snapshot) throws HubException {
    for (var name : List.of(ADAPTER_CONFIG, ADAPTER)) {
      if (snapshot.file(name).isEmpty()) {
        throw new HubException(
            Reason.NO_FILE,
            "%s has no %s, so it is no adapter that Bayu reads."
                .formatted(snapshot.repository().id(), name));
      }
    }
    var names = new ArrayList<>(TOKENIZER);
    names.addAll(List.of(ADAPTER_CONFIG, ADAPTER));
    return present(snapshot, names);
  }
}
