package org.bayu.tensor.optim;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.Gradients;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.kernels.Kernels.AdamWScalars;
import org.bayu.tensor.nn.Parameter;

/**
 * Adam with decoupled weight decay: m = β₁m + (1−β₁)g, v = β₂v + (1−β₂)g², p −= lr·(m̂ / (√v̂ + ε)
 * + decay·p), where m̂ = m / (1−β₁ᵗ), v̂ = v / (1−β₂ᵗ). Loshchilov and Hutter 2019, "Decoupled
 * Weight Decay Regularization"; ε outside the root, as in optax and PyTorch.
 *
 * <p>Owns the state of each parameter, F32, until {@link #close}. Not thread-safe.
 */
public final class AdamW implements AutoCloseable {
  /** Elements of one task: a fixed partition, independent of the thread count. */
  private static final int CHUNK = 1 << 15;

  private final Arena arena = Arena.ofShared();
  private final CpuDevice device;
  private final Settings settings;
  private final List<State> states = new ArrayList<>();
  private long steps;

  /**
   * The constants.
   *
   * @param weightDecay for the parameters that {@linkplain Parameter#decays decay}
   */
  public record Settings(double beta1, double beta2, double epsilon, double weightDecay) {}

  /**
   * The moments of a parameter, F32.
   *
   * @param m moving average of the gradients, of the parameter's shape
   * @param v moving average of their squares, of the parameter's shape
   */
  public record State(Parameter parameter, Tensor m, Tensor v) {}

  /** An optimizer of these trainable parameters. */
  public AdamW(Device device, List<Parameter> parameters, Settings settings) {
    this.device = (CpuDevice) device;
    this.settings = settings;
    try {
      for (var parameter : parameters) {
        var shape = parameter.value().shape();
        states.add(
            new State(
                parameter,
                Tensor.allocate(arena, DType.F32, shape),
                Tensor.allocate(arena, DType.F32, shape)));
      }
    } catch (Throwable e) { // no memory is left: give back what there was
      arena.close();
      throw e;
    }
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
    for (var state : states) {
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
      update(state, gradients.of(state.parameter.value()), scalars);
    }
    device.mark("AdamW");
  }

  private void update(State state, Tensor gradient, AdamWScalars scalars) {
    var parameter = state.parameter.value();
    var elements = parameter.elements();
    device
        .workers()
        .run(
            Math.toIntExact((elements + CHUNK - 1) / CHUNK),
            (index, worker) -> {
              var from = (long) index * CHUNK;
              device
                  .kernels()
                  .adamW(
                      parameter.data(),
                      gradient.data(),
                      state.m.data(),
                      state.v.data(),
                      from * 4,
                      (int) Math.min(CHUNK, elements - from),
                      scalars);
            });
  }

  /** Frees the state. */
  @Override
  public void close() {
    arena.close();
  }
}
