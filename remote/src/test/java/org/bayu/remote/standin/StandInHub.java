package org.bayu.remote.standin;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/**
 * The Hub on 127.0.0.1: what both Bayu and Python's {@code huggingface_hub} ask of it. Files in LFS
 * storage come from a second host, {@code localhost}.
 *
 * {@snippet :
 * try (var hub = new StandInHub()) {
 *   hub.model("org/name").file("config.json", "{}").lfs("model.safetensors", bytes).commit();
 * }
 * }
 */
public final class StandInHub implements AutoCloseable {
  /** The token of a user who may read what is gated. */
  public static final String TOKEN = "hf_standin";

  private static final Pattern RANGE = Pattern.compile("bytes=(\\d+)-(\\d*)");
  private static final int PAGE = 1000;

  private final Map<String, StoredRepository> repositories = new ConcurrentHashMap<>();
  private final StandInServer server;
  private final StandInUploads uploads = new StandInUploads(this);
  private final JsonMapper json = new JsonMapper();

  /** Begins to listen on a free port. */
  public StandInHub() throws IOException {
    this(0);
  }

  /** Begins to listen. */
  public StandInHub(int port) throws IOException {
    server = new StandInServer(port, this::answer);
  }

  /** Its connections and faults. */
  public StandInServer server() {
    return server;
  }

  /** The address for {@code HF_ENDPOINT}. */
  public String url() {
    return server.url();
  }

  /** The repository of a model, which is made if it is missing. */
  public StoredRepository model(String id) {
    return repositories.computeIfAbsent("models/" + id, _ -> new StoredRepository());
  }

  /** The repository of a data set, which is made if it is missing. */
  public StoredRepository dataset(String id) {
    return repositories.computeIfAbsent("datasets/" + id, _ -> new StoredRepository());
  }

  private Answer answer(Question question) {
    var path = question.path();
    if (path.getFirst().equals("cdn")) {
      return content(path.get(1), question);
    }
    if (question.method().equals("POST") || question.method().equals("PUT")) {
      return uploads.answer(question);
    }
    if (path.getFirst().equals("api")) {
      var key = path.get(1) + "/" + path.get(2) + "/" + path.get(3);
      return found(
          key,
          question,
          path.size() > 5 ? path.get(5) : "main",
          false,
          (repository, commit) ->
              path.size() > 4 && path.get(4).equals("tree")
                  ? tree(repository, commit, key, question)
                  : Answer.json("{\"sha\":\"" + commit + "\",\"id\":\"" + id(key) + "\"}"));
    }
    var data = path.getFirst().equals("datasets");
    var from = data ? 1 : 0;
    var key = (data ? "datasets/" : "models/") + path.get(from) + "/" + path.get(from + 1);
    var file = String.join("/", path.subList(from + 4, path.size()));
    return found(
        key,
        question,
        path.get(from + 3),
        true,
        (repository, commit) -> resolve(repository, commit, file, question));
  }

  private static String id(String key) {
    return key.substring(key.indexOf('/') + 1);
  }

  private interface OfCommit {
    Answer of(StoredRepository repository, String commit);
  }

  private Answer found(
      String key, Question question, String revision, boolean content, OfCommit answer) {
    var token = question.header("Authorization");
    if (token.isPresent() && !token.get().equals("Bearer " + TOKEN)) {
      return token.get().equals("Bearer hf_other")
          ? Answer.failure(403, "GatedRepo", "no access")
          : Answer.failure(401, "", "Invalid credentials in Authorization header");
    }
    var repository = repositories.get(key);
    if (repository == null || (repository.isPrivate() && token.isEmpty())) {
      return Answer.failure(token.isEmpty() ? 401 : 404, "RepoNotFound", "Repository not found");
    }
    if (repository.isGated() && token.isEmpty() && content) {
      return Answer.failure(401, "GatedRepo", "Access to this model is restricted");
    }
    return repository
        .resolve(revision)
        .map(commit -> answer.of(repository, commit).with("X-Repo-Commit", commit))
        .orElse(Answer.failure(404, "RevisionNotFound", "Invalid rev id"));
  }

  private Answer tree(StoredRepository repository, String commit, String key, Question question) {
    var all = repository.files(commit).entrySet().stream().toList();
    var from = question.parameter("cursor").map(Integer::parseInt).orElse(0);
    var page = json.createArrayNode();
    for (var entry : all.subList(from, Math.min(all.size(), from + PAGE))) {
      add(page, entry.getKey(), entry.getValue());
    }
    var answer = Answer.json(page.toString());
    var next = from + PAGE;
    return next >= all.size()
        ? answer
        : answer.with(
            "Link",
            "<%s/api/%s/tree/%s?recursive=true&cursor=%s>; rel=\"next\""
                .formatted(url(), key, commit, next));
  }

  private static void add(ArrayNode page, String path, StoredFile file) {
    var node = page.addObject();
    node.put("type", "file");
    node.put("oid", file.blobId());
    node.put("size", file.bytes().length);
    node.put("path", path);
    if (file.lfs()) {
      var lfs = node.putObject("lfs");
      lfs.put("oid", file.sha256());
      lfs.put("size", file.bytes().length);
      lfs.put("pointerSize", file.pointer().length());
    }
  }

  private Answer resolve(
      StoredRepository repository, String commit, String path, Question question) {
    var file = repository.files(commit).get(path);
    if (file == null) {
      return Answer.failure(404, "EntryNotFound", "Entry not found");
    }
    if (!file.lfs()) {
      return ranged(file.bytes(), question).with("ETag", "\"" + file.etag() + "\"");
    }
    return Answer.of(302)
        .with("Location", server.url("localhost") + "/cdn/" + file.sha256())
        .with("X-Linked-ETag", "\"" + file.sha256() + "\"")
        .with("X-Linked-Size", String.valueOf(file.bytes().length))
        .with("ETag", "\"" + file.blobId() + "\"");
  }

  private Answer content(String sha256, Question question) {
    if (question.header("Authorization").isPresent()) {
      return Answer.failure(400, "", "a token was sent to another host");
    }
    return stored(sha256)
        .map(file -> ranged(file.bytes(), question).with("ETag", "\"of-the-cdn\""))
        .orElse(Answer.of(404));
  }

  Optional<StoredRepository> find(String key) {
    return Optional.ofNullable(repositories.get(key));
  }

  Optional<StoredFile> stored(String sha256) {
    return repositories.values().stream()
        .flatMap(StoredRepository::everyFile)
        .filter(file -> file.lfs() && file.sha256().equals(sha256))
        .findFirst();
  }

  private static Answer ranged(byte[] bytes, Question question) {
    var range = question.header("Range").map(RANGE::matcher).filter(m -> m.matches());
    if (range.isEmpty()) {
      return Answer.of(200).with("Accept-Ranges", "bytes").body(bytes);
    }
    var from = Integer.parseInt(range.get().group(1));
    var to =
        range.get().group(2).isEmpty()
            ? bytes.length - 1
            : Math.min(bytes.length - 1, Integer.parseInt(range.get().group(2)));
    if (from > to) {
      return Answer.of(416).with("Content-Range", "bytes */" + bytes.length);
    }
    return Answer.of(206)
        .with("Content-Range", "bytes " + from + "-" + to + "/" + bytes.length)
        .body(Arrays.copyOfRange(bytes, from, to + 1));
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
