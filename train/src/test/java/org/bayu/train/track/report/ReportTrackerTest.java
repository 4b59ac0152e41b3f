package org.bayu.train.track.report;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bayu.train.track.JsonLinesTracker;
import org.bayu.train.track.Table;
import org.bayu.train.track.Tracker;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTrackerTest {
  private static final String EVIL = "</script><script>alert('1')</script>&\"<!-- \u0000\u202e";

  private static final ObjectNode CONFIG =
      new ObjectMapper()
          .createObjectNode()
          .set("trainer", new ObjectMapper().createObjectNode().put("num_train_steps", 40));

  @TempDir private Path folder;
  private long now;

  private Path report() {
    return folder.resolve("report.html");
  }

  private ReportTracker tracker(int firstStep) {
    var metrics = folder.resolve("metrics.jsonl");
    return ReportTracker.open(
        metrics, report(), firstStep, CONFIG, () -> Instant.ofEpochMilli(now));
  }

  private static Map<String, Number> metrics(int step) {
    var metrics = new LinkedHashMap<String, Number>();
    metrics.put("global_step", step);
    metrics.put("train/loss", 2.0 / (step + 1));
    if (step % 10 == 9) {
      metrics.put("eval/loss", 3.0 / (step + 1));
      metrics.put("eval/exact_match", 0.5);
    }
    metrics.put("optim/learning_rate", 1e-5 * step);
    metrics.put("grad/norm/total", 1.5);
    metrics.put("throughput/tokens_per_second", 1000 + step);
    metrics.put("throughput/duration", 2.0);
    return metrics;
  }

  private static void train(List<Tracker> trackers, int first, int end) throws IOException {
    for (var step = first; step < end; step++) {
      for (var tracker : trackers) {
        if (step % 10 == 9) {
          tracker.table(step, "eval_predictions", predictions("after " + step));
        }
        tracker.log(step, metrics(step));
      }
    }
  }

  private static Table predictions(String predicted) {
    return new Table(
        List.of("input", "expected", "predicted"),
        List.of(List.of("in", "right", "right"), List.of("in", "expected", predicted)));
  }

  /** Trains some steps, with a report, and leaves the run as a killed process would. */
  private void train(int first, int end) throws IOException {
    try (var lines = JsonLinesTracker.resume(folder.resolve("metrics.jsonl"), first)) {
      train(List.of(lines, tracker(first)), first, end);
    }
  }

  private String finished(ReportTracker tracker) throws IOException {
    tracker.ended();
    tracker.close();
    return Files.readString(report());
  }

  @Test
  void aResumedOrRebuiltReportIsThatOfTheUndisturbedRun() throws IOException {
    var whole = tracker(0);
    train(List.of(whole), 0, 40);
    var expected = finished(whole);
    assertTrue(expected.contains("After step 40: 1 of 2 rows right"), expected);
    Files.delete(report());
    train(0, 35);
    train(25, 40);
    assertEquals(expected, finished(tracker(40)));
    try (var lines = JsonLinesTracker.resume(folder.resolve("metrics.jsonl"), 25)) {
      var resumed = tracker(25);
      train(List.of(lines, resumed), 25, 40);
      assertEquals(expected, finished(resumed));
    }
  }

  @Test
  void theFileIsWrittenAtFirstThenEveryTenSecondsAndAfterEvaluations() throws IOException {
    var tracker = tracker(0);
    var written = new ArrayList<Integer>();
    for (var step = 0; step < 40; step++) {
      tracker.log(step, metrics(step));
      if (Files.deleteIfExists(report())) {
        written.add(step);
      }
      now += 3000;
    }
    assertEquals(List.of(0, 4, 8, 9, 13, 17, 19, 23, 27, 29, 33, 37, 39), written);
    tracker.close();
    assertTrue(Files.readString(report()).contains("<b class=\"stopped\">"));
  }

  @Test
  void noTextFromOutsideIsMarkupOrCode() throws IOException {
    var evil =
        new Table(List.of("input", "expected", "predicted"), List.of(List.of(EVIL, EVIL, "x")));
    var tracker = tracker(0);
    var config = CONFIG.deepCopy().put(EVIL, EVIL);
    config.putObject("trainer").put("id", EVIL);
    tracker.config(config);
    tracker.environment(Map.of(EVIL, EVIL));
    tracker.table(9, "eval_predictions", evil);
    tracker.table("predictions", evil);
    tracker.table("confusions", evil);
    tracker.table("other", new Table(List.of(EVIL, "b"), List.of(List.of(EVIL, EVIL))));
    tracker.log(9, metrics(9));
    var page = finished(tracker);
    assertFalse(page.contains("<script>alert"), page);
    assertFalse(page.contains("\u0000"), page);
    assertTrue(page.contains("&lt;/script&gt;&lt;script&gt;alert(&#39;1&#39;)"), page);
    assertEquals(3, count(page, "<script"));
    assertEquals(3, count(page, "</script>"));
  }

  private static int count(String text, String part) {
    return text.split(Pattern.quote(part), -1).length - 1;
  }

  @Test
  void thePolicyAllowsThisPagesScriptsAndStyleAndNothingElse()
      throws IOException, NoSuchAlgorithmException {
    var tracker = tracker(0);
    tracker.log(0, metrics(0));
    var page = finished(tracker);
    var policy = "";
    var contents = Pattern.compile("<(style|script)>(.*?)</(?:style|script)>", Pattern.DOTALL);
    for (var each : contents.matcher(page).results().toList()) {
      var digest = MessageDigest.getInstance("SHA-256").digest(each.group(2).getBytes(UTF_8));
      policy +=
          (each.group(1).equals("style")
                  ? "style-src"
                  : policy.contains("script") ? "" : "; script-src")
              + " 'sha256-"
              + Base64.getEncoder().encodeToString(digest)
              + "'";
    }
    assertTrue(
        page.contains("default-src 'none'; base-uri 'none'; form-action 'none'; " + policy + "\">"),
        policy);
    for (var attribute : List.of("style=", "onclick=", "src=", "http://")) {
      assertFalse(page.substring(page.indexOf("<body>"), page.indexOf("<!--")).contains(attribute));
    }
    assertTrue(page.contains("Permission is hereby granted")); // the charts' license
  }

  @Test
  void ofManyPredictionsTheWorstTheBestAndSomeOthersAreShown() throws IOException {
    var rows = new ArrayList<List<String>>();
    for (var row = 0; row < 100; row++) {
      // Of the last 50 rows, which are right, row 99 has the most to say.
      rows.add(List.of("row" + row, "a".repeat(row + 1), row < 50 ? "a b" : "a".repeat(row + 1)));
    }
    var table = new Table(List.of("input", "expected", "predicted"), rows);
    var tracker = tracker(0);
    tracker.table(9, "eval_predictions", table);
    tracker.log(9, metrics(9));
    var page = finished(tracker);
    var chosen = "rows the 8 worst, the 8 best and 8 others at random are shown.";
    assertTrue(page.contains("answers the same 100 rows of the evaluation data"), page);
    assertTrue(page.contains("Of these 100 " + chosen), page);
    assertEquals(List.of("worst 8", "best 8", "random 8"), kinds(page));
    assertTrue(page.contains("best</span>✓ exact</th><td dir=\"auto\">row99</td>"), page);

    tracker = tracker(0);
    tracker.table("predictions", table);
    page = finished(tracker);
    assertTrue(page.contains("evaluation&#39;s 100 rows 50 are right, letter by letter."), page);
    assertTrue(page.contains("Of all 100 " + chosen), page);
    assertEquals(List.of("worst 8", "best 8", "random 8"), kinds(page));
    assertTrue(page.contains("<summary>The 50 rows that are not right, the worst first"), page);
    assertEquals(3 * 8 + 50, count(page, "<tr><th scope=\"row\"><span class=\"label\">"));
  }

  private static List<String> kinds(String page) {
    return Stream.of("worst", "best", "random")
        .map(kind -> kind + " " + count(page, "<span class=\"label\">" + kind + "</span>"))
        .toList();
  }

  @Test
  void theFileOfALongRunStaysSmall() throws IOException {
    var tracker = tracker(0);
    tracker.log(0, metrics(0));
    var text = "what a model was asked and what it said ".repeat(30);
    var rows = new ArrayList<List<String>>();
    for (var row = 0; row < 60; row++) {
      rows.add(List.of(text, text + row, text));
    }
    var table = new Table(List.of("input", "expected", "predicted"), rows);
    for (var step = 1; step < 5000; step++) {
      if (step % 400 == 9) { // an evaluation
        tracker.table(step, "eval_predictions", table);
      }
      now -= 1; // never due
      tracker.log(step, metrics(step));
    }
    tracker.table("predictions", table);
    var page = finished(tracker);
    assertTrue(Files.size(report()) < 2_000_000, () -> report().toFile().length() + " bytes");
    // The charts: their points, the library that draws them, and its license.
    var charts = page.substring(page.indexOf("<script type=\"application/json\" id=\"points\">"));
    assertTrue(charts.contains("uPlot"), charts);
    assertTrue(charts.length() < 500_000, () -> charts.length() + " characters of charts");
  }
}
