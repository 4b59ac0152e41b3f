package org.bayu.train;

import org.bayu.llama.LlamaConfig;

/**
 * The floating-point operations of training a model, counted as in Levanter ({@code
 * flop_utils.lm_flops_per_token}, with a backward pass of twice the forward pass). They are those
 * of the mathematics, not of the machine: recomputing a block adds none, sharing a prefix saves
 * none, and a frozen weight counts like any other.
 */
public final class ModelFlops {
  private static final int FORWARD_AND_BACKWARD = 3;

  private final double perToken;
  private final double perTokenPair;

  /** Of this model: T tokens take T · (a + T · b) operations. */
  public ModelFlops(LlamaConfig config) {
    double width = config.hiddenSize();
    double queries = (double) config.heads() * config.headDim();
    double keysAndValues = 2.0 * config.kvHeads() * config.headDim();
    var mlp = 2 * 3 * width * config.intermediateSize();
    var projections = 2 * width * (queries + keysAndValues) + 2 * queries * width;
    perToken = config.layers() * (mlp + projections) + 2 * width * config.vocabSize();
    // Scores, their mask and softmax, values; the whole square of the attention map.
    perTokenPair = config.layers() * (2 * queries + 3 * config.heads() + 2 * queries);
  }

  /** Of one example. */
  public double of(int tokens) {
    return FORWARD_AND_BACKWARD * tokens * (perToken + tokens * perTokenPair);
  }
}
