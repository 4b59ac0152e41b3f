package org.bayu.finetune.launcher;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The command that starts the application in a Java of its own. The script {@code bayu} has the
 * same options.
 */
final class JavaCommand {
  private static final String MAIN = "org.bayu.finetune.Main";

  /** What the application cannot run without. */
  static final List<String> NEEDED =
      Arrays.asList("--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED");

  /**
   * The heap's limit unless the user says otherwise. Tensors are off-heap; the heap has the
   * tokenizer (some 100 MB for 128k tokens), the token lists of the data set and JSON. A quarter of
   * the memory, the JVM's own choice, would be missing for the tensors.
   */
  static final String HEAP = "-Xmx2g";

  /**
   * Training makes little garbage: the collector that itself takes the least memory, with a young
   * generation of a fixed size. So the heap stays as small as what lives in it and that. It is
   * small because what is being read lives on: copying it takes 10 to 15 milliseconds at a time, of
   * 32 MB it took 30 to 40. Room for classes from the start: growing into it would make the
   * collector go through the whole heap, some 50 milliseconds.
   */
  static final List<String> COLLECTOR =
      Arrays.asList("-XX:+UseSerialGC", "-Xmn8m", "-XX:MetaspaceSize=64m");

  /**
   * Always profile. While the optimizing compiler is busy the JVM makes code without a profile, to
   * make it anew later with one; the matrix product's tile is so large that this second compilation
   * fails (HotSpot of JDK 25, AVX-512), and the slow code would stay for good. Without the first it
   * is profiled by the interpreter and then optimized.
   */
  static final String PROFILE = "-XX:Tier3DelayOn=1000";

  /**
   * Leave checks in loops that a profile alone says are seldom reached. HotSpot of JDK 25 moves
   * such a check of a segment's bounds in front of the loop, finds it failing there, throws the
   * code away and makes the same code again: with luck some times, else for as long as the program
   * runs, a second of every training step in vectors that are objects ({@code
   * -Xlog:deoptimization=debug}: profile_predicate).
   */
  static final String PREDICATES = "-XX:-UseProfiledLoopPredicate";

  private static final Pattern SETS_HEAP =
      Pattern.compile("-Xmx|-mx|MaxHeapSize|MaxRAMPercentage|MaxRAMFraction");
  private static final Pattern SETS_COLLECTOR = Pattern.compile("-XX:\\+Use\\w*GC\\b");

  private JavaCommand() {}

  /**
   * The command line.
   *
   * @param home of the Java to start
   * @param given the options that the running Java was given
   * @param environment whose {@code BAYU_JAVA_OPTS}, {@code JAVA_TOOL_OPTIONS} and {@code
   *     JDK_JAVA_OPTIONS} come before the choices made here
   * @param classPath where the application's classes are
   * @param arguments the application's
   */
  static List<String> of(
      Path home,
      List<String> given,
      Map<String, String> environment,
      String classPath,
      List<String> arguments) {
    List<String> own = words(environment.getOrDefault("BAYU_JAVA_OPTS", ""));
    Set<String> inherited = new LinkedHashSet<>(); // the new Java reads these itself
    inherited.addAll(words(environment.getOrDefault("JAVA_TOOL_OPTIONS", "")));
    inherited.addAll(words(environment.getOrDefault("JDK_JAVA_OPTIONS", "")));

    List<String> users = new ArrayList<>();
    for (String option : given) {
      // A debugger's port is taken by the running Java.
      if (!inherited.contains(option) && !option.startsWith("-agentlib:jdwp")) {
        users.add(option);
      }
    }
    users.addAll(own);
    String all = String.join(" ", inherited) + " " + String.join(" ", users);

    List<String> command = new ArrayList<>();
    command.add(JavaHomes.javaProgram(home).toString());
    command.addAll(NEEDED);
    command.add(PROFILE);
    command.add(PREDICATES);
    if (!SETS_COLLECTOR.matcher(all).find()) {
      command.addAll(COLLECTOR);
    }
    if (!SETS_HEAP.matcher(all).find()) {
      command.add(HEAP);
    }
    command.addAll(users);
    command.add("-Dbayu.launched=true"); // Main then ends when this process does
    command.addAll(Arrays.asList("-cp", classPath, MAIN));
    command.addAll(arguments);
    return command;
  }

  private static List<String> words(String options) {
    String trimmed = options.trim();
    return trimmed.isEmpty() ? Collections.emptyList() : Arrays.asList(trimmed.split("\\s+"));
  }
}
