package org.bayu.llama;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.bayu.llama.hf.HfCheckpoint;
import org.bayu.tensor.AttentionSegments.Range;
import org.bayu.tensor.AttentionSegments.Segment;
import org.bayu.tensor.DType;
import org.bayu.tensor.Targets;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.autograd.Gradients;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.device.Devices;
import org.bayu.tensor.nn.Parameter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NeededRowsTest {
  /** A common beginning of 20 tokens in rows 0 to 19, and below it 6 tokens, then 9. */
  private final TokenTree tree =
      TokenTree.of(List.of(sequence(26, 30), sequence(29, 50)), TokenTree.DEFAULT_MINIMUM_SHARED);

  private static int[] sequence(int length, int seed) {
    return IntStream.range(0, length).map(i -> i < 20 ? i + 3 : seed + i * 7 % 40).toArray();
  }

  @Test
  void eachSegmentBeginsAtItsFirstRowThatIsAskedFor() {
    var needed = NeededRows.of(tree.attention(), new int[] {33, 24, 23, 33});
    assertArrayEquals(new int[] {23, 24, 25, 33, 34}, needed.rows());
    var context = List.of(new Range(0, 20));
    assertEquals(
        List.of(new Segment(0, 3, 20, 6, context), new Segment(3, 2, 26, 9, context)),
        needed.segments().segments());
    var targets = needed.among(new Targets(new int[] {34, 24}, new int[] {7, 8}, new double[2]));
    assertArrayEquals(new int[] {4, 1}, targets.rows());
  }

  @Test
  void segmentsOfWhichNothingIsAskedForAreLeftOut() {
    var needed = NeededRows.of(tree.attention(), new int[] {25});
    assertArrayEquals(new int[] {25}, needed.rows());
    assertThrows(
        IndexOutOfBoundsException.class, () -> NeededRows.of(tree.attention(), new int[] {-1}));
  }

  /** A row whose loss has no weight is computed all the same, and changes nothing. */
  @ParameterizedTest
  @CsvSource({"F32, 0, 1e-6", "F32, 1, 1e-6", "F32, 2, 1e-6", "BF16, 0, 0.02", "BF16, 2, 0.02"})
  void lossAndGradientsAreThoseOfAllRows(DType compute, int recomputed, double error)
      throws IOException {
    var counted = new int[] {23, 24, 34};
    var all = IntStream.concat(Arrays.stream(counted), IntStream.of(0, 20, 26)).toArray();
    assertEquals(tree.rows(), NeededRows.of(tree.attention(), all).rows().length);
    var expected = lossAndGradients(compute, recomputed, all);
    var actual = lossAndGradients(compute, recomputed, counted);
    for (var i = 0; i < expected.size(); i++) {
      var squares = 0.0;
      var differences = 0.0;
      for (var j = 0; j < expected.get(i).length; j++) {
        squares += Math.pow(expected.get(i)[j], 2);
        differences += Math.pow(expected.get(i)[j] - actual.get(i)[j], 2);
      }
      assertTrue(squares > 0, "number " + i);
      assertTrue(
          differences <= error * error * squares, i + ": " + Math.sqrt(differences / squares));
    }
  }

  /**
   * The loss over these rows, of which only the first three have weight; gradients of all weights.
   */
  private List<float[]> lossAndGradients(DType compute, int recomputed, int[] rows)
      throws IOException {
    try (var arena = Arena.ofShared();
        var checkpoint = HfCheckpoint.open(Golden.folder("llama2"));
        var device = Devices.cpu(2);
        var workspace = new Workspace()) {
      var model = new LlamaModel(checkpoint.config(), checkpoint.weights());
      model.parameters().forEach(parameter -> parameter.train(arena));
      var weights = model.parameters().stream().map(Parameter::value).toList();
      var classes = new int[rows.length];
      Arrays.setAll(classes, i -> 11 + i);
      var shares = new double[rows.length];
      Arrays.fill(shares, 0, 3, 1 / 3.0);
      try (var gradients = new Gradients(weights)) {
        var tape = new Tape(device, workspace, gradients);
        var targets = new Targets(rows, classes, shares);
        var loss = model.loss(tape, tree, targets, compute, recomputed);
        var value = new float[] {loss.value().getFloat(0)};
        tape.backward(loss);
        var values = new ArrayList<float[]>(List.of(value));
        weights.forEach(weight -> values.add(gradients.of(weight).toFloats()));
        return values;
      }
    }
  }
}
