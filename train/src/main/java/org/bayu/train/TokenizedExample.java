package org.bayu.train;

import it.unimi.dsi.fastutil.ints.IntList;

/**
 * A row of data as tokens.
 *
 * @param tokens BOS, prompt, output and EOS, cut on the right at the limit; read-only
 * @param sourceLength the number of tokens of the prompt when it is tokenized alone, BOS included,
 *     cut at the same limit
 */
public record TokenizedExample(IntList tokens, int sourceLength) {}
