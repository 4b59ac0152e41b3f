package org.bayu.remote.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.bayu.tensor.io.StrictJson;
import org.jspecify.annotations.Nullable;

/** The files of a commit: as the Hub answers, and as {@code trees/<commit>.json} keeps them. */
final class FileList {
  private static final int VERSION = 1;

  private FileList() {}

  /**
   * The files in a page of the Hub's answer; folders are left out.
   *
   * @throws IllegalArgumentException if it is no such answer
   */
  static List<RepositoryFile> ofAnswer(JsonNode page) {
    if (!page.isArray()) {
      throw new IllegalArgumentException("no list");
    }
    var files = new ArrayList<RepositoryFile>();
    for (var entry : page) {
      if (entry.path("type").asText().equals("file")) {
        var lfs = entry.path("lfs");
        files.add(
            new RepositoryFile(
                entry.path("path").asText(),
                lfs.path("size").asLong(entry.path("size").asLong(-1)),
                entry.path("oid").asText(),
                text(lfs.path("oid")),
                text(entry.path("xetHash"))));
      }
    }
    return files;
  }

  /** The files that were kept; empty if there is no list, or none that can be read. */
  static Optional<List<RepositoryFile>> read(Path file) throws IOException {
    if (Files.notExists(file)) {
      return Optional.empty();
    }
    try {
      var json = StrictJson.<JsonNode>read(file, new JsonMapper()::readTree);
      if (json.path("format_version").asInt() != VERSION) {
        return Optional.empty();
      }
      var files = new ArrayList<RepositoryFile>();
      for (var entry : json.path("files").properties()) {
        var info = entry.getValue();
        files.add(
            new RepositoryFile(
                entry.getKey(),
                info.path("lfs_size").asLong(info.path("size").asLong(-1)),
                info.path("blob_id").asText(),
                text(info.path("lfs_sha256")),
                text(info.path("xet_hash"))));
      }
      return Optional.of(files);
    } catch (IOException | IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static @Nullable String text(JsonNode node) {
    return node.isTextual() ? node.textValue() : null;
  }

  /** Keeps the files of a commit, as Python's client does. */
  static void write(Path file, List<RepositoryFile> files) throws IOException {
    var mapper = new JsonMapper();
    var root = mapper.createObjectNode();
    root.put("format_version", VERSION);
    var list = root.putObject("files");
    files.stream()
        .sorted(Comparator.comparing(RepositoryFile::path))
        .forEach(each -> put(list.putObject(each.path()), each));
    CacheFolder.replace(file, mapper.writeValueAsString(root));
  }

  private static void put(ObjectNode node, RepositoryFile file) {
    node.put("size", file.size());
    node.put("blob_id", file.blobId());
    if (file.sha256() != null) {
      node.put("lfs_sha256", file.sha256());
      node.put("lfs_size", file.size());
    }
    if (file.xetHash() != null) {
      node.put("xet_hash", file.xetHash());
    }
  }
}
