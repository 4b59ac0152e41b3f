package org.bayu.tensor.internal.parallel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ScratchTest {
  private final Scratch scratch = new Scratch();

  private List<MemorySegment> frame(long... sizes) {
    var segments = new ArrayList<MemorySegment>();
    var mark = scratch.open();
    for (var size : sizes) {
      segments.add(scratch.allocate(size));
    }
    scratch.close(mark);
    return segments;
  }

  @Test
  void sizesThatRecurGetTheSegmentsThatTheyHad() {
    frame(5000, 70, 300);
    var first = frame(5000, 70, 300);
    frame(100, 2000, 3000);
    frame(5000, 71, 300);
    var second = frame(5000, 70, 300);
    for (var i = 0; i < first.size(); i++) {
      assertSame(first.get(i), second.get(i));
    }
    scratch.release();
  }

  @Test
  void anySizesAreServedAndMoreThanAreRemembered() {
    for (var round = 0; round < 3; round++) {
      for (var size = 1L; size < 2000; size++) {
        var segments = frame(size, 2 * size);
        assertEquals(size, segments.getFirst().byteSize());
        assertEquals(2 * size, segments.getLast().byteSize());
        assertEquals(0, segments.getLast().address() % 64);
        var distance = segments.getLast().address() - segments.getFirst().address();
        assertTrue(distance >= size || distance < 0);
      }
    }
    scratch.release();
  }

  @Test
  void innerFramesReuseABlockThatAnOuterFrameHasNotFilled() {
    var mark = scratch.open();
    scratch.allocate(8000);
    var first = frame(100_000).getFirst();
    for (var i = 0; i < 100; i++) {
      assertSame(first, frame(100_000).getFirst());
    }
    scratch.close(mark);
    scratch.release();
  }

  @Test
  void noMoreIsHeldThanWasNeededAtOneTime() {
    frame(64_000, 640, 6400);
    assertEquals(71_040, scratch.heldBytes());
    frame(64_000);
    frame(64_000, 64_000, 64);
    assertEquals(128_064, scratch.heldBytes());
    var mark = scratch.open();
    scratch.allocate(64_000);
    frame(128_000);
    frame(64, 192_000);
    scratch.close(mark);
    assertEquals(256_064, scratch.heldBytes());
    scratch.release();
  }

  @Test
  void whileItGrowsAQuarterIsTooMuchAtMost() {
    var mark = scratch.open();
    for (var i = 1; i <= 1000; i++) {
      scratch.allocate(6400);
      assertTrue(scratch.heldBytes() <= 6400L * i * 5 / 4 + 6400, "after " + i);
    }
    scratch.close(mark);
    assertEquals(6_400_000, scratch.heldBytes());
    scratch.release();
  }
}
