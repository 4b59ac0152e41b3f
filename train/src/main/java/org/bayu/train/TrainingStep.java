package org.bayu.train;

import java.util.List;
import java.util.Optional;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.autograd.Gradients;
import org.bayu.tensor.nn.Parameter;
import org.bayu.tensor.optim.GradientClip;
import org.bayu.tensor.optim.Shard;
import org.jspecify.annotations.Nullable;

/**
 * Makes updates of a model's trainable parameters: loss and gradients of a batch, then the clip,
 * then AdamW.
 *
 * <p>Owns gradients and workspace, and reuses them in every step. Not thread-safe.
 */
public final class TrainingStep implements AutoCloseable {
  private final TrainState state;
  private final Device device;
  private final Settings settings;
  private final BatchPasses passes;
  private final SumsOfSquares squares;

  /**
   * What does not change from step to step.
   *
   * @param compute the compute type, F32 or BF16
   * @param recomputed of how many blocks the backward pass computes the forward pass again, see
   *     {@link org.bayu.llama.LlamaModel#hidden}
   * @param maxGradNorm the bound of the gradients' global norm; 0 or less for none
   * @param seed of the dropout masks and of the rounding of BF16 gradients
   * @param skipNonFinite whether an update is left out, rather than the run ended, where loss or
   *     gradients are not finite
   * @param gradientParts whether the additions of each micro-batch to the gradients of all weights
   *     are summed at once, in the order of the micro-batches. Then each of several processes keeps
   *     only its part of the gradients, and the bits do not depend on the number of processes.
   */
  public record Settings(
      DType compute,
      MicroBatches microBatches,
      int recomputed,
      double maxGradNorm,
      long seed,
      boolean skipNonFinite,
      boolean gradientParts) {
    /** The same with whole gradients. */
    public Settings(
        DType compute,
        MicroBatches microBatches,
        int recomputed,
        double maxGradNorm,
        long seed,
        boolean skipNonFinite) {
      this(compute, microBatches, recomputed, maxGradNorm, seed, skipNonFinite, false);
    }
  }

  /**
   * The results of a step.
   *
   * @param loss mean cross-entropy over the batch's counted positions, before the update
   * @param gradientNorm global norm before the clip
   * @param tokens number of tokens of the batch's examples
   * @param distinctTokens number of computed tokens: a shared prefix counts once
   * @param skipped why the update was left out; null if it was made
   */
  public record Result(
      double loss,
      double gradientNorm,
      long tokens,
      long distinctTokens,
      int microBatches,
      @Nullable String skipped) {}

  /** Is told the progress of a step or an evaluation. */
  @FunctionalInterface
  public interface Listener {
    /** Called after each micro-batch: {@code done} of {@code count}. */
    void microBatch(int done, int count);
  }

  /**
   * Steps that change the trainable parameters of {@code state}. If this is one of several
   * processes, all have the same state or their parts of it, and are given the same batches: each
   * group that has a model computes some of the micro-batches, and all make the same update. So
   * {@link #run} and {@link #evaluate} are collective. The results do not depend on the number of
   * groups: to the last bit with an adapter or with gradient parts, else up to rounding. They
   * depend on the number of parts of a model up to rounding.
   *
   * @param workspace for the activations; the new object owns it from now on, even if this
   *     constructor throws
   * @throws IllegalArgumentException if several processes are to train BF16 weights with whole
   *     gradients
   */
  public TrainingStep(TrainState state, Device device, Settings settings, Workspace workspace) {
    this.state = state;
    this.device = device;
    this.settings = settings;
    passes = new BatchPasses(state, device, settings, workspace);
    try {
      squares =
          new SumsOfSquares(
              state.parameters().size(), Math.max(groups(), state.groups().model().size()));
    } catch (Throwable e) {
      passes.close();
      throw e;
    }
  }

  /**
   * One step: an update, counted in the state.
   *
   * @param step the step's number, for the dropout masks and the rounding of BF16 gradients
   * @throws IllegalArgumentException if the batch has no counted position
   * @throws NonFiniteException if loss or gradients are not finite and such an update is not to be
   *     left out; the state is then unchanged
   * @throws StoppedException if all processes give the step up; the state is then unchanged
   */
  public Result run(
      long step, List<TokenizedExample> batch, double learningRate, Listener listener) {
    state.proceed();
    var result = gradients(step, batch, listener);
    var isFinite = Double.isFinite(result.loss);
    var squares = isFinite ? sumsOfSquares() : new double[0];
    var norm = isFinite ? GradientClip.norm(squares) : Double.NaN;
    var fault = fault(result.loss, norm, squares);
    if (fault != null && !settings.skipNonFinite) {
      throw new NonFiniteException(step, fault);
    }
    var done =
        new Result(
            result.loss, norm, result.tokens, result.distinctTokens, result.microBatches, fault);
    state.step(done, () -> update(done, learningRate));
    return done;
  }

  private void update(Result result, double learningRate) {
    if (result.skipped == null) {
      var scale = GradientClip.scale(result.gradientNorm, settings.maxGradNorm);
      state.optimizer().step(gradients(), learningRate, scale);
      var shards = state.shards();
      if (shards != null) {
        shards.gather(gradients().weights());
        device.mark("gathering the parameters");
      }
    }
  }

  /** Σ g² of each gradient. */
  private double[] sumsOfSquares() {
    var ranks = state.groups().data();
    var isDivided = state.shards() != null;
    // Of what each has of a gradient, nothing is left out.
    var isAll = !isDivided || passes.keepsParts();
    squares.compute(
        device, gradients(), isAll ? Shard.WHOLE : new Shard(ranks.rank(), ranks.size()));
    if (isDivided) {
      squares.add(ranks, _ -> true);
    }
    if (state.parts() != null) {
      squares.add(state.groups().model(), i -> !state.parameters().get(i).part().isWhole());
    }
    return squares.values();
  }

  /** What is not finite; null if nothing. */
  private @Nullable String fault(double loss, double norm, double[] squares) {
    if (!Double.isFinite(loss)) {
      return "the loss is " + loss;
    }
    return Double.isFinite(norm)
        ? null
        : "the gradient of " + firstNonFinite(squares) + " is not finite";
  }

  /**
   * Mean cross-entropy over the counted positions of {@code examples}, without an update.
   *
   * @throws IllegalArgumentException if there are none
   */
  public double evaluate(List<TokenizedExample> examples, Listener listener) {
    return passes.loss(examples, listener);
  }

  /** The first trainable parameter whose values are not all finite. */
  public Optional<String> destroyedParameter() {
    return state.parameters().stream()
        .filter(parameter -> !GradientClip.isFinite(device, parameter.value()))
        .map(Parameter::name)
        .findFirst();
  }

  /** How many groups of processes share the micro-batches. */
  int groups() {
    return state.groups().data().size();
  }

  /** The gradients of the last batch; if the state is divided, this rank's part of them. */
  Gradients gradients() {
    return passes.gradients();
  }

  /** Loss and gradients of a batch, without an update. Collective. */
  Result gradients(long step, List<TokenizedExample> batch, Listener listener) {
    return passes.gradients(step, batch, listener);
  }

  private String firstNonFinite(double[] squares) {
    for (var i = 0; i < squares.length; i++) {
      if (!Double.isFinite(squares[i])) {
        return state.parameters().get(i).name();
      }
    }
    return "all parameters together";
  }

  /** Frees gradients and workspace. */
  @Override
  public void close() {
    squares.close();
    passes.close();
  }
}
