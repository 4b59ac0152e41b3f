package org.bayu.benchmarks;

import java.lang.foreign.Arena;
import java.util.List;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.autograd.Gradients;
import org.bayu.tensor.autograd.Linear;
import org.bayu.tensor.autograd.Linear.LowRank;
import org.bayu.tensor.autograd.MatMul;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.autograd.Variable;
import org.jspecify.annotations.Nullable;
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
 * What LoRA adds to a frozen linear layer: the rates count the layer's own products only, so that
 * they compare like the times.
 */
@State(Scope.Benchmark)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms256m", "-Xmx256m", "-XX:+AlwaysPreTouch"})
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 2)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up first
public class LoraBenchmark {
  /** M×N×K of the layer. */
  @Param({"2048x4096x4096"})
  public String shape;

  /** Rank of LoRA; 0 for the layer alone. */
  @Param({"0", "8"})
  public int rank;

  /** Type of activations and weights. */
  @Param({"BF16"})
  public DType dtype;

  /** Threads that compute. */
  @Param({"1", "2"})
  public int threads;

  private final Arena arena = Arena.ofShared();
  private final Workspace workspace = new Workspace();
  private Device device;
  private Gradients gradients;
  private LinearShape size;
  private Tensor x;
  private Tensor weight;
  private @Nullable LowRank lowRank;
  private Tensor dy;
  private Tensor ones;

  /** Makes the operands. */
  @Setup
  public void setUp() {
    device = Device.cpu(threads);
    size = LinearShape.parse(shape);
    x = RandomData.tensor(arena, dtype, 1, size.m(), size.k());
    weight = RandomData.tensor(arena, dtype, 2, size.n(), size.k());
    dy = RandomData.tensor(arena, dtype, 3, 1, size.n());
    ones = RandomData.tensor(arena, dtype, 4, 1, size.m());
    if (rank == 0) {
      gradients = new Gradients(List.of());
    } else {
      var a = RandomData.tensor(arena, DType.F32, 5, rank, size.k());
      var b = RandomData.tensor(arena, DType.F32, 6, size.n(), rank);
      lowRank = new LowRank(a, b, 2, null);
      gradients = new Gradients(List.of(a, b));
    }
  }

  /** y. */
  @Benchmark
  public Variable forward(Gflops rate) {
    workspace.reset();
    rate.add(size.flops());
    var tape = Tape.inference(device, workspace);
    return Linear.apply(tape, tape.constant(x), weight, null, lowRank);
  }

  /** y, dx and LoRA's gradients, for the loss Σᵢ onesᵢ·(yᵢ·dy). */
  @Benchmark
  public Variable forwardAndBackward(Gflops rate) {
    workspace.reset();
    gradients.zero();
    rate.add(2 * size.flops());
    var tape = new Tape(device, workspace, gradients);
    var input = tape.input(x);
    var y = Linear.apply(tape, input, weight, null, lowRank);
    var products = Linear.apply(tape, y, dy, null, null);
    tape.backward(MatMul.apply(tape, tape.constant(ones), products));
    return input;
  }

  /** Frees the memory. */
  @TearDown
  public void tearDown() {
    workspace.close();
    gradients.close();
    device.close();
    arena.close();
  }
}
