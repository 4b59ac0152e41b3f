package org.bayu.collectives;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;

/**
 * What every communicator does, whatever its size. Needs no JUnit: it also runs in processes that a
 * launcher starts.
 */
final class CommunicatorContract {
  /** Several buckets, the last not whole. */
  private static final int MANY = 1_100_001;

  private final Communicator ranks;

  private CommunicatorContract(Communicator ranks) {
    this.ranks = ranks;
  }

  /** Throws an {@link AssertionError} that says what does not hold. */
  static void check(Communicator ranks) {
    var contract = new CommunicatorContract(ranks);
    require(ranks.rank() >= 0 && ranks.rank() < ranks.size(), "a rank is less than the size");
    for (var count : new int[] {0, 1, 7, MANY}) {
      contract.allReduceSums(count);
      contract.reduceScatterGivesEachItsPart(count);
      contract.allGatherCollectsInOrder(4 * count);
      contract.allToAllExchanges(4 * count);
      contract.piecesAreExchanged(4 * count);
      contract.piecesAreExchanged(4 * count + 3);
      contract.partsAreCollectedInPlace(4 * count);
      contract.partsAreCollectedInPlace(4 * count + 3);
      contract.broadcastCopies(count);
    }
    contract.startedCollectivesRunInOrder();
    contract.groupsAreSeparate();
    contract.refusesWhatWouldCrash();
    ranks.barrier();
  }

  private void allReduceSums(int count) {
    try (var arena = Arena.ofShared()) {
      var values = floats(arena, count, 3);
      ranks.allReduce(values);
      var all = ranks.size() * (ranks.size() + 1) / 2;
      for (var i = 0; i < count; i++) {
        if (get(values, i) != (float) (all * ((i + 3) % 64))) {
          throw new AssertionError("does not hold: allReduce sums number " + i);
        }
      }
    }
  }

  private void reduceScatterGivesEachItsPart(int count) {
    try (var arena = Arena.ofShared()) {
      var n = ranks.size();
      var values = floats(arena, count / n * n, 5);
      var part = arena.allocate(values.byteSize() / n, Float.BYTES);
      ranks.reduceScatter(values, part);
      var first = ranks.rank() * (count / n);
      for (var i = 0; i < count / n; i++) {
        var expected = (float) (n * (n + 1) / 2 * ((first + i + 5) % 64));
        if (get(part, i) != expected) {
          throw new AssertionError("does not hold: reduceScatter sums number " + i);
        }
      }
    }
  }

  private void allGatherCollectsInOrder(int count) {
    try (var arena = Arena.ofShared()) {
      var part = arena.allocate(count);
      part.fill((byte) (ranks.rank() + 1));
      var all = arena.allocate((long) count * ranks.size());
      ranks.allGather(part, all);
      for (var r = 0; r < ranks.size(); r++) {
        part.fill((byte) (r + 1));
        var differs = all.asSlice((long) r * count, count).mismatch(part);
        require(differs < 0, "allGather collects byte " + differs + " of rank " + r);
      }
    }
  }

  private void allToAllExchanges(int count) {
    try (var arena = Arena.ofShared()) {
      var n = ranks.size();
      var sent = arena.allocate((long) count * n);
      for (var r = 0; r < n; r++) {
        sent.asSlice((long) r * count, count).fill((byte) (10 * ranks.rank() + r));
      }
      var received = arena.allocate(sent.byteSize());
      ranks.allToAll(sent, received);
      var expected = arena.allocate(count);
      for (var r = 0; r < n; r++) {
        expected.fill((byte) (10 * r + ranks.rank()));
        var differs = received.asSlice((long) r * count, count).mismatch(expected);
        require(differs < 0, "allToAll brings byte " + differs + " of rank " + r);
      }
    }
  }

  /** Pieces of a third of a part, of which the last part has only a half. */
  private void piecesAreExchanged(int stride) {
    try (var arena = Arena.ofShared()) {
      var n = ranks.size();
      var array = arena.allocate((long) stride * (n - 1) + stride / 2);
      for (var i = 0L; i < array.byteSize(); i++) {
        array.set(JAVA_BYTE, i, (byte) (i + 17L * ranks.rank()));
      }
      var length = stride / 3 / 4 * 4 + 4;
      var received = arena.allocate((long) length * n);
      for (var at = 0L; at < stride; at += length) {
        ranks.allToAll(array, stride, at, received);
        var from = (long) ranks.rank() * stride + at;
        var end = Math.min((ranks.rank() + 1L) * stride, array.byteSize());
        for (var r = 0; r < n; r++) {
          for (var i = 0L; r != ranks.rank() && i < Math.min(length, end - from); i++) {
            var got = received.get(JAVA_BYTE, (long) r * length + i);
            require(got == (byte) (from + i + 17L * r), "byte " + i + " of a piece of rank " + r);
          }
        }
      }
    }
  }

  private void partsAreCollectedInPlace(int stride) {
    try (var arena = Arena.ofShared()) {
      var array = arena.allocate((long) stride * (ranks.size() - 1) + stride / 2);
      for (var i = 0L; i < array.byteSize(); i++) {
        var isOwn = i / stride == ranks.rank();
        array.set(JAVA_BYTE, i, (byte) (isOwn ? i : -1));
      }
      ranks.allGather(array, stride);
      for (var i = 0L; i < array.byteSize(); i++) {
        require(array.get(JAVA_BYTE, i) == (byte) i, "byte " + i + " of " + stride + " each");
      }
    }
  }

  private void broadcastCopies(int count) {
    try (var arena = Arena.ofShared()) {
      var root = ranks.size() - 1;
      var bytes = arena.allocate(count);
      bytes.fill((byte) (ranks.rank() == root ? 77 : 0));
      ranks.broadcast(bytes, root);
      var differs = bytes.mismatch(arena.allocate(count).fill((byte) 77));
      require(differs < 0, "broadcast copies byte " + differs);
    }
  }

  private void startedCollectivesRunInOrder() {
    try (var arena = Arena.ofShared()) {
      var values = floats(arena, 1000, 1);
      var started = new ArrayList<CompletableFuture<Void>>();
      for (var i = 0; i < 5; i++) {
        started.add(ranks.start(() -> ranks.allReduce(values)));
      }
      ranks.barrier();
      started.forEach(each -> require(each.isDone(), "what was started before has ended"));
      var n = (float) ranks.size();
      var expected = (n + 1) / 2 * n * n * n * n * n * 2;
      require(get(values, 1) == expected, "collectives run one after the other");
    }
    var failed = ranks.start(() -> ranks.broadcast(MemorySegment.NULL, -1));
    ranks.barrier();
    require(failed.isCompletedExceptionally(), "what was started can fail");
  }

  private void groupsAreSeparate() {
    var group = ranks.split(ranks.rank() % 2, -ranks.rank());
    var size = (ranks.size() + 1 - ranks.rank() % 2) / 2;
    require(group.size() == size, "ranks of one color are a group");
    require(group.rank() == size - 1 - ranks.rank() / 2, "the key orders the group");
    try (var arena = Arena.ofShared()) {
      var values = arena.allocate(JAVA_FLOAT);
      values.set(JAVA_FLOAT, 0, 1);
      group.allReduce(values);
      require(get(values, 0) == size, "a group's sum is its own");
      values.set(JAVA_FLOAT, 0, group.rank());
      group.broadcast(values, 0);
      require(get(values, 0) == 0, "a group has its own ranks");
    }
    group.finish();
  }

  private void refusesWhatWouldCrash() {
    try (var arena = Arena.ofShared();
        var confined = Arena.ofConfined()) {
      var heap = MemorySegment.ofArray(new float[4]);
      var four = arena.allocate(4, 4);
      refuses(() -> ranks.allReduce(heap), "heap memory");
      refuses(() -> ranks.broadcast(confined.allocate(4), 0), "memory of one thread");
      refuses(() -> ranks.allReduce(four.asReadOnly()), "sums in read-only memory");
      refuses(() -> ranks.allReduce(arena.allocate(5)), "a part of a number");
      refuses(() -> ranks.broadcast(four, ranks.size()), "a rank that is not there");
      refuses(() -> ranks.allGather(four, arena.allocate(3)), "less room than there are parts");
      refuses(() -> ranks.reduceScatter(arena.allocate(12, 4), arena.allocate(0)), "more parts");
      refuses(() -> ranks.allToAll(four, arena.allocate(5)), "more bytes than are sent");
      refuses(() -> ranks.allGather(four, 4 / ranks.size() - 1), "an array beyond its parts");
      refuses(() -> ranks.allToAll(four, 4, 5, four), "pieces behind the parts");
      refuses(() -> ranks.split(-1, 0), "a negative color");
    }
  }

  private static void refuses(Runnable collective, String what) {
    try {
      collective.run();
    } catch (IllegalArgumentException e) {
      return;
    }
    throw new AssertionError("a communicator refuses " + what);
  }

  /** (i + shift) mod 64, times rank + 1: sums are exact in any order. */
  private MemorySegment floats(Arena arena, int count, int shift) {
    var values = arena.allocate((long) count * Float.BYTES, Float.BYTES);
    for (var i = 0; i < count; i++) {
      values.setAtIndex(JAVA_FLOAT, i, (float) ((ranks.rank() + 1) * ((i + shift) % 64)));
    }
    return values;
  }

  private static float get(MemorySegment values, long index) {
    return values.getAtIndex(JAVA_FLOAT, index);
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new AssertionError("does not hold: " + what);
    }
  }
}
