import com.google.googlejavaformat.java.Main;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * Checks ({@code check}) or rewrites ({@code apply}) with google-java-format every Java file of the
 * project that changed since the last time. The build runs it on the JDK that it compiles with.
 */
class Format {
  private static final Path STAMP = Path.of("target", "formatted");

  public static void main(String[] args) throws Exception {
    var apply = args[0].equals("apply");
    var start = FileTime.from(Instant.now());
    var sources = changedSources();
    if (!sources.isEmpty()) {
      var options = apply ? List.of("--replace") : List.of("--dry-run", "--set-exit-if-changed");
      List<String> arguments = new ArrayList<>(options);
      sources.forEach(source -> arguments.add(source.toString()));
      var out = new PrintWriter(System.out, true);
      var formatter = new Main(out, new PrintWriter(System.err, true), System.in);
      var status = formatter.format(arguments.toArray(String[]::new));
      if (status != 0) {
        if (!apply) {
          System.err.println(
              "These files are not formatted. Run: ./mvnw -N process-sources -Dformat.mode=apply");
        }
        System.exit(status);
      }
    }
    Files.createDirectories(STAMP.getParent());
    Files.write(STAMP, new byte[0]);
    Files.setLastModifiedTime(STAMP, start);
  }

  private static List<Path> changedSources() throws IOException {
    // A new formatter comes with a change of the pom: then every file counts as changed.
    var stamp = isNewerThan(STAMP, Path.of("pom.xml")) ? STAMP : null;
    List<Path> changed = new ArrayList<>();
    for (var folder : List.of(Path.of(""), Path.of("examples"))) {
      // Git keeps no empty folders, so there may be no examples.
      if (folder.toString().isEmpty() || Files.isDirectory(folder)) {
        try (var modules = Files.list(folder)) {
          for (var module : modules.toList()) {
            collect(module.resolve("src"), stamp, changed);
          }
        }
      }
    }
    collect(Path.of("tools"), stamp, changed);
    return changed;
  }

  private static void collect(Path folder, Path stamp, List<Path> changed) throws IOException {
    if (!Files.isDirectory(folder)) {
      return;
    }
    try (var files = Files.walk(folder)) {
      for (var file : files.sorted().toList()) {
        if (file.toString().endsWith(".java") && (stamp == null || !isNewerThan(stamp, file))) {
          changed.add(file);
        }
      }
    }
  }

  private static boolean isNewerThan(Path a, Path b) throws IOException {
    return Files.exists(a)
        && Files.getLastModifiedTime(a).compareTo(Files.getLastModifiedTime(b)) > 0;
  }
}
