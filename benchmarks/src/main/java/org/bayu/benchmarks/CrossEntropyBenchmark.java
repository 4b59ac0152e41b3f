package org.bayu.benchmarks;

import java.lang.foreign.Arena;
import java.util.List;
import java.util.stream.IntStream;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Targets;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.autograd.Gradients;
import org.bayu.tensor.autograd.LinearCrossEntropy;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.parallel.WorkerPool;
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
 * The head and the loss, forward and backward, for a vocabulary of 32,000.
 *
 * <p>The scalar kernels take minutes for so many tokens: {@code -p kernels=SCALAR -p tokens=16 -p
 * features=256}.
 */
@State(Scope.Benchmark)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms256m", "-Xmx256m", "-XX:+AlwaysPreTouch"})
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 2)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up first
public class CrossEntropyBenchmark {
  private static final int VOCABULARY = 32_000;

  /** Whose kernels. */
  @Param({"IN_USE"})
  public KernelChoice kernels;

  /** Rows that have loss. */
  @Param({"512"})
  public int tokens;

  /** Width of the model. */
  @Param({"2048", "4096"})
  public int features;

  /** Type of the hidden states and of the weight. */
  @Param({"F32", "BF16"})
  public DType dtype;

  /** Whether the weight is trained, which takes one product more. */
  @Param({"false", "true"})
  public boolean trained;

  /** Threads that compute. */
  @Param({"1", "2"})
  public int threads;

  private final Arena arena = Arena.ofShared();
  private final Workspace workspace = new Workspace();
  private Device device;
  private Gradients gradients;
  private Tensor hidden;
  private Tensor weight;
  private Targets targets;

  /** Makes the operands, and checks a loss. */
  @Setup
  public void setUp() {
    device = new CpuDevice(kernels.kernels(), new WorkerPool(threads));
    hidden = RandomData.tensor(arena, dtype, 1, tokens, features);
    weight = RandomData.tensor(arena, dtype, 2, VOCABULARY, features);
    gradients = new Gradients(trained ? List.of(weight) : List.of());
    targets =
        Targets.mean(IntStream.range(0, tokens).map(i -> (61 * i + 7) % VOCABULARY).toArray());
    var first = new Targets(new int[] {0}, new int[] {7}, new double[] {1});
    var loss = forwardAndBackward(first);
    var expected = expectedLoss();
    if (!(Math.abs(loss - expected) <= 1e-3 * expected)) {
      throw new IllegalStateException("the loss is " + loss + ", should be " + expected);
    }
  }

  /** −log softmax of class 7 in row 0. */
  private double expectedLoss() {
    var logits = IntStream.range(0, VOCABULARY).mapToDouble(this::logit).toArray();
    var sum = 0.0;
    for (var logit : logits) {
      sum += Math.exp(logit - logits[7]);
    }
    return Math.log(sum);
  }

  private double logit(int row) {
    var sum = 0.0;
    for (var f = 0; f < features; f++) {
      sum += (double) hidden.getFloat(f) * weight.getFloat((long) row * features + f);
    }
    return sum;
  }

  private float forwardAndBackward(Targets of) {
    workspace.reset();
    gradients.zero();
    var tape = new Tape(device, workspace, gradients);
    var loss = LinearCrossEntropy.apply(tape, tape.input(hidden), weight, null, of);
    var value = loss.value().getFloat(0);
    tape.backward(loss);
    return value;
  }

  /** The loss and its gradients. */
  @Benchmark
  public float forwardAndBackward(Gflops rate) {
    var products = trained ? 3 : 2;
    rate.add(products * 2.0 * tokens * features * VOCABULARY);
    return forwardAndBackward(targets);
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
