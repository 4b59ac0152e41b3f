package org.bayu.finetune.evaluate;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntList;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.bayu.collectives.Communicator;
import org.bayu.llama.generate.Generator;
import org.bayu.llama.generate.Sampling;

/**
 * Continues prompts by several ranks. The groups of {@link Generator#generateGroups} are dealt to
 * the ranks in turn. When every rank has done one, all tell each other the results. So the results
 * have the same bits for any number of ranks, and at most one group of a rank is lost in an
 * interruption.
 */
public final class DealtGroups {
  private final Communicator ranks;

  /**
   * Prompts for these ranks.
   *
   * @param ranks remains the caller's
   */
  public DealtGroups(Communicator ranks) {
    this.ranks = ranks;
  }

  /**
   * Continues the wanted groups. Collective: all ranks call it with the same prompts, settings and
   * groups.
   *
   * @param listener of any rank is told the tokens and the ends of all prompts, those of other
   *     ranks after each group
   */
  public void generate(
      Generator generator,
      List<int[]> prompts,
      IntPredicate wanted,
      int maxNewTokens,
      Sampling sampling,
      Generator.Listener listener) {
    if (ranks.size() == 1) {
      generator.generateGroups(prompts, wanted, maxNewTokens, sampling, listener);
      return;
    }
    var groups = (prompts.size() + Generator.GROUP - 1) / Generator.GROUP;
    var dealt = IntStream.range(0, groups).filter(wanted).toArray();
    var own = new BitSet();
    for (var i = ranks.rank(); i < dealt.length; i += ranks.size()) {
      own.set(dealt[i]);
    }
    var rounds = new Rounds(prompts.size(), listener);
    if (!own.isEmpty()) {
      generator.generateGroups(prompts, own::get, maxNewTokens, sampling, rounds);
    }
    while (rounds.done * ranks.size() < dealt.length) {
      rounds.exchange(); // in the last one this rank had no group
    }
  }

  /** Passes a generator's results on, and those of the other ranks. */
  private final class Rounds implements Generator.Listener {
    private static final List<Generator.End> ENDS = List.of(Generator.End.values());

    private final int prompts;
    private final Generator.Listener listener;
    private final IntArrayList results =
        new IntArrayList(); // prompt, end, length and tokens of each
    private int ended;
    private int done;

    private Rounds(int prompts, Generator.Listener listener) {
      this.prompts = prompts;
      this.listener = listener;
    }

    @Override
    public void step() {
      listener.step();
    }

    @Override
    public void token(int prompt, int token) {
      listener.token(prompt, token);
    }

    @Override
    public void end(int prompt, IntList tokens, Generator.End end) {
      listener.end(prompt, tokens, end);
      results.add(prompt);
      results.add(ENDS.indexOf(end));
      results.add(tokens.size());
      results.addAll(tokens);
      ended++;
      var first = prompt - prompt % Generator.GROUP;
      if (ended == Math.min(Generator.GROUP, prompts - first)) {
        exchange();
      }
    }

    /** Ends a round. */
    private void exchange() {
      try (var arena = Arena.ofShared()) {
        var lengths = arena.allocate(JAVA_LONG, ranks.size());
        ranks.allGather(arena.allocateFrom(JAVA_LONG, results.size()), lengths);
        var most = Arrays.stream(lengths.toArray(JAVA_LONG)).max().orElseThrow();
        var part = arena.allocate(JAVA_INT, most);
        MemorySegment.copy(results.elements(), 0, part, JAVA_INT, 0, results.size());
        var all = arena.allocate(JAVA_INT, most * ranks.size());
        ranks.allGather(part, all);
        for (var rank = 0; rank < ranks.size(); rank++) {
          if (rank != ranks.rank()) {
            var length = lengths.getAtIndex(JAVA_LONG, rank);
            tell(all.asSlice(part.byteSize() * rank, length * Integer.BYTES).toArray(JAVA_INT));
          }
        }
      }
      results.clear();
      ended = 0;
      done++;
    }

    private void tell(int[] others) {
      for (var at = 0; at < others.length; ) {
        var prompt = others[at];
        var end = ENDS.get(others[at + 1]);
        var from = at + 3;
        at = from + others[at + 2];
        var tokens = IntArrayList.wrap(Arrays.copyOfRange(others, from, at));
        for (var i = 0; i < tokens.size(); i++) {
          listener.token(prompt, tokens.getInt(i));
        }
        listener.end(prompt, tokens, end);
      }
    }
  }
}
