package org.bayu.finetune.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** The targets by their names, and their seeds as files, which Jazzer wants. */
public final class Targets {
  private Targets() {}

  /** The files that the classes of this package read, by the class's name. */
  static Map<String, FuzzedFile> all() {
    return new TreeMap<>(
        Map.ofEntries(
            Map.entry("SafetensorsFuzz", SafetensorsFuzz.FILE),
            Map.entry("ShardIndexFuzz", ShardIndexFuzz.FILE),
            Map.entry("ConfigFuzz", ConfigFuzz.FILE),
            Map.entry("TokenizerJsonFuzz", TokenizerJsonFuzz.FILE),
            Map.entry("SentencePieceFuzz", SentencePieceFuzz.FILE),
            Map.entry("TokenizerConfigFuzz", TokenizerConfigFuzz.FILE),
            Map.entry("AdapterConfigFuzz", AdapterConfigFuzz.FILE),
            Map.entry("YamlFuzz", YamlFuzz.FILE),
            Map.entry("RowsFuzz", RowsFuzz.FILE),
            Map.entry("GzipRowsFuzz", GzipRowsFuzz.FILE),
            Map.entry("CsvFuzz", CsvFuzz.FILE),
            Map.entry("CheckpointFuzz", CheckpointFuzz.FILE),
            Map.entry("ChecksumsFuzz", ChecksumsFuzz.FILE),
            Map.entry("GenerationConfigFuzz", GenerationConfigFuzz.FILE),
            Map.entry("GrammarFuzz", GrammarFuzz.FILE),
            Map.entry("TextRowsFuzz", TextRowsFuzz.FILE),
            Map.entry("EightBitFuzz", EightBitFuzz.FILE),
            Map.entry("AddedTokensFuzz", AddedTokensFuzz.FILE),
            Map.entry("PromptsFuzz", PromptsFuzz.FILE)));
  }

  /** Writes each target's seeds to {@code args[0]/<target>/} and prints the targets' names. */
  public static void main(String[] args) throws IOException {
    for (var target : all().entrySet()) {
      var folder = Files.createDirectories(Path.of(args[0]).resolve(target.getKey()));
      var number = 0;
      for (var seed : target.getValue().seeds()) {
        for (var edit = 0; edit < 8; edit++) {
          Files.write(
              folder.resolve("edit-" + number + "-" + edit), JsonEdits.script(number, edit));
        }
        Files.write(folder.resolve("seed-" + number++), seed);
      }
      System.out.println(target.getKey());
    }
  }
}
