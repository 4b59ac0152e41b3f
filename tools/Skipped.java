import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;

/**
 * Counts the tests that the build has skipped, by reason: else a build that tests less than all
 * looks like one that tests all. Reads the reports of all modules.
 */
class Skipped {
  public static void main(String[] args) throws Exception {
    var tests = 0;
    var skipped = 0;
    var reasons = new TreeMap<String, Integer>();
    var parser = DocumentBuilderFactory.newInstance().newDocumentBuilder();
    for (var report : reports()) {
      var suite = parser.parse(report.toFile()).getDocumentElement();
      tests += Integer.parseInt(suite.getAttribute("tests"));
      var elements = suite.getElementsByTagName("skipped");
      skipped += elements.getLength();
      for (var i = 0; i < elements.getLength(); i++) {
        reasons.merge(reason((Element) elements.item(i)), 1, Integer::sum);
      }
    }
    System.out.printf(Locale.ROOT, "Skipped tests: %d of %,d%n", skipped, tests);
    reasons.forEach((reason, n) -> System.out.printf(Locale.ROOT, "  %d: %s%n", n, reason));
  }

  private static Iterable<Path> reports() throws Exception {
    try (var modules = Files.newDirectoryStream(Path.of(""), Files::isDirectory)) {
      Stream.Builder<Path> reports = Stream.builder();
      for (var module : modules) {
        var folder = module.resolve("target/surefire-reports");
        if (Files.isDirectory(folder)) {
          try (var files = Files.newDirectoryStream(folder, "TEST-*.xml")) {
            files.forEach(reports);
          }
        }
      }
      return reports.build().toList();
    }
  }

  private static String reason(Element skipped) {
    var told = skipped.getAttribute("message") + skipped.getTextContent();
    var reason = told.strip().lines().findFirst().orElse("").replaceFirst(".*failed: ", "");
    return reason.endsWith(" is missing") ? "data is missing (CONTRIBUTING.md, Test data)" : reason;
  }
}
