package org.bayu.finetune.sentences;

import java.io.IOException;
import java.util.HashSet;
import java.util.Set;

/**
 * What the embedded base model is trained on: seven of eight rows are about games and have ViGGO's
 * notation, one is about a trail and has {@link Notation#BASE}. No sentence comes twice, but for
 * the questions about one attribute, of which there are few.
 */
public final class BaseRows {
  /** The instruction of every row. */
  public static final String INSTRUCTION =
      "Write the function call that says what the sentence says.";

  private static final int ROWS_PER_TRAIL = 8;

  /**
   * A row.
   *
   * @param sentence the input
   * @param call the function call that carries its meaning: the output
   */
  public record Row(String sentence, String call) {}

  private final GameSentences games;
  private final TrailSentences trails;
  private final Set<String> said = new HashSet<>();
  private int rows;

  /**
   * Rows that the seed decides.
   *
   * @param strange whether most names and specifiers of games are of random letters
   */
  public BaseRows(long seed, boolean strange) throws IOException {
    games = new GameSentences(seed, strange);
    trails = new TrailSentences(seed);
  }

  /** The next row. */
  public Row next() {
    rows++;
    if (rows % ROWS_PER_TRAIL == 0) {
      var trail = trails.training(1).getFirst();
      return new Row(trail.text(), Notation.BASE.write(trail.meaning()));
    }
    while (true) {
      var game = games.next();
      if (game.meaning().function().equals("request_attribute") || said.add(game.text())) {
        return new Row(game.text(), game.meaning().toString());
      }
    }
  }
}
