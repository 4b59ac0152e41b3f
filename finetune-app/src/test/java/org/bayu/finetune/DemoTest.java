package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.regex.Pattern;
import org.bayu.finetune.demo.Demo;
import org.bayu.finetune.demo.DemoPlan;
import org.bayu.finetune.demo.TrailRows;
import org.bayu.finetune.error.ExitCode;
import org.bayu.remote.files.DownloadWatcher;
import org.bayu.remote.files.LocalFiles;
import org.bayu.remote.standin.InMemoryGs;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The demo with a few rows and one step: everything else is as in the real one. */
class DemoTest {
  private static final DemoPlan TINY = new DemoPlan(1, 8, 1e-3, 1e-3, 2);

  private static final TrailRows ROWS = new TrailRows(40, 3);

  @TempDir private Path temporary;
  private LocalFiles files;

  @BeforeEach
  void start() {
    var environment = new HashMap<>(CommandLineRun.OFFLINE);
    environment.put("BAYU_CACHE", temporary.resolve("cache").toString());
    files = new LocalFiles(environment, temporary, _ -> {}, DownloadWatcher.NONE);
  }

  @Test
  void theDemoRunsItsCommandsAndSaysWhereEverythingIs() throws IOException {
    var folder = temporary.resolve("the demo's folder");
    var run = run(folder);
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    var commands = run.err().lines().filter(line -> line.startsWith("$ ./bayu ")).toList();
    assertEquals(
        List.of("prepare", "prepare", "train", "train", "evaluate", "evaluate", "evaluate"),
        commands.stream().map(line -> line.replaceFirst("^\\$ ./bayu (\\w+).*", "$1")).toList());

    var table = run.out().lines().filter(line -> line.startsWith("|")).toList();
    assertEquals(10, table.size(), run.out());
    assertTrue(run.out().lines().toList().getLast().startsWith("  ./bayu generate "), run.out());
    var places = Pattern.compile("(?m)^  .{18} (\\Q" + folder + "\\E.*)$").matcher(run.out());
    var found = 0;
    while (places.find()) {
      var place = places.group(1);
      if (!place.contains("{")) {
        assertTrue(Files.exists(Path.of(place)), place);
        found++;
      }
    }
    assertEquals(8, found, run.out());
    // No prompt has other tokens alone than in front of its output.
    assertFalse(run.err().contains("merge with"), run.err());

    InMemoryGs.install();
    var again = run(files.path("gs://bucket/demo"));
    assertEquals(table, again.out().lines().filter(line -> line.startsWith("|")).toList());
    var there = Path.of(URI.create("gs://bucket/demo/"));
    for (var file : List.of("models/lora/step-1", "models/full/step-1")) {
      assertArrayEquals(
          Files.readAllBytes(folder.resolve(file).resolve("model.safetensors")),
          Files.readAllBytes(there.resolve(file).resolve("model.safetensors")),
          file);
    }
    assertEquals(
        Files.readString(folder.resolve("lora.yaml"))
            .replace(folder.toString(), "gs://bucket/demo"),
        Files.readString(there.resolve("lora.yaml")));
    for (var file : List.of("data/train.csv", "base/tokenizer.json", "runs/lora/run.json")) {
      assertTrue(Files.exists(there.resolve(file)), file);
    }
  }

  @Test
  void theFirstCommandThatFailsEndsTheDemo() throws IOException {
    var out = new StringWriter();
    var err = new StringWriter();
    var demo =
        new Demo(
            ROWS,
            TINY,
            temporary.resolve("demo"),
            files,
            arguments -> arguments[0].equals("train") ? ExitCode.MEMORY : ExitCode.DONE,
            new PrintWriter(err));
    assertEquals(ExitCode.MEMORY, demo.run(new PrintWriter(out)));
    assertEquals("", out.toString());
    assertEquals(1, err.toString().lines().filter(line -> line.contains(" train ")).count());
  }

  @Test
  void theCommandsOfADemoToDebugPrintStackTraces() {
    for (var debug : List.of(true, false)) {
      var err = new StringWriter();
      var exitCode =
          new Main(debug, CommandLineRun.OFFLINE)
              .runCommand(
                  new PrintWriter(err),
                  new PrintWriter(err),
                  "tokenize",
                  "--tokenizer",
                  "missing",
                  "--input",
                  "missing.jsonl");
      assertEquals(ExitCode.INPUT_FILE, exitCode, err.toString());
      assertEquals(debug, err.toString().contains("\tat org.bayu."), err.toString());
    }
  }

  @Test
  void anExistingFolderIsLeftAlone() throws IOException {
    var folder = Files.createDirectory(temporary.resolve("mine"));
    var sentence = CommandLineRun.of("demo", "--output", folder).sentence(ExitCode.USAGE);
    assertTrue(sentence.contains(folder + " exists already"), sentence);
    try (var files = Files.list(folder)) {
      assertEquals(0, files.count());
    }
  }

  @Test
  void aPlaceThatCannotBeWrittenIsNamed() throws IOException {
    var file = Files.writeString(temporary.resolve("file"), "");
    var run = CommandLineRun.of("demo", "--output", file.resolve("demo"));
    assertEquals(ExitCode.FAILED, run.exitCode());
    assertEquals("", run.out());
    var sentence = run.err().lines().toList().getLast();
    assertTrue(sentence.startsWith("bayu: ") && sentence.contains(file.toString()), sentence);
  }

  private CommandLineRun run(Path folder) throws IOException {
    var out = new StringWriter();
    var err = new StringWriter();
    var progress = new PrintWriter(err);
    var demo =
        new Demo(
            ROWS,
            TINY,
            folder,
            files,
            arguments -> Main.run(files.environment(), progress, progress, arguments),
            progress);
    var exitCode = demo.run(new PrintWriter(out));
    return new CommandLineRun(exitCode, out.toString(), err.toString());
  }
}
