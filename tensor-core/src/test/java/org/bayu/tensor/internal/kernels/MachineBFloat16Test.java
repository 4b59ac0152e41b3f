package org.bayu.tensor.internal.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.util.Objects;
import java.util.Random;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.KernelsSuite.AtAwkwardSizes;
import org.bayu.tensor.internal.kernels.machine.MachineKernels.Availability.Available;
import org.bayu.tensor.internal.kernels.machine.x86.X86Kernels;

/** The machine code, where the processor runs it. */
class MachineBFloat16Test extends BFloat16KernelsSuite {
  private static final int SEED = 21;

  MachineBFloat16Test() {
    super(find());
  }

  private static BFloat16Kernels find() {
    var loops =
        X86Kernels.availability() instanceof Available available
            ? available.kernels().bfloat16Loops()
            : null;
    assumeTrue(loops != null, "this processor has no instructions for bf16");
    return Objects.requireNonNull(loops);
  }

  @AtAwkwardSizes
  void theTwinGivesTheSameBits(int n) {
    // Written where no such processor was at hand: the suite's bounds hold in every build, the
    // equal
    // bits are asked for in -Pstress until they have been seen.
    assumeTrue(Integer.getInteger("bayu.stressSeconds", 0) > 4, "equal bits: with -Pstress");
    try (var arena = Arena.ofConfined()) {
      var code = new Results(arena, kernels(), n);
      var twin = new Results(arena, ScalarBFloat16.INSTANCE, n);
      assertEquals(twin.sumOfExp, code.sumOfExp);
      for (var i = 0; i < Results.OUTPUTS; i++) {
        assertArrayEquals(twin.outputs[i].toFloats(), code.outputs[i].toFloats(), "output " + i);
      }
    }
  }

  /** What kernels make of the same inputs: all loops over n elements. */
  private static final class Results {
    static final int OUTPUTS = 8;

    private final Random random = new Random(SEED);
    private final Arena arena;
    private final GuardedMemory[] outputs = new GuardedMemory[OUTPUTS];
    private final double sumOfExp;

    Results(Arena arena, BFloat16Kernels kernels, int n) {
      this.arena = arena;
      var gate = input(DType.BF16, n, 30);
      var up = input(DType.BF16, n, 1);
      var dy = input(DType.BF16, n, 1);
      var x = input(DType.F32, n, 20);
      var weight = input(DType.F32, n, 1);
      for (var i = 0; i < 4; i++) {
        outputs[i] = input(DType.BF16, n, 0);
      }
      kernels.swiGlu(
          gate.segment(),
          gate.at(),
          up.segment(),
          up.at(),
          outputs[0].segment(),
          outputs[0].at(),
          n);
      kernels.swiGluBackward(
          gate.segment(),
          gate.at(),
          up.segment(),
          up.at(),
          dy.segment(),
          dy.at(),
          outputs[1].segment(),
          outputs[1].at(),
          outputs[2].segment(),
          outputs[2].at(),
          n);
      sumOfExp = kernels.sumOfExp(3.3f, x.segment(), x.at(), n);
      kernels.scaleAndMultiply(
          0.3f,
          x.segment(),
          x.at(),
          weight.segment(),
          weight.at(),
          outputs[3].segment(),
          outputs[3].at(),
          n);
      for (var i = 4; i < 6; i++) {
        outputs[i] = input(DType.F32, n, 1);
        kernels.rmsNormBackward(
            x.segment(),
            x.at(),
            weight.segment(),
            weight.at(),
            dy.segment(),
            dy.at(),
            outputs[i].segment(),
            outputs[i].at(),
            n,
            0.05f,
            i == 5);
      }
      var heads = input(DType.BF16, 6 * n, 1);
      outputs[6] = input(DType.BF16, 6 * n, 0);
      kernels.rotate(
          heads.segment(),
          heads.at(),
          weight.segment(),
          weight.segment(),
          weight.at(),
          outputs[6].segment(),
          outputs[6].at(),
          n,
          3,
          -1);
      kernels.scaledExp(3.3f, 0.37f, x.segment(), x.at(), x.segment(), x.at(), n);
      outputs[7] = new GuardedMemory(x.segment(), x.at(), DType.BF16, n);
    }

    private GuardedMemory input(DType type, int n, float scale) {
      var memory = GuardedMemory.random(arena, type, n, 2 * random.nextInt(32), random);
      for (var i = 0; i < n; i++) {
        memory.set(i, scale * memory.get(i));
      }
      return memory;
    }
  }
}
