package org.bayu.tensor.internal.kernels.machine.x86;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.bayu.tensor.internal.kernels.machine.CodeBuffer;
import org.bayu.tensor.internal.kernels.machine.CodeRefusedException;
import org.bayu.tensor.internal.kernels.machine.MachineCall;

/**
 * How fast the forms of a tile are on this processor, measured in a few milliseconds: all multiply
 * the same operands some times, in turns, and the best time of each counts. So neither an
 * interrupted thread decides, nor a processor that is slow at first.
 */
final class TileTrial implements AutoCloseable {
  /** A multiple of each form's rows: a turn takes 0.1 ms at 200 GFLOP/s. */
  private static final int ROWS = 168;

  private static final int TURNS = 10;

  private final ProductInstructions instructions;
  private final CodeBuffer code;
  private final MemorySegment tile;
  private long nanos = Long.MAX_VALUE;

  /** A form's full tile, with rows of A where they lie. */
  private TileTrial(ProductInstructions instructions) throws CodeRefusedException {
    this.instructions = instructions;
    instructions.emitTile(instructions.tileRows(), instructions.tileVectors(), false);
    code = CodeBuffer.of(instructions.assembler().toByteArray());
    tile = code.address(0);
  }

  /**
   * The rates of BF16 products on one thread, in 10⁹ operations a second.
   *
   * @return one for each of the instruction set's forms
   * @throws CodeRefusedException if the operating system gives no executable memory
   */
  static double[] gflops(CallingConvention convention, InstructionSet instructions)
      throws CodeRefusedException {
    var forms = instructions.tileForms();
    var trials = new TileTrial[forms.size()];
    try (var arena = Arena.ofConfined()) {
      var steps = 0;
      var columns = 0;
      for (var i = 0; i < trials.length; i++) {
        trials[i] = new TileTrial(instructions.products(convention, true, forms.get(i)));
        steps = trials[i].instructions.blockSteps();
        columns = Math.max(columns, forms.get(i).columns());
      }
      var a = arena.allocate(4L * ROWS * steps, 64);
      var b = arena.allocate(4L * columns * steps, 64);
      var c = arena.allocate(4L * ROWS * columns, 64);
      for (var turn = 0; turn < TURNS; turn++) {
        for (var trial : trials) {
          trial.run(a, b, c);
        }
      }
      var gflops = new double[trials.length];
      for (var i = 0; i < gflops.length; i++) {
        gflops[i] = trials[i].gflops();
      }
      return gflops;
    } finally {
      for (var trial : trials) {
        if (trial != null) {
          trial.close();
        }
      }
    }
  }

  private void run(MemorySegment a, MemorySegment b, MemorySegment c) {
    var steps = instructions.blockSteps();
    var start = System.nanoTime();
    MachineCall.call(
        tile,
        steps,
        a.address(),
        4L * steps,
        b.address(),
        c.address(),
        4L * instructions.tileColumns(),
        ROWS / instructions.tileRows(),
        0,
        0,
        0);
    nanos = Math.min(nanos, System.nanoTime() - start);
  }

  private double gflops() {
    var elements = (double) instructions.blockSteps() * instructions.step().elements();
    return 2 * elements * ROWS * instructions.tileColumns() / nanos;
  }

  @Override
  public void close() {
    code.close();
  }
}
