package org.bayu.tensor.internal.elements;

import static org.bayu.tensor.DType.BF16;
import static org.bayu.tensor.DType.F16;
import static org.bayu.tensor.DType.F32;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.reflect.Proxy;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.kernels.BFloat16Kernels;
import org.bayu.tensor.internal.kernels.ScalarBFloat16;
import org.bayu.tensor.internal.kernels.ScalarKernels;
import org.bayu.tensor.internal.parallel.WorkerPool;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** For which tensors loops over bf16 run: they round elsewhere than the widened way does. */
class BFloat16LoopsTest {
  private static final int ROWS = 3, COLUMNS = 8;

  private final Set<String> called = new ConcurrentSkipListSet<>();
  private final Arena arena = Arena.ofShared();
  private final CpuDevice device = new CpuDevice(new Recording(), new WorkerPool(1));

  /** Scalar kernels whose loops over bf16 tell their names. */
  private final class Recording extends ScalarKernels {
    private final BFloat16Kernels loops =
        (BFloat16Kernels)
            Proxy.newProxyInstance(
                BFloat16Kernels.class.getClassLoader(),
                new Class<?>[] {BFloat16Kernels.class},
                (proxy, method, arguments) -> {
                  called.add(method.getName());
                  return method.invoke(twin(), arguments);
                });

    private static BFloat16Kernels twin() {
      return Objects.requireNonNull(ScalarBFloat16.TIER.bfloat16Loops());
    }

    @Override
    public BFloat16Kernels bfloat16Loops() {
      return loops;
    }
  }

  @AfterEach
  void free() {
    device.close();
    arena.close();
  }

  private Tensor tensor(DType type) {
    return Tensor.allocate(arena, type, Shape.of(ROWS, COLUMNS));
  }

  private GradientTarget target(DType type, boolean accumulate) {
    return new GradientTarget(tensor(type), accumulate);
  }

  private void assertLoops(String... expected) {
    assertEquals(Set.of(expected), called);
    called.clear();
  }

  @Test
  void gatedUnitsInBFloat16TakeThem() {
    var x = tensor(BF16);
    GatedUnit.forward(device, x, x, tensor(BF16));
    assertLoops("swiGlu");
    GatedUnit.backward(device, x, x, x, target(BF16, false), target(BF16, false));
    assertLoops("swiGluBackward");
  }

  @Test
  void gatedUnitsDoNotWhereAGradientIsAddedToOrNotWanted() {
    var x = tensor(BF16);
    GatedUnit.backward(device, x, x, x, target(BF16, true), target(BF16, false));
    GatedUnit.backward(device, x, x, x, target(BF16, false), target(BF16, true));
    GatedUnit.backward(device, x, x, x, null, target(BF16, false));
    GatedUnit.backward(device, x, x, x, target(BF16, false), null);
    assertLoops();
  }

  @Test
  void rotationsInBFloat16TakeThemUnlessTheyAreAdded() {
    var positions = Tensor.ofInts(arena, new int[ROWS]);
    var table = Tensor.allocate(arena, F32, Shape.of(1, COLUMNS / 2));
    var rotation = new Rotation(positions, table, table);
    rotation.apply(device, tensor(BF16), 1, target(BF16, true));
    rotation.apply(device, tensor(F32), 1, target(F32, false));
    assertLoops();
    rotation.apply(device, tensor(BF16), -1, target(BF16, false));
    assertLoops("rotate");
  }

  private void norm(DType x, DType y) {
    var inverseRms = Tensor.allocate(arena, F32, Shape.of(ROWS));
    var weight = Tensor.allocate(arena, F32, Shape.of(COLUMNS));
    RowNorm.forward(device, tensor(x), weight, 1e-5f, tensor(y), inverseRms);
  }

  private void normBackward(DType x, DType dy, boolean wantsX, boolean adds, boolean trains) {
    var inverseRms = Tensor.allocate(arena, F32, Shape.of(ROWS));
    var weight = Tensor.allocate(arena, F32, Shape.of(COLUMNS));
    var sums = trains ? Tensor.allocate(arena, F32, Shape.of(RowNorm.blocks(ROWS), COLUMNS)) : null;
    var dx = wantsX ? target(x, adds) : null;
    RowNorm.backward(device, tensor(x), weight, inverseRms, tensor(dy), dx, sums);
  }

  @Test
  void normsOfAnF32StreamInBFloat16TakeThem() {
    norm(F32, BF16);
    assertLoops("scaleAndMultiply");
    normBackward(F32, BF16, true, false, false);
    assertLoops("rmsNormBackward");
    normBackward(F32, BF16, true, true, false);
    assertLoops("rmsNormBackward");
  }

  @Test
  void normsOfOtherTypesAndOfTrainedWeightsDoNot() {
    norm(BF16, BF16);
    norm(F32, F32);
    norm(BF16, F32);
    normBackward(F32, BF16, true, false, true);
    normBackward(F32, BF16, false, false, true);
    normBackward(BF16, BF16, true, false, false);
    normBackward(F32, F32, true, false, false);
    assertLoops();
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "F16"})
  void otherTypesDoNot(DType type) {
    var x = tensor(type);
    GatedUnit.forward(device, x, x, tensor(type));
    GatedUnit.backward(device, x, x, x, target(type, false), target(type, false));
    norm(type, F16);
    assertLoops();
  }
}
