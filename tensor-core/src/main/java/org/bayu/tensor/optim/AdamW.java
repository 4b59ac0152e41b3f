package org.bayu.tensor.optim;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.LargeArena;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.Gradients;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.kernels.DynamicCode;
import org.bayu.tensor.internal.kernels.Kernels.AdamWScalars;
import org.bayu.tensor.internal.kernels.StochasticRounding;
import org.bayu.tensor.nn.Parameter;
import org.jspecify.annotations.Nullable;

/**
 * Adam with decoupled weight decay: m = β₁m + (1−β₁)g, v = β₂v + (1−β₂)g², p −= lr·(m̂ / (√v̂ + ε)
 * + decay·p), where m̂ = m / (1−β₁ᵗ), v̂ = v / (1−β₂ᵗ). Loshchilov and Hutter 2019, "Decoupled
 * Weight Decay Regularization"; ε outside the root, as in optax and PyTorch.
 *
 * <p>A BF16 parameter without a {@linkplain Parameter#master master} has no F32 copy: its update is
 * computed in F32 and rounded stochastically. Of one with a master that is updated, and the value
 * is then rounded to nearest.
 *
 * <p>Owns the state of each parameter until {@link #close}. Not thread-safe.
 */
public final class AdamW implements AutoCloseable {
  /** Elements of one task: a fixed partition, independent of the thread count. */
  private static final int CHUNK = 1 << 15;

  private final Arena arena = LargeArena.ofShared();
  private final CpuDevice device;
  private final Settings settings;
  private final long seed;
  private final Shard shard;
  private final List<State> states = new ArrayList<>();
  private long steps;

  /** In which form the moments are held from step to step. */
  public enum Moments {
    /** F32. */
    F32,
    /**
     * In 8 bits, as bitsandbytes holds them: codes of its dynamic code books, signed for m and
     * unsigned for v, in blocks of 256 elements with an absmax, F32, each. A parameter of fewer
     * than 4096 elements has moments in F32, as there. A step computes in F32 all the same.
     */
    EIGHT_BIT;

    /** Elements that share an absmax. */
    public static final int BLOCK = DynamicCode.BLOCK;

    /** The least elements that are held in 8 bits, as in bitsandbytes. */
    private static final long LEAST_ELEMENTS = 4096;

    private boolean areCodes(long elements) {
      return this == EIGHT_BIT && elements >= LEAST_ELEMENTS;
    }

    /** Bytes of both moments of a parameter. */
    public long bytes(long elements) {
      return bytes(elements, Shard.WHOLE);
    }

    /** Bytes of what a part's optimizer holds of them. */
    public long bytes(long elements, Shard shard) {
      var held = shard.size(elements);
      return areCodes(elements)
          ? 2 * (held + Float.BYTES * DynamicCode.blocks(held))
          : 2 * Float.BYTES * held;
    }
  }

  /**
   * The constants.
   *
   * @param weightDecay for the parameters that {@linkplain Parameter#decays decay}
   * @param moments in which form the state is held
   */
  public record Settings(
      double beta1, double beta2, double epsilon, double weightDecay, Moments moments) {
    /** The same with moments in F32. */
    public Settings(double beta1, double beta2, double epsilon, double weightDecay) {
      this(beta1, beta2, epsilon, weightDecay, Moments.F32);
    }
  }

  /**
   * The moments of a parameter: F32, or U8 codes and the absmax of each 256 of them. An optimizer
   * of a part of the elements has vectors of these.
   *
   * @param m moving average of the gradients, of the parameter's shape
   * @param mAbsmax F32 [blocks]; null if m is F32
   * @param v moving average of their squares, of m's shape
   * @param vAbsmax F32 [blocks]; null if v is F32
   */
  public record State(
      Parameter parameter, Tensor m, @Nullable Tensor mAbsmax, Tensor v, @Nullable Tensor vAbsmax) {
    /** Bytes of both moments. */
    public long bytes() {
      var absmax = mAbsmax == null || vAbsmax == null ? 0 : 2 * mAbsmax.byteSize();
      return m.byteSize() + v.byteSize() + absmax;
    }

    private static State of(Arena arena, Parameter parameter, Moments moments, Shard shard) {
      var elements = parameter.value().elements();
      var held = shard.size(elements);
      var shape = shard.isWhole() ? parameter.value().shape() : Shape.of(held);
      var codes = moments.areCodes(elements);
      var type = codes ? DType.U8 : DType.F32;
      var m = Tensor.allocate(arena, type, shape);
      var v = Tensor.allocate(arena, type, shape);
      if (!codes) {
        return new State(parameter, m, null, v, null);
      }
      // The codes mean nothing as long as the absmax is 0.
      var blocks = Shape.of(DynamicCode.blocks(held));
      return new State(
          parameter,
          m,
          Tensor.allocate(arena, DType.F32, blocks),
          v,
          Tensor.allocate(arena, DType.F32, blocks));
    }
  }

  /** An optimizer of these trainable parameters, F32. */
  public AdamW(Device device, List<Parameter> parameters, Settings settings) {
    this(device, parameters, settings, 0);
  }

  /**
   * An optimizer of these trainable parameters, F32 or BF16.
   *
   * @param seed of the stochastic rounding of BF16 parameters: its random bits follow from the
   *     seed, the number of updates, the parameter's place in the list, and the element
   */
  public AdamW(Device device, List<Parameter> parameters, Settings settings, long seed) {
    this(device, parameters, settings, seed, Shard.WHOLE);
  }

  /**
   * An optimizer of a part of each parameter: it reads and changes no other element, and has
   * moments of these alone. The results are those of one optimizer of everything.
   */
  public AdamW(
      Device device, List<Parameter> parameters, Settings settings, long seed, Shard shard) {
    this.device = (CpuDevice) device;
    this.seed = seed;
    this.settings = settings;
    this.shard = shard;
    try {
      for (var parameter : parameters) {
        states.add(State.of(arena, parameter, settings.moments, shard));
      }
    } catch (Throwable e) { // no memory is left: give back what there was
      arena.close();
      throw e;
    }
  }

  /** The part of the parameters that it updates. */
  public Shard shard() {
    return shard;
  }

  /** In which form it holds the moments. */
  public Moments moments() {
    return settings.moments;
  }

  /** Number of steps done: t. */
  public long steps() {
    return steps;
  }

  /**
   * Goes on from an earlier state: sets the number of steps done. The moments are set by writing to
   * the tensors of {@link #states}.
   */
  public void restore(long stepsDone) {
    if (stepsDone < 0) {
      throw new IllegalArgumentException("an optimizer has done no " + stepsDone + " steps");
    }
    steps = stepsDone;
  }

  /** The state, parameter by parameter. */
  public List<State> states() {
    return List.copyOf(states);
  }

  /**
   * Updates every parameter.
   *
   * @param gradientScale factor of the gradients, from {@link GradientClip#scale}
   */
  public void step(Gradients gradients, double learningRate, double gradientScale) {
    steps++;
    for (var index = 0; index < states.size(); index++) {
      var state = states.get(index);
      var scalars =
          new AdamWScalars(
              (float) gradientScale,
              (float) settings.beta1,
              (float) settings.beta2,
              (float) settings.epsilon,
              (float) learningRate,
              (float) (state.parameter.decays() ? settings.weightDecay : 0),
              (float) (1 / (1 - Math.pow(settings.beta1, (double) steps))),
              (float) (1 / (1 - Math.pow(settings.beta2, (double) steps))));
      var value = state.parameter.value();
      var first = shard.from(value.elements());
      var skipped = first - gradients.from(value);
      var key = StochasticRounding.key(seed, steps, index);
      update(new ParameterUpdate(state, gradients.of(value), first, skipped, scalars, key));
    }
    device.mark("AdamW");
  }

  private void update(ParameterUpdate update) {
    var elements = update.state().m.elements(); // perhaps none
    var isFirst = steps == 1;
    device
        .workers()
        .run(
            Math.toIntExact((elements + CHUNK - 1) / CHUNK),
            (task, worker) -> {
              var from = (long) task * CHUNK;
              var n = (int) Math.min(CHUNK, elements - from);
              if (isFirst) {
                touch(update.state().m, from, n);
                touch(update.state().v, from, n);
              }
              update.run(device.kernels(), from, n, device.workers(), worker);
            });
  }

  private static void touch(Tensor moment, long from, int n) {
    var bytes = moment.dtype().bytes();
    LargeArena.touch(moment.data(), bytes * from, (long) bytes * n);
  }

  /** Frees the state. */
  @Override
  public void close() {
    arena.close();
  }
}
