package org.bayu.llama.generate;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.NavigableSet;
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

/**
 * Computes the logits of several sequences at the same time: a step reads the weights once for all
 * of them. Sequences join and leave between steps. The caller chooses the next tokens, and decides
 * when a sequence ends. {@link Generator} is such a caller.
 *
 * <p>All sequences begin with the same tokens, the prefix. Its keys and values are computed once
 * and are in the first rows of a cache. Each sequence has its own rows after them. When a sequence
 * leaves, another one takes its rows. A step computes what is new: the prompts of new sequences,
 * and the appended tokens of the others.
 *
 * <p>The cache is allocated at once: {@link KvCache#bytes} of prefix.length + maxSequences ·
 * ownTokens rows. Not thread-safe.
 *
 * {@snippet :
 * try (var engine = new Engine(model, device, DType.BF16, new int[0], 8, 256)) {
 *   var sequence = engine.add(prompt);
 *   for (var i = 0; i < 20; i++) {
 *     var logits = engine.step(); // row i is of engine.sequences().get(i)
 *     sequence.append(mostLikely(logits.slice(0, 1)));
 *   }
 * }
 * }
 */
public final class Engine implements AutoCloseable {
  /** Tokens of new prompts that a step takes up at most, if it is more than one prompt. */
  public static final int PROMPT_TOKENS = 2048;

  private final LlamaModel model;
  private final Device device;
  private final DType compute;
  private final int[] prefix;
  private final int ownTokens;
  private final KvCache cache;
  private final Workspace workspace = new Workspace();
  private final NavigableSet<Integer> freeRows = new TreeSet<>();
  private final List<Sequence> sequences = new ArrayList<>();
  private int promptTokens;
  private boolean prefixIsCached;

  /**
   * An engine without sequences.
   *
   * @param compute F32 or BF16; logits are F32 in either case
   * @param prefix the tokens that all sequences begin with; may be empty
   * @param maxSequences the most sequences at the same time
   * @param ownTokens the most tokens that a sequence may have after the prefix, including those of
   *     its prompt
   * @throws ArithmeticException if the cache would have more than 2³¹ − 1 rows
   */
  public Engine(
      LlamaModel model,
      Device device,
      DType compute,
      int[] prefix,
      int maxSequences,
      int ownTokens) {
    this.model = model;
    this.device = device;
    this.compute = compute;
    this.prefix = prefix.clone();
    this.ownTokens = ownTokens;
    prefixIsCached = prefix.length == 0;
    var rows = Math.toIntExact(prefix.length + (long) maxSequences * ownTokens);
    cache = new KvCache(model.config(), compute, rows);
    for (var i = 0; i < maxSequences; i++) {
      freeRows.add(prefix.length + i * ownTokens);
    }
  }

  /**
   * Whether {@code prompt} can join before the next step: there is a free place, and the step would
   * not compute too many prompt tokens.
   */
  public boolean hasRoomFor(int[] prompt) {
    var tokens = promptTokens + prompt.length - prefix.length;
    return !freeRows.isEmpty() && (promptTokens == 0 || tokens <= PROMPT_TOKENS);
  }

  /**
   * Adds a sequence that begins with {@code prompt}.
   *
   * @param prompt the prefix and at least one token more
   * @throws IllegalArgumentException if it is not that, or is too long
   * @throws IllegalStateException if there is no free place
   */
  public Sequence add(int[] prompt) {
    var own = prompt.length - prefix.length;
    if (own > ownTokens) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "a prompt has %d tokens behind the prefix, and a sequence at most %d",
              own,
              ownTokens));
    }
    if (own < 1 || Arrays.mismatch(prefix, prompt) != prefix.length) {
      throw new IllegalArgumentException("a prompt must be the prefix and at least one token more");
    }
    var firstRow = freeRows.pollFirst();
    if (firstRow == null) {
      throw new IllegalStateException("every sequence's place is taken");
    }
    var sequence = new Sequence(firstRow, prefix.length, ownTokens);
    for (var i = prefix.length; i < prompt.length; i++) {
      sequence.append(prompt[i]);
    }
    promptTokens += own;
    sequences.add(sequence);
    return sequence;
  }

  /** Removes a sequence. Its place is then free. */
  public void remove(Sequence sequence) {
    if (sequences.remove(sequence)) {
      freeRows.add(sequence.firstRow);
    }
  }

  /** The sequences in the order in which they joined; a copy. */
  public List<Sequence> sequences() {
    return List.copyOf(sequences);
  }

  /**
   * The logits after the last token of every sequence: F32 [sequences, V], rows in the order of
   * {@link #sequences}. They are valid until the next step or {@link #close}. After an exception
   * the engine can only be closed.
   *
   * @throws IllegalStateException if there is no sequence, or one has had no token appended since
   *     the last step
   * @throws IllegalArgumentException if a token is not in the vocabulary, or a position beyond the
   *     model's
   */
  public Tensor step() {
    if (sequences.isEmpty() || sequences.stream().anyMatch(each -> each.pending.isEmpty())) {
      throw new IllegalStateException("a step needs sequences, and a new token of each");
    }
    var context = prefix.length == 0 ? List.<Range>of() : List.of(new Range(0, prefix.length));
    if (!prefixIsCached) {
      // By itself, so that its bits hang on nothing else.
      var pass = new Pass();
      pass.add(IntList.of(prefix), 0, 0, 0, List.of());
      logits(pass, prefix.length - 1);
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
    return logits(pass, last);
  }

  /** The logits after these tokens of the pass. */
  private Tensor logits(Pass pass, int... last) {
    workspace.reset();
    return model
        .logits(
            Tape.inference(device, workspace),
            pass.tokens.toIntArray(),
            pass.positions.toIntArray(),
            new AttentionSegments(pass.segments),
            compute,
            cache,
            pass.cacheRows.toIntArray(),
            last)
        .value();
  }

  /** Frees the cache and the last logits. */
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

  /** One of an engine's sequences: its prompt and the tokens appended to it. */
  public static final class Sequence {
    private final int firstRow;
    private final int prefixLength;
    private final int mostOwn;
    private final IntArrayList pending = new IntArrayList();
    private int cached;

    private Sequence(int firstRow, int prefixLength, int mostOwn) {
      this.firstRow = firstRow;
      this.prefixLength = prefixLength;
      this.mostOwn = mostOwn;
    }

    /** Number of its tokens, the prefix included. */
    public int length() {
      return prefixLength + cached + pending.size();
    }

    /**
     * Appends a token.
     *
     * @throws IllegalStateException if the sequence is full
     */
    public void append(int token) {
      if (cached + pending.size() >= mostOwn) {
        throw new IllegalStateException(
            String.format(
                Locale.ROOT, "a sequence has at most %d tokens behind the prefix", mostOwn));
      }
      pending.add(token);
    }
  }
}
