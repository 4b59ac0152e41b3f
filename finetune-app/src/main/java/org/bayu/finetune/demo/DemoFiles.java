package org.bayu.finetune.demo;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.bayu.train.files.AtomicFile;

/**
 * The demo's folder: what is where, and the small files that it begins with.
 *
 * @param folder made by the first file in it; the copy if the demo is in a bucket
 * @param place what a configuration calls the folder
 */
record DemoFiles(Path folder, String place, DemoSize size) {
  /** The training runs. */
  static final List<String> RUNS = List.of("base", "full", "lora");

  Path data() {
    return folder.resolve("data");
  }

  /** A data set as ViGGO's CSV. */
  Path csv(String name) {
    return data().resolve(name + ".csv");
  }

  /** A data set as JSON Lines. */
  Path rows(String name) {
    return data().resolve(name + ".jsonl");
  }

  Path instruction() {
    return data().resolve("instruction.txt");
  }

  Path tokenizer() {
    return folder.resolve("tokenizer");
  }

  /** The model of random weights. */
  Path initialModel() {
    return folder.resolve("initial");
  }

  Path config(String run) {
    return folder.resolve(run + ".yaml");
  }

  Path baseModel() {
    return folder.resolve("models").resolve("base").resolve("step-" + size.baseSteps());
  }

  Path fullModel() {
    return folder.resolve("models").resolve("full").resolve("step-" + size.tuneSteps());
  }

  Path adapter() {
    return folder.resolve("adapters").resolve("lora").resolve("step-" + size.tuneSteps());
  }

  Path mergedModel() {
    return folder.resolve("models").resolve("lora").resolve("step-" + size.tuneSteps());
  }

  /** What {@code train} writes about its runs. */
  Path runs() {
    return folder.resolve("runs");
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
        .replace("{base_steps}", Integer.toString(size.baseSteps()))
        .replace("{tune_steps}", Integer.toString(size.tuneSteps()))
        .replace("{demo}", quoted.substring(1, quoted.length() - 1));
  }

  /** Writes the instruction and the data sets as CSV. */
  void writeData(List<DataSet> sets, String instruction) throws IOException {
    write(instruction(), instruction);
    for (var set : sets) {
      write(csv(set.name()), set.csv());
    }
  }

  private static void write(Path file, String text) throws IOException {
    AtomicFile.write(file, out -> out.write(text.getBytes(UTF_8)));
  }

  /** The text of a file that lies beside this class. */
  static String resource(String name) throws IOException {
    try (var text = DemoFiles.class.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(text, name).readAllBytes(), UTF_8);
    }
  }
}
