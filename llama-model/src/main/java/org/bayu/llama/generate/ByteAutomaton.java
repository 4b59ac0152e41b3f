package org.bayu.llama.generate;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;

/**
 * A deterministic finite automaton that reads texts as UTF-8, byte by byte. State 0 is the first.
 * Immutable.
 */
public final class ByteAutomaton {
  /** The state behind a text that no accepted text begins with. */
  public static final int NONE = -1;

  private static final int BYTES = 256;

  private final int[][] next; // [states][256]
  private final BitSet accepting;

  private ByteAutomaton(int[][] next, BitSet accepting) {
    this.next = next;
    this.accepting = accepting;
  }

  /** The state behind some bytes that are read in a state, or {@link #NONE}. */
  public int read(int state, ByteBuffer bytes) {
    for (var i = bytes.position(); i < bytes.limit() && state != NONE; i++) {
      state = next[state][bytes.get(i) & 0xFF];
    }
    return state;
  }

  /** Whether a text may end in this state. */
  public boolean accepts(int state) {
    return state != NONE && accepting.get(state);
  }

  /** Builds an automaton, transition by transition. From each state some end must be in reach. */
  public static final class Builder {
    private static final int MOST_STATES = 1 << 16;

    private final List<int[]> next = new ArrayList<>();
    private final BitSet accepting = new BitSet();

    /** An automaton without states yet. */
    public Builder() {}

    /**
     * A new state; the first is where texts begin.
     *
     * @throws IllegalArgumentException if there are {@value #MOST_STATES} already, 64 MiB
     */
    public int state() {
      if (next.size() == MOST_STATES) {
        throw new IllegalArgumentException(
            String.format(Locale.ROOT, "it takes more than %,d states", MOST_STATES));
      }
      var row = new int[BYTES];
      Arrays.fill(row, NONE);
      next.add(row);
      return next.size() - 1;
    }

    /** Lets texts end in a state. */
    public Builder accept(int state) {
      accepting.set(state);
      return this;
    }

    /**
     * Goes to another state by any of some bytes.
     *
     * @param first the least, from 0 to 255
     * @param last the greatest
     * @throws IllegalArgumentException if one of them leads elsewhere
     */
    public Builder bytes(int from, int first, int last, int to) {
      var row = next.get(from);
      for (var each = first; each <= last; each++) {
        if (row[each] != NONE && row[each] != to) {
          throw new IllegalArgumentException("a byte leads to two states");
        }
        row[each] = to;
      }
      return this;
    }

    /**
     * Goes to another state by a text, on the way of those that were added at {@code from} before
     * and begin alike. None of them may begin with another whole one.
     */
    public Builder text(int from, String text, int to) {
      var bytes = text.getBytes(UTF_8);
      var state = from;
      for (var i = 0; i < bytes.length - 1; i++) {
        var row = next.get(state);
        if (row[bytes[i] & 0xFF] == NONE) {
          row[bytes[i] & 0xFF] = state();
        }
        state = row[bytes[i] & 0xFF];
      }
      var last = bytes[bytes.length - 1] & 0xFF;
      return bytes(state, last, last, to);
    }

    /** Goes to another state by any character but some: a loop where both states are the same. */
    public Builder anyCharacterBut(int from, String excluded, int to) {
      for (var each = ' '; each < 0x7F; each++) {
        if (excluded.indexOf(each) < 0) {
          bytes(from, each, each, to);
        }
      }
      // Well-formed UTF-8: Unicode 16, table 3-7.
      var one = state();
      bytes(one, 0x80, 0xBF, to);
      var two = state();
      bytes(two, 0x80, 0xBF, one);
      var three = state();
      bytes(three, 0x80, 0xBF, two);
      bytes(from, 0xC2, 0xDF, one);
      lead(from, 0xE0, 0xA0, 0xBF, one);
      bytes(from, 0xE1, 0xEC, two);
      lead(from, 0xED, 0x80, 0x9F, one);
      bytes(from, 0xEE, 0xEF, two);
      lead(from, 0xF0, 0x90, 0xBF, two);
      bytes(from, 0xF1, 0xF3, three);
      lead(from, 0xF4, 0x80, 0x8F, two);
      return this;
    }

    private void lead(int from, int lead, int first, int last, int to) {
      var behind = state();
      bytes(from, lead, lead, behind);
      bytes(behind, first, last, to);
    }

    /** The automaton; the builder is of no more use. */
    public ByteAutomaton build() {
      return new ByteAutomaton(next.toArray(int[][]::new), (BitSet) accepting.clone());
    }
  }
}
