package org.bayu.train;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.bayu.collectives.Communicator;
import org.bayu.tensor.Device;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.Gradients;
import org.jspecify.annotations.Nullable;

/**
 * Exchanges the sums of an adapter's gradients while the backward pass of a rank's last micro-batch
 * goes on: piece by piece, from the last weights to the first, as it comes to them. All ranks send
 * the same pieces in the same order.
 */
final class LastGradients implements AutoCloseable {
  /** The gradients are sent in so many pieces at most, of about the same size. */
  private static final int PIECES = 16;

  private final Gradients gradients;
  private final Communicator ranks;
  private final GradientExchange exchange;
  private final List<Piece> pieces = new ArrayList<>();
  private final int[] pieceOf;
  private final boolean[] added;
  private final int[] missing;
  private final List<CompletableFuture<Void>> sending = new ArrayList<>();
  private @Nullable Sum sum;

  /** Weights from number {@code first} to before {@code end}, whose numbers begin at {@code at}. */
  private record Piece(int first, int end, long at, long elements) {
    MemorySegment of(MemorySegment all) {
      return all.asSlice(at * Float.BYTES, elements * Float.BYTES);
    }
  }

  /**
   * What is to be sent.
   *
   * @param before what this rank has of its micro-batches before the last
   * @param last its last; null if it has none
   * @param memory of the size of all gradients
   * @param nodes of all ranks in the end
   * @param terms all micro-batches
   */
  record Sum(
      SumTree<MemorySegment> before,
      SumTree.@Nullable Node last,
      MemorySegment memory,
      List<List<SumTree.Node>> nodes,
      int terms) {
    /** Where the sum over all ranks will be. */
    MemorySegment total() {
      return before.values().isEmpty() ? memory : before.values().getFirst();
    }
  }

  /** An exchange between several ranks. The gradients remain the caller's. */
  LastGradients(Device device, Gradients gradients, Communicator ranks) {
    this.gradients = gradients;
    this.ranks = ranks;
    exchange = new GradientExchange(ranks, device);
    var weights = gradients.weights();
    pieceOf = new int[weights.size()];
    added = new boolean[weights.size()];
    var left = weights.stream().mapToLong(Tensor::elements).sum();
    var most = Math.ceilDiv(left, (long) PIECES);
    for (var end = weights.size(); end > 0; ) {
      var first = end;
      var elements = 0L;
      while (first > 0 && elements < most) {
        elements += weights.get(--first).elements();
      }
      left -= elements;
      Arrays.fill(pieceOf, first, end, pieces.size());
      pieces.add(new Piece(first, end, left, elements));
      end = first;
    }
    missing = new int[pieces.size()];
    if (GradientSums.overlap(device.threads())) {
      gradients.whenAdded(this::added);
    }
  }

  /** This rank's backward pass that comes next is its last one of the batch, if there is any. */
  void begin(Sum next) {
    Arrays.fill(added, false);
    Arrays.setAll(missing, i -> pieces.get(i).end - pieces.get(i).first);
    sending.clear();
    sum = next;
  }

  private void added(int weight) {
    if (sum == null) {
      return;
    }
    if (added[weight]) {
      throw new IllegalStateException("two ops add to the gradient " + weight);
    }
    added[weight] = true;
    missing[pieceOf[weight]]--;
    while (sending.size() < pieces.size() && missing[sending.size()] == 0) {
      send(sum);
    }
  }

  private void send(Sum sum) {
    var piece = pieces.get(sending.size());
    sending.add(ranks.start(() -> exchange(sum, piece)));
  }

  private void exchange(Sum sum, Piece piece) {
    var tree = new SumTree<MemorySegment>(sum.terms, exchange::add);
    for (var i = 0; i < sum.before.nodes().size(); i++) {
      tree.add(sum.before.nodes().get(i), piece.of(sum.before.values().get(i)));
    }
    if (sum.last != null) {
      var term = piece.of(sum.memory);
      copy(piece, term);
      tree.add(sum.last, term);
    }
    exchange.sum(sum.nodes, sum.terms, tree.values(), piece.of(sum.total()));
  }

  private void copy(Piece piece, MemorySegment to) {
    var at = 0L;
    for (var i = piece.first; i < piece.end; i++) {
      var gradient = gradients.of(gradients.weights().get(i)).data();
      to.asSlice(at, gradient.byteSize()).copyFrom(gradient);
      at += gradient.byteSize();
    }
  }

  /** The backward pass has ended: sends what is left, and waits. Collective. */
  void end() {
    var all = sum;
    while (all != null && sending.size() < pieces.size()) {
      send(all);
    }
    sum = null;
    sending.forEach(GradientRounds::join);
  }

  /** Frees the memory. */
  @Override
  public void close() {
    exchange.close();
  }
}
