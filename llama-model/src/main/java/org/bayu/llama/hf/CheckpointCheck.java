package org.bayu.llama.hf;

import static org.bayu.llama.LlamaConfig.EMBEDDING;
import static org.bayu.llama.LlamaConfig.HEAD;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.bayu.llama.LlamaConfig;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.io.MalformedFileException;
import org.bayu.tensor.io.Printable;

/**
 * Whether the tensors of a folder are those of its configuration. Gathers every complaint.
 *
 * <p>A tied configuration whose files have another head beside the embedding is that of an untied
 * model, as in Transformers. Layers beyond the configuration's are left out.
 */
final class CheckpointCheck {
  private static final Pattern LAYER = Pattern.compile("model\\.layers\\.(\\d{1,9})\\..*");

  private final LlamaConfig config;
  private final Map<String, Shape> expected;
  private final CheckpointTensors tensors;
  private final List<String> problems = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();

  private CheckpointCheck(LlamaConfig config, CheckpointTensors tensors) {
    this.config = config;
    this.tensors = tensors;
    expected = config.parameterShapes();
  }

  /**
   * What a folder holds.
   *
   * @param config the configuration, untied where the tensors are
   * @param notes what a user should know of the difference between files and configuration
   */
  record Checked(LlamaConfig config, List<String> notes) {
    Checked {
      notes = List.copyOf(notes);
    }
  }

  /**
   * Refuses tensors that contradict the configuration.
   *
   * @throws MalformedFileException that names the first contradictions and counts the others
   */
  static Checked check(Path folder, LlamaConfig config, CheckpointTensors tensors)
      throws MalformedFileException {
    var check = new CheckpointCheck(config, tensors);
    check.checkExpected();
    check.checkOthers();
    var untied = check.problems.isEmpty() && check.hasAnotherHead();
    if (!check.problems.isEmpty()) {
      throw new MalformedFileException(
          folder, "the weights contradict config.json: " + Printable.first(check.problems, "; "));
    }
    return new Checked(untied ? config.untied() : config, check.notes);
  }

  private void checkExpected() {
    var missing = new ArrayList<String>();
    expected.forEach(
        (name, shape) -> {
          if (!tensors.contains(name)) {
            missing.add(name);
          } else {
            checkEntry(name, shape);
          }
        });
    if (missing.equals(List.of(HEAD)) && tensors.withoutPrefix()) {
      problems.addFirst(
          "missing lm_head.weight: this is a LlamaModel, saved without the head that makes logits"
              + " (set tie_word_embeddings to true if its head is the embedding)");
    } else if (!missing.isEmpty()) {
      problems.addFirst("missing " + Printable.first(missing, ", "));
    }
  }

  private void checkEntry(String name, Shape shape) {
    var entry = tensors.entry(name);
    if (!entry.shape().equals(shape)) {
      problems.add("%s is %s, not %s".formatted(name, entry.shape(), shape));
    }
    var dtype = entry.dtype();
    if ((dtype == null && !entry.dtypeName().equals("F64")) || dtype == DType.I32) {
      problems.add(
          "%s is of type %s, not F32, BF16, F16 or F64".formatted(name, entry.dtypeName()));
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
      notes.add(leftOut(layers));
    }
  }

  private String leftOut(SortedSet<Integer> layers) {
    var one = layers.size() == 1;
    return String.format(
        Locale.ROOT,
        "num_hidden_layers is %d: %s of the files %s left out.",
        config.layers(),
        one
            ? "layer " + layers.first()
            : String.format(
                Locale.ROOT, "%d layers (%d to %d)", layers.size(), layers.first(), layers.last()),
        one ? "is" : "are");
  }

  private boolean hasAnotherHead() throws MalformedFileException {
    if (!config.tieWordEmbeddings() || !tensors.contains(HEAD)) {
      return false;
    }
    checkEntry(HEAD, Shape.of(config.vocabSize(), config.hiddenSize()));
    if (!problems.isEmpty() || headEqualsEmbedding()) {
      return false;
    }
    notes.add(
        "tie_word_embeddings is true, but %s differs from %s: the model is read untied."
            .formatted(HEAD, EMBEDDING));
    return true;
  }

  private boolean headEqualsEmbedding() throws MalformedFileException {
    if (tensors.entry(HEAD).dtypeName().equals(tensors.entry(EMBEDDING).dtypeName())) {
      return tensors.bytes(HEAD).mismatch(tensors.bytes(EMBEDDING)) < 0;
    }
    try (var arena = Arena.ofConfined()) {
      var head = tensors.tensor(HEAD, arena);
      var embedding = tensors.tensor(EMBEDDING, arena);
      for (var i = 0L; i < head.elements(); i++) {
        if (head.getFloat(i) != embedding.getFloat(i)) {
          return false;
        }
      }
      return true;
    }
  }
}
