package org.bayu.train;

/**
 * Which positions of an example have loss: a range without gaps. It ends before the last position,
 * which has no next token to predict.
 *
 * @param maskInputs whether the prompt's own tokens have no loss ({@code mask_inputs})
 * @param offset where the range begins in that case ({@code mask_offset})
 */
public record LossMask(boolean maskInputs, Offset offset) {

  /** Where loss begins behind a masked prompt. */
  public enum Offset {
    /** At the prompt's last token, which predicts the first token of the answer. */
    FIXED,
    /**
     * One position later, so that the answer's first token never has loss. Levanter did this at the
     * time of the tutorial.
     */
    TUTORIAL
  }

  /** Levanter's default of today. */
  public static final LossMask DEFAULT = new LossMask(true, Offset.FIXED);

  /** The first position p with loss: position p predicts token p + 1. */
  public int begin(TokenizedExample example) {
    if (!maskInputs) {
      return 0;
    }
    var sourceLength = example.sourceLength();
    return offset == Offset.TUTORIAL ? sourceLength : Math.max(0, sourceLength - 1);
  }

  /** The position behind the last one with loss; not less than {@link #begin}. */
  public int end(TokenizedExample example) {
    return Math.max(begin(example), example.tokens().size() - 1);
  }

  /** How many positions have loss; 0 if nothing of the answer is left after truncation. */
  public int count(TokenizedExample example) {
    return end(example) - begin(example);
  }
}
