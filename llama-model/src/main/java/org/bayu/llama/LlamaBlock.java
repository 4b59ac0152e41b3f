package org.bayu.llama;

import org.bayu.tensor.autograd.Add;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.autograd.Variable;
import org.bayu.tensor.nn.Module;
import org.bayu.tensor.nn.RmsNorm;

/**
 * One layer: h = x + attention(norm(x)), y = h + mlp(norm(h)). The residual stream stays F32; the
 * branches have the compute type.
 */
final class LlamaBlock extends Module {
  private final int layer;
  private final Slot<RmsNorm> inputNorm;
  private final Slot<LlamaAttention> attention;
  private final Slot<RmsNorm> postAttentionNorm;
  private final Slot<LlamaMlp> mlp;

  LlamaBlock(LlamaConfig config, ParameterSource source, int layer) {
    this.layer = layer;
    inputNorm = child("input_layernorm", source.at("input_layernorm").norm(config));
    attention = child("self_attn", new LlamaAttention(config, source.at("self_attn")));
    postAttentionNorm =
        child("post_attention_layernorm", source.at("post_attention_layernorm").norm(config));
    mlp = child("mlp", new LlamaMlp(config, source.at("mlp")));
  }

  /** x [T, D] → [T, D], or fewer rows where {@code input} needs no more. */
  Variable forward(Tape tape, Variable x, LlamaInput input) {
    var normed = inputNorm.get().forward(tape, x, input.compute());
    var kept = input.needed(tape, x);
    var h = add(tape, kept, attention.get().forward(tape, normed, input, layer));
    var normedH = postAttentionNorm.get().forward(tape, h, input.compute());
    var y = mlp.get().forward(tape, normedH);
    return tape.last(() -> add(tape, h, y));
  }

  private static Variable add(Tape tape, Variable x, Variable branch) {
    var y = Add.apply(tape, x, branch);
    tape.forget(branch);
    return y;
  }
}
