package org.bayu.tensor.internal.kernels.gemm;

import java.lang.foreign.Arena;
import java.util.List;
import java.util.Locale;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.kernels.machine.CodeAndLoops;
import org.bayu.tensor.internal.parallel.HeapAllocation;
import org.bayu.tensor.internal.parallel.WorkerPool;
import org.bayu.tensor.internal.parallel.WorkerPool.Task;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * No product allocates: of any form, on one thread or two, inside tasks or not, compiled or not.
 */
class GemmAllocationTest {
  private static final int CALLS = 1000;

  private final Arena arena = Arena.ofShared();

  @AfterEach
  void free() {
    arena.close();
  }

  static List<Kernels> kernels() {
    return CodeAndLoops.all();
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void aProductAllocatesNothing(Kernels kernels) {
    for (var threads = 1; threads <= 2; threads++) {
      try (var workers = new WorkerPool(threads)) {
        var gemm = new Gemm(kernels, workers);
        for (var form : ProductForms.all(arena)) {
          var what = String.format(Locale.ROOT, "%s, threads: %d", form.name(), threads);
          HeapAllocation.assertNone(what, calls(kernels), () -> form.multiply(gemm));
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void productsInsideTasksAllocateNothing(Kernels kernels) {
    try (var workers = new WorkerPool(2)) {
      var gemm = new Gemm(kernels, workers);
      var forms = ProductForms.all(arena);
      Task task = (index, worker) -> forms.get(index).multiply(gemm);
      HeapAllocation.assertNone(
          "all forms", calls(kernels) / 10, () -> workers.run(forms.size(), task));
    }
  }

  /** Without machine code they take long. */
  private static int calls(Kernels kernels) {
    return kernels.tier().equals("scalar") ? CALLS / 10 : CALLS;
  }
}
