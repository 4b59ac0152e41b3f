package org.bayu.lora;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.bayu.llama.LlamaModel;
import org.bayu.llama.TokenTree;
import org.bayu.llama.Weights;
import org.bayu.llama.hf.HfCheckpoint;
import org.bayu.lora.LoraTargets.Names;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Targets;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.autograd.Dropout;
import org.bayu.tensor.autograd.Gradients;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.autograd.Variable;
import org.bayu.tensor.device.Devices;
import org.bayu.tensor.io.SafetensorsFile;
import org.bayu.tensor.nn.Parameter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Adapters of a Llama, with what PEFT computes with them. */
class LlamaAdapterTest {
  /** PEFT's own binary32 logits are up to 8e-6 from those in double precision. */
  private static final float NOISE = 2 * 8e-6f;

  /** Of a parameter, to either side, for the slope of the loss. */
  private static final double STEP = 0.01;

  private final Device device = Devices.cpu(2);
  private HfCheckpoint checkpoint;
  private int[] tokens;

  @BeforeEach
  void open() throws IOException {
    checkpoint = HfCheckpoint.open(GoldenModel.FOLDER);
    tokens =
        new ObjectMapper()
            .readValue(GoldenModel.FOLDER.resolve("tokens.json").toFile(), int[].class);
  }

  @AfterEach
  void close() throws IOException {
    checkpoint.close();
    device.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"all-linear", "lm-head", "regular-expression"})
  void logitsWithAnAdapterAreThoseOfPeft(String name, @TempDir Path folder) throws IOException {
    var golden = GoldenModel.ADAPTERS.resolve(name);
    var model = new LlamaModel(checkpoint.config(), checkpoint.weights());
    var saved = folder.resolve("again");
    float[] logits;
    try (var adapter = PeftFormat.load(golden, model);
        var expected = SafetensorsFile.open(golden.resolve("logits.safetensors"))) {
      logits = logits(model);
      assertArrayEquals(expected.tensor("float64").toFloats(), logits, NOISE);
      PeftFormat.save(adapter, saved, "base");
    }
    try (var adapter = PeftFormat.load(saved, model)) {
      assertArrayEquals(logits, logits(model), adapter.config().toString());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"patterns", "one-layer"})
  void ranksAlphasAndLayersLeftOutAreThoseOfPeft(String name, @TempDir Path folder)
      throws IOException {
    var golden = GoldenModel.ADAPTERS.resolve(name);
    var model = new LlamaModel(checkpoint.config(), checkpoint.weights());
    float[] logits;
    try (var adapter = PeftFormat.load(golden, model);
        var expected = SafetensorsFile.open(golden.resolve("logits.safetensors"))) {
      logits = logits(model);
      // Both are that far from double precision.
      assertArrayEquals(expected.tensor("float32").toFloats(), logits, 2 * NOISE);
      PeftFormat.save(adapter, folder.resolve("again"), "base");
    }
    try (var adapter = PeftFormat.load(folder.resolve("again"), model)) {
      assertArrayEquals(logits, logits(model), adapter.config().toString());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"all-linear", "lm-head", "regular-expression"})
  void mergedWeightsGiveTheAdaptersLogits(String name) throws IOException {
    var golden = GoldenModel.ADAPTERS.resolve(name);
    var base = checkpoint.weights();
    var model = new LlamaModel(checkpoint.config(), base);
    try (var memory = Arena.ofShared();
        var adapter = PeftFormat.load(golden, model);
        var expected = SafetensorsFile.open(golden.resolve("logits.safetensors"))) {
      var adapted = adapter.mergedWeights();
      Weights merged =
          weight ->
              adapted.contains(weight)
                  ? adapter.merged(device, weight, base.tensor(weight), DType.F32, memory)
                  : base.tensor(weight);
      var logits = logits(new LlamaModel(checkpoint.config(), merged));
      assertArrayEquals(expected.tensor("float64").toFloats(), logits, NOISE);
    }
  }

  @Test
  void aFreshAdapterChangesNoBitAndAClosedOneLeavesNoTrace() {
    var model = new LlamaModel(checkpoint.config(), checkpoint.weights());
    var before = logits(model);
    try (var adapter = LoraAdapter.inject(model, LoraConfig.DEFAULT, 3)) {
      assertEquals(14, adapter.layers().size());
      assertArrayEquals(before, logits(model));
      adapter.parameters().forEach(parameter -> parameter.value().setFloat(0, 1));
      assertFalse(Arrays.equals(before, logits(model)));
    }
    assertArrayEquals(before, logits(model));
  }

  @Test
  void dropoutIsTheSameHoweverABatchIsCutAndRecomputed() {
    var model = new LlamaModel(checkpoint.config(), checkpoint.weights());
    var names = new Names(List.of("q_proj", "v_proj", "down_proj", "lm_head"));
    try (var adapter = LoraAdapter.inject(model, new LoraConfig(2, 4, 0.3, names, false), 1)) {
      randomize(adapter);
      var whole = gradients(model, adapter, 0, List.of(0, 1));
      var recomputed = gradients(model, adapter, 2, List.of(0, 1));
      var cut = gradients(model, adapter, 0, List.of(0), List.of(1));
      for (var i = 0; i < whole.size(); i++) {
        assertArrayEquals(whole.get(i), recomputed.get(i));
        // Sums of 21 rows in another order: some 21 · 2⁻²⁴ = 1.3e-6 of the norm.
        assertEquals(0, distance(whole.get(i), cut.get(i)), 1e-5);
      }
    }
  }

  @Test
  void gradientsThroughDropoutAreTheSlopesOfTheLoss() {
    var model = new LlamaModel(checkpoint.config(), checkpoint.weights());
    // The gradients of the lower layers' A and B come through the dropout of those above.
    var names = new Names(List.of("q_proj", "v_proj", "down_proj", "lm_head"));
    try (var adapter = LoraAdapter.inject(model, new LoraConfig(2, 4, 0.3, names, false), 1)) {
      randomize(adapter);
      var gradients = gradients(model, adapter, 0, List.of(0, 1));
      for (var i = 0; i < gradients.size(); i++) {
        var parameter = adapter.parameters().get(i);
        var up = lossBeside(model, adapter, parameter, gradients.get(i), STEP);
        var down = lossBeside(model, adapter, parameter, gradients.get(i), -STEP);
        // The slope in the gradient's direction is the gradient's norm. The quotient is off by
        // the loss's third derivative, in proportion to STEP² (8e-4 was measured at twice this
        // STEP: 2e-4 here), and by the rounding of two losses of about 100 to F32, some 1e-4.
        assertEquals(1, (up - down) / (2 * STEP) / norm(gradients.get(i)), 1e-3, parameter.name());
      }
    }
  }

  /** The loss where a parameter is step · direction / ‖direction‖ away from its value. */
  private double lossBeside(
      LlamaModel model, LoraAdapter adapter, Parameter parameter, float[] direction, double step) {
    var value = parameter.value();
    var before = value.toFloats();
    var factor = step / norm(direction);
    for (var i = 0; i < direction.length; i++) {
      value.setFloat(i, (float) (before[i] + factor * direction[i]));
    }
    var weights = adapter.parameters().stream().map(Parameter::value).toList();
    try (var gradients = new Gradients(weights);
        var workspace = new Workspace()) {
      var tape = new Tape(device, workspace, gradients);
      return loss(model, adapter, tape, 0, List.of(0, 1)).value().getFloat(0);
    } finally {
      for (var i = 0; i < before.length; i++) {
        value.setFloat(i, before[i]);
      }
    }
  }

  private static double norm(float[] a) {
    return Math.sqrt(IntStream.range(0, a.length).mapToDouble(i -> (double) a[i] * a[i]).sum());
  }

  /** ‖a − b‖ / ‖a‖. */
  private static double distance(float[] a, float[] b) {
    var difference = 0.0;
    var norm = 0.0;
    for (var i = 0; i < a.length; i++) {
      difference += Math.pow((double) a[i] - b[i], 2);
      norm += (double) a[i] * a[i];
    }
    return Math.sqrt(difference / norm);
  }

  private static void randomize(LoraAdapter adapter) {
    var random = new SplittableRandom(11);
    for (var parameter : adapter.parameters()) {
      for (var i = 0L; i < parameter.value().elements(); i++) {
        parameter.value().setFloat(i, (float) random.nextDouble(-0.2, 0.2));
      }
    }
  }

  /**
   * The adapter's gradients, one array a parameter, of the loss of two sequences in some
   * micro-batches.
   */
  @SafeVarargs
  private List<float[]> gradients(
      LlamaModel model, LoraAdapter adapter, int recomputed, List<Integer>... pieces) {
    var weights = adapter.parameters().stream().map(Parameter::value).toList();
    try (var gradients = new Gradients(weights);
        var workspace = new Workspace()) {
      for (var piece : pieces) {
        var tape = new Tape(device, workspace, gradients);
        tape.backward(loss(model, adapter, tape, recomputed, piece));
        workspace.reset();
      }
      return weights.stream().map(weight -> gradients.of(weight).toFloats()).toList();
    }
  }

  /** The sum of a micro-batch's losses, with dropout. */
  private Variable loss(
      LlamaModel model, LoraAdapter adapter, Tape tape, int recomputed, List<Integer> piece) {
    var sequences = List.of(Arrays.copyOf(tokens, 12), Arrays.copyOfRange(tokens, 5, 14));
    var tree = TokenTree.of(piece.stream().map(sequences::get).toList(), Integer.MAX_VALUE);
    var keys = new long[tree.rows()];
    var targets = new int[tree.rows()];
    for (var i = 0; i < piece.size(); i++) {
      var sequence = sequences.get(piece.get(i));
      for (var position = 0; position < sequence.length; position++) {
        var row = tree.row(i, position);
        keys[row] = Dropout.key(piece.get(i), position);
        targets[row] = sequence[(position + 1) % sequence.length];
      }
    }
    // The first tokens have no loss: the last block computes the others only.
    var rows = IntStream.range(0, tree.rows()).filter(row -> tree.positions()[row] >= 3).toArray();
    var classes = Arrays.stream(rows).map(row -> targets[row]).toArray();
    var ones = new double[rows.length];
    Arrays.fill(ones, 1);
    adapter.beginMicroBatch(1, 2, keys, rows);
    return model.loss(tape, tree, new Targets(rows, classes, ones), DType.F32, recomputed);
  }

  private float[] logits(LlamaModel model) {
    try (var workspace = new Workspace()) {
      var tape = Tape.inference(device, workspace);
      var tree = TokenTree.of(List.of(tokens), Integer.MAX_VALUE);
      var hidden = model.hidden(tape, tree, DType.F32, 0);
      var rows = IntStream.range(0, tokens.length).toArray();
      return model.logits(tape, hidden, rows).value().toFloats();
    }
  }
}
