package org.bayu.train;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.bayu.collectives.Communicator;
import org.bayu.tensor.Device;
import org.bayu.tensor.LargeArena;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.Gradients;
import org.bayu.tensor.optim.Shard;
import org.jspecify.annotations.Nullable;

/**
 * The state of a training of all weights, divided among the ranks: each has the optimizer's state
 * of a {@link Shard} of every parameter, and makes the update of these elements. Rajbhandari et al.
 * 2020, "ZeRO: Memory Optimizations Toward Training Trillion Parameter Models", stage 1; with
 * {@link GradientRounds} stage 2.
 *
 * <p>Between two steps rank 0 may collect the whole of a tensor, to write it. The others do not
 * know when: they wait for what it asks for until it {@linkplain #proceed goes on}.
 */
final class StateShards implements AutoCloseable {
  /** Instead of the number of a tensor: nothing more is asked for. */
  private static final int PROCEED = -1;

  private final Arena arena = Arena.ofShared();
  private final Communicator ranks;
  private final Shard shard;
  private final List<StateTensor> tensors;
  private final ShardExchange exchange;
  private final GradientRounds rounds;
  private final MemorySegment request;
  private Arena collected = LargeArena.ofShared();

  /**
   * A divided state.
   *
   * @param shard this rank's part
   * @param tensors all that rank 0 may collect, in the same order in all ranks
   */
  StateShards(Communicator ranks, Device device, Shard shard, List<StateTensor> tensors) {
    this.ranks = ranks;
    this.shard = shard;
    this.tensors = tensors;
    exchange = new ShardExchange(ranks, device);
    rounds = new GradientRounds(ranks, shard, exchange, device.threads());
    request = arena.allocate(JAVA_INT);
  }

  /** Sums of gradients of which each rank keeps its part, over micro-batches. */
  GradientRounds rounds() {
    return rounds;
  }

  /** Makes this rank's part of whole gradients their sum over all ranks. Collective. */
  void reduce(Gradients gradients) {
    for (var weight : gradients.weights()) {
      var gradient = gradients.of(weight);
      exchange.reduce(gradient.data(), Float.BYTES * shard.stride(gradient.elements()));
    }
  }

  /** Gives every rank what the others have updated of these. Collective. */
  void gather(List<Tensor> updated) {
    for (var tensor : updated) {
      exchange.gather(tensor.data(), tensor.dtype().bytes() * shard.stride(tensor.elements()));
    }
  }

  /**
   * The whole of one of the tensors, for rank 0 between two steps. Its memory is reused by the next
   * call.
   */
  Tensor whole(StateTensor tensor) {
    request(tensors.indexOf(tensor));
    collected.close();
    collected = LargeArena.ofShared();
    var whole = Tensor.allocate(collected, tensor.dtype(), tensor.shape());
    collect(tensor, whole.data());
    return whole;
  }

  private void collect(StateTensor tensor, @Nullable MemorySegment whole) {
    exchange.collect(tensor.part().data(), tensor.stride() * tensor.dtype().bytes(), whole);
  }

  /**
   * Goes on: rank 0 has collected what it wanted. The others take part in that until then.
   * Collective.
   */
  void proceed() {
    if (ranks.rank() == 0) {
      collected.close();
      collected = LargeArena.ofShared();
      request(PROCEED);
      return;
    }
    for (var asked = asked(); asked != PROCEED; asked = asked()) {
      collect(tensors.get(asked), null);
    }
  }

  private void request(int tensor) {
    request.set(JAVA_INT, 0, tensor);
    ranks.broadcast(request, 0);
  }

  private int asked() {
    ranks.broadcast(request, 0);
    return request.get(JAVA_INT, 0);
  }

  /** Frees the memory. */
  @Override
  public void close() {
    collected.close();
    rounds.close();
    exchange.close();
    arena.close();
  }
}
