package org.bayu.remote.bucket;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.regex.Pattern;
import java.util.zip.CRC32;

/** As much of S3's protocol as the provider speaks for small objects, with buckets in memory. */
final class FakeS3 implements AutoCloseable {
  private static final String BUCKET = "bucket";
  private static final Pattern KEY = Pattern.compile("<Key>([^<]*)</Key>");

  private final Map<String, byte[]> objects = new ConcurrentSkipListMap<>();
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private final HttpServer server;
  private volatile String denied = "";

  FakeS3() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/", this::handle);
    server.start();
  }

  String address() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  /** The objects by key. */
  Map<String, byte[]> objects() {
    return objects;
  }

  /** Methods and keys so far. */
  List<String> requests() {
    return requests;
  }

  /** Forbids to write keys that end so. */
  void deny(String end) {
    denied = end;
  }

  private void handle(HttpExchange http) throws IOException {
    try (http) {
      var path = http.getRequestURI().getPath().substring(1).split("/", 2);
      var key = path.length > 1 ? path[1] : "";
      var query = query(http.getRequestURI().getRawQuery());
      requests.add(http.getRequestMethod() + " " + key);
      var body = content(http);
      if (!path[0].equals(BUCKET)) {
        error(http, 404, "NoSuchBucket");
      } else if (http.getRequestMethod().equals("PUT")) {
        put(http, key, body);
      } else if (query.containsKey("delete")) {
        KEY.matcher(new String(body, UTF_8)).results().forEach(k -> objects.remove(k.group(1)));
        send(http, 200, "<DeleteResult/>".getBytes(UTF_8));
      } else if (query.containsKey("list-type")) {
        send(http, 200, list(query).getBytes(UTF_8));
      } else if (!objects.containsKey(key)) {
        error(http, 404, "NoSuchKey");
      } else {
        get(http, key);
      }
    }
  }

  private void put(HttpExchange http, String key, byte[] body) throws IOException {
    if (!denied.isEmpty() && key.endsWith(denied)) {
      error(http, 403, "AccessDenied");
      return;
    }
    objects.put(key, body);
    http.getResponseHeaders().set("ETag", tag(body));
    send(http, 200, new byte[0]);
  }

  private void get(HttpExchange http, String key) throws IOException {
    var bytes = objects.get(key);
    http.getResponseHeaders().set("ETag", tag(bytes));
    http.getResponseHeaders().set("Last-Modified", "Sun, 29 Nov 2026 12:00:00 GMT");
    var range = http.getRequestHeaders().getFirst("Range");
    if (range == null || bytes.length == 0) {
      send(http, 200, bytes);
      return;
    }
    var ends = range.substring("bytes=".length()).split("-");
    var from = Integer.parseInt(ends[0]);
    var to = (int) Math.min(Long.parseLong(ends[1]) + 1, bytes.length);
    http.getResponseHeaders()
        .set("Content-Range", "bytes %s-%s/%s".formatted(from, to - 1, bytes.length));
    send(http, 206, java.util.Arrays.copyOfRange(bytes, from, to));
  }

  private String list(Map<String, String> query) {
    var prefix = query.getOrDefault("prefix", "");
    var isFolder = query.containsKey("delimiter");
    var folders = new TreeSet<String>();
    var xml = new StringBuilder("<ListBucketResult><IsTruncated>false</IsTruncated>");
    for (var object : objects.entrySet()) {
      var key = object.getKey();
      var slash = key.indexOf('/', prefix.length());
      if (!key.startsWith(prefix)) {
        continue;
      }
      if (isFolder && slash >= 0) {
        folders.add(key.substring(0, slash + 1));
      } else {
        xml.append(
            "<Contents><Key>%s</Key><Size>%s</Size></Contents>"
                .formatted(key, object.getValue().length));
      }
    }
    folders.forEach(
        folder ->
            xml.append("<CommonPrefixes><Prefix>%s</Prefix></CommonPrefixes>".formatted(folder)));
    return xml.append("</ListBucketResult>").toString();
  }

  /** The body, out of the chunks with checksums in which the provider sends it. */
  private static byte[] content(HttpExchange http) throws IOException {
    var bytes = http.getRequestBody().readAllBytes();
    if (!String.valueOf(http.getRequestHeaders().getFirst("Content-Encoding"))
        .contains("aws-chunked")) {
      return bytes;
    }
    var content = new ByteArrayOutputStream();
    var text = new String(bytes, ISO_8859_1);
    for (var at = 0; ; ) {
      var end = text.indexOf("\r\n", at);
      var size = Integer.parseInt(text.substring(at, end).split(";")[0], 16);
      if (size == 0) {
        return content.toByteArray();
      }
      content.write(bytes, end + 2, size);
      at = end + 2 + size + 2;
    }
  }

  private static Map<String, String> query(String raw) {
    var query = new TreeMap<String, String>();
    for (var pair : (raw == null ? "" : raw).split("&")) {
      var parts = pair.split("=", 2);
      query.put(parts[0], parts.length == 1 ? "" : URLDecoder.decode(parts[1], UTF_8));
    }
    return query;
  }

  private static String tag(byte[] bytes) {
    var sum = new CRC32();
    sum.update(bytes);
    return String.format(Locale.ROOT, "\"%08x\"", sum.getValue());
  }

  private static void error(HttpExchange http, int status, String code) throws IOException {
    send(
        http,
        status,
        "<Error><Code>%s</Code><Message>account 123 may not</Message></Error>"
            .formatted(code)
            .getBytes(UTF_8));
  }

  private static void send(HttpExchange http, int status, byte[] body) throws IOException {
    if (http.getRequestMethod().equals("HEAD")) {
      http.getResponseHeaders().set("Content-Length", Integer.toString(body.length));
      http.sendResponseHeaders(status, -1);
      return;
    }
    http.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    http.getResponseBody().write(body);
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
