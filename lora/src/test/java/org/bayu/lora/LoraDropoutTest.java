package org.bayu.lora;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import org.bayu.lora.LoraTargets.Names;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.autograd.Checkpoint;
import org.bayu.tensor.autograd.Gradients;
import org.bayu.tensor.autograd.MatMul;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.device.Devices;
import org.bayu.tensor.nn.Linear;
import org.bayu.tensor.nn.Parameter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LoraDropoutTest {
  private static final int TOKENS = 5;
  private static final long[] ROWS = {10, 11, 12, 20, 21};

  private final Arena memory = Arena.ofShared();
  private final Device device = Devices.cpu(1);
  private final Workspace workspace = new Workspace();
  private final TinyModel model = new TinyModel(memory, DType.F32);
  private final LoraAdapter adapter =
      LoraAdapter.inject(model, new LoraConfig(3, 6, 0.5, new Names(List.of("q_proj")), false), 0);
  private final Tensor x = Tensor.allocate(memory, DType.F32, Shape.of(TOKENS, TinyModel.HIDDEN));
  private final Gradients gradients =
      new Gradients(adapter.parameters().stream().map(Parameter::value).toList());

  @BeforeEach
  void fill() {
    for (var i = 0; i < x.elements(); i++) {
      x.setFloat(i, 1 + i);
    }
    for (var parameter : adapter.parameters()) {
      for (var i = 0; i < parameter.value().elements(); i++) {
        parameter.value().setFloat(i, 0.1f * (i % 7));
      }
    }
  }

  @AfterEach
  void free() {
    gradients.close();
    adapter.close();
    workspace.close();
    device.close();
    memory.close();
  }

  @Test
  void inferenceDropsNothing() {
    adapter.beginMicroBatch(1, 2, ROWS);
    var tape = Tape.inference(device, workspace);
    var y = query(0).forward(tape, tape.constant(x)).value().toFloats();
    assertArrayEquals(y, query(0).forward(tape, tape.constant(x)).value().toFloats());
    assertFalse(Arrays.equals(y, trained(0, x, ROWS, 2)));
  }

  @Test
  void masksDifferByStepLayerAndRowOnly() {
    var y = trained(0, x, ROWS, 2);
    assertArrayEquals(y, trained(0, x, ROWS, 2));
    assertFalse(Arrays.equals(y, trained(0, x, ROWS, 3)));
    assertFalse(Arrays.equals(y, trained(0, x, new long[] {30, 31, 32, 40, 41}, 2)));
    var outputs = TinyModel.HIDDEN;
    var secondPart = trained(0, x.slice(3, 5), Arrays.copyOfRange(ROWS, 3, 5), 2);
    assertArrayEquals(Arrays.copyOfRange(y, 3 * outputs, 5 * outputs), secondPart);

    query(3).weight().value().copyFrom(query(0).weight().value());
    assertFalse(Arrays.equals(y, trained(3, x, ROWS, 2)));
  }

  @Test
  void aBlockComputedAgainHasTheSameMasks() {
    adapter.beginMicroBatch(1, 2, ROWS);
    var direct = gradient(query(0)::forward);
    var recomputed = gradient((tape, input) -> Checkpoint.apply(tape, input, query(0)::forward));
    assertArrayEquals(direct, recomputed);
    adapter.beginMicroBatch(1, 3, ROWS);
    assertFalse(Arrays.equals(direct, gradient(query(0)::forward)));
  }

  @Test
  void trainingWithoutAMicroBatchIsRefused() {
    var tape = new Tape(device, workspace, gradients);
    assertThrows(IllegalStateException.class, () -> query(0).forward(tape, tape.constant(x)));
  }

  private Linear query(int index) {
    return model.linearsInPlace().get(index);
  }

  private float[] trained(int index, Tensor input, long[] rows, long step) {
    adapter.beginMicroBatch(1, step, rows);
    var tape = new Tape(device, workspace, gradients);
    return query(index).forward(tape, tape.constant(input)).value().toFloats();
  }

  /** Of Σ block(x) in the first layer's A and B. */
  private float[] gradient(Checkpoint.Block block) {
    gradients.zero();
    var tape = new Tape(device, workspace, gradients);
    var y = block.apply(tape, tape.constant(x));
    var sums = MatMul.apply(tape, tape.constant(ones(1, TOKENS)), y);
    tape.backward(MatMul.apply(tape, sums, tape.constant(ones(TinyModel.HIDDEN, 1))));
    var a = gradients.of(gradients.weights().get(0)).toFloats();
    var b = gradients.of(gradients.weights().get(1)).toFloats();
    var both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }

  private Tensor ones(int rows, int columns) {
    var values = new float[rows * columns];
    Arrays.fill(values, 1);
    return Tensor.ofFloats(memory, Shape.of(rows, columns), values);
  }
}
