package org.bayu.llama;

import org.bayu.tensor.autograd.SwiGlu;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.autograd.TensorParallel;
import org.bayu.tensor.autograd.Variable;
import org.bayu.tensor.nn.Linear;
import org.bayu.tensor.nn.Module;
import org.jspecify.annotations.Nullable;

/** down(silu(gate(x)) · up(x)): Shazeer 2020, "GLU Variants Improve Transformer". */
final class LlamaMlp extends Module {
  private final TensorParallel.@Nullable Sum sum;
  private final Slot<Linear> gate;
  private final Slot<Linear> up;
  private final Slot<Linear> down;

  LlamaMlp(LlamaConfig config, ParameterSource source) {
    sum = source.part().sum();
    gate = child("gate_proj", source.at("gate_proj").linear(config.mlpBias()));
    up = child("up_proj", source.at("up_proj").linear(config.mlpBias()));
    down = child("down_proj", source.at("down_proj").linear(config.mlpBias()));
  }

  /** x [T, D] → [T, D]. The tape {@linkplain Tape#forget forgets} x. */
  Variable forward(Tape tape, Variable x) {
    if (sum != null) {
      TensorParallel.input(tape, x, sum);
    }
    var gated = SwiGlu.apply(tape, gate.get().forward(tape, x), up.get().forward(tape, x));
    tape.forget(x);
    // The block's result needs this product, and no backward pass does.
    var y = tape.last(() -> down(tape, gated));
    tape.forget(gated);
    return y;
  }

  private Variable down(Tape tape, Variable gated) {
    var y = down.get().forward(tape, gated);
    if (sum != null) {
      TensorParallel.output(tape, y, sum);
    }
    return y;
  }
}
