package org.bayu.llama;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntList;
import it.unimi.dsi.fastutil.ints.IntSet;
import java.util.ArrayList;
import java.util.List;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.autograd.AttentionSegments;
import org.bayu.tensor.autograd.AttentionSegments.Range;
import org.bayu.tensor.autograd.AttentionSegments.Segment;
import org.bayu.tensor.autograd.Tape;

/**
 * Continues prompts token by token, all of them together: what prompts share is computed once, and
 * the weights are read once a step for the whole batch.
 *
 * <p>Greedy decoding takes the most likely token, the lowest id of equals. Sampling draws for each
 * prompt from a generator of its own, so that a result depends on seed and prompt number, not on
 * who else is in the batch.
 */
public final class Generator {
  private final LlamaModel model;
  private final Device device;
  private final DType compute;
  private final IntSet stopTokens;

  /**
   * A generator.
   *
   * @param compute F32 or BF16; logits are F32 in either case
   * @param stopTokens generation of a sequence ends with, and does not return, any of these
   */
  public Generator(LlamaModel model, Device device, DType compute, IntSet stopTokens) {
    this.model = model;
    this.device = device;
    this.compute = compute;
    this.stopTokens = stopTokens;
  }

  /** Is told of every token as it is chosen. */
  @FunctionalInterface
  public interface Listener {
    /** Token {@code token} was chosen for prompt {@code prompt}. */
    void token(int prompt, int token);
  }

  /**
   * At most {@code maxNewTokens} tokens after each prompt, fewer where a stop token comes or the
   * model's positions end.
   *
   * @param prompts token ids, BOS included; none empty
   */
  public List<IntList> generate(
      List<int[]> prompts, int maxNewTokens, Sampling sampling, Listener listener) {
    List<IntList> results = new ArrayList<>();
    prompts.forEach(prompt -> results.add(new IntArrayList()));
    if (prompts.isEmpty() || maxNewTokens < 1) {
      return results;
    }
    var tree = TokenTree.of(prompts, TokenTree.DEFAULT_MINIMUM_SHARED);
    var rows = tree.rows() + prompts.size() * maxNewTokens;
    try (var cache = new KvCache(model.config(), compute, rows);
        var workspace = new Workspace()) {
      var live = new ArrayList<Sequence>();
      for (var i = 0; i < prompts.size(); i++) {
        live.add(
            new Sequence(
                i,
                prompts.get(i).length,
                tree.path(i),
                tree.row(i, prompts.get(i).length - 1),
                tree.rows() + i * maxNewTokens,
                sampling.sampler(i)));
      }
      var logits = prefill(tree, cache, workspace, live);
      while (true) {
        choose(logits, live, results, maxNewTokens, listener);
        workspace.reset();
        if (live.isEmpty()) {
          return results;
        }
        logits = step(cache, workspace, live);
      }
    }
  }

  private Tensor prefill(
      TokenTree tree, KvCache cache, Workspace workspace, List<Sequence> sequences) {
    var tape = Tape.inference(device, workspace);
    var rows = new int[tree.rows()];
    for (var i = 0; i < rows.length; i++) {
      rows[i] = i;
    }
    var hidden =
        model.hidden(
            tape, tree.tokens(), tree.positions(), tree.attention(), compute, false, cache, rows);
    var last = sequences.stream().mapToInt(sequence -> sequence.lastPromptRow).toArray();
    return model.logits(tape, hidden, last).value();
  }

  private Tensor step(KvCache cache, Workspace workspace, List<Sequence> live) {
    var n = live.size();
    var tokens = new int[n];
    var positions = new int[n];
    var cacheRows = new int[n];
    var all = new int[n];
    var segments = new ArrayList<Segment>();
    for (var i = 0; i < n; i++) {
      var sequence = live.get(i);
      tokens[i] = sequence.token;
      positions[i] = sequence.promptLength + sequence.generated - 1;
      cacheRows[i] = sequence.firstOwnRow + sequence.generated - 1;
      all[i] = i;
      segments.add(
          new Segment(i, 1, sequence.firstOwnRow, sequence.generated, sequence.promptRows));
    }
    var tape = Tape.inference(device, workspace);
    var hidden =
        model.hidden(
            tape,
            tokens,
            positions,
            new AttentionSegments(segments),
            compute,
            false,
            cache,
            cacheRows);
    return model.logits(tape, hidden, all).value();
  }

  /** Chooses each live sequence's next token and drops the sequences that end. */
  private void choose(
      Tensor logits,
      List<Sequence> live,
      List<IntList> results,
      int maxNewTokens,
      Listener listener) {
    var next = new ArrayList<Sequence>();
    for (var i = 0; i < live.size(); i++) {
      var sequence = live.get(i);
      var token = sequence.sampler.choose(logits.slice(i, i + 1));
      if (stopTokens.contains(token)) {
        continue;
      }
      results.get(sequence.index).add(token);
      listener.token(sequence.index, token);
      sequence.token = token;
      sequence.generated++;
      var length = sequence.promptLength + sequence.generated;
      if (sequence.generated < maxNewTokens && length <= model.config().maxPositions()) {
        next.add(sequence);
      }
    }
    live.clear();
    live.addAll(next);
  }

  /** One prompt and how far it has come. */
  private static final class Sequence {
    private final int index;
    private final int promptLength;
    private final List<Range> promptRows;
    private final int lastPromptRow;
    private final int firstOwnRow;
    private final Sampling.Sampler sampler;
    private int token;
    private int generated;

    private Sequence(
        int index,
        int promptLength,
        List<Range> promptRows,
        int lastPromptRow,
        int firstOwnRow,
        Sampling.Sampler sampler) {
      this.index = index;
      this.promptLength = promptLength;
      this.promptRows = promptRows;
      this.lastPromptRow = lastPromptRow;
      this.firstOwnRow = firstOwnRow;
      this.sampler = sampler;
    }
  }
}
