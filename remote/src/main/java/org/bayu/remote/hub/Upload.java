package org.bayu.remote.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;
import org.bayu.remote.hub.HubException.Reason;

/**
 * Uploads files to a repository of models in one commit, as Python's client does over plain HTTP:
 * large files to LFS storage first, in parts where the Hub asks for that; then the commit, which
 * carries the small ones. A repository that does not exist is created.
 */
public final class Upload {
  private static final Map<String, String> JSON = Map.of("Content-Type", "application/json");
  private static final Map<String, String> LINES = Map.of("Content-Type", "application/x-ndjson");
  private static final int SAMPLE = 512;
  private static final JsonMapper MAPPER = new JsonMapper();

  private final HubClient client;
  private final HubRepository repository;
  private final LongConsumer progress;

  private Upload(HubClient client, HubRepository repository, LongConsumer progress) {
    this.client = client;
    this.repository = repository;
    this.progress = progress;
  }

  /**
   * Refuses what an upload is sure to fail for, before there is anything to upload.
   *
   * @throws HubException if there is no token, or nothing may be asked
   */
  public static void check(HubEnvironment environment, HubRepository repository)
      throws HubException {
    if (environment.offline()) {
      throw new HubException(
          Reason.UNREACHABLE,
          "HF_HUB_OFFLINE is set, so nothing can be uploaded to %s.".formatted(repository.id()));
    }
    if (environment.token().isEmpty()) {
      throw new HubException(
          Reason.FORBIDDEN,
          "An upload to %s needs a token that may write. Make one at %s, and set HF_TOKEN to it or run 'hf auth login'."
              .formatted(repository.id(), environment.at("settings/tokens")));
    }
  }

  /**
   * Commits files to the branch {@code main}.
   *
   * @param summary the commit's message
   * @param isPrivate whether a repository that is created is visible to its owner only
   * @param progress is told of the bytes of files as they are sent, with a minus where they must be
   *     sent again
   * @return the address of the repository
   * @throws HubException if there is no token, or it may not write there, or the Hub cannot be
   *     reached
   */
  public static URI commit(
      Hub hub,
      HubRepository repository,
      List<UploadFile> files,
      String summary,
      boolean isPrivate,
      LongConsumer progress)
      throws IOException {
    var environment = hub.client().environment();
    check(environment, repository);
    var upload = new Upload(hub.client(), repository, progress);
    upload.create(isPrivate);
    upload.commit(files, summary);
    return environment.at(repository.page());
  }

  private Request request(String subject, String path, Map<String, String> headers) {
    return request(subject, client.environment().at(path), headers);
  }

  private Request request(String subject, URI uri, Map<String, String> headers) {
    return Request.of(repository, subject, uri, Request.PATIENT).with(() -> headers);
  }

  private JsonNode post(Request request, JsonNode body) throws IOException {
    return client.json("POST", request, HubClient.Body.of(MAPPER.writeValueAsBytes(body))).json();
  }

  /** Creates the repository unless it exists. */
  private void create(boolean isPrivate) throws IOException {
    try {
      client.json(request("repository", repository.api(), Map.of()));
      return;
    } catch (HubException e) {
      if (e.reason() != Reason.NO_REPOSITORY) {
        throw e;
      }
    }
    var name = repository.id().split("/", 2);
    var body = MAPPER.createObjectNode().put("organization", name[0]).put("name", name[1]);
    body.put("type", "model");
    if (isPrivate) {
      body.put("visibility", "private");
    }
    try {
      post(request("repository", "api/repos/create", JSON), body);
    } catch (HubException e) {
      if (e.reason() != Reason.EXISTS) { // by another process just now
        throw e;
      }
    }
  }

  private void commit(List<UploadFile> files, String summary) throws IOException {
    var modes = modes(files);
    var large = new LinkedHashMap<String, UploadFile>();
    var lines = new ByteArrayOutputStream();
    line(lines, "header", MAPPER.createObjectNode().put("summary", summary).put("description", ""));
    for (var file : files) {
      var value = MAPPER.createObjectNode().put("path", file.path());
      if (modes.getOrDefault(file.path(), "").equals("lfs") && file.size() > 0) {
        var sha256 = file.sha256();
        large.put(sha256, file);
        line(
            lines,
            "lfsFile",
            value.put("algo", "sha256").put("oid", sha256).put("size", file.size()));
      } else {
        var content = Base64.getEncoder().encodeToString(Files.readAllBytes(file.source()));
        line(lines, "file", value.put("content", content).put("encoding", "base64"));
        progress.accept(file.size());
      }
    }
    store(large);
    client.json(
        "POST",
        request("commit", repository.api() + "/commit/main", LINES),
        HubClient.Body.of(lines.toByteArray()));
  }

  private static void line(ByteArrayOutputStream out, String key, ObjectNode value)
      throws IOException {
    var entry = MAPPER.createObjectNode().put("key", key);
    entry.set("value", value);
    out.writeBytes(MAPPER.writeValueAsBytes(entry));
    out.write('\n');
  }

  /** How the Hub wants each file: {@code regular} or {@code lfs}. */
  private Map<String, String> modes(List<UploadFile> files) throws IOException {
    var body = MAPPER.createObjectNode();
    var list = body.putArray("files");
    for (var file : files) {
      list.addObject()
          .put("path", file.path())
          .put("sample", Base64.getEncoder().encodeToString(file.start(SAMPLE)))
          .put("size", file.size());
    }
    var answer = post(request("files", repository.api() + "/preupload/main", JSON), body);
    var modes = new LinkedHashMap<String, String>();
    answer
        .path("files")
        .forEach(f -> modes.put(f.path("path").asText(), f.path("uploadMode").asText()));
    return modes;
  }

  /** Stores large files, by their hash, unless the Hub has them. */
  private void store(Map<String, UploadFile> files) throws IOException {
    if (files.isEmpty()) {
      return;
    }
    var body = MAPPER.createObjectNode().put("operation", "upload").put("hash_algo", "sha256");
    body.putArray("transfers").add("basic").add("multipart");
    var objects = body.putArray("objects");
    for (var file : files.entrySet()) {
      objects.addObject().put("oid", file.getKey()).put("size", file.getValue().size());
    }
    var request =
        request("files", repository.page() + ".git/info/lfs/objects/batch", LfsTransfer.HEADERS);
    for (var object : post(request, body).path("objects")) {
      var sha256 = object.path("oid").asText();
      var file = files.get(sha256);
      if (file == null || object.has("error")) {
        throw HubFailures.unreadable(request, null);
      }
      new LfsTransfer(client, repository, file, sha256, progress).send(object.path("actions"));
    }
  }
}
