package org.bayu.finetune.launcher;

import java.io.File;
import java.io.IOException;
import java.io.UnsupportedEncodingException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The application's arguments as UTF-8, whatever the locale says. Java decodes them by the locale:
 * in that of C, or in one that is not installed, every letter beyond ASCII is lost. The bytes are
 * then taken from Linux's {@code /proc/self/cmdline}, and handed to the application in a system
 * property that is all ASCII.
 */
final class TypedArguments {
  private static final String PROPERTY = "bayu.arguments";
  private static final String UTF_8 = StandardCharsets.UTF_8.name();

  private TypedArguments() {}

  /** Whether Java has decoded the arguments as UTF-8 (Windows: has them in Unicode). */
  static boolean areUtf8() {
    return File.separatorChar == '\\' || UTF_8.equals(System.getProperty("sun.jnu.encoding"));
  }

  /**
   * The option of the application's Java that hands over what this process was given: URL-encoded,
   * each behind a comma, so that one empty argument is not none. Main reads it.
   */
  static String option(List<String> typed) {
    return typed.stream()
        .map(argument -> "," + encoded(argument))
        .collect(Collectors.joining("", "-D" + PROPERTY + "=", ""));
  }

  /** Whether any locale leaves them as they are. */
  static boolean areAscii(List<String> arguments) {
    return arguments.stream().allMatch(argument -> argument.chars().allMatch(c -> c < 128));
  }

  /** What the user typed; {@code args}, as Java has decoded it, where the system does not say. */
  static List<String> of(String[] args) {
    List<String> all = commandLine();
    if (all.size() <= args.length) {
      return Arrays.asList(args); // not Linux, or a file of arguments held some
    }
    return all.subList(all.size() - args.length, all.size());
  }

  /** This process's program and its arguments; none where the system does not say. */
  private static List<String> commandLine() {
    String bytes;
    try {
      bytes =
          new String(Files.readAllBytes(Paths.get("/proc/self/cmdline")), StandardCharsets.UTF_8);
    } catch (IOException e) {
      return Collections.emptyList(); // a system without that file
    }
    List<String> arguments = new ArrayList<>();
    int from = 0;
    for (int end = bytes.indexOf('\0'); end >= 0; end = bytes.indexOf('\0', from)) {
      arguments.add(bytes.substring(from, end));
      from = end + 1;
    }
    return arguments;
  }

  private static String encoded(String argument) {
    try {
      return URLEncoder.encode(argument, UTF_8);
    } catch (UnsupportedEncodingException e) {
      throw new AssertionError(e); // every Java has UTF-8
    }
  }
}
