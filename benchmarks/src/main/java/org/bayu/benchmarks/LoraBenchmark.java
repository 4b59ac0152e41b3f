package org.bayu.benchmarks;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.OpTime;
import org.bayu.tensor.OpTime.Pass;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.autograd.Gradients;
import org.bayu.tensor.autograd.Linear;
import org.bayu.tensor.autograd.Linear.LowRank;
import org.bayu.tensor.autograd.MatMul;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.device.Devices;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What LoRA adds to a frozen linear layer: the layer with it and without in turns, forward and
 * backward, timed op by op.
 */
@State(Scope.Benchmark)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms256m", "-Xmx256m", "-XX:+AlwaysPreTouch"})
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 1, time = 30) // JMH would add up the shares of several
@SuppressWarnings("NullAway.Init") // JMH calls the set-up first
public class LoraBenchmark {
  /** M×N×K of the layer. */
  @Param({"2048x4096x4096"})
  public String shape;

  /** Rank of LoRA. */
  @Param({"8"})
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
  private Tensor x;
  private Tensor weight;
  private LowRank lowRank;
  private Tensor dy;
  private Tensor ones;

  /** Makes the operands. */
  @Setup
  public void setUp() {
    device = Devices.cpu(threads);
    var size = LinearShape.parse(shape);
    x = RandomData.tensor(arena, dtype, 1, size.m(), size.k());
    weight = RandomData.tensor(arena, dtype, 2, size.n(), size.k());
    dy = RandomData.tensor(arena, dtype, 3, size.n(), 1);
    ones = RandomData.tensor(arena, dtype, 4, 1, size.m());
    var a = RandomData.tensor(arena, DType.F32, 5, rank, size.k());
    var b = RandomData.tensor(arena, DType.F32, 6, size.n(), rank);
    lowRank = new LowRank(a, b, 2, null);
    gradients = new Gradients(List.of(a, b));
  }

  /** y, dx and LoRA's gradients, with LoRA and without. */
  @Benchmark
  public void forwardAndBackward(Overhead overhead) {
    overhead.plain.add(step(null));
    overhead.lora.add(step(lowRank));
  }

  /** Where the time goes for the loss Σᵢ onesᵢ·(yᵢ·dy). */
  private List<OpTime> step(@Nullable LowRank addition) {
    workspace.reset();
    gradients.zero();
    device.startProfile();
    var tape = new Tape(device, workspace, gradients);
    var y = Linear.apply(tape, tape.input(x), weight, null, addition);
    var products = MatMul.apply(tape, y, tape.constant(dy));
    tape.backward(MatMul.apply(tape, tape.constant(ones), products));
    return device.profile();
  }

  /** What LoRA adds, percent of the time without. */
  @AuxCounters(AuxCounters.Type.EVENTS)
  @State(Scope.Thread)
  public static class Overhead {
    private Times plain;
    private Times lora;

    /** Forgets the warm-up. */
    @Setup(Level.Iteration)
    public void forget() {
      plain = new Times();
      lora = new Times();
    }

    /** Of the forward pass. */
    public double forwardPercent() {
      return percent(Pass.FORWARD);
    }

    /** Of the backward pass. */
    public double backwardPercent() {
      return percent(Pass.BACKWARD);
    }

    private double percent(Pass pass) {
      return 100 * (lora.median(pass) / plain.median(pass) - 1);
    }
  }

  /** The seconds of the layer's passes, call by call. */
  private static final class Times {
    private final EnumMap<Pass, List<Double>> seconds = new EnumMap<>(Pass.class);

    private void add(List<OpTime> times) {
      for (var time : times) {
        if (time.op().equals("Linear")) {
          seconds.computeIfAbsent(time.pass(), _ -> new ArrayList<>()).add(time.seconds());
        }
      }
    }

    private double median(Pass pass) {
      var sorted = seconds.getOrDefault(pass, List.of(Double.NaN)).stream().sorted().toList();
      return sorted.get(sorted.size() / 2);
    }
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
