package org.bayu.train.plan;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.bayu.llama.PassMemory;
import org.bayu.train.GradientCheckpointing;
import org.bayu.train.GradientSums;
import org.bayu.train.MicroBatches;
import org.bayu.train.TokenizedData;
import org.bayu.train.TrainException;
import org.bayu.train.TrainSettings;
import org.bayu.train.plan.MemoryPlan.StepTokens;
import org.jspecify.annotations.Nullable;

/**
 * Plans a run's memory. It estimates the memory from the run's own batches, and chooses what the
 * settings leave open: the token budget and gradient checkpointing.
 */
public final class MemoryPlanner {
  /**
   * Budgets to choose from. Above the first a step gains no more speed; below the last the weights
   * would be read for too few tokens.
   */
  private static final List<Integer> BUDGETS = List.of(4096, 3072, 2048, 1536, 1024, 768, 512);

  /** The same for rows with common beginnings, which are then computed less often. */
  private static final List<Integer> SHARING_BUDGETS =
      Stream.concat(Stream.of(16384, 8192), BUDGETS.stream()).toList();

  /** Of the distinct tokens; less is not worth the memory. */
  private static final double WORTH_SAVING = 0.01;

  private final TrainSettings settings;
  private final RunShape shape;
  private final boolean merges;
  private final long predictionBytes;
  private final MachineMemory machine;
  private final long heapBytes;
  private final BatchSample training;
  private final @Nullable BatchSample evaluation;
  private final Map<Integer, BatchSample.Cut> cuts = new HashMap<>();
  private final Map<Integer, BatchSample.Cut> evaluatedCuts = new HashMap<>();
  private final int threads = Runtime.getRuntime().availableProcessors();

  /**
   * Looks at the batches of a run.
   *
   * @param evalData rows of the evaluations; null for none
   * @param merges whether saves merge the adapter into the model
   */
  public MemoryPlanner(
      TrainSettings settings,
      RunShape shape,
      TokenizedData data,
      @Nullable TokenizedData evalData,
      boolean merges,
      MachineMemory machine) {
    this(settings, shape, data, evalData, merges, 0, machine);
  }

  /**
   * The same for a run whose evaluations generate too.
   *
   * @param predictionBytes what that takes beside the memory of a step
   */
  public MemoryPlanner(
      TrainSettings settings,
      RunShape shape,
      TokenizedData data,
      @Nullable TokenizedData evalData,
      boolean merges,
      long predictionBytes,
      MachineMemory machine) {
    this(
        settings,
        shape,
        data,
        evalData,
        merges,
        predictionBytes,
        machine,
        ProcessMemory.heapBytes());
  }

  /** The same with a given Java heap. */
  MemoryPlanner(
      TrainSettings settings,
      RunShape shape,
      TokenizedData data,
      @Nullable TokenizedData evalData,
      boolean merges,
      long predictionBytes,
      MachineMemory machine,
      long heapBytes) {
    this.settings = settings;
    this.shape = shape;
    this.merges = merges;
    this.predictionBytes = predictionBytes;
    this.machine = machine;
    this.heapBytes = heapBytes;
    training = BatchSample.ofTraining(data, settings);
    evaluation = evalData == null ? null : BatchSample.ofEvaluation(evalData);
  }

  /** The plan; if nothing fits, the one that needs the least memory. */
  public MemoryPlan plan() {
    return best(shape, budgets(), settings.microBatches().checkpointing());
  }

  /** The budgets that the settings allow. */
  private List<Integer> budgets() {
    var given = settings.microBatches().maxTokens();
    if (given != null) {
      return List.of(given);
    }
    // Several processes need many micro-batches.
    return !shape.isShared() && savesTokens() ? SHARING_BUDGETS : BUDGETS;
  }

  /** Whether larger micro-batches than usual have fewer distinct tokens together. */
  private boolean savesTokens() {
    var usual = cut(BUDGETS.getFirst(), shape).distinct();
    var larger = cut(SHARING_BUDGETS.getFirst(), shape).distinct();
    return larger < (1 - WORTH_SAVING) * usual;
  }

  private BatchSample.Cut cut(int budget, RunShape shape) {
    // The advice's default adapter has no dropout, as the run without an adapter that it is for.
    return cuts.computeIfAbsent(
        budget, _ -> training.cut(MicroBatches.of(settings, budget, shape.dropout())));
  }

  /**
   * The best plan. Where the settings let each process sum its gradients, they are whole, unless
   * nothing of that fits.
   */
  private MemoryPlan best(
      RunShape shape, List<Integer> budgets, GradientCheckpointing checkpointing) {
    if (settings.microBatches().sums() == GradientSums.MICRO_BATCHES) {
      return fastest(shape.withGradientParts(), budgets, checkpointing);
    }
    var plan = fastest(shape, budgets, checkpointing);
    if (plan.fits(machine)) {
      return plan;
    }
    var parts = fastest(shape.withGradientParts(), budgets, checkpointing);
    return parts.fits(machine) || parts.anonymousBytes() < plan.anonymousBytes() ? parts : plan;
  }

  /**
   * Of what fits, the plan that takes the least time; of equals the one with the greater budget.
   * But weights that stay in memory come first: reading them from disk at every pass costs more.
   */
  private MemoryPlan fastest(
      RunShape shape, List<Integer> budgets, GradientCheckpointing checkpointing) {
    var plans = new ArrayList<MemoryPlan>();
    for (var budget : budgets) {
      var plan =
          checkpointing.isAuto()
              ? leastRecomputed(shape, budget)
              : plan(shape, budget, checkpointing.recomputed(shape.layers()));
      plans.add(plan);
      if (plan.recomputed() == 0 && keepsWeights(plan)) {
        break; // fewer tokens take no less time
      }
    }
    return plans.stream()
        .filter(plan -> plan.fits(machine))
        .min(
            Comparator.comparing((MemoryPlan plan) -> !plan.keepsWeights(machine))
                .thenComparingDouble(MemoryPlan::cost))
        .or(() -> plans.stream().min(Comparator.comparingLong(MemoryPlan::anonymousBytes)))
        .orElseThrow();
  }

  /**
   * The plan of a budget in which as many blocks keep their activations as fit: beside the mapped
   * weights, if they can stay in memory at all. If nothing fits, the one that needs the least.
   */
  private MemoryPlan leastRecomputed(RunShape shape, int budget) {
    var none = plan(shape, budget, 0);
    if (keepsWeights(none)) {
      return none;
    }
    var least = leastMemory(shape, budget);
    Predicate<MemoryPlan> suffices =
        keepsWeights(least) ? this::keepsWeights : plan -> plan.fits(machine);
    if (suffices.test(none) || !suffices.test(least)) {
      return suffices.test(none) ? none : least;
    }
    var tooFew = 0;
    var enough = least;
    while (enough.recomputed() - tooFew > 1) {
      var middle = plan(shape, budget, (tooFew + enough.recomputed()) / 2);
      if (suffices.test(middle)) {
        enough = middle;
      } else {
        tooFew = middle.recomputed();
      }
    }
    return enough;
  }

  /**
   * The plan of a budget that needs the least memory. The last block is the first one of the
   * backward pass, so computing it again saves little, if anything.
   */
  private MemoryPlan leastMemory(RunShape shape, int budget) {
    var lastKept = plan(shape, budget, shape.layers() - 1);
    var all = plan(shape, budget, shape.layers());
    return all.anonymousBytes() < lastKept.anonymousBytes() ? all : lastKept;
  }

  private boolean keepsWeights(MemoryPlan plan) {
    return plan.fits(machine) && plan.keepsWeights(machine);
  }

  private MemoryPlan plan(RunShape shape, int budget, int recomputed) {
    var compute = settings.compute();
    var microBatches = MicroBatches.of(settings, budget, shape.dropout());
    var cut = cut(budget, shape);
    var passes = new PassMemory(0, 0);
    for (var largest : cut.largest()) {
      passes = passes.max(shape.training(largest, compute, recomputed, threads));
    }
    var most = cut.margin() * (double) passes.bytes();
    if (evaluation != null) {
      var evaluated = evaluatedCuts.computeIfAbsent(budget, _ -> evaluation.cut(microBatches));
      for (var largest : evaluated.largest()) {
        var pass = shape.evaluation(largest, compute, threads);
        passes = passes.max(pass);
        most = Math.max(most, evaluated.margin() * (double) pass.bytes());
      }
    }
    var merging = merges ? shape.greatestAdapted() * shape.greatestWeightBytes() : 0;
    return new MemoryPlan(
        shape.parameters(),
        shape.trainable(),
        new StepTokens(
            cut.batches(), cut.examples(), cut.tokens(), cut.distinct(), cut.microBatches()),
        budget,
        shape.layers(),
        recomputed,
        shape.trainableBytes(),
        shape.masterBytes(),
        shape.gradientBytes() * (1 + sumsKeptApart(shape, cut)),
        shape.gradientParts(),
        shape.optimizerBytes(settings.adamW().moments()),
        shape.mappedBytes(),
        shape.copiedBytes(),
        passes.workspaceBytes(),
        Math.max(passes.scratchBytes(), (long) most - passes.workspaceBytes()),
        merging + shape.collectedBytes(),
        predictionBytes,
        heapBytes,
        ProcessMemory.jvmBytes());
  }

  /**
   * How many sums of an adapter's gradients are kept apart at a time: as many as the number of
   * micro-batches has binary digits. A process that has only some of them may keep more, as its
   * first one need not begin a pair: two for each digit but one, and one that is exchanged.
   */
  private static long sumsKeptApart(RunShape shape, BatchSample.Cut cut) {
    var most = cut.mostMicroBatches();
    if (shape.adapter() == null || most < 2) {
      return 0;
    }
    var digits = Integer.SIZE - Integer.numberOfLeadingZeros(most);
    return shape.isShared() ? 2L * digits - 1 : digits;
  }

  /**
   * Refuses a plan that does not fit.
   *
   * @throws TrainException if it does not; the message says what would fit
   */
  public void check(MemoryPlan plan) {
    if (!plan.fits(machine)) {
      throw TrainException.memory(
          plan.shortage(machine)
              + fitting()
                  .map(
                      other ->
                          String.format(
                              Locale.ROOT,
                              " It fits with micro-batches of %d tokens, gradient checkpointing"
                                  + " %s.",
                              other.maxTokens(),
                              other.checkpointing()))
                  .orElse(" Take a smaller model or shorter rows, or close other programs."));
    }
  }

  /**
   * A plan of the same training that fits, with unchanged settings if possible; empty if there is
   * none.
   */
  public Optional<MemoryPlan> fitting() {
    return fitting(shape);
  }

  /**
   * A plan that fits for a LoRA adapter instead of all weights; empty if there is none, or if an
   * adapter is trained already.
   */
  public Optional<MemoryPlan> fittingAdapter() {
    return shape.adapter() == null ? fitting(shape.withDefaultAdapter()) : Optional.empty();
  }

  /** Whether the settings allow the plan without a change. */
  public boolean isOpen(MemoryPlan plan) {
    var given = settings.microBatches().maxTokens();
    var checkpointing = settings.microBatches().checkpointing();
    return (given == null || given == plan.maxTokens())
        && (checkpointing.isAuto() || checkpointing.recomputed(plan.layers()) == plan.recomputed());
  }

  private Optional<MemoryPlan> fitting(RunShape shape) {
    var given = settings.microBatches().maxTokens();
    var ceiling = given == null ? Integer.MAX_VALUE : given;
    List<Integer> smaller = new ArrayList<>(budgets());
    BUDGETS.stream().filter(budget -> budget < ceiling).forEach(smaller::add);
    return Optional.of(best(shape, budgets(), settings.microBatches().checkpointing()))
        .filter(plan -> plan.fits(machine))
        .or(
            () ->
                Optional.of(best(shape, smaller, GradientCheckpointing.AUTO))
                    .filter(plan -> plan.fits(machine)));
  }
}
