package org.bayu.remote.hub;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ProxySelector;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.bayu.remote.hub.HubException.Reason;
import org.bayu.remote.standin.Answer;
import org.bayu.remote.standin.StandInHub;
import org.bayu.remote.standin.StoredFile;
import org.bayu.tensor.io.FileLocks;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of the Hub come into the cache, whatever happens on the way. */
final class HubTest {
  private static final String NAME = "org/tiny";
  private static final HubRepository MODEL = HubRepository.model(new HubName(NAME, HubName.MAIN));

  @TempDir private Path temporary;
  private final List<String> said = new ArrayList<>();
  private final List<Duration> pauses = new ArrayList<>();
  private final byte[] weights = new byte[300_000];
  private StandInHub server;
  private String commit = "";

  @BeforeEach
  void start() throws IOException {
    new Random(1).nextBytes(weights);
    server = new StandInHub();
    commit =
        server
            .model(NAME)
            .file("config.json", "{\"a\": 1}")
            .file("tokenizer.json", "{}")
            .file("folder/a b#c.json", "")
            .file("pytorch_model.bin", "no")
            .lfs("model.safetensors", weights)
            .commit();
  }

  @AfterEach
  void stop() throws IOException {
    server.close();
  }

  private Path cache() {
    return temporary.resolve("hub");
  }

  private Hub hub(Optional<HubToken> token, boolean offline, String url) {
    return Hub.of(
        new HubEnvironment(
            cache(), URI.create(url + "/"), token, offline, ProxySelector.getDefault()),
        said::add,
        pauses::add);
  }

  private Hub hub() {
    return hub(Optional.empty(), false, server.url());
  }

  private Snapshot find() throws IOException {
    return hub().find(MODEL, HubName.MAIN);
  }

  private Path blob(String etag) {
    return cache().resolve("models--org--tiny/blobs").resolve(etag);
  }

  private String sha256() {
    return new StoredFile(weights, true).sha256();
  }

  private long asked(String part) {
    return server.server().questions().stream().filter(q -> q.target().contains(part)).count();
  }

  private static HubException failure(Executable work) {
    return assertThrows(HubException.class, work);
  }

  @Test
  void theFilesOfAModelComeWithTheSumOfTheirBytes() throws IOException {
    var snapshot = find();
    var files = ModelFiles.model(snapshot);
    assertEquals(
        List.of("tokenizer.json", "config.json", "model.safetensors"),
        files.stream().map(RepositoryFile::path).toList());
    assertEquals(commit, snapshot.commit());
    var total = 300_000 + 8 + 2;
    assertEquals(total, snapshot.bytesToFetch(files));
    var bytes = new AtomicLong();
    var folder = snapshot.fetch(files, bytes::addAndGet);
    assertEquals(total, bytes.get());
    assertArrayEquals(weights, Files.readAllBytes(folder.resolve("model.safetensors")));
    assertEquals(
        Path.of("../../blobs", sha256()),
        Files.readSymbolicLink(folder.resolve("model.safetensors")));
    assertEquals("{\"a\": 1}", Files.readString(folder.resolve("config.json")));
    assertFalse(Files.exists(folder.resolve("pytorch_model.bin")));
    assertEquals(commit, Files.readString(cache().resolve("models--org--tiny/refs/main")));
    assertEquals(List.of(), snapshot.missing(files));
    // What is there is not fetched again, and a file in a folder comes with its folder.
    server.server().forget();
    var again = find();
    again.fetch(ModelFiles.model(again), bytes::addAndGet);
    assertEquals(0, asked("resolve"));
    var inFolder = again.file("folder/a b#c.json").orElseThrow();
    assertEquals(
        "",
        Files.readString(
            again.fetch(List.of(inFolder), bytes::addAndGet).resolve("folder/a b#c.json")));
    assertEquals(total, bytes.get());
  }

  @Test
  void aCommitThatTheCacheHasNeedsNoQuestion() throws IOException {
    var snapshot = find();
    snapshot.fetch(ModelFiles.model(snapshot), _ -> {});
    server.server().forget();
    var again = hub().find(MODEL, commit);
    again.fetch(ModelFiles.model(again), _ -> {});
    assertEquals(List.of(), server.server().questions());
  }

  @Test
  void theTokenGoesToTheHubAndToNoOtherHost() throws IOException {
    server.model(NAME).gate();
    var token = HubToken.of(StandInHub.TOKEN);
    var snapshot = hub(token, false, server.url()).find(MODEL, HubName.MAIN);
    snapshot.fetch(ModelFiles.model(snapshot), _ -> {});
    for (var question : server.server().questions()) {
      assertEquals(
          !question.target().contains("/cdn/"),
          question.header("Authorization").isPresent(),
          question.toString());
    }
    assertEquals(1, asked("/cdn/"));
  }

  @Test
  void aConnectionThatIsCutTenTimesGoesOnWhereItEnded() throws IOException {
    for (var i = 0; i < 10; i++) {
      var times = new AtomicInteger(1);
      server
          .server()
          .fault(
              question ->
                  question.target().contains("/cdn/") && times.getAndDecrement() > 0
                      ? Optional.of(cut(question.header("Range").orElse("bytes=0-"), 10_000))
                      : Optional.empty());
    }
    var snapshot = find();
    var bytes = new AtomicLong();
    var folder = snapshot.fetch(ModelFiles.model(snapshot), bytes::addAndGet);
    assertArrayEquals(weights, Files.readAllBytes(folder.resolve("model.safetensors")));
    assertEquals(300_010, bytes.get());
    assertEquals(11, asked("/cdn/"));
    assertTrue(
        server.server().questions().stream()
            .anyMatch(q -> q.header("Range").equals(Optional.of("bytes=100000-"))));
  }

  private Answer cut(String range, int after) {
    var from = Integer.parseInt(range.replaceAll("\\D+", ""));
    var rest = Arrays.copyOfRange(weights, from, weights.length);
    var answer =
        from == 0
            ? Answer.of(200)
            : Answer.of(206).with("Content-Range", "bytes " + from + "-299999/300000");
    return answer.body(rest).cutAfter(after);
  }

  @Test
  void anotherProcessGoesOnWhereOneWasKilled() throws IOException {
    var snapshot = find();
    Files.write(blob(sha256() + ".incomplete"), Arrays.copyOf(weights, 200_000));
    var files = ModelFiles.model(snapshot);
    assertEquals(100_010, snapshot.bytesToFetch(files));
    var bytes = new AtomicLong();
    snapshot.fetch(files, bytes::addAndGet);
    assertEquals(300_010, bytes.get());
    assertArrayEquals(weights, Files.readAllBytes(blob(sha256())));
    assertFalse(Files.exists(blob(sha256() + ".incomplete")));
    assertEquals(
        List.of(Optional.of("bytes=200000-")),
        server.server().questions().stream()
            .filter(question -> question.target().contains("/cdn/"))
            .map(question -> question.header("Range"))
            .toList());
  }

  @Test
  void wrongBytesOfABreakAreFetchedAnew() throws IOException {
    var snapshot = find();
    Files.write(blob(sha256() + ".incomplete"), new byte[200_000]);
    snapshot.fetch(ModelFiles.model(snapshot), _ -> {});
    assertArrayEquals(weights, Files.readAllBytes(blob(sha256())));
  }

  @Test
  void aServerThatKnowsNoRangesSendsAllOfIt() throws IOException {
    var snapshot = find();
    Files.write(blob(sha256() + ".incomplete"), Arrays.copyOf(weights, 200_000));
    server.server().fail(9, "/cdn/", Answer.of(200).body(weights));
    var bytes = new AtomicLong();
    snapshot.fetch(ModelFiles.model(snapshot), bytes::addAndGet);
    assertArrayEquals(weights, Files.readAllBytes(blob(sha256())));
    assertEquals(300_010, bytes.get());
  }

  @Test
  void aRefusedRangeBeginsAnew() throws IOException {
    var snapshot = find();
    Files.write(blob(sha256() + ".incomplete"), Arrays.copyOf(weights, 200_000));
    server.server().fail(1, "/cdn/", Answer.of(416));
    snapshot.fetch(ModelFiles.model(snapshot), _ -> {});
    assertArrayEquals(weights, Files.readAllBytes(blob(sha256())));
  }

  @Test
  void otherBytesThanTheHubAnnouncesAreRefused() throws IOException {
    var snapshot = find();
    server.server().fail(9, "/cdn/", Answer.of(200).body(new byte[300_000]));
    var e = failure(() -> snapshot.fetch(ModelFiles.model(snapshot), _ -> {}));
    assertEquals(Reason.DAMAGED, e.reason());
    assertTrue(e.getMessage().contains("arrived twice with other content"), e.getMessage());
    assertFalse(Files.exists(blob(sha256())));
  }

  @Test
  void theHubIsAskedAgainWhenItSays() throws IOException {
    server.server().fail(1, "/revision/", Answer.of(429).with("Retry-After", "17"));
    server.server().fail(2, "/cdn/", Answer.of(503));
    var snapshot = find();
    snapshot.fetch(ModelFiles.model(snapshot), _ -> {});
    assertEquals(
        List.of(Duration.ofSeconds(17), Duration.ofSeconds(1), Duration.ofSeconds(2)), pauses);
  }

  @Test
  void patienceEnds() {
    server.server().fail(99, "/api/", Answer.of(502));
    var e = failure(this::find);
    assertEquals(
        "127.0.0.1 answers with status 502 to the question about org/tiny. Try again later.",
        e.getMessage());
    assertEquals(5, pauses.size());
  }

  @Test
  void withoutANetworkTheCacheIsUsed() throws IOException {
    var snapshot = find();
    snapshot.fetch(ModelFiles.model(snapshot), _ -> {});
    server.close();
    var cached = find();
    assertEquals(commit, cached.commit());
    assertArrayEquals(
        weights,
        Files.readAllBytes(
            cached.fetch(ModelFiles.model(cached), _ -> {}).resolve("model.safetensors")));
    assertTrue(said.getFirst().contains("127.0.0.1 cannot be reached"), said.getFirst());
    assertTrue(said.getFirst().endsWith("commit " + commit + "."), said.getFirst());
    assertEquals(List.of(), pauses);
  }

  @Test
  void offlineTheCacheIsUsedWithoutAWordAndWhatItLacksIsNamed() throws IOException {
    var snapshot = find();
    snapshot.fetch(ModelFiles.settings(snapshot), _ -> {});
    server.server().forget();
    var offline = hub(Optional.empty(), true, server.url());
    var cached = offline.find(MODEL, HubName.MAIN);
    var e = failure(() -> cached.fetch(ModelFiles.model(cached), _ -> {}));
    assertEquals(
        "HF_HUB_OFFLINE is set, and %s does not have all of org/tiny: model.safetensors."
            .formatted(cache()),
        e.getMessage());
    e = failure(() -> offline.find(MODEL, "other"));
    assertEquals(
        "HF_HUB_OFFLINE is set, and %s does not have the model org/tiny at other."
            .formatted(cache()),
        e.getMessage());
    assertEquals(List.of(), server.server().questions());
    assertEquals(List.of(), said);
  }

  @Test
  void withoutANetworkAndACacheOneSentenceSaysSo() throws IOException {
    server.close();
    var e = failure(this::find);
    assertEquals(Reason.UNREACHABLE, e.reason());
    assertEquals(
        "127.0.0.1 cannot be reached for org/tiny. Look at the network or at HTTPS_PROXY; without a network, only what is in %s can be used."
            .formatted(cache()),
        e.getMessage());
  }

  @Test
  void anUnknownNameIsNamed() {
    var other = HubRepository.model(new HubName("org/other", HubName.MAIN));
    var e = failure(() -> hub().find(other, HubName.MAIN));
    assertEquals(Reason.NO_REPOSITORY, e.reason());
    assertEquals(
        "There is no model org/other at 127.0.0.1. If it is private, set HF_TOKEN to a token of an"
            + " account with access.",
        e.getMessage());
    var token = HubToken.of(StandInHub.TOKEN);
    e = failure(() -> hub(token, false, server.url()).find(other, HubName.MAIN));
    assertEquals(
        "There is no model org/other at 127.0.0.1, or the token's account may not see it.",
        e.getMessage());
    e = failure(() -> hub().find(MODEL, "v9"));
    assertEquals(Reason.NO_REVISION, e.reason());
    assertEquals("org/tiny has no branch, tag or commit of that name (v9).", e.getMessage());
  }

  @Test
  void aGatedModelSaysWhereItsTermsAre() throws IOException {
    server.model(NAME).gate();
    var snapshot = find();
    var e = failure(() -> snapshot.fetch(ModelFiles.model(snapshot), _ -> {}));
    assertEquals(Reason.GATED, e.reason());
    assertEquals(
        "The model org/tiny is gated: accept its terms at %s/org/tiny, and set HF_TOKEN to a token of that account."
            .formatted(server.url()),
        e.getMessage());
  }

  @ParameterizedTest
  @ValueSource(strings = {"hf_other", "hf_wrong"})
  void aTokenWithoutAccessIsRefusedButNeverShown(String token) {
    var e = failure(() -> hub(HubToken.of(token), false, server.url()).find(MODEL, "main"));
    assertEquals(token.equals("hf_other") ? Reason.GATED : Reason.FORBIDDEN, e.reason());
    assertFalse(e.getMessage().contains(token), e.getMessage());
    assertFalse(String.valueOf(HubToken.of(token)).contains(token));
  }

  @Test
  void aMissingFileIsNamed() throws IOException {
    var snapshot = find();
    server.server().fail(9, "resolve", Answer.failure(404, "EntryNotFound", "no"));
    var e = failure(() -> snapshot.fetch(ModelFiles.settings(snapshot), _ -> {}));
    assertEquals(Reason.NO_FILE, e.reason());
  }

  @Test
  void manyFilesComeInPages() throws IOException {
    var data = server.dataset("org/many");
    for (var i = 0; i < 1200; i++) {
      data.file("f" + i, "x");
    }
    data.commit();
    var repository = HubRepository.dataset(new HubName("org/many", HubName.MAIN));
    assertEquals(1200, hub().find(repository, HubName.MAIN).files().size());
  }

  @Test
  void anAnswerThatLeadsOutOfTheCacheIsRefused() {
    server
        .server()
        .fail(
            1,
            "/tree/",
            Answer.json(
                "[{\"type\":\"file\",\"path\":\"../x\",\"size\":1,\"oid\":\"%s\"}]"
                    .formatted("a".repeat(40))));
    assertEquals(Reason.DAMAGED, failure(this::find).reason());
    server.server().fail(1, "/revision/", Answer.json("{\"sha\": \"../../x\"}"));
    assertEquals(Reason.DAMAGED, failure(this::find).reason());
    server.server().fail(1, "/revision/", Answer.of(200).body("<html>".getBytes(UTF_8)));
    assertEquals(Reason.DAMAGED, failure(this::find).reason());
  }

  @Test
  void eightAtOnceFetchAFileOnce() throws Exception {
    try (var threads = Executors.newFixedThreadPool(8)) {
      var all = new ArrayList<Future<Path>>();
      for (var i = 0; i < 8; i++) {
        all.add(
            threads.submit(
                () -> {
                  var snapshot =
                      Hub.of(
                              new HubEnvironment(
                                  cache(),
                                  URI.create(server.url() + "/"),
                                  Optional.empty(),
                                  false,
                                  ProxySelector.getDefault()),
                              _ -> {})
                          .find(MODEL, HubName.MAIN);
                  return snapshot.fetch(ModelFiles.model(snapshot), _ -> {});
                }));
      }
      for (var each : all) {
        assertArrayEquals(weights, Files.readAllBytes(each.get().resolve("model.safetensors")));
      }
    }
    assertEquals(1, asked("/cdn/"));
  }

  @Test
  void aLockOfAnotherProcessIsWaitedFor() throws IOException {
    var snapshot = find();
    var held =
        FileLocks.tryLock(cache().resolve(".locks/models--org--tiny").resolve(sha256() + ".lock"))
            .orElseThrow();
    var waiting =
        Hub.of(
            hub().client().environment(),
            said::add,
            pause -> {
              pauses.add(pause);
              if (pauses.size() == 3) {
                try {
                  held.close();
                } catch (IOException e) {
                  throw new IllegalStateException(e);
                }
              }
            });
    var same = waiting.find(MODEL, HubName.MAIN);
    same.fetch(ModelFiles.model(snapshot), _ -> {});
    assertEquals(List.of("Another process is fetching model.safetensors: waiting for it."), said);
    assertEquals(3, pauses.size());
  }

  @Test
  void whatAnOlderClientFetchedIsFoundWithoutItsList() throws IOException {
    var snapshot = find();
    snapshot.fetch(ModelFiles.model(snapshot), _ -> {});
    Files.delete(cache().resolve("models--org--tiny/trees/" + commit + ".json"));
    var cached = hub(Optional.empty(), true, server.url()).find(MODEL, HubName.MAIN);
    assertEquals(
        List.of("config.json", "model.safetensors", "tokenizer.json"),
        cached.files().stream().map(RepositoryFile::path).toList());
    assertEquals(List.of(), cached.missing(ModelFiles.model(cached)));
  }

  @Test
  void whatTheDiskHasNoRoomForIsRefusedBeforeItIsFetched() throws IOException {
    server
        .server()
        .fail(
            1,
            "/tree/",
            Answer.json(
                "[{\"type\":\"file\",\"path\":\"x\",\"size\":900000000000000000,\"oid\":\"%s\"}]"
                    .formatted("a".repeat(40))));
    var snapshot = find();
    var e = failure(() -> snapshot.fetch(snapshot.files(), _ -> {}));
    assertEquals(Reason.NO_SPACE, e.reason());
    assertTrue(
        e.getMessage()
            .startsWith("org/tiny takes 900000000.0 GB more, and the disk of " + cache() + " has "),
        e.getMessage());
    assertEquals(0, asked("resolve"));
  }
}
