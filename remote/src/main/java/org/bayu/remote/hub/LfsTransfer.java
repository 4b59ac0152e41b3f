package org.bayu.remote.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.net.URI;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongConsumer;

/**
 * Sends a file to LFS storage: whole, or in parts of {@code chunk_size} bytes to an address each,
 * whose ETags complete it.
 *
 * @param sha256 of the file
 * @param progress is told of bytes that are sent
 * @see <a href="https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md">the batch API</a>
 */
record LfsTransfer(
    HubClient client,
    HubRepository repository,
    UploadFile file,
    String sha256,
    LongConsumer progress) {
  static final Map<String, String> HEADERS =
      Map.of(
          "Accept", "application/vnd.git-lfs+json", "Content-Type", "application/vnd.git-lfs+json");

  private static final Map<String, String> BYTES =
      Map.of("Content-Type", "application/octet-stream");
  private static final JsonMapper MAPPER = new JsonMapper();

  /** Does what the Hub's answer for this file says: nothing if the file is there already. */
  void send(JsonNode actions) throws IOException {
    var upload = actions.path("upload");
    if (upload.isMissingNode()) {
      progress.accept(file.size());
      return;
    }
    var chunk = upload.path("header").path("chunk_size").asLong();
    if (chunk > 0) {
      sendParts(upload, chunk);
    } else {
      put(upload.path("href"), 0, file.size());
    }
    var verify = actions.path("verify");
    if (!verify.isMissingNode()) {
      var body = MAPPER.createObjectNode().put("oid", sha256).put("size", file.size());
      post(verify.path("href"), body);
    }
  }

  private void sendParts(JsonNode upload, long chunk) throws IOException {
    var addresses = new TreeMap<Integer, JsonNode>();
    for (var entry : upload.path("header").properties()) {
      if (entry.getKey().matches("\\d{1,6}")) {
        addresses.put(Integer.parseInt(entry.getKey()), entry.getValue());
      }
    }
    if (addresses.size() != (file.size() + chunk - 1) / chunk) {
      throw HubFailures.unreadable(request(upload.path("href"), BYTES), null);
    }
    var body = MAPPER.createObjectNode().put("oid", sha256);
    var parts = body.putArray("parts");
    for (var part : addresses.entrySet()) {
      var from = parts.size() * chunk;
      var etag = put(part.getValue(), from, Math.min(chunk, file.size() - from));
      parts.addObject().put("partNumber", part.getKey()).put("etag", etag);
    }
    post(upload.path("href"), body);
  }

  /** The ETag of what was sent. */
  private String put(JsonNode address, long from, long length) throws HubException {
    return client.send(
        "PUT",
        request(address, BYTES),
        file.part(from, length, progress),
        (response, _) -> {
          response.bytes();
          return response.header("ETag").orElse("");
        });
  }

  private void post(JsonNode address, JsonNode body) throws IOException {
    client.json(
        "POST", request(address, HEADERS), HubClient.Body.of(MAPPER.writeValueAsBytes(body)));
  }

  private Request request(JsonNode address, Map<String, String> headers) throws HubException {
    var request =
        Request.of(repository, file.path(), client.environment().endpoint(), Request.PATIENT);
    try {
      var uri = URI.create(address.asText());
      return new Request(repository, file.path(), uri, () -> headers, Request.PATIENT);
    } catch (IllegalArgumentException e) {
      throw HubFailures.unreadable(request, e);
    }
  }
}
