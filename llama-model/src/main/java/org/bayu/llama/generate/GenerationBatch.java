package org.bayu.llama.generate;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntList;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.TreeSet;
import org.bayu.llama.KvCache;
import org.bayu.llama.LlamaModel;
import org.bayu.tensor.AttentionSegments;
import org.bayu.tensor.AttentionSegments.Range;
import org.bayu.tensor.AttentionSegments.Segment;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.autograd.Variable;

/**
 * The sequences that are continued at the same time. All begin with the same tokens, whose keys and
 * values lie in the first rows of a cache; behind them each sequence has rows of its own, which the
 * next one takes over when it ends.
 *
 * <p>A step computes what every sequence has not computed yet: a new one its prompt, the others
 * their last token.
 */
final class GenerationBatch implements AutoCloseable {
  /** Tokens of new prompts that a step takes up at most, if it is more than one prompt. */
  private static final int PROMPT_TOKENS = 2048;

  private final LlamaModel model;
  private final Device device;
  private final DType compute;
  private final int[] prefix;
  private final KvCache cache;
  private final Workspace workspace = new Workspace();
  private final NavigableSet<Integer> freeRows = new TreeSet<>();
  private final List<Sequence> sequences = new ArrayList<>();
  private int promptTokens;
  private boolean prefixIsCached;

  /**
   * A batch without sequences.
   *
   * @param prefix what all sequences begin with; may be empty
   * @param maxSequences at the same time
   * @param ownRows tokens that a sequence may have behind the prefix
   */
  GenerationBatch(
      LlamaModel model, Device device, DType compute, int[] prefix, int maxSequences, int ownRows) {
    this.model = model;
    this.device = device;
    this.compute = compute;
    this.prefix = prefix;
    prefixIsCached = prefix.length == 0;
    cache =
        new KvCache(
            model.config(),
            compute,
            Math.toIntExact(prefix.length + (long) maxSequences * ownRows));
    for (var i = 0; i < maxSequences; i++) {
      freeRows.add(prefix.length + i * ownRows);
    }
  }

  /** Whether {@code prompt} can join in the next step. */
  boolean hasRoomFor(int[] prompt) {
    var tokens = promptTokens + prompt.length - prefix.length;
    return !freeRows.isEmpty() && (promptTokens == 0 || tokens <= PROMPT_TOKENS);
  }

  /** Lets a prompt join. */
  void add(int number, int[] prompt, Sampling.Sampler sampler) {
    var sequence =
        new Sequence(number, sampler, Objects.requireNonNull(freeRows.pollFirst()), prefix.length);
    sequence.pending.addElements(0, prompt, prefix.length, prompt.length - prefix.length);
    promptTokens += sequence.pending.size();
    sequences.add(sequence);
  }

  /** Ends a sequence. */
  void remove(Sequence sequence) {
    sequences.remove(sequence);
    freeRows.add(sequence.firstRow);
  }

  /** Whether there is nothing to continue. */
  boolean isEmpty() {
    return sequences.isEmpty();
  }

  /** Those that go on, oldest first; a copy. */
  List<Sequence> sequences() {
    return List.copyOf(sequences);
  }

  /** The logits after the last token of every sequence, [sequences, V], until the next step. */
  Tensor step() {
    var context = prefix.length == 0 ? List.<Range>of() : List.of(new Range(0, prefix.length));
    if (!prefixIsCached) {
      // By itself, so that its bits hang on nothing else.
      var pass = new Pass();
      pass.add(IntList.of(prefix), 0, 0, 0, List.of());
      hidden(tape(), pass);
      prefixIsCached = true;
    }
    var pass = new Pass();
    var last = new int[sequences.size()];
    for (var i = 0; i < last.length; i++) {
      var sequence = sequences.get(i);
      pass.add(sequence.pending, prefix.length, sequence.firstRow, sequence.cached, context);
      sequence.cached += sequence.pending.size();
      sequence.pending.clear();
      last[i] = pass.tokens.size() - 1;
    }
    promptTokens = 0;
    var tape = tape();
    return model.logits(tape, hidden(tape, pass), last).value();
  }

  private Tape tape() {
    workspace.reset();
    return Tape.inference(device, workspace);
  }

  private Variable hidden(Tape tape, Pass pass) {
    return model.hidden(
        tape,
        pass.tokens.toIntArray(),
        pass.positions.toIntArray(),
        new AttentionSegments(pass.segments),
        compute,
        cache,
        pass.cacheRows.toIntArray());
  }

  /** Frees the memory. */
  @Override
  public void close() {
    workspace.close();
    cache.close();
  }

  /** What a step computes. */
  private static final class Pass {
    private final IntArrayList tokens = new IntArrayList();
    private final IntArrayList positions = new IntArrayList();
    private final IntArrayList cacheRows = new IntArrayList();
    private final List<Segment> segments = new ArrayList<>();

    /**
     * Adds tokens of a sequence, some of whose own tokens are cached already.
     *
     * @param position of the sequence's first own token
     * @param firstRow of the cache, for that token
     */
    private void add(IntList added, int position, int firstRow, int cached, List<Range> context) {
      var length = cached + added.size();
      segments.add(new Segment(tokens.size(), added.size(), firstRow, length, context));
      tokens.addAll(added);
      for (var i = cached; i < length; i++) {
        positions.add(position + i);
        cacheRows.add(firstRow + i);
      }
    }
  }

  /** A prompt and how far it has come. */
  static final class Sequence {
    private final int prompt;
    private final Sampling.Sampler sampler;
    private final int firstRow;
    private final int prefixLength;
    private final IntArrayList pending = new IntArrayList();
    private int cached;

    private Sequence(int prompt, Sampling.Sampler sampler, int firstRow, int prefixLength) {
      this.prompt = prompt;
      this.sampler = sampler;
      this.firstRow = firstRow;
      this.prefixLength = prefixLength;
    }

    /** The number of its prompt. */
    int prompt() {
      return prompt;
    }

    /** What chooses its tokens. */
    Sampling.Sampler sampler() {
      return sampler;
    }

    /** Number of its tokens. */
    int length() {
      return prefixLength + cached + pending.size();
    }

    /** Makes it a token longer. */
    void append(int token) {
      pending.add(token);
    }
  }
}
