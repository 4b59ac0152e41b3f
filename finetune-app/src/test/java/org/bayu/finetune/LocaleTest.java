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
  @CsvSource({"LC_ALL, C", "LC_ALL, POSIX", "LC_ALL, xx_YY.UTF-8", "LANG, ''"})
  @EnabledOnOs(value = OS.LINUX, disabledReason = "elsewhere Java has its arguments in Unicode")
  void argumentsAndFileNamesAreUtf8WhateverTheLocaleSays(String variable, String locale)
      throws Exception {
    var input = folder.resolve("größe, 日本+%.jsonl");
    Files.writeString(input, "{\"text\":\"größe 日本\"}\n");
    var arguments =
        new String[] {
          "tokenize",
          "--tokenizer",
          TestFiles.golden("tokenizer/legacy").toString(),
          "--input",
          input.toString()
        };
    var expected = CommandLineRun.of((Object[]) arguments);
    assertEquals(ExitCode.DONE, expected.exitCode(), expected.err());

    var run = launch(List.of(), Map.of(variable, locale), arguments);
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    assertEquals(expected.out(), run.out());
    Files.delete(input);
    var missing = launch(List.of(), Map.of(variable, locale), arguments);
    assertTrue(missing.err().contains("größe, 日本+%.jsonl"), missing.err());
  }

  /** Arabic in Egypt has digits of its own, Turkish an i that has no other case in ASCII. */
  @ParameterizedTest
  @CsvSource({"ar, EG", "fa, IR", "tr, TR"})
  void modelsAndLogitsAreTheSameBytesInEveryLocale(String language, String country)
      throws Exception {
    var config = TestFiles.golden("llama2/config.json").toString();
    var here = folder.resolve("here");
    var there = folder.resolve("there");
    var options = List.of("-Duser.language=" + language, "-Duser.country=" + country);
    assertEquals(0, CommandLineRun.of("init", "--config", config, "--output", here).exitCode());
    var init = launch(options, Map.of(), "init", "--config", config, "--output", there.toString());
    assertEquals(ExitCode.DONE, init.exitCode(), init.err());
    assertEquals(contents(here), contents(there));

    var expected = CommandLineRun.of("logits", "--model", here, "--tokens", "1,5,9");
    assertEquals(ExitCode.DONE, expected.exitCode(), expected.err());
    var logits =
        launch(options, Map.of(), "logits", "--model", there.toString(), "--tokens", "1,5,9");
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

  private CommandLineRun launch(
      List<String> options, Map<String, String> environment, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(List.of("-cp", TestFiles.classPath(), Launcher.class.getName()));
    command.addAll(List.of(arguments));
    var out = folder.resolve("out").toFile();
    var err = folder.resolve("err").toFile();
    var builder = new ProcessBuilder(command).redirectOutput(out).redirectError(err);
    builder.environment().keySet().removeAll(List.of("LC_ALL", "LC_CTYPE", "LANG"));
    builder.environment().putAll(environment);
    var exitCode = builder.start().waitFor();
    return new CommandLineRun(
        exitCode, Files.readString(out.toPath()), Files.readString(err.toPath()));
  }
}
