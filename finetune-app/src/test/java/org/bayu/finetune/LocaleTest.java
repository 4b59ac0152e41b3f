package org.bayu.finetune;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.launcher.Launcher;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The application as {@code java -jar} starts it, in other locales than this one. */
class LocaleTest {
  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({"LC_ALL, C", "LC_ALL, xx_YY.UTF-8"})
  @EnabledOnOs(value = OS.LINUX, disabledReason = "elsewhere Java has its arguments in Unicode")
  void argumentsAndFileNamesAreUtf8WhateverTheLocaleSays(String variable, String locale)
      throws Exception {
    var plain = Files.writeString(folder.resolve("plain.jsonl"), "{\"text\":\"größe 日本\"}\n");
    var tokenizer = TestFiles.golden("tokenizer/legacy").toString();
    var expected = CommandLineRun.of("tokenize", "--tokenizer", tokenizer, "--input", plain);
    assertEquals(ExitCode.DONE, expected.exitCode(), expected.err());

    // The shell writes the name, for in such a locale this Java cannot either.
    var name = "$(printf 'gr\\303\\266\\303\\237e, \\346\\227\\245\\346\\234\\254+%%.jsonl')";
    var run = "\"$@\" --input \"$name\"; code=$?; rm -f \"$name\"; exit $code";
    var start = List.of("sh", "-c", "name=" + name + "; cp plain.jsonl \"$name\"; " + run, "sh");
    var startWithout = List.of("sh", "-c", "name=" + name + "; " + run, "sh");
    var environment = Map.of(variable, locale);
    var there = launch(start, List.of(), environment, "tokenize", "--tokenizer", tokenizer);
    assertEquals(ExitCode.DONE, there.exitCode(), there.err());
    assertEquals(expected.out(), there.out());
    var missing =
        launch(startWithout, List.of(), environment, "tokenize", "--tokenizer", tokenizer);
    assertEquals(ExitCode.INPUT_FILE, missing.exitCode(), missing.err());
    assertTrue(missing.err().contains("größe, 日本+%.jsonl"), missing.err());
  }

  /** Arabic in Egypt has digits of its own, Turkish an i that has no other case in ASCII. */
  @ParameterizedTest
  @CsvSource({"ar, EG", "tr, TR"})
  void modelsAndLogitsAreTheSameBytesInEveryLocale(String language, String country)
      throws Exception {
    var config = TestFiles.golden("llama2/config.json").toString();
    var here = folder.resolve("here");
    var there = folder.resolve("there");
    var options = List.of("-Duser.language=" + language, "-Duser.country=" + country);
    assertEquals(0, CommandLineRun.of("init", "--config", config, "--output", here).exitCode());
    var init =
        launch(
            List.of(), options, Map.of(), "init", "--config", config, "--output", there.toString());
    assertEquals(ExitCode.DONE, init.exitCode(), init.err());
    assertEquals(contents(here), contents(there));

    var expected = CommandLineRun.of("logits", "--model", here, "--tokens", "1,5,9");
    assertEquals(ExitCode.DONE, expected.exitCode(), expected.err());
    var logits =
        launch(
            List.of(),
            options,
            Map.of(),
            "logits",
            "--model",
            there.toString(),
            "--tokens",
            "1,5,9");
    assertEquals(expected.out(), logits.out(), logits.err());
  }

  private static Map<String, String> contents(Path model) throws IOException {
    try (var files = Files.list(model)) {
      return files.collect(
          Collectors.toMap(file -> file.getFileName().toString(), LocaleTest::content));
    }
  }

  private static String content(Path file) {
    try {
      return Files.readString(file, ISO_8859_1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Runs the launcher in the folder, by the program {@code start} where there is one. */
  private CommandLineRun launch(
      List<String> start,
      List<String> options,
      Map<String, String> environment,
      String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(start);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(List.of("-cp", TestFiles.classPath(), Launcher.class.getName()));
    command.addAll(List.of(arguments));
    var out = folder.resolve("out").toFile();
    var err = folder.resolve("err").toFile();
    var builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectOutput(out)
            .redirectError(err);
    builder.environment().keySet().removeAll(List.of("LC_ALL", "LC_CTYPE", "LANG"));
    builder.environment().putAll(environment);
    var exitCode = builder.start().waitFor();
    return new CommandLineRun(
        exitCode, Files.readString(out.toPath()), Files.readString(err.toPath()));
  }
}
