package org.bayu.lora;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bayu.llama.LlamaModel;
import org.bayu.llama.PassMemory;
import org.bayu.llama.TokenTree;
import org.bayu.llama.hf.HfCheckpoint;
import org.bayu.tensor.DType;
import org.bayu.tensor.Targets;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.autograd.Gradients;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.device.Devices;
import org.bayu.tensor.nn.Parameter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is counted for an adapter without memory, and what real passes then take. */
class AdapterMemoryTest {
  record Case(int rank, LoraTargets targets, double dropout, DType compute, int recomputed) {}

  static Stream<Case> cases() {
    var all = new LoraTargets.AllLinears();
    var some = new LoraTargets.Names(List.of("q_proj", "v_proj"));
    var head = new LoraTargets.Names(List.of("lm_head", "down_proj"));
    return Stream.of(
        new Case(8, all, 0, DType.F32, 0),
        new Case(8, all, 0, DType.BF16, 9),
        new Case(8, all, 0.1, DType.BF16, 1),
        new Case(4, some, 0, DType.BF16, 0),
        new Case(64, all, 0.1, DType.BF16, 0),
        new Case(8, all, 0.1, DType.F32, 9),
        new Case(4, head, 0.1, DType.F32, 0),
        new Case(4, head, 0, DType.BF16, 9));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void aTrainingPassHoldsWhatWasCounted(Case c) throws IOException {
    var sequences =
        IntStream.range(0, 3)
            .mapToObj(s -> IntStream.range(0, 8).map(i -> i < 5 ? i : i + s).toArray())
            .toList();
    var tree = TokenTree.of(sequences, c.dropout == 0 ? 4 : Integer.MAX_VALUE);
    var rows = IntStream.range(0, tree.rows()).toArray();
    var ones = new double[rows.length];
    Arrays.fill(ones, 1);
    var targets = new Targets(rows, new int[rows.length], ones);
    var config = new LoraConfig(c.rank, 8, c.dropout, c.targets, false);
    try (var checkpoint = HfCheckpoint.open(GoldenModel.FOLDER);
        var device = Devices.cpu(2)) {
      var weights = PassMemory.withoutMemory(checkpoint.weights());
      var planned = new LlamaModel(checkpoint.config(), weights);
      PassMemory expected;
      try (var adapter = LoraAdapter.inject(planned, config, 0)) {
        assertTrue(adapter.parameters().stream().noneMatch(p -> p.value().hasMemory()));
        adapter.beginMicroBatch(0, 0, new long[rows.length]);
        expected = PassMemory.training(planned, tree, targets, c.compute, c.recomputed, 2);
      }
      var model = new LlamaModel(checkpoint.config(), checkpoint.weights());
      try (var adapter = LoraAdapter.inject(model, config, 0);
          var workspace = new Workspace();
          var gradients =
              new Gradients(adapter.parameters().stream().map(Parameter::value).toList())) {
        adapter.beginMicroBatch(0, 0, new long[rows.length]);
        for (var pass = 0; pass < 2; pass++) {
          var tape = new Tape(device, workspace, gradients);
          tape.backward(model.loss(tape, tree, targets, c.compute, c.recomputed));
          workspace.reset();
        }
        assertEquals(expected.workspaceBytes(), workspace.bytes(), c.toString());
      }
    }
  }
}
