package org.bayu.train.track.wandb;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * W&amp;B's server as far as a run needs it, on 127.0.0.1. It keeps the run, and answers with
 * faults first.
 */
final class StandInWandb implements AutoCloseable {
  static final String KEY = "0123456789".repeat(4);

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String ALSO = "/also";

  private final ServerSocket socket;
  final Queue<String> faults = new ConcurrentLinkedQueue<>();
  final Map<Integer, JsonNode> history = new TreeMap<>();
  final List<Integer> sentTwice = new ArrayList<>();
  final Map<String, String> files = new TreeMap<>();
  final List<String> problems = new ArrayList<>();
  ObjectNode config = JSON.createObjectNode();
  ObjectNode variables = JSON.createObjectNode();
  ObjectNode summary = JSON.createObjectNode();
  @Nullable Integer exitCode;
  int requests;
  private boolean isCutOff;

  StandInWandb() throws IOException {
    socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  WandbServer server() {
    return new WandbServer(URI.create("http://127.0.0.1:" + socket.getLocalPort()), KEY);
  }

  /** The same server by an address that {@link #cutOff} makes useless. */
  WandbServer otherAddress() {
    return new WandbServer(URI.create(server().base() + ALSO), KEY);
  }

  /** From now on nobody reaches the server by its other address: as if those runs were killed. */
  synchronized void cutOff() {
    isCutOff = true;
  }

  private void accept() {
    while (!socket.isClosed()) {
      try {
        var connection = socket.accept();
        Thread.ofVirtual().start(() -> serve(connection));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private void serve(Socket connection) {
    try (connection) {
      var in = new BufferedInputStream(connection.getInputStream());
      for (var line = line(in); !line.isEmpty(); line = line(in)) {
        var headers = new TreeMap<String, String>();
        for (var header = line(in); !header.isEmpty(); header = line(in)) {
          var colon = header.indexOf(':');
          headers.put(
              header.substring(0, colon).toLowerCase(Locale.ROOT),
              header.substring(colon + 1).strip());
        }
        var length = Integer.parseInt(headers.getOrDefault("content-length", "0"));
        var body = new String(in.readNBytes(length), UTF_8);
        var answer = answer(line.split(" ", -1), headers.get("authorization"), body);
        if (answer == null) {
          return; // as if the network were gone
        }
        connection.getOutputStream().write(answer.getBytes(UTF_8));
      }
    } catch (IOException e) {
      // The client is gone.
    }
  }

  private static String line(InputStream in) throws IOException {
    var line = new ByteArrayOutputStream();
    for (var c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
      line.write(c);
    }
    return line.toString(ISO_8859_1).strip();
  }

  private synchronized @Nullable String answer(
      String[] request, @Nullable String authorization, String body) throws IOException {
    var path = request[1];
    if (path.startsWith(ALSO)) {
      if (isCutOff) {
        return null;
      }
      path = path.substring(ALSO.length());
    }
    requests++;
    var fault = faults.poll();
    if (fault != null) {
      return fault.equals("cut") ? null : fault + "\r\nContent-Length: 0\r\n\r\n";
    }
    if (request[0].equals("PUT")) {
      if (authorization != null) {
        problems.add("the key was sent to a signed address");
      }
      files.put(path.replaceFirst("/upload/", ""), body);
      return ok(JSON.createObjectNode());
    }
    var expected = "Basic " + Base64.getEncoder().encodeToString(("api:" + KEY).getBytes(UTF_8));
    if (!expected.equals(authorization)) {
      return "HTTP/1.1 401 no\r\nContent-Length: 0\r\n\r\n";
    }
    var json = JSON.readTree(body);
    if (path.equals("/graphql")) {
      var data = JSON.createObjectNode();
      data.set("data", graphql(json.path("query").asText(), json.path("variables")));
      return ok(data);
    }
    if (!path.equals("/files/someone/levanter/golden/file_stream")) {
      return "HTTP/1.1 404 no\r\nContent-Length: 0\r\n\r\n";
    }
    stream(json);
    return ok(JSON.createObjectNode());
  }

  private static String ok(JsonNode body) {
    var bytes = body.toString().getBytes(UTF_8).length;
    return "HTTP/1.1 200 OK\r\nContent-Length: " + bytes + "\r\n\r\n" + body;
  }

  private ObjectNode graphql(String query, JsonNode asked) throws IOException {
    var answer = JSON.createObjectNode();
    if (query.contains("upsertBucket")) {
      variables = (ObjectNode) asked;
      config = (ObjectNode) JSON.readTree(asked.path("config").asText());
      var bucket = answer.putObject("upsertBucket").putObject("bucket");
      bucket.put("name", asked.path("name").asText()).put("historyLineCount", history.size());
      bucket.putObject("project").put("name", asked.path("project").asText());
      bucket.withObjectProperty("project").putObject("entity").put("name", "someone");
    } else if (query.contains("createRunFiles")) {
      var made = answer.putObject("createRunFiles").putArray("files");
      asked
          .path("files")
          .forEach(
              name ->
                  made.addObject()
                      .put("name", name.asText())
                      .put("uploadUrl", server().base() + "/upload/" + name.asText()));
    } else {
      answer.putObject("model").putObject("bucket").put("historyLineCount", history.size());
    }
    return answer;
  }

  private void stream(JsonNode request) throws IOException {
    if (exitCode != null) {
      problems.add("something came after the end");
    }
    var lines = request.path("files").path("wandb-history.jsonl");
    var offset = lines.path("offset").asInt();
    if (offset > history.size()) {
      problems.add("lines are missing before " + offset);
    }
    for (var line : lines.path("content")) {
      if (history.put(offset, JSON.readTree(line.asText())) != null) {
        sentTwice.add(offset);
      }
      offset++;
    }
    if (request.path("files").path("wandb-summary.json").path("content")
        instanceof ArrayNode content) {
      summary = (ObjectNode) JSON.readTree(content.path(0).asText());
    }
    if (request.path("complete").asBoolean()) {
      exitCode = request.path("exitcode").asInt();
    }
  }

  /** The steps that the server has, in the order of its lines. */
  synchronized List<Long> steps() {
    return history.values().stream().map(line -> line.path("_step").asLong()).toList();
  }

  /** The run goes on. */
  synchronized void reopen() {
    exitCode = null;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
