package org.bayu.finetune.launcher;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The Java installations of this machine, in the order in which they are asked: {@code JAVA_HOME},
 * {@code JDK25_HOME}, the running one, the {@code java} on the {@code PATH}, what lies in the usual
 * folders or, where {@code BAYU_JDK_PATH} names some, in those. The script {@code .mvn/jdk.sh} of
 * the build does the same.
 */
final class JavaHomes {
  /** The module of the Vector API. */
  static final String VECTOR_MODULE = "jdk.incubator.vector";

  /** The oldest Java that the application runs on. */
  static final int OLDEST_FEATURE = 25;

  private static final String JAVA = File.separatorChar == '\\' ? "java.exe" : "java";

  private static final Pattern LEADING_DIGITS = Pattern.compile("^\\d{1,4}");

  private final Map<String, String> environment;
  private final Path running;
  private final Path user;

  /**
   * Looks as {@code environment} says.
   *
   * @param running the home of the running Java
   * @param user the user's home folder
   */
  JavaHomes(Map<String, String> environment, Path running, Path user) {
    this.environment = environment;
    this.running = running;
    this.user = user;
  }

  /** The first home of a Java that can run the application. */
  Optional<Path> findSuitable() {
    return candidates().stream().filter(JavaHomes::isSuitable).findFirst();
  }

  /** The program that starts the Java of a home. */
  static Path javaProgram(Path home) {
    return home.resolve("bin").resolve(JAVA);
  }

  /**
   * Whether a home's Java is new enough and has the Vector API, as its {@code release} file says.
   */
  static boolean isSuitable(Path home) {
    if (!Files.isExecutable(javaProgram(home))) {
      return false;
    }
    int feature = 0;
    boolean vector = true; // where no modules are listed, all of the JDK's are there
    try {
      for (String line : Files.readAllLines(home.resolve("release"))) {
        if (line.startsWith("JAVA_VERSION=")) {
          feature = feature(line.substring("JAVA_VERSION=".length()).replace("\"", ""));
        } else if (line.startsWith("MODULES=")) {
          vector = line.contains(VECTOR_MODULE);
        }
      }
    } catch (IOException e) {
      return false; // none, or not readable: not a home that can be judged
    }
    return feature >= OLDEST_FEATURE && vector;
  }

  /** The 25 of 25.0.3, 25-ea or 25+36; the 1 of 1.8.0_402. */
  static int feature(String version) {
    Matcher digits = LEADING_DIGITS.matcher(version);
    return digits.find() ? Integer.parseInt(digits.group()) : 0;
  }

  private List<Path> candidates() {
    List<Path> homes = new ArrayList<>();
    path(environment.getOrDefault("JAVA_HOME", "")).ifPresent(homes::add);
    path(environment.getOrDefault("JDK25_HOME", "")).ifPresent(homes::add);
    homes.add(running);
    for (String folder : split(environment.getOrDefault("PATH", ""))) {
      path(folder).flatMap(JavaHomes::homeOfProgramIn).ifPresent(homes::add);
    }
    for (Path folder : folders()) {
      for (Path installation : children(folder)) {
        homes.add(installation);
        homes.add(installation.resolve("Contents/Home"));
        homes.add(installation.resolve("libexec/openjdk.jdk/Contents/Home"));
      }
    }
    return homes;
  }

  private List<Path> folders() {
    List<Path> folders = new ArrayList<>();
    String named = environment.get("BAYU_JDK_PATH");
    if (named != null) {
      split(named).forEach(folder -> path(folder).ifPresent(folders::add));
      return folders;
    }
    for (String folder :
        Arrays.asList(
            "/usr/lib/jvm",
            "/usr/lib64/jvm",
            "/usr/java",
            "/usr/local/java",
            "/opt",
            "/opt/java",
            "/usr/local/opt",
            "/opt/homebrew/opt",
            "/Library/Java/JavaVirtualMachines")) {
      folders.add(Paths.get(folder));
    }
    for (String folder :
        Arrays.asList(
            "Library/Java/JavaVirtualMachines",
            ".sdkman/candidates/java",
            ".jdks",
            ".gradle/jdks",
            ".jbang/cache/jdks",
            ".asdf/installs/java",
            ".local/share/mise/installs/java",
            ".jabba/jdk")) {
      folders.add(user.resolve(folder));
    }
    path(environment.getOrDefault("ProgramFiles", ""))
        .ifPresent(
            programs -> {
              for (String vendor :
                  Arrays.asList(
                      "Java",
                      "Eclipse Adoptium",
                      "Microsoft",
                      "Amazon Corretto",
                      "Zulu",
                      "BellSoft")) {
                folders.add(programs.resolve(vendor));
              }
            });
    return folders;
  }

  private static Optional<Path> homeOfProgramIn(Path folder) {
    try {
      Path java = folder.resolve(JAVA).toRealPath(); // the one on the PATH is often a link
      return Optional.ofNullable(java.getParent()).map(Path::getParent);
    } catch (IOException e) {
      return Optional.empty(); // no java in this folder
    }
  }

  private static List<Path> children(Path folder) {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.sorted().collect(Collectors.toList());
    } catch (IOException e) {
      return Collections.emptyList(); // most of the usual folders are not there
    }
  }

  private static List<String> split(String folders) {
    return Arrays.asList(folders.split(File.pathSeparator));
  }

  private static Optional<Path> path(String name) {
    try {
      return name.trim().isEmpty() ? Optional.empty() : Optional.of(Paths.get(name));
    } catch (InvalidPathException e) {
      return Optional.empty(); // what is no path holds no Java
    }
  }
}
