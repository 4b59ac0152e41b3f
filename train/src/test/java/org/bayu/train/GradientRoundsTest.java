package org.bayu.train;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.bayu.collectives.Communicator;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.autograd.Gradients;
import org.bayu.tensor.device.Devices;
import org.bayu.tensor.optim.Shard;
import org.junit.jupiter.api.Test;

class GradientRoundsTest {
  /** Rank 1 of two. Rank 0 says weight 0 once, and what is exchanged then fails. */
  private static Communicator failing() {
    var said = new AtomicInteger();
    return (Communicator)
        Proxy.newProxyInstance(
            Communicator.class.getClassLoader(),
            new Class<?>[] {Communicator.class},
            (_, method, arguments) ->
                switch (method.getName()) {
                  case "rank" -> 1;
                  case "size" -> 2;
                  case "start" -> CompletableFuture.runAsync((Runnable) arguments[0]);
                  case "broadcast" -> {
                    assertEquals(0, said.getAndIncrement(), "rank 0 is still in the exchange");
                    ((MemorySegment) arguments[0]).set(JAVA_INT, 0, 0);
                    yield null;
                  }
                  default -> throw new IllegalStateException("the exchange failed");
                });
  }

  @Test
  void aRankWithoutAMicroBatchSeesWhyAnAdditionFailsBeforeItWaitsForTheNext() {
    var ranks = failing();
    var shard = new Shard(1, 2);
    try (var arena = Arena.ofShared();
        var device = Devices.cpu(2);
        var workspace = new Workspace();
        var exchange = new ShardExchange(ranks, device);
        var rounds = new GradientRounds(ranks, shard, exchange, device.threads())) {
      var weight = Tensor.allocate(arena, DType.F32, Shape.of(512));
      try (var gradients =
          new Gradients(List.of(weight), List.of(DType.F32), Set.of(), 0, rounds)) {
        var failure =
            assertThrows(
                IllegalStateException.class, () -> rounds.follow(1, gradients, device, workspace));
        assertEquals("the exchange failed", failure.getMessage());
      }
    }
  }
}
