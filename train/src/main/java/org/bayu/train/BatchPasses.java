package org.bayu.train;

import java.util.List;
import org.bayu.collectives.Communicator;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.autograd.GradientParts;
import org.bayu.tensor.autograd.Gradients;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.nn.Parameter;
import org.bayu.train.MicroBatches.MicroBatch;
import org.jspecify.annotations.Nullable;

/**
 * The forward and backward passes of a batch's micro-batches: its loss, and the sums of its
 * gradients over all processes.
 *
 * <p>Owns gradients and workspace, and reuses them. Not thread-safe.
 */
final class BatchPasses implements AutoCloseable {
  private final TrainState state;
  private final Device device;
  private final TrainingStep.Settings settings;
  private final Workspace workspace;
  private final Communicator ranks;
  private final @Nullable GradientRounds rounds;
  private final Gradients gradients;
  private final GradientSum sum;

  /**
   * Passes of a state's model.
   *
   * @param workspace is the new object's from now on, even if this constructor throws
   * @throws IllegalArgumentException if several processes are to train BF16 weights with whole
   *     gradients, or hold a model with such weights together
   */
  BatchPasses(
      TrainState state, Device device, TrainingStep.Settings settings, Workspace workspace) {
    this.state = state;
    this.device = device;
    this.settings = settings;
    this.workspace = workspace;
    ranks = state.groups().data();
    var shards = state.shards();
    rounds = shards != null && settings.gradientParts() ? shards.rounds() : null;
    try {
      if (state.parts() != null && hasBFloat16Weights(state)) {
        throw new IllegalArgumentException("the weights of a model in parts are F32 only");
      }
      if (shards != null && rounds == null && hasBFloat16Weights(state)) {
        throw new IllegalArgumentException("of BF16 gradients each process keeps its part");
      }
      gradients = Parameter.gradients(state.parameters(), settings.seed(), gradientParts());
      // Gradients of all weights are too large to be kept apart.
      sum = new GradientSum(device, gradients, ranks, state.adapter() != null);
    } catch (Throwable e) {
      workspace.close();
      throw e;
    }
  }

  private static boolean hasBFloat16Weights(TrainState state) {
    return state.parameters().stream().anyMatch(each -> each.gradientType() == DType.BF16);
  }

  private @Nullable GradientParts gradientParts() {
    var isWhole = state.adapter() == null && settings.gradientParts();
    return rounds == null && isWhole ? GradientParts.WHOLE : rounds;
  }

  /** The gradients of the last batch; if the state is divided, this rank's part of them. */
  Gradients gradients() {
    return gradients;
  }

  /** Whether nothing but this rank's part of each gradient is here. */
  boolean keepsParts() {
    return rounds != null;
  }

  /**
   * Loss and gradients of a batch. The result has no norm yet. Collective.
   *
   * @throws IllegalArgumentException if the batch has no counted position
   * @throws StoppedException if all processes give the step up
   */
  TrainingStep.Result gradients(
      long step, List<TokenizedExample> batch, TrainingStep.Listener listener) {
    gradients.zero(step);
    var isInRounds = gradientParts() != null; // of one process, too: in their order
    var microBatches = isInRounds ? MicroBatches.largestFirst(cut(batch)) : cut(batch);
    device.mark("cutting the batch");
    var share =
        rounds == null
            ? WorkShare.ofNeighbours(microBatches, ranks)
            : WorkShare.inRounds(microBatches.size(), ranks);
    var losses = new double[microBatches.size()];
    if (rounds == null) {
      addUp(step, microBatches, share, losses, listener);
    } else {
      addInRounds(step, microBatches, share, losses, listener, rounds);
    }
    sumOverParts();
    device.mark("summing the gradients");
    var tokens = batch.stream().mapToLong(example -> example.tokens().size()).sum();
    var distinct = microBatches.stream().mapToLong(each -> each.tree().rows()).sum();
    return new TrainingStep.Result(
        share.sum(losses), Double.NaN, tokens, distinct, microBatches.size(), null);
  }

  /** Each rank adds up its own, and then the ranks do. */
  private void addUp(
      long step,
      List<MicroBatch> microBatches,
      WorkShare share,
      double[] losses,
      TrainingStep.Listener listener) {
    var own = share.own();
    sum.begin(share);
    for (var n = 0; n < own.length; n++) {
      losses[own[n]] = pass(step, microBatches.get(own[n]));
      workspace.reset();
      sum.take(share, n);
      device.mark("summing the gradients");
      listener.microBatch(n + 1, own.length);
    }
    sum.end();
    var shards = state.shards();
    if (shards != null) {
      shards.reduce(gradients);
    }
  }

  /** All ranks add up one micro-batch of each at a time. */
  private void addInRounds(
      long step,
      List<MicroBatch> microBatches,
      WorkShare share,
      double[] losses,
      TrainingStep.Listener listener,
      GradientRounds all) {
    var own = share.own();
    try {
      for (var n = 0; n < own.length; n++) {
        all.begin(share.withRound(n));
        losses[own[n]] = pass(step, microBatches.get(own[n]));
        all.end();
        workspace.reset();
        device.mark("summing the gradients");
        listener.microBatch(n + 1, own.length);
      }
      var others = share.withRound(own.length);
      if (others > 0) {
        all.follow(others, gradients, device, workspace);
        workspace.reset();
      }
    } catch (StoppedException e) {
      all.stopped();
      throw e;
    }
  }

  private double pass(long step, MicroBatch microBatch) {
    return loss(new Tape(device, workspace, gradients), step, microBatch);
  }

  /** What each part of a model has whole of an adapter gets the gradients of all parts. */
  private void sumOverParts() {
    var adapter = state.adapter();
    var overParts = state.model().part().sum();
    if (adapter != null && overParts != null) {
      for (var shared : adapter.sharedParameters()) {
        overParts.add(gradients.of(shared.value()));
      }
    }
  }

  /** A mean over nothing is no number: it is refused. */
  private List<MicroBatch> cut(List<TokenizedExample> examples) {
    var microBatches = settings.microBatches().cut(examples);
    if (microBatches.isEmpty()) {
      throw new IllegalArgumentException("no position of these examples is counted");
    }
    return microBatches;
  }

  private double loss(Tape tape, long step, MicroBatch microBatch) {
    var adapter = state.adapter();
    if (adapter != null && adapter.config().dropout() > 0) {
      adapter.beginMicroBatch(settings.seed(), step, microBatch.rowKeys(), microBatch.neededRows());
    }
    var loss =
        state
            .model()
            .loss(
                tape,
                microBatch.tree(),
                microBatch.targets(),
                settings.compute(),
                settings.recomputed());
    // The backward pass gives the loss's memory back.
    var value = loss.value().getFloat(0);
    if (tape.recording()) {
      tape.backward(loss);
    }
    return value;
  }

  /** As {@link TrainingStep#evaluate}. Collective. */
  double loss(List<TokenizedExample> examples, TrainingStep.Listener listener) {
    var microBatches = cut(examples);
    var share = WorkShare.ofNeighbours(microBatches, ranks);
    var losses = new double[microBatches.size()];
    var own = share.own();
    for (var n = 0; n < own.length; n++) {
      losses[own[n]] = loss(Tape.inference(device, workspace), 0, microBatches.get(own[n]));
      workspace.reset();
      listener.microBatch(n + 1, own.length);
    }
    return share.sum(losses);
  }

  /** Frees gradients and workspace. */
  @Override
  public void close() {
    sum.close();
    gradients.close();
    workspace.close();
  }
}
