package org.bayu.llama;

import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.Attention;
import org.bayu.tensor.autograd.RotaryEmbedding;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.autograd.TensorParallel;
import org.bayu.tensor.autograd.Variable;
import org.bayu.tensor.nn.Linear;
import org.bayu.tensor.nn.Module;
import org.jspecify.annotations.Nullable;

/** Causal self-attention with rotary positions and grouped keys and values. */
final class LlamaAttention extends Module {
  private final int headDim;
  private final TensorParallel.@Nullable Sum sum;
  private final Slot<Linear> query;
  private final Slot<Linear> key;
  private final Slot<Linear> value;
  private final Slot<Linear> output;

  LlamaAttention(LlamaConfig config, ParameterSource source) {
    headDim = config.headDim();
    sum = source.part().sum();
    query = child("q_proj", source.at("q_proj").linear(config.attentionBias()));
    key = child("k_proj", source.at("k_proj").linear(config.attentionBias()));
    value = child("v_proj", source.at("v_proj").linear(config.attentionBias()));
    output = child("o_proj", source.at("o_proj").linear(config.attentionBias()));
  }

  /**
   * x [T, D] → [T, D], or fewer rows where {@code input} needs no more; with a cache, the new keys
   * and values go there and all are read there. The tape {@linkplain Tape#forget forgets} x.
   */
  Variable forward(Tape tape, Variable x, LlamaInput input, int layer) {
    if (sum != null) {
      TensorParallel.input(tape, x, sum);
    }
    var asking = input.needed(tape, x);
    var q = rotated(tape, query.get().forward(tape, asking), input, input.neededPositions());
    var k = rotated(tape, key.get().forward(tape, x), input, input.positions());
    var v = value.get().forward(tape, x);
    tape.forget(x);
    var cache = input.cache();
    if (cache != null) {
      cache.write(layer, input.cacheRows(), k.value(), v.value());
      k = tape.constant(cache.keys(layer));
      v = tape.constant(cache.values(layer));
    }
    var attended = Attention.apply(tape, q, k, v, input.segments(), headDim);
    var y = output.get().forward(tape, attended);
    if (sum != null) {
      TensorParallel.output(tape, y, sum);
    }
    return y;
  }

  private static Variable rotated(Tape tape, Variable x, LlamaInput input, Tensor positions) {
    var rotated = RotaryEmbedding.apply(tape, x, positions, input.rotary());
    tape.forget(x);
    return rotated;
  }
}
