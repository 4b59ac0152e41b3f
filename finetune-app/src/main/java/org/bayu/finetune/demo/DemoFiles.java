package org.bayu.finetune.demo;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.bayu.finetune.sentences.BaseRows;
import org.bayu.train.files.AtomicFile;

/**
 * The demo's folder: what is where, and the small files that it begins with.
 *
 * @param folder made by the first file in it; the copy if the demo is in a bucket
 * @param place what a configuration calls the folder
 */
public record DemoFiles(Path folder, String place, DemoPlan plan) {
  /** The training runs. */
  static final List<String> RUNS = List.of("full", "lora");

  Path data() {
    return folder.resolve("data");
  }

  /** A data set: {@code train} or {@code validation}. */
  Path rows(String name) {
    return data().resolve(name + ".jsonl");
  }

  Path instruction() {
    return data().resolve("instruction.txt");
  }

  Path config(String run) {
    return folder.resolve(run + ".yaml");
  }

  Path baseModel() {
    return folder.resolve("base");
  }

  Path fullModel() {
    return folder.resolve("models").resolve("full").resolve("step-" + plan.steps());
  }

  Path adapter() {
    return folder.resolve("adapters").resolve("lora").resolve("step-" + plan.steps());
  }

  Path mergedModel() {
    return folder.resolve("models").resolve("lora").resolve("step-" + plan.steps());
  }

  /** What {@code train} writes about a run. */
  Path run(String run) {
    return folder.resolve("runs").resolve(run);
  }

  Path evaluations() {
    return folder.resolve("evaluation");
  }

  Path evaluation(String name) {
    return evaluations().resolve(name);
  }

  /** Writes a configuration for each of the runs. */
  void writeConfigurations() throws IOException {
    for (var run : RUNS) {
      write(config(run), configuration(run));
    }
  }

  private String configuration(String run) throws IOException {
    // The placeholder stands in a YAML text in double quotes, which has JSON's escapes.
    var quoted = new JsonMapper().writeValueAsString(place);
    return resource(run + ".yaml")
        .replace("{steps}", Integer.toString(plan.steps()))
        .replace("{quarter}", Integer.toString(Math.max(1, plan.steps() / 4)))
        .replace("{batch}", Integer.toString(plan.batchSize()))
        .replace("{rate}", Double.toString(run.equals("full") ? plan.fullRate() : plan.loraRate()))
        .replace("{rank}", Integer.toString(plan.rank()))
        .replace("{alpha}", Integer.toString(4 * plan.rank()))
        .replace("{demo}", quoted.substring(1, quoted.length() - 1));
  }

  /** The instruction that the base model knows. */
  void writeInstruction() throws IOException {
    write(instruction(), BaseRows.INSTRUCTION);
  }

  private static void write(Path file, String text) throws IOException {
    AtomicFile.write(file, out -> out.write(text.getBytes(UTF_8)));
  }

  /** The text of a file that lies beside this class. */
  private static String resource(String name) throws IOException {
    try (var text = DemoFiles.class.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(text, name).readAllBytes(), UTF_8);
    }
  }
}
