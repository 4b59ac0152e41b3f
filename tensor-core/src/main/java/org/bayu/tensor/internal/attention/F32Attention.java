package org.bayu.tensor.internal.attention;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.Tensor;

/**
 * Attention in binary32: each task packs what it needs, by {@link HeadPanels}. Backward in two
 * passes: dq by blocks of queries, then dk and dv by pieces of keys.
 */
record F32Attention(AttentionCall call, HeadPanels panels) implements AttentionArithmetic {
  @Override
  public void forward(Tensor y, Tensor logSumExp) {
    call.runBlocks(false, worker -> new F32Forward(call, panels, worker, y, logSumExp));
  }

  @Override
  public void backward(
      Tensor dy, MemorySegment terms, HeadGradient dq, HeadGradient dk, HeadGradient dv) {
    if (dq.isWanted()) {
      call.runBlocks(false, worker -> new F32QueryGradients(call, panels, worker, dy, terms, dq));
    }
    if (dk.isWanted() || dv.isWanted()) {
      call.run(
          call.tiles().pieces(),
          call.kvHeads(),
          worker -> new F32KeyGradients(call, panels, worker, dy, terms, dk, dv));
    }
  }

  @Override
  public boolean storesQueriesFirst() {
    return true;
  }
}
