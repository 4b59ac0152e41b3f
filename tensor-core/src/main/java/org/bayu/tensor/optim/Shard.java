package org.bayu.tensor.optim;

import java.util.Objects;
import org.bayu.tensor.internal.kernels.DynamicCode;

/**
 * A part of every parameter: the contiguous elements whose state one of several optimizers holds.
 * All parts but the last ones of a parameter have the same number of elements, a multiple of 256,
 * so no block of 8-bit moments is cut. A parameter with few blocks has no element in the last
 * parts.
 *
 * @param index from 0 to {@code count} - 1
 * @param count number of parts
 */
public record Shard(int index, int count) {
  /** Everything. */
  public static final Shard WHOLE = new Shard(0, 1);

  /** Refuses what is no part. */
  public Shard {
    Objects.checkIndex(index, count);
  }

  /** Whether it is everything. */
  public boolean isWhole() {
    return count == 1;
  }

  /** The most elements that a part of so many has, which is also the distance of two parts. */
  public long stride(long elements) {
    return isWhole()
        ? elements
        : Math.ceilDiv(DynamicCode.blocks(elements), (long) count) * DynamicCode.BLOCK;
  }

  /** The first element of this part of so many; their number if the part has none. */
  public long from(long elements) {
    return Math.min(index * stride(elements), elements);
  }

  /** The one after this part's last. */
  public long to(long elements) {
    return Math.min((index + 1) * stride(elements), elements);
  }

  /** The number of this part's elements. */
  public long size(long elements) {
    return to(elements) - from(elements);
  }
}
