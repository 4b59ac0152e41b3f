package org.bayu.train;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.bayu.llama.LlamaModel;
import org.bayu.lora.LoraAdapter;
import org.bayu.tensor.Device;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.nn.Parameter;
import org.bayu.tensor.optim.AdamW;
import org.bayu.tensor.optim.Shard;
import org.jspecify.annotations.Nullable;

/**
 * What training changes: the trainable parameters, the optimizer's moments and the progress. The
 * next step depends only on this, the run's settings and the data.
 *
 * <p>Owns the optimizer's memory, but not model and adapter. Not thread-safe, except {@link
 * #freeze}.
 */
public final class TrainState implements AutoCloseable {
  private final LlamaModel model;
  private final @Nullable LoraAdapter adapter;
  private final List<Parameter> parameters;
  private final AdamW optimizer;
  private final ProcessGroups groups;
  private final List<StateTensor> parameterTensors;
  private final List<StateTensor> firstMoments;
  private final List<StateTensor> secondMoments;
  private final @Nullable StateShards shards;
  private final @Nullable ModelParts parts;
  private final ReentrantLock updating = new ReentrantLock();
  private volatile Progress progress = Progress.START;
  private volatile boolean isStopped;

  /**
   * How far a run is.
   *
   * @param steps number of steps done
   * @param tokens of the examples of all steps done
   * @param skipped number of steps whose update was left out
   * @param consecutiveSkips how many of the last steps these were
   * @param unreported the last step's result, until its evaluation is done and all listeners have
   *     had its report; null after that
   */
  public record Progress(
      int steps,
      long tokens,
      int skipped,
      int consecutiveSkips,
      TrainingStep.@Nullable Result unreported) {
    /** Before the first step. */
    public static final Progress START = new Progress(0, 0, 0, 0, null);

    /** After one more step. */
    private Progress after(TrainingStep.Result result) {
      var skips = result.skipped() == null ? 0 : 1;
      return new Progress(
          steps + 1,
          tokens + result.tokens(),
          skipped + skips,
          skips * (consecutiveSkips + 1),
          result);
    }

    private Progress reported() {
      return new Progress(steps, tokens, skipped, consecutiveSkips, null);
    }

    /** The number of steps that listeners have had the report of. */
    public int reportedSteps() {
      return unreported == null ? steps : steps - 1;
    }
  }

  /**
   * The state before the first step.
   *
   * @param model whose parameters to be trained are {@linkplain Parameter#train trainable} already
   * @param adapter injected into the model; null where all weights are trained
   * @param seed of the stochastic rounding of BF16 weights
   */
  public TrainState(
      LlamaModel model,
      @Nullable LoraAdapter adapter,
      Device device,
      AdamW.Settings adamW,
      long seed) {
    this(model, adapter, device, adamW, seed, ProcessGroups.alone());
  }

  /**
   * The same in one of several processes. Where all weights are trained, the moments are divided
   * among those that have the same part of the model.
   *
   * @param groups the processes; remain the caller's
   * @throws IllegalArgumentException if several processes hold the model together, and the moments
   *     shall not be F32
   */
  public TrainState(
      LlamaModel model,
      @Nullable LoraAdapter adapter,
      Device device,
      AdamW.Settings adamW,
      long seed,
      ProcessGroups groups) {
    this.model = model;
    this.adapter = adapter;
    this.groups = groups;
    if (!model.part().isWhole() && adamW.moments() != AdamW.Moments.F32) {
      throw new IllegalArgumentException("the moments of a model in parts are F32 only");
    }
    parameters = model.parameters().stream().filter(Parameter::trainable).toList();
    var sharing = groups.data();
    var shard = adapter == null ? new Shard(sharing.rank(), sharing.size()) : Shard.WHOLE;
    optimizer = new AdamW(device, parameters, adamW, seed, shard);
    parameterTensors = parameters.stream().map(each -> StateTensor.of(each, shard)).toList();
    firstMoments = StateTensor.firstMoments(optimizer);
    secondMoments = StateTensor.secondMoments(optimizer);
    var all =
        Stream.of(parameterTensors, firstMoments, secondMoments).flatMap(List::stream).toList();
    shards = shard.isWhole() ? null : new StateShards(sharing, device, shard, all);
    parts = groups.model().size() == 1 ? null : new ModelParts(groups.model(), all);
  }

  /** The model with its current parameters. */
  public LlamaModel model() {
    return model;
  }

  /** The adapter; null where all weights are trained. */
  public @Nullable LoraAdapter adapter() {
    return adapter;
  }

  /** The trainable parameters, in the model's order. */
  public List<Parameter> parameters() {
    return parameters;
  }

  /** The optimizer with its moments. */
  public AdamW optimizer() {
    return optimizer;
  }

  /** The trainable parameters as a checkpoint has them. */
  public List<StateTensor> parameterTensors() {
    return parameterTensors;
  }

  /** AdamW's m as a checkpoint has it. */
  public List<StateTensor> firstMoments() {
    return firstMoments;
  }

  /** AdamW's v as a checkpoint has it. */
  public List<StateTensor> secondMoments() {
    return secondMoments;
  }

  /**
   * The whole of one of these. If several processes divide the state, rank 0 may call it between
   * two steps and after the last one until {@link #proceed}; the result is valid until the next
   * call.
   */
  public Tensor whole(StateTensor tensor) {
    return parts == null || tensor.modelPart().isWhole()
        ? ofThisPart(tensor)
        : parts.whole(tensor, this::ofThisPart);
  }

  /**
   * The whole of one of the model's parameters as it is updated, as {@link #whole(StateTensor)}.
   */
  public Tensor whole(Parameter parameter) {
    if (parameter.master() != null) {
      return whole(parameterTensors.get(parameters.indexOf(parameter)));
    }
    return parameter.part().isWhole() ? parameter.value() : whole(StateTensor.of(parameter));
  }

  /** What the processes with this part of the model have of a tensor. */
  private Tensor ofThisPart(StateTensor tensor) {
    return shards == null || tensor.isWhole()
        ? Tensor.of(tensor.part().data(), tensor.dtype(), tensor.shape())
        : shards.whole(tensor);
  }

  /** Whether this process holds a part of the state, and others hold the rest. */
  public boolean isDivided() {
    return shards != null || parts != null;
  }

  /**
   * Goes on with the next step, or ends after the last one: on rank 0 nothing more is asked for by
   * {@link #whole}; the other ranks answer what is, and return then. Collective where the state is
   * divided, else nothing.
   */
  public void proceed() {
    // The group of rank 0 has everything.
    if (parts != null && groups.data().rank() == 0) {
      parts.proceed(this::ofThisPart);
    }
    if (shards != null) {
      shards.proceed();
    }
  }

  /**
   * Lets all processes give up the step under way, so that rank 0 can collect the state after the
   * last whole step: {@link #whole} may be called when this returns true. The training ends with a
   * {@link StoppedException} in all; the other ranks then {@linkplain #proceed answer}. On rank 0,
   * from any thread.
   *
   * @return whether that has happened; false if the step did not come to it in time, or if the
   *     processes cannot be stopped within a step
   */
  public boolean stopStep(Duration limit) {
    isStopped = shards != null && parts == null && shards.rounds().stop(limit);
    return isStopped;
  }

  /** Whether the training was ended by {@link #stopStep}. */
  public boolean isStopped() {
    return isStopped;
  }

  /** The processes that hold parts of it. */
  public ProcessGroups groups() {
    return groups;
  }

  @Nullable StateShards shards() {
    return shards;
  }

  @Nullable ModelParts parts() {
    return parts;
  }

  /** The number of steps done, which is also the number of the next step. */
  public int steps() {
    return progress.steps;
  }

  /** How far the run is. */
  public Progress progress() {
    return progress;
  }

  /**
   * Goes on from an earlier state, whose parameters and moments are in place already.
   *
   * @param updates the optimizer's number of steps
   */
  public void restore(Progress earlier, long updates) {
    optimizer.restore(updates);
    progress = earlier;
  }

  /** Makes a step's update and counts the step, both or neither for {@link #freeze}. */
  void step(TrainingStep.Result result, Runnable update) {
    updating.lock();
    try {
      update.run();
      progress = progress.after(result);
    } finally {
      updating.unlock();
    }
  }

  /** All listeners have had the report of the last step. */
  void reported() {
    updating.lock();
    try {
      progress = progress.reported();
    } finally {
      updating.unlock();
    }
  }

  /**
   * Keeps the state as it is after its last whole step until the process ends: the thread that
   * trains waits before its next update. May be called from any thread, which can then read the
   * state.
   */
  @SuppressWarnings("LockNotBeforeTry") // never unlocked
  public void freeze() {
    updating.lock();
  }

  /** Frees the optimizer's moments. */
  @Override
  public void close() {
    if (parts != null) {
      parts.close();
    }
    if (shards != null) {
      shards.close();
    }
    optimizer.close();
  }
}
