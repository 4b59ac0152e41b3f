package org.bayu.remote.bucket;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bayu.remote.standin.StandInS3;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real provider of {@code s3://}, with its native client, against a server here. */
class S3BucketsTest {
  private static final Map<String, String> SETTINGS =
      Map.of(
          "aws.region", "us-east-1",
          "aws.accessKeyId", "key",
          "aws.secretAccessKey", "secret",
          "s3.spi.force-path-style", "true");

  private static StandInS3 server;

  @TempDir private Path folder;
  private Buckets here;

  @BeforeAll
  static void start() throws IOException {
    server = new StandInS3();
    SETTINGS.forEach(System::setProperty);
    System.setProperty("aws.endpointUrl", server.url());
  }

  @AfterAll
  static void stop() throws IOException {
    server.close();
    SETTINGS.keySet().forEach(System::clearProperty);
    System.clearProperty("aws.endpointUrl");
  }

  @BeforeEach
  void empty() {
    server.objects().clear();
    server.forget();
    server.deny("");
    here = new Buckets(folder.resolve("cache"), line -> {});
  }

  private Path local(String path) {
    return here.local(BucketAddress.parse("s3://bucket/" + path));
  }

  private Path write(String path, String text) throws IOException {
    Files.createDirectories(local(path).getParent());
    return Files.writeString(local(path), text);
  }

  @Test
  void filesGoThereAndBack() throws IOException {
    server.objects().put("data/my rows.jsonl", "{}\n".getBytes(UTF_8));
    var file = local("data/my rows.jsonl");
    here.fetch(file);
    assertEquals("{}\n", Files.readString(file));
    server.forget();
    here.fetch(file);
    assertEquals(List.of("HEAD data/my rows.jsonl"), server.requests());
    server.objects().put("data/my rows.jsonl", "[]\n".getBytes(UTF_8));
    here.fetch(file);
    assertEquals("[]\n", Files.readString(file));
    Files.writeString(file, "shorter now".substring(0, 2));
    here.publish(file);
    assertEquals("sh", new String(server.objects().get("data/my rows.jsonl"), UTF_8));
    here.delete(file);
    assertEquals(Set.of(), server.objects().keySet());
  }

  @Test
  void partsOfAFileAreReadWithoutTheRest() throws IOException {
    server.objects().put("model/large", "0123456789".getBytes(UTF_8));
    assertEquals(
        List.of(new Buckets.StoredFile("large", 10, false)), here.files(local("model"), _ -> true));
    assertEquals("456", new String(here.range(local("model/large"), 4, 3), UTF_8));
    assertEquals("89", new String(here.range(local("model/large"), 8, 3), UTF_8));
    assertFalse(Files.exists(local("model/large")));
  }

  @Test
  void aFolderThatIsNotAllThereIsNoModelToAnybody() throws IOException {
    write("out/step-1/config.json", "{\"larger\": \"than the weights are\"}");
    write("out/step-1/model.safetensors", "weights");
    write("out/step-1/tokenizer.json", "{}");
    server.objects().put("out/step-10/config.json", new byte[1]);
    server.deny("config.json");
    var e = assertThrows(BucketException.class, () -> here.publish(local("out/step-1")));
    assertEquals(
        "s3://bucket/out/step-1/config.json: cannot be written (this account may not do that"
            + " there)",
        e.getMessage());
    assertFalse(server.objects().containsKey("out/step-1/config.json"));
    assertFalse(here.isWhole(local("out/step-1")));

    server.deny("");
    server.forget();
    here.publish(local("out/step-1"));
    assertTrue(here.isWhole(local("out/step-1")));
    assertEquals(
        List.of("PUT out/step-1/config.json", "PUT out/step-1/" + Buckets.MARKER),
        server.requests().stream().filter(each -> each.startsWith("PUT")).toList());
    assertEquals(
        Set.of(local("out/step-1"), local("out/step-10")), Set.copyOf(here.list(local("out"))));

    here.delete(local("out/step-1"));
    assertEquals(Set.of("out/step-10/config.json"), server.objects().keySet());
    assertTrue(Files.exists(local("out/step-1/model.safetensors")));
  }

  @Test
  void anUnknownBucketIsSaidSo() throws IOException {
    var nowhere = here.local(BucketAddress.parse("s3://unknown/data"));
    var e = assertThrows(BucketException.class, () -> here.fetch(nowhere));
    assertEquals(
        "s3://unknown/data: cannot be listed (there is no such bucket, or it is not this"
            + " account's)",
        e.getMessage());
    assertNotNull(e.getCause());
    here.fetch(local("nothing"));
    assertFalse(Files.exists(local("nothing")));
  }
}
