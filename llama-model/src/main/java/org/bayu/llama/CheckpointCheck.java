package org.bayu.llama;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.io.MalformedFileException;
import org.bayu.tensor.io.SafetensorsFile.Entry;
import org.bayu.tensor.io.ShardedSafetensors;

/** Whether the tensors of a folder are those of its configuration. Gathers every complaint. */
final class CheckpointCheck {
  private static final Pattern LAYER = Pattern.compile("model\\.layers\\.(\\d{1,9})\\..*");

  private final LlamaConfig config;
  private final Map<String, Shape> expected;
  private final ShardedSafetensors tensors;
  private final List<String> problems = new ArrayList<>();

  private CheckpointCheck(LlamaConfig config, ShardedSafetensors tensors) {
    this.config = config;
    this.tensors = tensors;
    expected = config.parameterShapes();
  }

  /**
   * Refuses tensors that contradict the configuration.
   *
   * @throws MalformedFileException that lists all contradictions
   */
  static void check(Path folder, LlamaConfig config, ShardedSafetensors tensors)
      throws MalformedFileException {
    var check = new CheckpointCheck(config, tensors);
    check.checkExpected();
    check.checkOthers();
    if (check.problems.isEmpty()) {
      check.checkTiedHead();
    }
    if (!check.problems.isEmpty()) {
      throw new MalformedFileException(
          folder, "the weights contradict config.json: " + String.join("; ", check.problems));
    }
  }

  private void checkExpected() {
    var missing = new ArrayList<String>();
    expected.forEach(
        (name, shape) -> {
          if (!tensors.names().contains(name)) {
            missing.add(name);
          } else {
            checkEntry(tensors.entry(name), shape);
          }
        });
    if (!missing.isEmpty()) {
      problems.addFirst("missing " + String.join(", ", missing));
    }
  }

  private void checkEntry(Entry entry, Shape shape) {
    if (!entry.shape().equals(shape)) {
      problems.add("%s is %s, not %s".formatted(entry.name(), entry.shape(), shape));
    }
    var dtype = entry.dtype();
    if ((dtype == null && !entry.dtypeName().equals("F64")) || dtype == DType.I32) {
      problems.add(
          "%s is of type %s, not F32, BF16, F16 or F64".formatted(entry.name(), entry.dtypeName()));
    }
  }

  /** Tensors that a Llama can have, but not one of this configuration. */
  private void checkOthers() {
    var layers = new TreeSet<Integer>();
    for (var name : tensors.names()) {
      var layer = LAYER.matcher(name);
      if (layer.matches() && Integer.parseInt(layer.group(1)) >= config.layers()) {
        layers.add(Integer.parseInt(layer.group(1)));
      } else if (name.endsWith(".bias")
          && !expected.containsKey(name)
          && expected.containsKey(name.replaceFirst("bias$", "weight"))) {
        problems.add(name + " is there, but not in the configuration");
      }
    }
    if (!layers.isEmpty()) {
      problems.add(
          String.format(
              Locale.ROOT,
              "there is a layer %d, but num_hidden_layers is %d",
              layers.last(),
              config.layers()));
    }
  }

  private void checkTiedHead() throws MalformedFileException {
    if (!config.tieWordEmbeddings() || !tensors.names().contains(HfCheckpoint.HEAD)) {
      return;
    }
    checkEntry(tensors.entry(HfCheckpoint.HEAD), Shape.of(config.vocabSize(), config.hiddenSize()));
    if (problems.isEmpty() && !headEqualsEmbedding()) {
      problems.add(
          "%s differs from %s, but tie_word_embeddings is true"
              .formatted(HfCheckpoint.HEAD, HfCheckpoint.EMBEDDING));
    }
  }

  private boolean headEqualsEmbedding() throws MalformedFileException {
    var headType = tensors.entry(HfCheckpoint.HEAD).dtypeName();
    if (headType.equals(tensors.entry(HfCheckpoint.EMBEDDING).dtypeName())) {
      return tensors.bytes(HfCheckpoint.HEAD).mismatch(tensors.bytes(HfCheckpoint.EMBEDDING)) < 0;
    }
    try (var arena = Arena.ofConfined()) {
      var head = tensors.tensor(HfCheckpoint.HEAD, arena);
      var embedding = tensors.tensor(HfCheckpoint.EMBEDDING, arena);
      for (var i = 0L; i < head.elements(); i++) {
        if (head.getFloat(i) != embedding.getFloat(i)) {
          return false;
        }
      }
      return true;
    }
  }
}
