import com.google.googlejavaformat.java.Main;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Checks ({@code check}) or rewrites ({@code apply}) every Java file of the project with
 * google-java-format. The build runs it on the JDK that it compiles with.
 */
class Format {
  public static void main(String[] args) throws Exception {
    var apply = args[0].equals("apply");
    List<String> arguments =
        new ArrayList<>(
            apply ? List.of("--replace") : List.of("--dry-run", "--set-exit-if-changed"));
    try (var files = Files.walk(Path.of(""))) {
      files
          .map(Path::toString)
          .filter(f -> f.endsWith(".java") && f.contains("src") && !f.contains("target"))
          .sorted()
          .forEach(arguments::add);
    }
    var out = new PrintWriter(System.out, true);
    var formatter = new Main(out, new PrintWriter(System.err, true), System.in);
    var status = formatter.format(arguments.toArray(String[]::new));
    if (status != 0 && !apply) {
      System.err.println(
          "These files are not formatted. Run: ./mvnw -N process-sources -Dformat.mode=apply");
    }
    System.exit(status);
  }
}
