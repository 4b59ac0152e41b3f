package org.bayu.llama;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bayu.llama.hf.ConfigJson;
import org.bayu.tensor.DType;
import org.bayu.tensor.Targets;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.autograd.Gradients;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.device.Devices;
import org.bayu.tensor.nn.Parameter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is counted without memory, and what real passes then take. */
class PassMemoryTest {
  private static final int THREADS = 2;

  record Case(int kvHeads, boolean tied, boolean bias, DType dtype, DType compute, int recomputed) {
    LlamaConfig config() {
      return ConfigJson.parse(
          String.format(
              Locale.ROOT,
              """
              {"hidden_size": 64, "intermediate_size": 176, "num_hidden_layers": 3,
               "num_attention_heads": 4, "num_key_value_heads": %d, "vocab_size": 500,
               "max_position_embeddings": 512, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
               "hidden_act": "silu", "model_type": "llama", "tie_word_embeddings": %b,
               "attention_bias": %b, "mlp_bias": %b}
              """,
              kvHeads,
              tied,
              bias,
              bias));
    }
  }

  static Stream<Case> cases() {
    return Stream.of(
        new Case(4, false, false, DType.F32, DType.F32, 0),
        new Case(4, false, false, DType.F32, DType.F32, 3),
        new Case(2, true, false, DType.BF16, DType.BF16, 0),
        new Case(2, true, false, DType.BF16, DType.BF16, 3),
        new Case(2, true, false, DType.BF16, DType.BF16, 1),
        new Case(4, false, false, DType.F32, DType.F32, 2),
        new Case(1, false, true, DType.BF16, DType.F32, 0),
        new Case(1, false, true, DType.F32, DType.BF16, 3));
  }

  /** Three sequences of 40 tokens, of which the first 30 are the same. */
  private static TokenTree tree(int minimumShared) {
    var sequences =
        IntStream.range(0, 3)
            .mapToObj(s -> IntStream.range(0, 40).map(i -> i < 30 ? i : i + s).toArray())
            .toList();
    return TokenTree.of(sequences, minimumShared);
  }

  /** Every row is to be followed by token 7. */
  private static Targets targets(int rows) {
    return targets(0, rows);
  }

  private static Targets targets(int from, int to) {
    var ids = new int[to - from];
    Arrays.fill(ids, 7);
    var weights = new double[to - from];
    Arrays.fill(weights, 1);
    return new Targets(IntStream.range(from, to).toArray(), ids, weights);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void aTrainingPassOfAllWeightsHoldsWhatWasCounted(Case c) {
    for (var firstTarget : List.of(0, 35)) {
      var tree = tree(firstTarget == 0 ? 16 : Integer.MAX_VALUE);
      var targets = targets(firstTarget, tree.rows());
      try (var arena = Arena.ofShared()) {
        var planned =
            new LlamaModel(c.config(), PassMemory.withoutMemory(weights(c, Arena.ofAuto())));
        planned.parameters().forEach(parameter -> parameter.train(arena));
        var expected =
            PassMemory.training(planned, tree, targets, c.compute(), c.recomputed(), THREADS);
        var model = new LlamaModel(c.config(), weights(c, arena));
        model.parameters().forEach(parameter -> parameter.train(arena));
        assertHolds(expected, c, model, tree, targets);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void anInferencePassHoldsWhatWasCounted(Case c) {
    var tree = tree(16);
    try (var arena = Arena.ofShared()) {
      var planned =
          new LlamaModel(c.config(), PassMemory.withoutMemory(weights(c, Arena.ofAuto())));
      var model = new LlamaModel(c.config(), weights(c, arena));
      assertHolds(
          PassMemory.inference(planned, tree, targets(tree.rows()), c.compute(), THREADS),
          c,
          model,
          tree,
          targets(tree.rows()));
    }
  }

  @Test
  void checkpointingTakesLessMemory() {
    var c = cases().findFirst().orElseThrow();
    var tree = tree(16);
    var model = new LlamaModel(c.config(), PassMemory.withoutMemory(weights(c, Arena.ofAuto())));
    model.parameters().forEach(parameter -> parameter.train(Arena.ofAuto()));
    var all = PassMemory.training(model, tree, targets(10), DType.F32, 0, THREADS);
    var some = PassMemory.training(model, tree, targets(10), DType.F32, 3, THREADS);
    assertTrue(some.workspaceBytes() < 0.6 * all.workspaceBytes(), all + " and " + some);
  }

  private static Weights weights(Case c, Arena arena) {
    var shapes = c.config().parameterShapes();
    return name -> Tensor.allocate(arena, c.dtype(), Objects.requireNonNull(shapes.get(name)));
  }

  /** Runs the pass, with gradients where the model has trainable parameters, twice. */
  private static void assertHolds(
      PassMemory expected, Case c, LlamaModel model, TokenTree tree, Targets targets) {
    var trainable =
        model.parameters().stream().filter(Parameter::trainable).map(Parameter::value).toList();
    try (var device = Devices.cpu(THREADS);
        var workspace = new Workspace();
        var gradients = new Gradients(trainable)) {
      for (var pass = 0; pass < 2; pass++) {
        var tape =
            trainable.isEmpty()
                ? Tape.inference(device, workspace)
                : new Tape(device, workspace, gradients);
        var loss = model.loss(tape, tree, targets, c.compute(), c.recomputed());
        if (tape.recording()) {
          tape.backward(loss);
        }
        workspace.reset();
      }
      assertEquals(expected.workspaceBytes(), workspace.bytes(), c.toString());
      // Without a backward pass the loss needs the most, and the block's gaps are too small for it.
      assertTrue(
          workspace.bytes() <= (trainable.isEmpty() ? 1.5 : 1.25) * workspace.peakBytes(),
          c + " " + workspace.bytes() + " of " + workspace.peakBytes());
      assertTrue(
          device.scratchBytes() <= expected.scratchBytes(),
          c + ": " + device.scratchBytes() + " of " + expected.scratchBytes());
    }
  }
}
