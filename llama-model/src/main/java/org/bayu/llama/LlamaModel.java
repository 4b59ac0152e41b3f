package org.bayu.llama;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.bayu.tensor.AttentionSegments;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Targets;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.Checkpoint;
import org.bayu.tensor.autograd.Gather;
import org.bayu.tensor.autograd.LinearCrossEntropy;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.autograd.Variable;
import org.bayu.tensor.io.NonFiniteTensorException;
import org.bayu.tensor.nn.Embedding;
import org.bayu.tensor.nn.Linear;
import org.bayu.tensor.nn.Module;
import org.bayu.tensor.nn.RmsNorm;
import org.bayu.tensor.optim.GradientClip;
import org.jspecify.annotations.Nullable;

/**
 * Llama: token ids to hidden states, logits and loss. Touvron et al. 2023, "Llama 2: Open
 * Foundation and Fine-Tuned Chat Models"; the layout of Transformers' {@code LlamaForCausalLM}.
 *
 * <p>T rows of a {@link TokenTree}, D hidden size, V vocabulary. The compute type, F32 or BF16, is
 * an argument of each call: linear layers and attention compute in it, and weights are rounded to
 * it as they are read. The residual stream is F32.
 *
 * <p>The checkpoint owns the weights' memory; parameters made trainable have memory of their own.
 * Not thread-safe.
 */
public final class LlamaModel extends Module {
  private final LlamaConfig config;
  private final ModelPart part;
  private final RotaryFrequencies rotary;
  private final Slot<Embedding> embedding;
  private final List<Slot<LlamaBlock>> blocks = new ArrayList<>();
  private final Slot<RmsNorm> norm;
  private final Slot<Linear> head;

  /** The model on these weights, which must have the shapes that {@code config} gives. */
  public LlamaModel(LlamaConfig config, Weights weights) {
    this(config, weights, ModelPart.WHOLE);
  }

  /**
   * A part of a model, which computes with the other parts: each of its passes is collective.
   *
   * @param config of each part, see {@link LlamaConfig#part}
   * @param weights of this part, see {@link ModelPart#of(Weights,
   *     java.lang.foreign.SegmentAllocator)}
   */
  public LlamaModel(LlamaConfig config, Weights weights, ModelPart part) {
    this.config = config;
    this.part = part;
    var source = new ParameterSource(weights, part, "");
    var model = source.at("model");
    rotary = new RotaryFrequencies(config);
    embedding = child("model.embed_tokens", model.at("embed_tokens").embedding());
    for (var i = 0; i < config.layers(); i++) {
      var name = "layers." + i;
      blocks.add(child("model." + name, new LlamaBlock(config, model.at(name), i)));
    }
    norm = child("model.norm", model.at("norm").norm(config));
    head = child("lm_head", head(config, source));
  }

  private Linear head(LlamaConfig config, ParameterSource source) {
    if (!config.tieWordEmbeddings()) {
      return source.at("lm_head").linear(false);
    }
    var weight = embedding.get().weight();
    weight.share();
    return new Linear(weight, null);
  }

  /** The configuration; that of each part if this is one. */
  public LlamaConfig config() {
    return config;
  }

  /** What this is of a model. */
  public ModelPart part() {
    return part;
  }

  /**
   * The last hidden states, after the final norm: [T, D] of the compute type.
   *
   * @param compute F32 or BF16
   * @param recomputed of how many blocks a recording tape keeps only the input, and computes them
   *     again in the backward pass: the first ones, at most all. If there are any, the outputs of
   *     the norms and of SwiGLU of the other blocks are computed again too. The bits of losses and
   *     gradients do not depend on it.
   * @throws IllegalArgumentException if a token is not in the vocabulary or a position beyond the
   *     model's
   */
  public Variable hidden(Tape tape, TokenTree tree, DType compute, int recomputed) {
    return hidden(tape, tree, tree.attention(), compute, recomputed, null);
  }

  private Variable hidden(
      Tape tape,
      TokenTree tree,
      AttentionSegments attention,
      DType compute,
      int recomputed,
      @Nullable NeededRows needed) {
    return hidden(
        tape,
        tree.tokens(),
        tree.positions(),
        attention,
        compute,
        recomputed,
        null,
        new int[0],
        needed);
  }

  /**
   * The logits after some of the tokens that continue others, whose keys and values are in {@code
   * cache}: F32 [rows.length, V]. The keys and values of token i are written to row {@code
   * cacheRows[i]}. Attention then reads all of them from the cache.
   *
   * @param tokens T ids
   * @param positions of each token in its sequence
   * @param segments what each token attends to, in rows of the cache
   * @param compute as for {@link #hidden}
   * @param rows of the tokens, for which the logits are wanted
   * @throws IllegalArgumentException as {@link #hidden}
   */
  public Variable logits(
      Tape tape,
      int[] tokens,
      int[] positions,
      AttentionSegments segments,
      DType compute,
      KvCache cache,
      int[] cacheRows,
      int[] rows) {
    var needed = rows.length == tokens.length ? null : NeededRows.of(segments, rows);
    var hidden = hidden(tape, tokens, positions, segments, compute, 0, cache, cacheRows, needed);
    return logits(tape, hidden, needed == null ? rows : needed.places(rows));
  }

  private Variable hidden(
      Tape tape,
      int[] tokens,
      int[] positions,
      AttentionSegments segments,
      DType compute,
      int recomputed,
      @Nullable KvCache cache,
      int[] cacheRows,
      @Nullable NeededRows needed) {
    var last = 0;
    for (var i = 0; i < tokens.length; i++) {
      checkToken(tokens[i]);
      last = Math.max(last, positions[i]);
    }
    var table = rotary.upTo(last + 1);
    var at = tape.ints(positions);
    var input = new LlamaInput(at, compute, segments, table, cache, cacheRows, null, at);
    var x = embedding.get().forward(tape, tape.ints(tokens), DType.F32);
    if (recomputed > 0) {
      tape.computeCheapAgain();
    }
    var lastInput =
        needed == null || needed.size() == tokens.length
            ? input
            : input.needing(needed, tape, positions);
    for (var i = 0; i < blocks.size(); i++) {
      var block = blocks.get(i).get();
      var seen = i == blocks.size() - 1 ? lastInput : input;
      // The backward pass begins at the last block. What the last ones keep is free again before
      // the first of the others is computed again. On a tape that records nothing, a checkpoint
      // only gives a block's memory back.
      x =
          i < recomputed || !tape.recording()
              ? Checkpoint.apply(tape, x, (t, h) -> block.forward(t, h, seen))
              : block.forward(tape, x, seen);
    }
    return norm.get().forward(tape, x, compute);
  }

  /**
   * Refuses a token that is not in the vocabulary.
   *
   * @throws IllegalArgumentException that names both
   */
  public void checkToken(int token) {
    if (token < 0 || token >= config.vocabSize()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "token %d is not in the vocabulary of %d", token, config.vocabSize()));
    }
  }

  /**
   * Logits of these rows of {@code hidden}, F32, summed in binary32: [rows, V]. The head's weights
   * are not rounded.
   */
  public Variable logits(Tape tape, Variable hidden, int... rows) {
    var type = hidden.value().dtype();
    var operands = head.get().weight().value().dtype() == type ? type : DType.F32;
    // [rows, D] × [V, D]ᵀ → [rows, V]
    return head.get().forward(tape, Gather.apply(tape, hidden, rows, operands), DType.F32);
  }

  /**
   * Refuses weights that are infinite or NaN. Reads them all.
   *
   * @throws NonFiniteTensorException that names the first
   */
  public void checkWeights() {
    var found =
        parameters().parallelStream()
            .flatMap(each -> NonFiniteTensorException.find(each.name(), each.value()).stream())
            .findFirst();
    if (found.isPresent()) {
      throw found.get();
    }
  }

  /**
   * Refuses logits that are infinite or NaN, as a single infinite weight can make them.
   *
   * @param logits F32
   * @throws NonFiniteLogitsException that names the weight
   */
  public void checkLogits(Device device, Tensor logits) {
    if (!GradientClip.isFinite(device, logits)) {
      throw NonFiniteLogitsException.of(this);
    }
  }

  /**
   * Σ weight · cross-entropy over the targets of a tree's rows. Must be the root of the backward
   * pass. The last block computes the {@link NeededRows} only.
   *
   * @param compute as for {@link #hidden}
   * @param recomputed as for {@link #hidden}
   * @throws IllegalArgumentException as {@link #hidden}
   */
  public Variable loss(Tape tape, TokenTree tree, Targets targets, DType compute, int recomputed) {
    var attention = tree.attention();
    var needed = NeededRows.of(attention, targets.rows());
    var hidden = hidden(tape, tree, attention, compute, recomputed, needed);
    var linear = head.get();
    return LinearCrossEntropy.apply(
        tape, hidden, linear.weight().value(), linear.lowRank(tape, hidden), needed.among(targets));
  }
}
