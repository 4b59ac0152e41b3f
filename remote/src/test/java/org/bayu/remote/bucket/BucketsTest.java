package org.bayu.remote.bucket;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.bayu.remote.standin.InMemoryGs;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BucketsTest {
  @TempDir private Path folder;
  private final List<String> messages = new ArrayList<>();
  private Buckets here;
  private Buckets elsewhere;

  @BeforeEach
  void emptyBucket() {
    InMemoryGs.install();
    here = new Buckets(folder.resolve("here"), messages::add);
    elsewhere = new Buckets(folder.resolve("elsewhere"), messages::add);
  }

  private static Path there(String name) {
    return Path.of(URI.create("gs://bucket/")).resolve(name);
  }

  private Path local(String address) {
    return here.local(BucketAddress.parse(address));
  }

  private Path write(String address, String text) throws IOException {
    var file = local(address);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"gs://bucket", "gs://bucket/a", "s3://b.c_d/a b/ü%20+#?/c"})
  void eachAddressHasALocalPathOfItsOwn(String address) {
    var path = local(address);
    assertEquals(address, String.valueOf(here.address(path)));
    assertEquals(path, local(address + "/"));
    assertTrue(here.isRemote(path));
    assertFalse(here.isRemote(folder));
    assertFalse(here.isRemote(here.folder().resolve("gs")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "gs://",
        "gs://b",
        "gs:///a",
        "gs://Bucket/a",
        "gs://user:secret@bucket/a",
        "gs://bucket//a",
        "gs://bucket/../a",
        "gs://bucket/a/.",
        "http://bucket/a"
      })
  void othersAreNoAddresses(String text) {
    var e = assertThrows(IllegalArgumentException.class, () -> BucketAddress.parse(text));
    assertFalse(String.valueOf(e.getMessage()).contains("secret"), e.getMessage());
  }

  @Test
  void aFileIsFetchedOnceAndAgainWhenItHasChanged() throws IOException {
    Files.writeString(there("dir/my file.txt"), "one");
    var file = local("gs://bucket/dir/my file.txt");
    here.fetch(file);
    assertEquals("one", Files.readString(file));
    var time = Files.getLastModifiedTime(file);
    here.fetch(file);
    assertEquals(time, Files.getLastModifiedTime(file));
    Files.writeString(there("dir/my file.txt"), "two");
    here.fetch(file);
    assertEquals("two", Files.readString(file));
  }

  @Test
  void whatIsNoLongerThereIsForgottenUnlessItWasWrittenHere() throws IOException {
    Files.writeString(there("a"), "a");
    Files.writeString(there("dir/b"), "b");
    here.fetch(local("gs://bucket/a"));
    here.fetch(local("gs://bucket/dir"));
    var own = write("gs://bucket/dir/own", "not published yet");
    Files.delete(there("a"));
    Files.delete(there("dir/b"));
    here.fetch(local("gs://bucket/a"));
    here.fetch(local("gs://bucket/dir"));
    assertFalse(Files.exists(local("gs://bucket/a")));
    assertFalse(Files.exists(local("gs://bucket/dir/b")));
    assertTrue(Files.exists(own));
  }

  @Test
  void whatIsWrittenHereStaysUntilTheBucketHasSomethingNewer() throws IOException {
    var file = write("gs://bucket/metrics", "1");
    here.publish(file);
    Files.writeString(file, "1, 2");
    here.fetch(file);
    assertEquals("1, 2", Files.readString(file));
    var other = elsewhere.local(BucketAddress.parse("gs://bucket/metrics"));
    elsewhere.fetch(other);
    Files.writeString(other, "1, 3, 4");
    elsewhere.publish(other);
    here.fetch(file);
    assertEquals("1, 3, 4", Files.readString(file));
  }

  @Test
  void aFolderIsThereWhenItsMarkerIs() throws IOException {
    var model = local("gs://bucket/out/model");
    write("gs://bucket/out/model/config.json", "{\"large\": \"beside the others\"}");
    write("gs://bucket/out/model/model.safetensors", "weights");
    write("gs://bucket/out/model/sub/x", "");
    write("gs://bucket/out/model/.bayu-12.tmp", "of another process");
    assertFalse(here.exists(model));
    here.publish(model);
    assertTrue(here.exists(model));
    assertTrue(elsewhere.isWhole(elsewhere.local(BucketAddress.parse("gs://bucket/out/model"))));
    assertFalse(Files.exists(there("out/model/.bayu-12.tmp")));
    var copy = elsewhere.local(BucketAddress.parse("gs://bucket/out/model"));
    elsewhere.fetch(copy);
    assertEquals(-1, Files.mismatch(model.resolve("config.json"), copy.resolve("config.json")));
    assertEquals(0, Files.size(copy.resolve("sub/x")));
    assertFalse(Files.exists(copy.resolve(Buckets.MARKER)));
    assertEquals(List.of(model), here.list(local("gs://bucket/out")));

    // A new one in its place leaves nothing of the old one.
    Files.delete(model.resolve("sub/x"));
    Files.writeString(model.resolve("model.safetensors"), "better weights");
    here.publish(model);
    elsewhere.fetch(copy);
    assertEquals("better weights", Files.readString(copy.resolve("model.safetensors")));
    assertFalse(Files.exists(copy.resolve("sub/x")));

    here.delete(model);
    assertFalse(elsewhere.exists(copy));
    assertTrue(Files.exists(model.resolve("config.json")));
  }

  @Test
  void aDownloadThatBreaksGoesOnWhereItStopped() throws IOException {
    var content = new byte[3_000_000];
    new Random(1).nextBytes(content);
    Files.write(there("large"), content);
    var file = local("gs://bucket/large");
    for (var broken = 0; broken < 2; broken++) {
      InMemoryGs.breakAfter(1_000_000);
      assertThrows(BucketException.class, () -> here.fetch(file));
      assertFalse(Files.exists(file));
    }
    var read = InMemoryGs.breakAfter(Long.MAX_VALUE);
    here.fetch(file);
    assertArrayEquals(content, Files.readAllBytes(file));
    assertTrue(read.get() > 0 && read.get() < 1_200_000, read.toString());

    // What was left of another version is not gone on with.
    InMemoryGs.breakAfter(1_000_000);
    content[0]++;
    Files.write(there("large"), content);
    assertThrows(BucketException.class, () -> here.fetch(file));
    content[1]++;
    Files.write(there("large"), content);
    here.fetch(file);
    assertArrayEquals(content, Files.readAllBytes(file));
  }

  @Test
  void onlyWantedFilesOfAFolderAreFetched() throws IOException {
    for (var name : List.of("config.json", "pytorch_model.bin", "original/consolidated.pth")) {
      Files.writeString(there("model/" + name), name);
    }
    here.fetch(local("gs://bucket/model"), name -> name.endsWith(".json"));
    try (var files = Files.walk(local("gs://bucket/model"))) {
      assertEquals(1, files.filter(Files::isRegularFile).count());
    }
  }

  private static Object key(Path file) throws IOException {
    return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
  }

  @Test
  void unchangedFilesAreNotUploadedAgain() throws IOException {
    var file = write("gs://bucket/a", "a");
    here.publish(file);
    var time = Files.getLastModifiedTime(there("a"));
    var key = key(there("a"));
    here.publish(file);
    assertEquals(time, Files.getLastModifiedTime(there("a")));
    assertEquals(key, key(there("a")));
    Files.writeString(file, "other");
    here.publish(file);
    assertNotEquals(key, key(there("a")));
    Files.delete(there("a"));
    here.publish(file);
    assertEquals("other", Files.readString(there("a")));
  }

  @Test
  void pathsOutsideBucketsAreLeftAlone() throws IOException {
    var file = Files.writeString(folder.resolve("plain"), "text");
    here.fetch(file);
    here.publish(file);
    here.delete(file);
    assertEquals(List.of(), here.list(folder));
    assertFalse(here.exists(file));
    assertEquals("text", Files.readString(file));
    assertEquals(List.of(), messages);
  }

  /** What the code relies on, and what it therefore avoids. */
  @Test
  void theProviderStillHasItsTraps() throws IOException {
    Files.writeString(there("dir/a"), "a");
    Files.createDirectories(there("made"));
    assertFalse(Files.exists(there("made")), "no folder is made");
    assertTrue(Files.exists(there("nowhere/")), "a path with a slash at its end always exists");
    assertThrows(RuntimeException.class, () -> Files.delete(there("dir")));
    var names = new TreeSet<String>();
    try (var entries = Files.newDirectoryStream(there(""))) {
      entries.forEach(entry -> names.add(entry.toString()));
    }
    assertTrue(names.contains("/dir/"), names.toString());
  }
}
