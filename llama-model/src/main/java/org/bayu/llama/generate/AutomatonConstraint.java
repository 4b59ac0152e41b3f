package org.bayu.llama.generate;

import it.unimi.dsi.fastutil.ints.IntSet;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntFunction;
import org.bayu.tensor.Tensor;

/**
 * Lets continuations say only what an automaton accepts. A stop token may come where the text may
 * end, or where no other token can go on. A token is looked up once for each state of the automaton
 * that a continuation comes to.
 */
public final class AutomatonConstraint implements Constraint {
  private final ByteAutomaton automaton;
  private final ByteBuffer[] tokens;
  private final BitSet stops = new BitSet();
  private final Map<Integer, BitSet> allowed = new ConcurrentHashMap<>();

  /**
   * A constraint on the tokens of one vocabulary.
   *
   * @param vocabulary logits of a model
   * @param bytes what a token adds to a text; nothing for tokens that may not come
   * @param stopTokens end a continuation
   * @throws IllegalArgumentException if there is no stop token among the vocabulary
   */
  public AutomatonConstraint(
      ByteAutomaton automaton, int vocabulary, IntFunction<ByteBuffer> bytes, IntSet stopTokens) {
    this.automaton = automaton;
    tokens = new ByteBuffer[vocabulary];
    for (var id = 0; id < vocabulary; id++) {
      tokens[id] = bytes.apply(id);
      if (stopTokens.contains(id)) {
        stops.set(id);
      }
    }
    if (stops.isEmpty()) {
      throw new IllegalArgumentException("no token ends a continuation");
    }
  }

  @Override
  public Walk begin() {
    return new Automaton();
  }

  private BitSet allowed(int state) {
    var ids = new BitSet(tokens.length);
    for (var id = 0; id < tokens.length; id++) {
      if (!stops.get(id)
          && tokens[id].hasRemaining()
          && automaton.read(state, tokens[id]) != ByteAutomaton.NONE) {
        ids.set(id);
      }
    }
    if (automaton.accepts(state) || ids.isEmpty()) {
      ids.or(stops);
    }
    return ids;
  }

  private final class Automaton implements Walk {
    private int state;

    @Override
    public void mask(Tensor logits) {
      var ids = allowed.computeIfAbsent(state, AutomatonConstraint.this::allowed);
      for (var id = ids.nextClearBit(0); id < tokens.length; id = ids.nextClearBit(id + 1)) {
        logits.setFloat(id, Float.NEGATIVE_INFINITY);
      }
    }

    @Override
    public void append(int token) {
      state = automaton.read(state, tokens[token]);
    }
  }
}
