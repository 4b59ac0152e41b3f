package org.bayu.tensor.internal.kernels.gemm;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bayu.tensor.internal.kernels.machine.x86.TestTiers;
import org.bayu.tensor.internal.parallel.WorkerPool;
import org.bayu.tensor.internal.parallel.WorkerPool.Task;

/**
 * Computes small products of all forms on all tiers in turn, and fails if the heap or the process's
 * memory grows from the second tenth of the calls to the last.
 */
public final class MemoryGrowth {
  /** Compiled code, and what the JVM itself keeps of it. */
  private static final long MOST_BYTES = 8 << 20;

  private MemoryGrowth() {}

  /** Argument: products in all. */
  public static void main(String[] arguments) throws IOException {
    var calls = Long.parseLong(arguments[0]);
    try (var arena = Arena.ofShared();
        var workers = new WorkerPool(2)) {
      var forms = ProductForms.all(arena);
      var gemms = TestTiers.all().stream().map(kernels -> new Gemm(kernels, workers)).toList();
      Task nested = (index, worker) -> multiply(forms, gemms, index);
      var heap = 0L;
      var process = 0L;
      for (var tenth = 1; tenth <= 10; tenth++) {
        for (var call = 0; call < calls / 10; call++) {
          if (call % 100 == 0) {
            workers.run(2, nested);
          } else {
            multiply(forms, gemms, call);
          }
        }
        var nowHeap = heapBytes();
        var nowProcess = anonymousBytes();
        System.out.printf("%d products: %d, %d%n", tenth * calls / 10, nowHeap, nowProcess);
        if (tenth == 2) {
          heap = nowHeap;
          process = nowProcess;
        } else if (tenth == 10
            && (nowHeap > heap + MOST_BYTES || nowProcess > process + MOST_BYTES)) {
          throw new AssertionError("bytes of heap and process grow");
        }
      }
    }
  }

  private static void multiply(List<ProductForms.Form> forms, List<Gemm> gemms, int call) {
    // Machine code comes first, and is fast: the others have one call in many.
    var fast = Math.max(1, gemms.size() - 2);
    var tier = call % (call % 41 == 0 ? gemms.size() : fast);
    forms.get(call / gemms.size() % forms.size()).multiply(gemms.get(tier));
  }

  /** The heap in use, after a collection. */
  private static long heapBytes() {
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  /** Memory of the process that no file backs; the heap is a part of it, touched beforehand. */
  private static long anonymousBytes() throws IOException {
    for (var line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("RssAnon:")) {
        return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
      }
    }
    throw new IOException("no RssAnon in /proc/self/status");
  }
}
