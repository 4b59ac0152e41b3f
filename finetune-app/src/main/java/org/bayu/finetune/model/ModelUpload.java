package org.bayu.finetune.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.finetune.error.UserException;
import org.bayu.finetune.terminal.Progress;
import org.bayu.remote.files.LocalFiles;
import org.bayu.remote.hub.Hub;
import org.bayu.remote.hub.HubException;
import org.bayu.remote.hub.HubName;
import org.bayu.remote.hub.HubRepository;
import org.bayu.remote.hub.Upload;
import org.bayu.remote.hub.UploadFile;
import org.bayu.tensor.io.Printable;
import org.bayu.tensor.io.StrictJson;
import org.jspecify.annotations.Nullable;

/**
 * Uploads a model's or an adapter's folder to a repository on the Hub, with a model card if the
 * folder has none.
 *
 * @param local what paths stand for, and where the Hub is
 * @param err is told how far it is
 */
public record ModelUpload(LocalFiles local, PrintWriter err) {
  private static final String CARD = "README.md";

  /**
   * What is known of a model beside its folder.
   *
   * @param config of its run; null if it is not known
   * @param evaluation an {@code evaluation.json}; null without one
   */
  public record About(@Nullable TrainConfig config, @Nullable Path evaluation) {}

  /**
   * The repository that a text names.
   *
   * @param key that names it, for messages
   * @throws UserException if it is no name
   */
  public static HubName name(String key, String text) {
    var name = HubName.parse(text).filter(n -> n.revision().equals(HubName.MAIN));
    return name.orElseThrow(
        () ->
            UserException.usage(
                "%s: %s is no name of a repository. Write it as org/name."
                    .formatted(key, Printable.quote(text))));
  }

  /** Refuses what an upload is sure to fail for. */
  public void check(HubName name) throws HubException {
    Upload.check(local.hub(), HubRepository.model(name));
  }

  /** Whether there is such a folder, here or in its bucket. */
  public boolean isThere(Path folder) throws IOException {
    return Files.isDirectory(folder) || local.buckets().exists(folder);
  }

  /**
   * Uploads a folder in one commit.
   *
   * @param isPrivate whether a repository that is created is visible to its owner only
   * @return the repository's address
   * @throws UserException if the folder holds neither a model nor an adapter
   */
  public URI upload(Path folder, HubName name, boolean isPrivate, About about) throws IOException {
    local.fetchedModel(folder);
    var isAdapter = ModelCard.isAdapter(folder);
    if (!isAdapter && Files.notExists(folder.resolve("config.json"))) {
      throw UserException.inputFile(
          folder
              + ": neither a model nor an adapter, because it has no config.json and no"
              + " adapter_config.json.");
    }
    var card = Files.createTempFile("bayu-card", ".md");
    try {
      var files = files(folder);
      if (files.stream().noneMatch(file -> file.path().equals(CARD))) {
        var scores = about.evaluation == null ? null : read(about.evaluation);
        Files.writeString(card, new ModelCard(folder, name, about.config, scores, local).text());
        files.add(new UploadFile(CARD, card));
      }
      return send(
          files,
          name,
          isPrivate,
          (isAdapter ? "Upload a LoRA adapter" : "Upload a model") + step(folder));
    } finally {
      Files.delete(card);
    }
  }

  /** Of which step a save is, for the commit's message. */
  private static String step(Path folder) {
    var name = String.valueOf(folder.getFileName());
    return name.matches("step-\\d{1,9}") ? " of " + name.replace('-', ' ') : "";
  }

  private static JsonNode read(Path file) throws IOException {
    return StrictJson.<JsonNode>read(file, new JsonMapper()::readTree);
  }

  private static List<UploadFile> files(Path folder) throws IOException {
    var files = new ArrayList<UploadFile>();
    try (var all = Files.walk(folder)) {
      for (var file : (Iterable<Path>) all.filter(Files::isRegularFile).sorted()::iterator) {
        var path = folder.relativize(file).toString().replace('\\', '/');
        if (!path.startsWith(".") && !path.contains("/.")) {
          files.add(new UploadFile(path, file));
        }
      }
    }
    return files;
  }

  private URI send(List<UploadFile> files, HubName name, boolean isPrivate, String summary)
      throws IOException {
    var total = 0L;
    for (var file : files) {
      total += Files.size(file.source());
    }
    try (var progress = Progress.ofBytes("upload", total, err)) {
      return Upload.commit(
          Hub.of(local.hub(), err::println),
          HubRepository.model(name),
          files,
          summary,
          isPrivate,
          progress::advance);
    }
  }
}
