package org.bayu.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.bayu.tensor.AttentionSegments.Range;
import org.bayu.tensor.AttentionSegments.Segment;
import org.bayu.tensor.OpTime.Pass;
import org.bayu.tensor.autograd.Attention;
import org.bayu.tensor.autograd.Checkpoint;
import org.bayu.tensor.autograd.Gradients;
import org.bayu.tensor.autograd.Linear;
import org.bayu.tensor.autograd.LinearCrossEntropy;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.device.Devices;
import org.junit.jupiter.api.Test;

class ProfileTest {
  private static final int T = 6;
  private static final int D = 4;

  /** A square linear layer in a checkpoint, attention, and a loss of two rows on 8 classes. */
  private static List<OpTime> profile(boolean start) {
    try (var device = Devices.cpu(2);
        var arena = Arena.ofConfined();
        var workspace = new Workspace();
        var gradients = new Gradients(List.of())) {
      var x = Tensor.allocate(arena, DType.F32, Shape.of(T, D));
      var weight = Tensor.allocate(arena, DType.F32, Shape.of(D, D));
      var head = Tensor.allocate(arena, DType.F32, Shape.of(8, D));
      if (start) {
        device.startProfile();
      }
      device.mark("loading");
      var tape = new Tape(device, workspace, gradients);
      var q =
          Checkpoint.apply(
              tape, tape.input(x), (t, input) -> Linear.apply(t, input, weight, null, null));
      // Four tokens; two more that see two of them.
      var segments =
          new AttentionSegments(
              List.of(
                  new Segment(0, 4, 0, 4, List.of()),
                  new Segment(4, 2, 4, 2, List.of(new Range(0, 2)))));
      var y = Attention.apply(tape, q, q, q, segments, D);
      var targets = new Targets(new int[] {1, 5}, new int[] {3, 0}, new double[] {1, 1});
      tape.backward(LinearCrossEntropy.apply(tape, y, head, null, targets));
      return device.profile();
    }
  }

  @Test
  void eachPassOfEachOpHasItsOperations() {
    var times = profile(true);
    Map<String, Double> flops =
        times.stream()
            .collect(
                Collectors.toMap(
                    time -> time.op() + " " + time.pass(), time -> time.flops() / time.calls()));
    var linear = 2.0 * T * D * D;
    // 1 + 2 + 3 + 4 pairs, and 3 + 4.
    var attention = 4.0 * D * 17;
    assertEquals(
        Map.of(
            "loading " + Pass.OTHER,
            0.0,
            "Linear " + Pass.FORWARD,
            linear,
            "Checkpoint " + Pass.FORWARD,
            0.0,
            "Attention " + Pass.FORWARD,
            attention,
            // The gradient in the hidden rows is computed in the forward pass.
            "LinearCrossEntropy " + Pass.FORWARD,
            2 * 2.0 * 2 * 8 * D,
            "LinearCrossEntropy " + Pass.BACKWARD,
            0.0,
            "Attention " + Pass.BACKWARD,
            2.5 * attention,
            "Linear " + Pass.RECOMPUTE,
            linear,
            "Linear " + Pass.BACKWARD,
            linear,
            "Checkpoint " + Pass.BACKWARD,
            0.0),
        flops);
  }

  @Test
  void threadsAreNotBusierThanThereIsTime() {
    var times = profile(true);
    times.forEach(time -> assertEquals(1, time.calls(), time.op()));
    var seconds = times.stream().mapToDouble(OpTime::seconds).sum();
    var busy = times.stream().mapToDouble(OpTime::busySeconds).sum();
    assertTrue(0 < busy && busy <= 2 * seconds, busy + " of " + seconds);
  }

  @Test
  void nothingIsCountedThatWasNotAskedFor() {
    assertEquals(List.of(), profile(false));
  }
}
