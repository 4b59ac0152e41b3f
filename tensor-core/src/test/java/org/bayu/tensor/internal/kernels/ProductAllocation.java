package org.bayu.tensor.internal.kernels;

import java.lang.foreign.Arena;
import org.bayu.tensor.internal.kernels.machine.TestTiers;
import org.bayu.tensor.internal.parallel.HeapAllocation;
import org.bayu.tensor.internal.parallel.WorkerPool;
import org.bayu.tensor.internal.parallel.WorkerPool.Task;

/**
 * Fails if a product allocates: of any kernels and form, on one thread or two, inside tasks too.
 */
public final class ProductAllocation {
  private ProductAllocation() {}

  /** Checks all. */
  public static void main(String[] arguments) {
    try (var arena = Arena.ofShared()) {
      for (var kernels : TestTiers.all()) {
        for (var threads = 1; threads <= 2; threads++) {
          try (var workers = new WorkerPool(threads)) {
            check(kernels, workers, arena);
          }
        }
      }
    }
  }

  private static void check(Kernels kernels, WorkerPool workers, Arena arena) {
    var gemm = new Gemm(kernels, workers);
    var forms = ProductForms.all(arena);
    // Plain loops take their time.
    var calls = kernels.tier().equals("scalar") ? 100 : 1000;
    for (var form : forms) {
      var what =
          "%s, %s, threads: %d"
              .formatted(kernels.getClass().getSimpleName(), form.name(), workers.threads());
      HeapAllocation.assertNone(what, calls, () -> form.multiply(gemm));
    }
    Task task = (index, worker) -> forms.get(index).multiply(gemm);
    HeapAllocation.assertNone(
        "all forms inside tasks", calls / 10, () -> workers.run(forms.size(), task));
  }
}
