package org.bayu.train.plan;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import org.bayu.llama.LlamaModel;
import org.bayu.llama.ModelPart;
import org.bayu.llama.PassMemory;
import org.bayu.llama.TokenTree;
import org.bayu.llama.generate.Engine;
import org.bayu.llama.generate.Generator;
import org.bayu.llama.hf.HfCheckpoint;
import org.bayu.lora.LoraAdapter;
import org.bayu.lora.LoraConfig;
import org.bayu.tensor.DType;
import org.bayu.tensor.Targets;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.GradientParts;
import org.bayu.tensor.nn.Parameter;
import org.bayu.tensor.nn.Part;
import org.bayu.tensor.optim.AdamW;
import org.bayu.tensor.optim.Shard;
import org.bayu.train.Adaptation;
import org.bayu.train.GradientSums;
import org.bayu.train.MicroBatches.MicroBatch;
import org.jspecify.annotations.Nullable;

/** A model as it will be trained, with shapes but without memory, for planning. */
public final class RunShape {
  private final HfCheckpoint base;
  private final Adaptation adaptation;
  private final LlamaModel model;
  private final @Nullable LoraAdapter adapter;
  private final int parts;
  private final Shard shard;
  private final boolean gradientParts;
  private final boolean shared;

  private RunShape(
      HfCheckpoint base,
      Adaptation adaptation,
      LlamaModel model,
      @Nullable LoraAdapter adapter,
      int parts,
      Shard shard,
      boolean gradientParts,
      boolean shared) {
    this.base = base;
    this.adaptation = adaptation;
    this.model = model;
    this.adapter = adapter;
    this.parts = parts;
    this.shard = shard;
    this.gradientParts = gradientParts;
    this.shared = shared;
  }

  /**
   * The shape of {@code base} as it is to be trained.
   *
   * @throws IllegalArgumentException if the model has none of the layers that the adapter is for
   * @throws IOException if a stored adapter cannot be read
   */
  public static RunShape of(HfCheckpoint base, Adaptation adaptation, long seed)
      throws IOException {
    return of(base, adaptation, seed, 1);
  }

  /**
   * The same for a model that so many processes hold together, in one of them.
   *
   * @throws IllegalArgumentException also if the model cannot be divided so
   */
  public static RunShape of(HfCheckpoint base, Adaptation adaptation, long seed, int parts)
      throws IOException {
    var model = withoutMemory(base, parts);
    var adapter = adaptation.applyTo(model, seed);
    if (adapter == null) {
      adaptation.train(model, Arena.ofAuto(), Shard.WHOLE, DType.F32);
    }
    return new RunShape(base, adaptation, model, adapter, parts, Shard.WHOLE, false, false);
  }

  private static LlamaModel withoutMemory(HfCheckpoint base, int parts) {
    var part = new ModelPart(0, parts);
    var weights = part.of(PassMemory.withoutMemory(base.weights()), Arena.ofAuto());
    return new LlamaModel(base.config().part(parts), weights, part);
  }

  /**
   * The same trained by so many processes, in the one that needs the most memory.
   *
   * @param processes a multiple of those that hold a model together
   * @param compute the compute type
   */
  public RunShape dividedAmong(int processes, DType compute) {
    var isShared = processes > parts;
    if (adapter != null) { // it is not divided
      return new RunShape(base, adaptation, model, adapter, parts, shard, false, isShared);
    }
    // The first part of a parameter is the largest.
    var part = new Shard(0, processes / parts);
    var divided = withoutMemory(base, parts);
    adaptation.train(divided, Arena.ofAuto(), part, compute);
    // Of BF16 gradients only parts can be summed.
    var onlyParts = isShared && adaptation.trainedType() == DType.BF16;
    return new RunShape(base, adaptation, divided, null, parts, part, onlyParts, isShared);
  }

  /**
   * The same where the additions of each micro-batch are summed at once, and each process keeps its
   * part of the gradients; this if an adapter is trained.
   */
  public RunShape withGradientParts() {
    return adapter != null
        ? this
        : new RunShape(base, adaptation, model, null, parts, shard, true, shared);
  }

  /** Whether other processes compute some of the micro-batches. */
  boolean isShared() {
    return shared;
  }

  /** Whether each process keeps only its part of the gradients. */
  boolean gradientParts() {
    return gradientParts;
  }

  /** The same base with an adapter of Bayu's defaults. */
  RunShape withDefaultAdapter() {
    var other = withoutMemory(base, parts);
    var defaults = LoraAdapter.inject(other, LoraConfig.DEFAULT, 0);
    var lora = Adaptation.lora(LoraConfig.DEFAULT);
    return new RunShape(base, lora, other, defaults, parts, Shard.WHOLE, false, shared);
  }

  /** The dropout of the adapter; 0 without one. */
  double dropout() {
    return adapter == null ? 0 : adapter.config().dropout();
  }

  /** Bytes of the model's weights in their files that a process maps. */
  public long mappedBytes() {
    return weightBytes(part -> part.isWhole() || part.axis() == Part.Axis.ROWS);
  }

  /** Bytes of the frozen weights that a process copies: parts of rows cannot be mapped. */
  long copiedBytes() {
    return adapter == null
        ? 0
        : weightBytes(part -> !part.isWhole() && part.axis() == Part.Axis.COLUMNS);
  }

  private long weightBytes(Predicate<Part> parts) {
    return model.parameters().stream()
        .filter(parameter -> parts.test(parameter.part()))
        .filter(parameter -> base.config().parameterShapes().containsKey(parameter.name()))
        .mapToLong(
            parameter ->
                parameter.value().elements()
                    * base.weights().tensor(parameter.name()).dtype().bytes())
        .sum();
  }

  /** Bytes of an element of the widest weight. */
  int greatestWeightBytes() {
    return base.config().parameterShapes().keySet().stream()
        .mapToInt(name -> base.weights().tensor(name).dtype().bytes())
        .max()
        .orElse(DType.F32.bytes());
  }

  /** The model, without memory for what is trained. */
  public LlamaModel model() {
    return model;
  }

  /** The adapter; null where all weights are trained. */
  public @Nullable LoraAdapter adapter() {
    return adapter;
  }

  /** Blocks of the model. */
  int layers() {
    return base.config().layers();
  }

  long parameters() {
    return model.parameters().stream().mapToLong(p -> p.value().elements()).sum();
  }

  long trainable() {
    return model.parameters().stream()
        .filter(Parameter::trainable)
        .mapToLong(p -> p.value().elements())
        .sum();
  }

  /** Bytes of the trained values. */
  long trainableBytes() {
    return model.parameters().stream()
        .filter(Parameter::trainable)
        .mapToLong(p -> p.value().byteSize())
        .sum();
  }

  /** Bytes of the F32 values that a process holds beside BF16 ones which follow from them. */
  long masterBytes() {
    return model.parameters().stream()
        .map(Parameter::master)
        .filter(Objects::nonNull)
        .mapToLong(Tensor::byteSize)
        .sum();
  }

  /** Bytes of the gradients of the trained values, or of the parts of them. */
  long gradientBytes() {
    var part = gradientParts ? shard : Shard.WHOLE;
    return model.parameters().stream()
        .filter(Parameter::trainable)
        .mapToLong(p -> part.size(p.value().elements()) * p.gradientType().bytes())
        .sum();
  }

  /** Bytes of the moments in this form that a process holds. */
  long optimizerBytes(AdamW.Moments moments) {
    return model.parameters().stream()
        .filter(Parameter::trainable)
        .mapToLong(p -> moments.bytes(p.value().elements(), shard))
        .sum();
  }

  /** Bytes of the greatest tensor that a checkpoint collects from several processes. */
  long collectedBytes() {
    return model.parameters().stream()
        .filter(Parameter::trainable)
        .mapToLong(this::collectedBytes)
        .max()
        .orElse(0);
  }

  private long collectedBytes(Parameter parameter) {
    var part = parameter.part();
    if (shard.isWhole() && part.isWhole()) {
      return 0;
    }
    // Columns are collected part by part first.
    var copies = part.isWhole() || part.axis() == Part.Axis.ROWS ? 1L : 2L;
    return copies * Float.BYTES * parameter.wholeShape().elements();
  }

  /** Elements of the greatest weight that an adapter is merged into. */
  long greatestAdapted() {
    return adapter == null
        ? 0
        : adapter.layers().values().stream()
            .mapToLong(layer -> layer.weight().wholeShape().elements())
            .max()
            .orElse(0);
  }

  /** What a forward and backward pass of a micro-batch takes. */
  PassMemory training(MicroBatch batch, DType compute, int recomputed, int threads) {
    if (adapter != null) {
      adapter.beginMicroBatch(0, 0, new long[batch.tree().rows()], batch.neededRows());
    }
    return PassMemory.training(
        model, batch.tree(), batch.targets(), compute, recomputed, threads, dryParts(threads));
  }

  private @Nullable GradientParts dryParts(int threads) {
    var isOnly = shard.isWhole() ? GradientParts.WHOLE : new DryParts(shard, threads);
    return gradientParts ? isOnly : null;
  }

  /** Parts that nobody sums. */
  private static final class DryParts implements GradientParts {
    private final Shard shard;
    private final boolean overlaps;
    private @Nullable Tensor sent;

    private DryParts(Shard shard, int threads) {
      this.shard = shard;
      overlaps = GradientSums.overlap(threads);
    }

    @Override
    public long from(long elements) {
      return shard.from(elements);
    }

    @Override
    public long to(long elements) {
      return shard.to(elements);
    }

    @Override
    public int terms() {
      return 1;
    }

    @Override
    public @Nullable Tensor add(int weight, Tensor addition, Sum sum) {
      var before = sent;
      sent = addition;
      return overlaps ? before : addition;
    }
  }

  /**
   * Bytes that it takes to continue prompts: keys and values, and the activations of a step. At
   * most; what the prompts share is not subtracted.
   *
   * @param prompts token ids
   * @param compute F32 or BF16
   */
  public long generation(List<int[]> prompts, int maxNewTokens, DType compute) {
    var longest = prompts.stream().mapToInt(prompt -> prompt.length).max().orElse(0);
    var taken = new ArrayList<int[]>();
    var tokens = 0;
    for (var prompt : prompts) {
      if (tokens == 0 || tokens + prompt.length <= Engine.PROMPT_TOKENS) {
        taken.add(prompt);
        tokens += prompt.length;
      }
    }
    var tree = TokenTree.of(taken, Integer.MAX_VALUE);
    var targets = Targets.mean(new int[taken.size()]);
    var threads = Runtime.getRuntime().availableProcessors();
    return Generator.cacheBytes(
            model.config(), compute, prompts.size(), Math.addExact(longest, maxNewTokens))
        + PassMemory.inference(model, tree, targets, compute, threads).bytes();
  }

  /** What computing the loss of a micro-batch takes. */
  PassMemory evaluation(MicroBatch batch, DType compute, int threads) {
    return PassMemory.inference(model, batch.tree(), batch.targets(), compute, threads);
  }
}
