package org.bayu.remote.standin;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;

/** The stand-in's side of uploads: repositories, LFS storage in one or more parts, commits. */
final class StandInUploads {
  /** Larger files are sent in parts of so many bytes. */
  private static final int CHUNK = 100_000;

  private final StandInHub hub;
  private final JsonMapper json = new JsonMapper();
  private final Map<String, byte[]> parts = new ConcurrentHashMap<>();
  private final Map<String, byte[]> stored = new ConcurrentHashMap<>();

  StandInUploads(StandInHub hub) {
    this.hub = hub;
  }

  Answer answer(Question question) {
    var path = question.path();
    try {
      if (path.getFirst().equals("store")) {
        parts.put(path.get(1) + "/" + path.get(2), question.body());
        return Answer.of(200).with("ETag", "\"" + path.get(1) + "-" + path.get(2) + "\"");
      }
      if (path.getFirst().equals("complete")) {
        return complete(path.get(1), Integer.parseInt(path.get(2)), question);
      }
      if (path.equals(List.of("api", "validate-yaml"))) {
        return Answer.json("{\"errors\": [], \"warnings\": []}");
      }
      if (!question.header("Authorization").orElse("").equals("Bearer " + StandInHub.TOKEN)) {
        return Answer.failure(401, "", "Invalid username or password.");
      }
      if (path.getLast().equals("batch")) {
        return batch(json.readTree(question.body()));
      }
      if (path.equals(List.of("api", "repos", "create"))) {
        return create(json.readTree(question.body()));
      }
      var key = String.join("/", path.subList(1, 4));
      var repository = hub.find(key);
      if (repository.isEmpty()) {
        return Answer.failure(404, "RepoNotFound", "Repository not found");
      }
      return path.get(4).equals("preupload")
          ? preupload(json.readTree(question.body()))
          : commit(repository.get(), key, question.text());
    } catch (IOException e) {
      return Answer.failure(400, "", String.valueOf(e.getMessage()));
    }
  }

  private Answer create(JsonNode body) {
    var id = body.path("organization").asText() + "/" + body.path("name").asText();
    if (hub.find("models/" + id).isPresent()) {
      return Answer.failure(409, "", "You already created this model repo");
    }
    var repository = hub.model(id);
    repository.file(".gitattributes", "*.safetensors filter=lfs\n").commit();
    if (body.path("visibility").asText().equals("private")) {
      repository.hide();
    }
    return Answer.json("{\"url\": \"" + hub.url() + "/" + id + "\", \"id\": \"" + id + "\"}");
  }

  private Answer preupload(JsonNode body) {
    var answer = json.createObjectNode();
    var files = answer.putArray("files");
    for (var file : body.path("files")) {
      var path = file.path("path").asText();
      files
          .addObject()
          .put("path", path)
          .put("uploadMode", path.endsWith(".safetensors") ? "lfs" : "regular")
          .put("shouldIgnore", false);
    }
    return Answer.json(answer.toString());
  }

  private Answer batch(JsonNode body) {
    var answer = json.createObjectNode();
    answer.put("transfer", "multipart");
    for (var object : body.path("objects")) {
      var oid = object.path("oid").asText();
      var size = object.path("size").asInt();
      var entry = answer.withArray("objects").addObject().put("oid", oid).put("size", size);
      if (!stored.containsKey(oid) && hub.stored(oid).isEmpty()) {
        var count = (size + CHUNK - 1) / CHUNK;
        addresses(entry, oid, count);
      }
    }
    return Answer.json(answer.toString());
  }

  private void addresses(ObjectNode entry, String oid, int count) {
    var other = hub.server().url("localhost");
    var upload = entry.putObject("actions").putObject("upload");
    if (count > 1) {
      upload.put("href", other + "/complete/" + oid + "/" + count);
      var header = upload.putObject("header").put("chunk_size", String.valueOf(CHUNK));
      for (var i = 1; i <= count; i++) {
        header.put(String.valueOf(i), other + "/store/" + oid + "/" + i);
      }
    } else {
      upload.put("href", other + "/store/" + oid + "/1");
    }
  }

  private Answer complete(String oid, int count, Question question) throws IOException {
    var sent = json.readTree(question.body()).path("parts");
    var all = new ByteArrayOutputStream();
    for (var i = 1; i <= count; i++) {
      var etag = sent.path(i - 1).path("etag").asText();
      if (!etag.equals("\"" + oid + "-" + i + "\"")) {
        return Answer.failure(400, "", "wrong ETag");
      }
      all.writeBytes(Objects.requireNonNull(parts.get(oid + "/" + i)));
    }
    stored.put(oid, all.toByteArray());
    return Answer.json("{}");
  }

  private Answer commit(StoredRepository repository, String key, String lines) throws IOException {
    var summary = "";
    for (var line : lines.lines().toList()) {
      var entry = json.readTree(line);
      var value = entry.path("value");
      switch (entry.path("key").asText()) {
        case "header" -> summary = value.path("summary").asText();
        case "file" ->
            repository.file(
                value.path("path").asText(),
                new String(Base64.getDecoder().decode(value.path("content").asText()), UTF_8));
        case "lfsFile" -> {
          var oid = value.path("oid").asText();
          var bytes = stored.getOrDefault(oid, parts.get(oid + "/1"));
          var known = hub.stored(oid);
          var file = known.orElseGet(() -> new StoredFile(Objects.requireNonNull(bytes), true));
          if (!file.sha256().equals(oid)) {
            return Answer.failure(400, "", "the bytes have another hash");
          }
          repository.add(value.path("path").asText(), file);
        }
        default -> {
          return Answer.failure(400, "", "unknown operation");
        }
      }
    }
    var commit = repository.commit("main", summary);
    var url = hub.url() + "/" + key.substring(key.indexOf('/') + 1) + "/commit/" + commit;
    return Answer.json(
        json.createObjectNode()
            .put("success", true)
            .put("commitOid", commit)
            .put("commitUrl", url)
            .toString());
  }
}
