package org.bayu.llama.generate;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntList;
import it.unimi.dsi.fastutil.ints.IntSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.IntPredicate;
import org.bayu.llama.KvCache;
import org.bayu.llama.LlamaConfig;
import org.bayu.llama.LlamaModel;
import org.bayu.llama.NonFiniteLogitsException;
import org.bayu.llama.TokenTree;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.Greatest;
import org.jspecify.annotations.Nullable;

/**
 * Continues prompts token by token, many at the same time. Tokens that all prompts begin with are
 * computed once. A step reads the weights once for the whole batch. When a sequence ends, the next
 * prompt takes its place.
 *
 * <p>Greedy decoding takes the most likely token, and of equally likely ones the lowest id.
 * Sampling has a random generator for each prompt, so a draw depends on the seed and the prompt's
 * number, not on the other prompts of the batch.
 */
public final class Generator {
  /** Prompts of a group; the last group may have fewer. See {@link #generateGroups}. */
  public static final int GROUP = 64;

  /** Sequences at the same time at most, where the cache has room for them. */
  private static final int MAX_SEQUENCES = 64;

  /** Bytes of keys and values, unless {@link #withCacheBytes} says otherwise. */
  private static final long CACHE_BYTES = 2L << 30;

  private final LlamaModel model;
  private final Device device;
  private final DType compute;
  private final IntSet stopTokens;
  private final int maxSequences;
  private final @Nullable Constraint constraint;
  private final long cacheBytes;

  /**
   * A generator.
   *
   * @param compute F32 or BF16; logits are F32 in either case
   * @param stopTokens a sequence ends at any of these, which is not returned
   */
  public Generator(LlamaModel model, Device device, DType compute, IntSet stopTokens) {
    this(model, device, compute, stopTokens, MAX_SEQUENCES);
  }

  /**
   * A generator of constrained continuations.
   *
   * @param constraint what they may be; null for anything
   */
  public Generator(
      LlamaModel model,
      Device device,
      DType compute,
      IntSet stopTokens,
      @Nullable Constraint constraint) {
    this(model, device, compute, stopTokens, MAX_SEQUENCES, constraint, CACHE_BYTES);
  }

  /** A generator that continues at most {@code maxSequences} prompts at the same time. */
  Generator(LlamaModel model, Device device, DType compute, IntSet stopTokens, int maxSequences) {
    this(model, device, compute, stopTokens, maxSequences, null, CACHE_BYTES);
  }

  private Generator(
      LlamaModel model,
      Device device,
      DType compute,
      IntSet stopTokens,
      int maxSequences,
      @Nullable Constraint constraint,
      long cacheBytes) {
    this.model = model;
    this.device = device;
    this.compute = compute;
    this.stopTokens = stopTokens;
    this.maxSequences = maxSequences;
    this.constraint = constraint;
    this.cacheBytes = cacheBytes;
  }

  /**
   * The same with more or less memory.
   *
   * @param bytes of keys and values at most, but for a single sequence; 2 GiB otherwise
   */
  public Generator withCacheBytes(long bytes) {
    return new Generator(model, device, compute, stopTokens, maxSequences, constraint, bytes);
  }

  /** Receives the tokens as they are chosen. */
  @FunctionalInterface
  public interface Listener {
    /** Token {@code token} was chosen for prompt {@code prompt}. */
    void token(int prompt, int token);

    /** Called before each step. A step reads the weights from their files. */
    default void step() {}

    /** The continuation of prompt {@code prompt} has ended. Prompts end in any order. */
    default void end(int prompt, IntList tokens, End end) {}
  }

  /** Why a continuation ended. */
  public enum End {
    /** The model chose a stop token. */
    STOP,
    /** The model has no position left. */
    POSITIONS,
    /** It has the allowed number of tokens. */
    MAX_NEW_TOKENS
  }

  /**
   * The tokens after each prompt: at most {@code maxNewTokens}, fewer if a stop token comes or the
   * model's positions end.
   *
   * @param prompts token ids, BOS included; none empty
   * @throws IllegalArgumentException if a prompt is empty or longer than the model's positions, or
   *     a token is not in the vocabulary; nothing has been computed then
   * @throws NonFiniteLogitsException if the model computes logits that are not numbers
   */
  public List<IntList> generate(
      List<int[]> prompts, int maxNewTokens, Sampling sampling, Listener listener) {
    return generate(prompts, Integer.MAX_VALUE, _ -> true, maxNewTokens, sampling, listener);
  }

  /**
   * The same for some of the prompts, group by group. The first {@value #GROUP} prompts are the
   * first group, and so on. A group begins when the group before has ended. Its continuations
   * therefore have the same bits, whichever other groups are wanted.
   *
   * @param prompts all prompts; those of unwanted groups get no tokens
   * @param wanted whether to continue the group with this number, from 0
   */
  public List<IntList> generateGroups(
      List<int[]> prompts,
      IntPredicate wanted,
      int maxNewTokens,
      Sampling sampling,
      Listener listener) {
    return generate(prompts, GROUP, wanted, maxNewTokens, sampling, listener);
  }

  private List<IntList> generate(
      List<int[]> prompts,
      int group,
      IntPredicate wanted,
      int maxNewTokens,
      Sampling sampling,
      Listener listener) {
    List<IntList> results = new ArrayList<>();
    prompts.forEach(prompt -> results.add(new IntArrayList()));
    if (prompts.isEmpty() || maxNewTokens < 1) {
      return results;
    }
    for (var i = 0; i < prompts.size(); i++) {
      check(i, prompts.get(i));
    }
    var prefix = Arrays.copyOf(prompts.getFirst(), sharedPrefix(prompts));
    var longest = prompts.stream().mapToInt(prompt -> prompt.length).max().orElseThrow();
    var most = Math.min(longest + (long) maxNewTokens - 1, model.config().maxPositions());
    var ownTokens = Math.toIntExact(most - prefix.length);
    var sequences = sequences(prompts.size(), prefix.length, ownTokens);
    try (var engine = new Engine(model, device, compute, prefix, sequences, ownTokens)) {
      for (var from = 0; from < prompts.size(); from += Math.min(group, prompts.size())) {
        if (!wanted.test(from / group)) {
          continue;
        }
        var next = from;
        var to = (int) Math.min((long) from + group, prompts.size());
        var continued = new ArrayList<Continuation>(); // in the order of the engine's sequences
        while (true) {
          while (next < to && engine.hasRoomFor(prompts.get(next))) {
            var sequence = engine.add(prompts.get(next));
            continued.add(
                new Continuation(
                    next,
                    sequence,
                    sampling.sampler(next),
                    constraint == null ? null : constraint.begin(),
                    results.get(next)));
            next++;
          }
          if (continued.isEmpty()) {
            break;
          }
          listener.step();
          var logits = engine.step();
          model.checkLogits(device, logits);
          choose(engine, logits, continued, maxNewTokens, listener);
        }
      }
    }
    return results;
  }

  /** A prompt that is being continued. */
  private record Continuation(
      int prompt,
      Engine.Sequence sequence,
      Sampling.Sampler sampler,
      Constraint.@Nullable Walk walk,
      IntList tokens) {
    /** Leaves only what may come next in the logits [1, V]. */
    void mask(Tensor logits) {
      if (walk != null) {
        walk.mask(logits);
      }
    }

    void add(int token) {
      tokens.add(token);
      if (walk != null) {
        walk.append(token);
      }
    }
  }

  private void check(int number, int[] prompt) {
    var positions = model.config().maxPositions();
    if (prompt.length == 0) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "prompts[%d] has no tokens", number));
    }
    if (prompt.length > positions) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "prompts[%d] has %d tokens, and the model %d positions",
              number,
              prompt.length,
              positions));
    }
    for (var token : prompt) {
      model.checkToken(token);
    }
  }

  /** How many tokens all prompts begin with; 0 if sharing them is not worth the trouble. */
  private static int sharedPrefix(List<int[]> prompts) {
    var first = prompts.getFirst();
    // The last token of a prompt is its own: from it the first new one follows.
    var shared = first.length - 1;
    for (var prompt : prompts) {
      var common = Arrays.mismatch(first, prompt);
      shared = Math.min(shared, common < 0 ? shared : common);
      shared = Math.min(shared, prompt.length - 1);
    }
    return prompts.size() > 1 && shared >= TokenTree.DEFAULT_MINIMUM_SHARED ? shared : 0;
  }

  /**
   * Bytes of keys and values that a generator takes at most.
   *
   * @param tokens of the longest prompt with what is generated
   */
  public static long cacheBytes(LlamaConfig config, DType compute, int prompts, int tokens) {
    var sequence = KvCache.bytes(config, compute, Math.min(tokens, config.maxPositions()));
    return Math.max(sequence, Math.min(CACHE_BYTES, Math.min(MAX_SEQUENCES, prompts) * sequence));
  }

  private int sequences(int prompts, int shared, int ownTokens) {
    var rowBytes = KvCache.bytes(model.config(), compute, 1);
    var fitting = (cacheBytes - shared * rowBytes) / (ownTokens * rowBytes);
    return Math.clamp(fitting, 1, Math.min(maxSequences, prompts));
  }

  /** Chooses each sequence's next token and lets those go that end. */
  private void choose(
      Engine engine,
      Tensor logits,
      List<Continuation> continued,
      int maxNewTokens,
      Listener listener) {
    for (var i = 0; i < continued.size(); i++) {
      continued.get(i).mask(logits.slice(i, i + 1));
    }
    var mostLikely = Greatest.ofRows(device, logits);
    var row = 0;
    for (var rest = continued.iterator(); rest.hasNext(); row++) {
      var each = rest.next();
      var token = each.sampler().choose(logits.slice(row, row + 1), mostLikely[row]);
      var end = End.STOP;
      if (!stopTokens.contains(token)) {
        each.add(token);
        listener.token(each.prompt(), token);
        if (each.sequence().length() >= model.config().maxPositions()) {
          end = End.POSITIONS;
        } else if (each.tokens().size() >= maxNewTokens) {
          end = End.MAX_NEW_TOKENS;
        } else {
          each.sequence().append(token);
          continue;
        }
      }
      engine.remove(each.sequence());
      rest.remove();
      listener.end(each.prompt(), each.tokens(), end);
    }
  }
}
