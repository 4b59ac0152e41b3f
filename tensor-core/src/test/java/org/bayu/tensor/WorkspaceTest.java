package org.bayu.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class WorkspaceTest {
  @Test
  void livingTensorsNeverOverlap() {
    var seed = new SplittableRandom().nextLong();
    try (var workspace = new Workspace()) {
      for (var step = 0; step < 3; step++) {
        run(
            workspace,
            seed,
            living -> {
              for (var i = 0; i < living.size(); i++) {
                living.get(i).data().fill((byte) i);
              }
              for (var i = 0; i < living.size(); i++) {
                assertEquals(-1, mismatch(living.get(i), (byte) i), "seed " + seed);
              }
            });
        workspace.reset();
      }
    }
  }

  @Test
  void whatIsCountedIsWhatAWorkspaceHolds() {
    var seed = new SplittableRandom().nextLong();
    try (var counting = Workspace.counting();
        var workspace = new Workspace()) {
      run(counting, seed, living -> assertFalse(living.getLast().hasMemory()));
      run(workspace, seed, _ -> {});
      workspace.reset();
      assertEquals(counting.neededBytes(), workspace.bytes(), "seed " + seed);
      assertEquals(counting.peakBytes(), workspace.peakBytes(), "seed " + seed);
      run(workspace, seed, _ -> {});
      assertEquals(counting.neededBytes(), workspace.bytes(), "seed " + seed);
    }
  }

  @Test
  void neighbouringGapsAreOneGap() {
    try (var workspace = Workspace.counting()) {
      var first = workspace.allocate(DType.F32, 1000);
      var second = workspace.allocate(DType.F32, 1000);
      var third = workspace.allocate(DType.F32, 1000);
      var needed = workspace.neededBytes();
      workspace.release(first);
      workspace.release(second);
      workspace.allocate(DType.F32, 1500);
      assertEquals(needed, workspace.neededBytes());
      workspace.release(third);
      workspace.allocate(DType.F32, 1400);
      assertEquals(needed, workspace.neededBytes());
    }
  }

  @Test
  void aTensorIsReleasedOnce() {
    try (var workspace = new Workspace()) {
      var tensor = workspace.allocate(DType.F32, 10);
      workspace.release(tensor);
      assertThrows(NullPointerException.class, () -> workspace.release(tensor));
    }
  }

  @Test
  void aTensorWithoutMemoryHasAShape() {
    var tensor = Tensor.withoutMemory(DType.BF16, Shape.of(1L << 20, 1 << 20));
    assertEquals(1L << 41, tensor.byteSize());
    assertEquals(Shape.of(2, 1 << 20), tensor.slice(1, 3).shape());
    assertEquals(1L << 40, tensor.reshape(1L << 40).elements());
    assertFalse(tensor.slice(1, 3).hasMemory());
    assertTrue(tensor.slice(1, 1).hasMemory());
    assertThrows(IndexOutOfBoundsException.class, () -> tensor.getFloat(0));
  }

  /** Allocations and releases that the seed decides. */
  private static void run(Workspace workspace, long seed, Consumer<List<Tensor>> check) {
    var random = new SplittableRandom(seed);
    List<Tensor> living = new ArrayList<>();
    for (var i = 0; i < 300; i++) {
      if (living.isEmpty() || random.nextInt(5) > 1) {
        living.add(workspace.allocate(DType.F32, random.nextInt(1, 500)));
        check.accept(living);
      } else {
        workspace.release(living.remove(random.nextInt(living.size())));
      }
    }
  }

  private static long mismatch(Tensor tensor, byte value) {
    for (var i = 0L; i < tensor.byteSize(); i++) {
      if (tensor.data().get(ValueLayout.JAVA_BYTE, i) != value) {
        return i;
      }
    }
    return -1;
  }
}
