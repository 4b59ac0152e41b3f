package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What the sources import is in the application's jar. */
class ImportsTest {
  @Test
  void noSourceImportsAPackageThatTheJarLeavesOut() throws IOException {
    var left =
        Pattern.compile("<exclude>(it/unimi/dsi/fastutil/\\w+)/\\*\\*</exclude>")
            .matcher(Files.readString(Path.of("pom.xml")))
            .results()
            .map((MatchResult exclude) -> "import " + exclude.group(1).replace('/', '.') + ".")
            .toList();
    assertFalse(left.isEmpty());
    for (var module :
        List.of("tensor-core", "llama-model", "lora", "train", "finetune-app", "benchmarks")) {
      try (var sources = Files.walk(Path.of("..", module, "src", "main"))) {
        for (var source : sources.filter(path -> path.toString().endsWith(".java")).toList()) {
          var imports = Files.readString(source).lines().filter(l -> l.startsWith("import "));
          var missing = imports.filter(line -> left.stream().anyMatch(line::startsWith)).toList();
          assertEquals(List.of(), missing, source.toString());
        }
      }
    }
  }
}
