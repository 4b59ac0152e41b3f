package org.bayu.lora;

import java.lang.foreign.SegmentAllocator;
import org.bayu.lora.LoraAdapter.Factor;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.Linear.LowRank;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.autograd.Variable;
import org.bayu.tensor.nn.Linear;
import org.bayu.tensor.nn.Parameter;

/**
 * A linear layer with a low-rank addition: y = x·Wᵀ + bias + scale·(dropout(x)·Aᵀ)·Bᵀ, with A
 * [rank, inputs] and B [outputs, rank].
 *
 * <p>Where W is some rows of a larger matrix, B has these rows, and A is whole. Where W is some
 * columns, A has these columns, and B is whole.
 *
 * <p>Weight and bias are the base layer's own parameters. A and B are trainable, F32.
 */
public final class LoraLinear extends Linear {
  private final Linear base;
  private final Parameter a;
  private final Parameter b;
  private final float scale;
  private final DropoutMasks masks;
  private final long layer;

  /** Copies A and B to memory from {@code allocator}. */
  LoraLinear(
      Linear base,
      String path,
      float scale,
      DropoutMasks masks,
      Tensor a,
      Tensor b,
      SegmentAllocator allocator) {
    super(base.weight(), base.bias());
    this.base = base;
    this.a = parameter(new Parameter(path + ".lora_A.weight", a, true, Factor.A.part(base)));
    this.b = parameter(new Parameter(path + ".lora_B.weight", b, true, Factor.B.part(base)));
    this.a.train(allocator);
    this.b.train(allocator);
    this.scale = scale;
    this.masks = masks;
    layer = Randomness.hash(path);
  }

  /** The layer without the addition. */
  Linear base() {
    return base;
  }

  /** A, [rank, inputs]. */
  public Parameter a() {
    return a;
  }

  /** B, [outputs, rank]. */
  public Parameter b() {
    return b;
  }

  /** The factor of B·A. */
  public float scale() {
    return scale;
  }

  @Override
  public LowRank lowRank(Tape tape, Variable x) {
    var firstColumn = weight().part().firstColumn(inputs());
    return new LowRank(a.value(), b.value(), scale, masks.apply(tape, x, layer, firstColumn));
  }
}
