package org.bayu.train.track.wandb;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bayu.tensor.io.Printable;
import org.jspecify.annotations.Nullable;

/**
 * The requests that W&amp;B's server takes. Never follows a redirect: the key goes to one server
 * alone.
 *
 * <p>An exception's message never has the key in it.
 */
final class WandbApi implements AutoCloseable {
  private static final Duration CONNECT = Duration.ofSeconds(10);
  private static final Duration REQUEST = Duration.ofSeconds(60);

  /** W&amp;B's name of a project without one. */
  private static final String DEFAULT_PROJECT = "uncategorized";

  private static final String RESUME =
      """
      query RunResumeStatus($project: String, $entity: String, $name: String!) {
        model(name: $project, entityName: $entity) {
          bucket(name: $name, missingOk: true) { historyLineCount }
        }
      }
      """;

  private static final String UPSERT =
      """
      mutation UpsertBucket($name: String, $project: String, $entity: String, $groupName: String,
          $displayName: String, $config: JSONString, $host: String, $program: String,
          $tags: [String!]) {
        upsertBucket(input: {name: $name, modelName: $project, entityName: $entity,
            groupName: $groupName, displayName: $displayName, config: $config, host: $host,
            jobProgram: $program, tags: $tags}) {
          bucket { name displayName project { name entity { name } } historyLineCount }
        }
      }
      """;

  private static final String FILES =
      """
      mutation CreateRunFiles($entity: String!, $project: String!, $run: String!,
          $files: [String!]!) {
        createRunFiles(input: {entityName: $entity, projectName: $project, runName: $run,
            files: $files}) {
          uploadHeaders
          files { name uploadUrl }
        }
      }
      """;

  private final ObjectMapper json = new ObjectMapper();
  private final WandbServer server;
  private final HttpClient client;

  WandbApi(WandbServer server) {
    this.server = server;
    client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(CONNECT)
            .proxy(server.proxies())
            .build();
  }

  /** The server does not take this, and will not take it later. */
  static final class RefusedException extends IOException {
    private static final long serialVersionUID = 1;

    RefusedException(String message) {
      super(message);
    }
  }

  /** The server wants the request again later. */
  static final class BusyException extends IOException {
    private static final long serialVersionUID = 1;

    private final Duration wait;

    BusyException(int status, Duration wait) {
      super("it answers " + status);
      this.wait = wait;
    }

    /** How long to wait at least. */
    Duration delay() {
      return wait;
    }
  }

  /**
   * A run as the server knows it.
   *
   * @param lines how many history lines it has
   */
  record Bucket(String entity, String project, String name, String displayName, long lines) {}

  /** Makes the run, or changes what the server knows of it. */
  Bucket upsert(WandbRun run, ObjectNode config, String host)
      throws IOException, InterruptedException {
    var project = run.project() == null ? DEFAULT_PROJECT : run.project();
    var lines = lines(run, project);
    var variables =
        variables()
            .put("name", run.id())
            .put("project", project)
            .put("entity", run.entity())
            .put("groupName", run.group())
            .put("displayName", run.name())
            .put("config", config.toString())
            .put("host", host)
            .put("program", "bayu");
    variables.set("tags", json.valueToTree(run.tags()));
    var bucket = graphql("UpsertBucket", UPSERT, variables).path("upsertBucket").path("bucket");
    var made = bucket.path("project");
    return new Bucket(
        text(made.path("entity").path("name")),
        text(made.path("name")),
        text(bucket.path("name")),
        bucket.path("displayName").asText(run.id()),
        Math.max(lines, bucket.path("historyLineCount").asLong()));
  }

  /** How many history lines the server has of a run; none of one that it does not know. */
  private long lines(WandbRun run, String project) throws IOException, InterruptedException {
    var variables =
        variables().put("project", project).put("entity", run.entity()).put("name", run.id());
    try {
      return graphql("RunResumeStatus", RESUME, variables)
          .path("model")
          .path("bucket")
          .path("historyLineCount")
          .asLong();
    } catch (RefusedException e) {
      return 0; // if it is more than that, making the run is refused too
    }
  }

  private static ObjectNode variables() {
    return JsonNodeFactory.instance.objectNode();
  }

  private static String text(JsonNode value) throws IOException {
    if (!value.isTextual() || value.textValue().isEmpty()) {
      throw new RefusedException("its answer does not name the run");
    }
    return value.textValue();
  }

  /** Sends lines to the run's streams, with what else the request has. */
  JsonNode stream(Bucket run, ObjectNode request) throws IOException, InterruptedException {
    var path =
        String.join(
            "/", "files", encode(run.entity), encode(run.project), encode(run.name), "file_stream");
    return post(path, request);
  }

  private static String encode(String name) {
    return URLEncoder.encode(name, UTF_8).replace("+", "%20");
  }

  /**
   * Uploads files of the run.
   *
   * @param files by their names there
   * @throws FileNotFoundException if one is missing
   */
  void upload(Bucket run, Map<String, Path> files) throws IOException, InterruptedException {
    var variables =
        variables().put("entity", run.entity).put("project", run.project).put("run", run.name);
    variables.set("files", json.valueToTree(files.keySet()));
    var answer = graphql("CreateRunFiles", FILES, variables).path("createRunFiles");
    var headers = new LinkedHashMap<String, String>();
    if (answer.path("uploadHeaders") instanceof ArrayNode pairs) {
      pairs.forEach(pair -> addHeader(headers, pair.asText()));
    }
    for (var file : answer.path("files")) {
      var path = files.get(file.path("name").asText());
      if (path != null) {
        put(uri(file.path("uploadUrl").asText()), headers, BodyPublishers.ofFile(path));
      }
    }
  }

  private static void addHeader(Map<String, String> headers, String pair) {
    var colon = pair.indexOf(':');
    if (colon > 0) {
      headers.put(pair.substring(0, colon), pair.substring(colon + 1));
    }
  }

  private URI uri(String url) throws IOException {
    try {
      var uri = server.base().resolve(url);
      if (uri.getHost() != null) {
        return uri;
      }
    } catch (IllegalArgumentException e) {
      // The sentence below says it.
    }
    throw new RefusedException("its answer has no address for a file");
  }

  /** The address is signed, and may be another server's: it does not get the key. */
  private void put(URI address, Map<String, String> headers, BodyPublisher content)
      throws IOException, InterruptedException {
    var request = request(address).PUT(content);
    headers.forEach(request::setHeader);
    check(client.send(request.build(), BodyHandlers.ofString()));
  }

  private JsonNode graphql(String operation, String query, ObjectNode variables)
      throws IOException, InterruptedException {
    var request = variables().put("operationName", operation).put("query", query);
    request.set("variables", variables);
    var answer = post("graphql", request);
    var errors = answer.path("errors");
    if (!errors.isEmpty()) {
      throw new RefusedException(
          "it says: " + shown(errors.path(0).path("message").asText(errors.toString())));
    }
    return answer.path("data");
  }

  private JsonNode post(String path, ObjectNode body) throws IOException, InterruptedException {
    var base = server.base().toString().replaceAll("/+$", "");
    var basic = Base64.getEncoder().encodeToString(("api:" + server.key()).getBytes(UTF_8));
    var request =
        request(URI.create(base + "/" + path))
            .header("Authorization", "Basic " + basic)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofByteArray(json.writeValueAsBytes(body)))
            .build();
    var answer = check(client.send(request, BodyHandlers.ofString()));
    try {
      JsonNode tree = json.readTree(answer);
      return tree == null ? variables() : tree;
    } catch (JacksonException e) {
      throw new RefusedException("it does not answer as W&B does");
    }
  }

  private static HttpRequest.Builder request(URI address) {
    return HttpRequest.newBuilder(address).timeout(REQUEST).header("User-Agent", "bayu");
  }

  private String check(HttpResponse<String> response) throws IOException {
    var status = response.statusCode();
    if (status >= 200 && status < 300) {
      return response.body();
    }
    if (status == 408 || status == 429 || status >= 500) {
      throw new BusyException(status, retryAfter(response.headers().allValues("Retry-After")));
    }
    throw new RefusedException(
        switch (status) {
          case 401, 403 -> "it refuses the API key (" + status + ")";
          case 404, 410 -> "it does not know the run (" + status + ")";
          default -> "it answers " + status;
        });
  }

  private static Duration retryAfter(List<String> values) {
    var value = values.isEmpty() ? "" : values.getFirst().strip();
    return Duration.ofSeconds(value.matches("\\d{1,4}") ? Integer.parseInt(value) : 0);
  }

  private String shown(@Nullable String text) {
    return Printable.message(String.valueOf(text).replace(server.key(), "…"));
  }

  @Override
  public void close() {
    client.shutdownNow();
  }
}
