package org.bayu.benchmarks;

import java.lang.foreign.Arena;
import java.util.Objects;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.KernelProvider;
import org.bayu.tensor.internal.kernels.BFloat16Kernels;
import org.bayu.tensor.internal.kernels.Kernels;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * SwiGLU of bf16 from memory, some elements at a time: in machine code that reads and writes bf16,
 * and widened to memory that stays in the cache for the kernels of F32, then rounded. For
 * processors with AVX-512 BF16.
 */
@State(Scope.Thread)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms256m", "-Xmx256m", "-XX:+AlwaysPreTouch"})
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up first
public class BFloat16LoopsBenchmark {
  private static final int ROWS = 1024;
  private static final int COLUMNS = 5632;

  /** How bf16 is computed with. */
  public enum Way {
    /** Where it lies. */
    IN_PLACE,
    /** By way of F32. */
    WIDENED
  }

  /** How bf16 is computed with. */
  @Param public Way way;

  private final Arena arena = Arena.ofShared();
  private final Kernels kernels = KernelProvider.kernels();
  private BFloat16Kernels loops;
  private Tensor gate;
  private Tensor up;
  private Tensor dy;
  private Tensor y;
  private Tensor dGate;
  private Tensor dUp;
  private Tensor wideGate;
  private Tensor wideUp;
  private Tensor wideDy;
  private Tensor wideY;
  private Tensor wideDGate;
  private Tensor wideDUp;

  /** Makes the operands, and compares the two ways. */
  @Setup
  public void setUp() {
    loops = Objects.requireNonNull(kernels.bfloat16Loops(), "no loops over bf16 here");
    gate = RandomData.tensor(arena, DType.BF16, 1, ROWS, COLUMNS);
    up = RandomData.tensor(arena, DType.BF16, 2, ROWS, COLUMNS);
    dy = RandomData.tensor(arena, DType.BF16, 3, ROWS, COLUMNS);
    y = Tensor.allocate(arena, DType.BF16, gate.shape());
    dGate = Tensor.allocate(arena, DType.BF16, gate.shape());
    dUp = Tensor.allocate(arena, DType.BF16, gate.shape());
    wideGate = RandomData.tensor(arena, DType.F32, 4, COLUMNS);
    wideUp = Tensor.allocate(arena, DType.F32, wideGate.shape());
    wideDy = Tensor.allocate(arena, DType.F32, wideGate.shape());
    wideY = Tensor.allocate(arena, DType.F32, wideGate.shape());
    wideDGate = Tensor.allocate(arena, DType.F32, wideGate.shape());
    wideDUp = Tensor.allocate(arena, DType.F32, wideGate.shape());
    wideForward(0);
    forward(0);
    Agreement.check(y, wideY, 0x1p-8);
    wideBackward(0);
    backward(0);
    Agreement.check(dGate, wideDGate, 0x1p-8);
    Agreement.check(dUp, wideDUp, 0x1p-8);
  }

  private void forward(long at) {
    loops.swiGlu(gate.data(), at, up.data(), at, y.data(), at, COLUMNS);
  }

  private void wideForward(long at) {
    kernels.widen(DType.BF16, gate.data(), at, wideGate.data(), 0, COLUMNS);
    kernels.widen(DType.BF16, up.data(), at, wideUp.data(), 0, COLUMNS);
    kernels.swiGlu(wideGate.data(), 0, wideUp.data(), 0, wideY.data(), 0, COLUMNS);
    kernels.narrow(DType.BF16, wideY.data(), 0, y.data(), at, COLUMNS);
  }

  private void backward(long at) {
    loops.swiGluBackward(
        gate.data(), at, up.data(), at, dy.data(), at, dGate.data(), at, dUp.data(), at, COLUMNS);
  }

  private void wideBackward(long at) {
    kernels.widen(DType.BF16, gate.data(), at, wideGate.data(), 0, COLUMNS);
    kernels.widen(DType.BF16, up.data(), at, wideUp.data(), 0, COLUMNS);
    kernels.widen(DType.BF16, dy.data(), at, wideDy.data(), 0, COLUMNS);
    kernels.swiGluBackward(
        wideGate.data(),
        0,
        wideUp.data(),
        0,
        wideDy.data(),
        0,
        wideDGate.data(),
        0,
        wideDUp.data(),
        0,
        COLUMNS);
    kernels.narrow(DType.BF16, wideDGate.data(), 0, dGate.data(), at, COLUMNS);
    kernels.narrow(DType.BF16, wideDUp.data(), 0, dUp.data(), at, COLUMNS);
  }

  /** Reads gate and up, writes y. */
  @Benchmark
  public void forward(Bandwidth rate) {
    for (var i = 0; i < ROWS; i++) {
      var at = 2L * COLUMNS * i;
      if (way == Way.IN_PLACE) {
        forward(at);
      } else {
        wideForward(at);
      }
    }
    rate.add(3 * y.byteSize());
  }

  /** Reads gate, up and dy, writes the gradients of gate and up. */
  @Benchmark
  public void backward(Bandwidth rate) {
    for (var i = 0; i < ROWS; i++) {
      var at = 2L * COLUMNS * i;
      if (way == Way.IN_PLACE) {
        backward(at);
      } else {
        wideBackward(at);
      }
    }
    rate.add(5 * y.byteSize());
  }

  /** Frees the memory. */
  @TearDown
  public void tearDown() {
    arena.close();
  }
}
