package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.bayu.finetune.error.ExitCode;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever is wrong with a file, a command ends with a sentence of Bayu's own. Every kind of input
 * file is damaged at random: 200 times in a build, 20,000 times with {@code -Pstress}.
 */
class DamagedFilesTest {
  private static final int PROBLEMS_SHOWN = 40;

  @TempDir private Path folder;

  @Test
  void everyDamagedFileEndsInASentence() throws IOException {
    var stress = Integer.getInteger("bayu.stressSeconds", 0) > 60;
    var cases = Integer.getInteger("bayu.damagedFiles", stress ? 20_000 : 200);
    var seed = Long.getLong("bayu.seed", 1L);
    var files = DamagedFile.all(folder);
    var problems = new TreeMap<String, String>();
    var exits = new TreeMap<String, Map<Integer, Integer>>();
    for (var i = 0; i < cases; i++) {
      var file = files.get(i % files.size());
      var run = file.damaged(new SplittableRandom(seed + i));
      exits
          .computeIfAbsent(file.kind(), _ -> new TreeMap<>())
          .merge(run.exitCode(), 1, Integer::sum);
      var problem = problem(run);
      if (problem != null) {
        var where = String.format(Locale.ROOT, "seed %d, exit code %d: ", seed + i, run.exitCode());
        problems.putIfAbsent(file.kind() + ": " + problem, where + shown(run.err()));
      }
    }
    System.out.printf(Locale.ROOT, "%d damaged files; exit codes: %s%n", cases, exits);
    assertEquals(
        "",
        problems.entrySet().stream()
            .limit(PROBLEMS_SHOWN)
            .map(problem -> problem.getKey() + "\n    " + problem.getValue())
            .collect(Collectors.joining("\n")),
        problems.size() + " problems");
  }

  /** What is wrong with how a command ended; null if nothing. */
  private @Nullable String problem(CommandLineRun run) {
    var messages = run.err().replace(folder.toString(), "");
    var unfit = Messages.problem(messages);
    if (unfit != null) {
      return unfit;
    }
    var failed = run.exitCode() != ExitCode.DONE;
    if (failed && messages.lines().noneMatch(line -> line.startsWith("bayu: "))) {
      return "fails without a sentence";
    }
    return failed && run.exitCode() > ExitCode.MEMORY ? "ends with another exit code" : null;
  }

  private static String shown(String err) {
    var shown = err.strip().replaceAll("[^\\x20-\\x7e]", "?");
    return shown.length() <= 700 ? shown : shown.substring(0, 700) + " …";
  }
}
