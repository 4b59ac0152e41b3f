package org.bayu.remote.standin;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.regex.Pattern;
import java.util.zip.CRC32;

/**
 * As much of S3's protocol as its provider speaks for small objects. It has one bucket, {@value
 * #BUCKET}.
 */
public final class StandInS3 implements AutoCloseable {
  /** The bucket. */
  public static final String BUCKET = "bucket";

  private static final Pattern KEY = Pattern.compile("<Key>([^<]*)</Key>");

  private final Map<String, byte[]> objects = new ConcurrentSkipListMap<>();
  private final StandInServer server = new StandInServer(0, this::answer);
  private volatile String denied = "";

  /** Begins to listen. */
  public StandInS3() throws IOException {}

  /** Where it listens. */
  public String url() {
    return server.url();
  }

  /** The objects by key. */
  public Map<String, byte[]> objects() {
    return objects;
  }

  /** Methods and keys of the requests so far. */
  public List<String> requests() {
    return server.questions().stream().map(q -> q.method() + " " + key(q)).toList();
  }

  /** Forgets the requests. */
  public void forget() {
    server.forget();
  }

  /** Forbids to write keys that end so; nothing for none. */
  public void deny(String end) {
    denied = end;
  }

  private static String key(Question question) {
    return String.join("/", question.path().subList(1, question.path().size()));
  }

  private Answer answer(Question question) {
    var key = key(question);
    if (!question.path().getFirst().equals(BUCKET)) {
      return error(404, "NoSuchBucket");
    }
    if (question.method().equals("PUT")) {
      return put(key, content(question));
    }
    if (question.target().contains("?delete")) {
      KEY.matcher(question.text()).results().forEach(k -> objects.remove(k.group(1)));
      return Answer.of(200).body("<DeleteResult/>".getBytes(UTF_8));
    }
    if (question.parameter("list-type").isPresent()) {
      return Answer.of(200).body(list(question).getBytes(UTF_8));
    }
    var bytes = objects.get(key);
    return bytes == null ? error(404, "NoSuchKey") : get(bytes, question.header("Range"));
  }

  private Answer put(String key, byte[] body) {
    if (!denied.isEmpty() && key.endsWith(denied)) {
      return error(403, "AccessDenied");
    }
    objects.put(key, body);
    return Answer.of(200).with("ETag", tag(body));
  }

  private static Answer get(byte[] bytes, Optional<String> range) {
    var answer =
        Answer.of(range.isEmpty() ? 200 : 206)
            .with("ETag", tag(bytes))
            .with("Last-Modified", "Sun, 29 Nov 2026 12:00:00 GMT");
    if (range.isEmpty() || bytes.length == 0) {
      return answer.body(bytes);
    }
    var ends = range.get().substring("bytes=".length()).split("-", 2);
    var from = Integer.parseInt(ends[0]);
    var to = (int) Math.min(Long.parseLong(ends[1]) + 1, bytes.length);
    return answer
        .with("Content-Range", "bytes %s-%s/%s".formatted(from, to - 1, bytes.length))
        .body(Arrays.copyOfRange(bytes, from, to));
  }

  private String list(Question question) {
    var prefix = question.parameter("prefix").orElse("");
    var isFolder = question.parameter("delimiter").isPresent();
    var folders = new TreeSet<String>();
    var xml = new StringBuilder("<ListBucketResult><IsTruncated>false</IsTruncated>");
    for (var object : objects.entrySet()) {
      var key = object.getKey();
      if (!key.startsWith(prefix)) {
        continue;
      }
      var slash = key.indexOf('/', prefix.length());
      if (isFolder && slash >= 0) {
        folders.add(key.substring(0, slash + 1));
      } else {
        xml.append("<Contents><Key>").append(key).append("</Key></Contents>");
      }
    }
    folders.forEach(
        folder ->
            xml.append("<CommonPrefixes><Prefix>")
                .append(folder)
                .append("</Prefix></CommonPrefixes>"));
    return xml.append("</ListBucketResult>").toString();
  }

  /** The body, out of the chunks with a checksum behind them in which the provider sends it. */
  private static byte[] content(Question question) {
    if (!question.header("Content-Encoding").orElse("").contains("aws-chunked")) {
      return question.body();
    }
    var content = new ByteArrayOutputStream();
    var text = new String(question.body(), ISO_8859_1);
    var at = 0;
    while (true) {
      var end = text.indexOf("\r\n", at);
      var size = Integer.parseInt(text.substring(at, end), 16);
      if (size == 0) {
        return content.toByteArray();
      }
      content.write(question.body(), end + 2, size);
      at = end + 2 + size + 2;
    }
  }

  private static String tag(byte[] bytes) {
    var sum = new CRC32();
    sum.update(bytes);
    return String.format(Locale.ROOT, "\"%08x\"", sum.getValue());
  }

  private static Answer error(int status, String code) {
    return Answer.of(status)
        .body(
            "<Error><Code>%s</Code><Message>account 123 may not</Message></Error>"
                .formatted(code)
                .getBytes(UTF_8));
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
