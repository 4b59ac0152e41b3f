package org.bayu.train.track.report;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class ReportInBrowserTest {
  @TempDir private Path folder;

  private static Optional<Path> chromium() {
    return Stream.of(System.getenv("PATH").split(File.pathSeparator))
        .map(each -> Path.of(each, "chromium"))
        .filter(Files::isExecutable)
        .findFirst();
  }

  @Test
  @Timeout(60)
  void theChartsAreDrawnWithoutAComplaint() throws IOException, InterruptedException {
    var chromium = chromium();
    assumeTrue(chromium.isPresent(), "chromium is not installed");
    var report = folder.resolve("report.html");
    var tracker =
        ReportTracker.open(
            folder.resolve("metrics.jsonl"), report, 0, new ObjectMapper().createObjectNode());
    for (var step = 0; step < 30; step++) {
      tracker.log(step, Map.of("train/loss", 1.0 / (step + 1), "optim/learning_rate", 1e-5 * step));
    }
    tracker.close();
    var log = folder.resolve("log");
    var page = folder.resolve("page");
    var process =
        new ProcessBuilder(
                List.of(
                    chromium.get().toString(),
                    "--headless=new",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--no-first-run",
                    "--enable-logging=stderr",
                    "--user-data-dir=" + folder.resolve("profile"),
                    "--virtual-time-budget=2000",
                    "--dump-dom",
                    report.toUri().toString()))
            .redirectOutput(page.toFile())
            .redirectError(log.toFile())
            .start();
    try {
      assertTrue(process.waitFor(50, TimeUnit.SECONDS));
    } finally {
      process.destroyForcibly();
    }
    var html = Files.readString(page);
    assertEquals(2, html.split("<canvas", -1).length - 1, html);
    // An error or a script that the page's policy refuses.
    assertFalse(Files.readString(log, UTF_8).contains("CONSOLE"), Files.readString(log, UTF_8));
  }
}
