package org.bayu.train;

import it.unimi.dsi.fastutil.ints.IntList;

/**
 * A row as the model sees it.
 *
 * @param tokens BOS, prompt, output and EOS, cut on the right at the limit; read-only
 * @param sourceLength the number of the prompt's tokens, BOS among them, tokenized by itself and
 *     cut at the same limit
 */
public record TokenizedExample(IntList tokens, int sourceLength) {}
