package org.bayu.train;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.Function;
import org.bayu.collectives.Communicator;
import org.bayu.tensor.LargeArena;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.nn.Part;

/**
 * What the processes that hold a model together have of its state: each its {@link Part} of the
 * trained parameters and of their moments.
 *
 * <p>Between two steps the first one may collect the whole of a tensor, to write it. The others
 * wait for what it asks for until it {@linkplain #proceed goes on}.
 */
final class ModelParts implements AutoCloseable {
  /** Instead of the number of a tensor: nothing more is asked for. */
  private static final int PROCEED = -1;

  private final Arena arena = Arena.ofShared();
  private final Communicator ranks;
  private final List<StateTensor> tensors;
  private final MemorySegment request;
  private Arena collected = LargeArena.ofShared();

  /**
   * A state in parts.
   *
   * @param ranks the processes that hold the model
   * @param tensors all that may be collected, in the same order in all of them
   */
  ModelParts(Communicator ranks, List<StateTensor> tensors) {
    this.ranks = ranks;
    this.tensors = tensors;
    request = arena.allocate(JAVA_INT);
  }

  /**
   * The whole of one of the tensors, for the first process between two steps. Its memory is reused
   * by the next call.
   *
   * @param own gives what this process has of a tensor, of its part's shape
   */
  Tensor whole(StateTensor tensor, Function<StateTensor, Tensor> own) {
    request(tensors.indexOf(tensor));
    return collect(tensor, own);
  }

  private Tensor collect(StateTensor tensor, Function<StateTensor, Tensor> own) {
    free();
    var part = own.apply(tensor);
    var whole = Tensor.allocate(collected, tensor.dtype(), tensor.wholeShape());
    var place = tensor.modelPart();
    if (place.axis() == Part.Axis.ROWS) {
      ranks.allGather(part.data(), whole.data());
      return whole;
    }
    try (var memory = LargeArena.ofShared()) {
      var all = memory.allocate(whole.byteSize(), Tensor.ALIGNMENT);
      ranks.allGather(part.data(), all);
      for (var r = 0; r < ranks.size(); r++) {
        var data = all.asSlice(r * part.byteSize(), part.byteSize());
        var of = Tensor.of(data, tensor.dtype(), part.shape());
        new Part(place.axis(), r, place.count()).copy(of, whole);
      }
    }
    return whole;
  }

  /**
   * Goes on: the first process has collected what it wanted. The others take part in that until
   * then. Collective.
   */
  void proceed(Function<StateTensor, Tensor> own) {
    if (ranks.rank() == 0) {
      request(PROCEED);
    } else {
      for (var asked = asked(); asked != PROCEED; asked = asked()) {
        var _ = collect(tensors.get(asked), own);
      }
    }
    free();
  }

  private void request(int tensor) {
    request.set(JAVA_INT, 0, tensor);
    ranks.broadcast(request, 0);
  }

  private int asked() {
    ranks.broadcast(request, 0);
    return request.get(JAVA_INT, 0);
  }

  private void free() {
    collected.close();
    collected = LargeArena.ofShared();
  }

  /** Frees the memory. */
  @Override
  public void close() {
    collected.close();
    arena.close();
  }
}
