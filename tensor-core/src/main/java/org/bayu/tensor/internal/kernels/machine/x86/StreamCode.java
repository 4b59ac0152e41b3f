package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R10;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R11;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R12;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R13;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R14;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R15;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R8;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R9;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RAX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RBP;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RBX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RCX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RSI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.xmm;

import org.bayu.tensor.internal.kernels.machine.ProductCode;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Address;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Label;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector;

/**
 * Dot products of many rows with a few vectors: for products with so few rows that packing a weight
 * would take longer than reading it once. What the instructions are, subclasses say.
 *
 * <p>{@code void stream(byte* rows, long rowStride, long k, byte* few, long fewStride, float* to,
 * long blocks, long tail, long toStride, long counts)}: to[f, r] = Σ rows[r, l]·few[f, l], or +=
 * it. A block of rows is some groups; each block meets all vectors, in groups too, before the next
 * is read. Rows are of any type and rounded to that of the product; the few vectors are steps of
 * it, and zeros up to a multiple of 64 bytes. The sums of a vector's lanes are added by halves.
 */
abstract class StreamCode {
  /** Places on the stack: where the block, its group of vectors and their sums begin; counts. */
  private static final int BLOCK_ROWS = 0, ALL_VECTORS = 8, BLOCK_SUMS = 16, GROUP_SUMS = 24;

  /**
   * Bytes that are fetched ahead of a single row: a page, as by {@link ReadCode}. Several rows are
   * fetched a block ahead.
   */
  private static final int AHEAD = 4096;

  private static final int ROW_GROUPS = 32, VECTOR_GROUPS = 40, K = 48;
  private static final int ROW_GROUPS_LEFT = 56, VECTOR_GROUPS_LEFT = 64, LOCAL_BYTES = 72;

  final int rows;
  final int few;
  private final Assembler asm;
  private final Frame frame;

  /** The function for {@code rows} (1, 2 or 4) rows and {@code few} vectors. */
  StreamCode(Assembler asm, CallingConvention convention, int rows, int few) {
    this.asm = asm;
    this.rows = rows;
    this.few = few;
    frame = new Frame(asm, convention, 10, LOCAL_BYTES, RBX, RBP, R12, R13, R14, R15);
  }

  /** Elements of a full vector. */
  abstract int chunk();

  /** Their bytes in memory. */
  abstract int chunkBytes();

  /** Bytes of a vector's chunk. */
  abstract int vectorBytes();

  /** Begins, with the tail's parameter in RAX; RBP may keep what is read. */
  abstract void begin();

  /** All sums become 0. */
  abstract void zeroSums();

  /**
   * Adds the products of a chunk of each row, from R12 on, with that of each vector, from R13 on.
   */
  abstract void multiplyChunk();

  /** The last chunk, of the RDX elements that are left; may change RDX and R15. */
  abstract void multiplyTail();

  /** Adds up a sum's lanes, into its first. */
  abstract void addLanes(int sum);

  /** {@code into += from}, of one number. */
  abstract void addOne(Vector into, Address from);

  /** Stores a sum's first lane. */
  abstract void storeOne(Address to, Vector sum);

  /** What lies behind the function. */
  abstract void end();

  final int sum(int row, int vector) {
    return row * few + vector;
  }

  /** This chunk of a row. */
  final Address row(int row) {
    return row(R12, row);
  }

  /** What lies at {@code first} in the first row. */
  final Address row(Gp first, int row) {
    return strided(first, RSI, R10, row);
  }

  /** This chunk of a vector. */
  final Address vector(int vector) {
    return strided(R13, R8, R11, vector);
  }

  /** Fetches what lies ahead of this chunk of a row. */
  final void prefetch(int row) {
    for (var line = 0; line < chunkBytes(); line += 64) {
      asm.prefetcht1(row(R15, row).plus(line));
    }
  }

  private static Address strided(Gp base, Gp stride, Gp threeStrides, int index) {
    return switch (index) {
      case 0 -> at(base);
      case 1, 2 -> at(base, stride, index, 0);
      default -> at(base, threeStrides, 1, 0);
    };
  }

  /** Appends the function. */
  final void emit() {
    frame.prologue();
    frame.loadStackArgument(7, RAX);
    begin();
    frame.loadStackArgument(6, RBX);
    frame.loadStackArgument(8, RAX);
    frame.loadStackArgument(9, R14);
    emitBlocks();
    frame.epilogue();
    end();
  }

  private void emitBlocks() {
    asm.lea(R10, at(RSI, RSI, 2, 0));
    asm.lea(R11, at(R8, R8, 2, 0));
    asm.mov(R12, R14);
    asm.shr(R12, ProductCode.ROW_GROUPS_SHIFT);
    asm.mov(frame.local(ROW_GROUPS), R12);
    asm.mov(R12, R14);
    asm.and(R12, (1 << ProductCode.ROW_GROUPS_SHIFT) - 1);
    asm.shr(R12, 1);
    asm.mov(frame.local(VECTOR_GROUPS), R12);
    asm.and(R14, 1);
    asm.mov(frame.local(K), RDX);
    asm.mov(frame.local(ALL_VECTORS), RCX);
    var nextBlock = asm.here();
    asm.mov(frame.local(BLOCK_ROWS), RDI);
    asm.mov(frame.local(BLOCK_SUMS), R9);
    asm.mov(RCX, frame.local(ALL_VECTORS));
    copy(VECTOR_GROUPS, VECTOR_GROUPS_LEFT);
    var nextVectors = asm.here();
    copy(ROW_GROUPS, ROW_GROUPS_LEFT);
    asm.mov(RDI, frame.local(BLOCK_ROWS));
    asm.mov(frame.local(GROUP_SUMS), R9);
    var nextRows = asm.here();
    zeroSums();
    multiply();
    store();
    asm.lea(RDI, at(RDI, RSI, rows, 0));
    asm.add(R9, 4 * rows);
    countDown(ROW_GROUPS_LEFT, nextRows);
    addTimes(RCX, R8, few);
    asm.mov(R9, frame.local(GROUP_SUMS));
    addTimes(R9, RAX, few);
    countDown(VECTOR_GROUPS_LEFT, nextVectors);
    asm.mov(R9, frame.local(BLOCK_SUMS));
    asm.mov(R13, frame.local(ROW_GROUPS));
    addTimes(R9, R13, 4 * rows);
    asm.dec(RBX);
    asm.jnz(nextBlock);
  }

  private void copy(int from, int to) {
    asm.mov(R12, frame.local(from));
    asm.mov(frame.local(to), R12);
  }

  private void countDown(int counter, Label again) {
    asm.mov(R12, frame.local(counter));
    asm.dec(R12);
    asm.mov(frame.local(counter), R12);
    asm.jnz(again);
  }

  /** to += times · value. */
  private void addTimes(Gp to, Gp value, int times) {
    asm.mov(R12, times);
    asm.imul(R12, value);
    asm.add(to, R12);
  }

  private void multiply() {
    asm.mov(R12, RDI);
    asm.mov(R13, RCX);
    if (rows == 1) {
      asm.lea(R15, at(RDI, AHEAD));
    } else {
      asm.mov(R15, ProductCode.BLOCK);
      asm.imul(R15, RSI);
      asm.add(R15, RDI);
    }
    var chunk = chunk();
    var tail = new Label();
    var done = new Label();
    asm.sub(RDX, chunk);
    asm.jl(tail);
    asm.align(32);
    var again = asm.here();
    multiplyChunk();
    asm.add(R12, chunkBytes());
    asm.add(R15, chunkBytes());
    asm.add(R13, vectorBytes());
    asm.sub(RDX, chunk);
    asm.jge(again);
    asm.bind(tail);
    asm.add(RDX, chunk);
    asm.jz(done);
    multiplyTail();
    asm.bind(done);
    asm.mov(RDX, frame.local(K));
  }

  private void store() {
    var set = new Label();
    for (var i = 0; i < rows * few; i++) {
      addLanes(i);
    }
    asm.test(R14, R14);
    asm.jz(set);
    forEachResult(this::addOne);
    asm.bind(set);
    forEachResult((sum, address) -> storeOne(address, sum));
  }

  private interface ResultAction {
    void run(Vector sum, Address address);
  }

  private void forEachResult(ResultAction action) {
    asm.mov(R12, R9);
    for (var vector = 0; vector < few; vector++) {
      for (var row = 0; row < rows; row++) {
        action.run(xmm(sum(row, vector)), at(R12, 4 * row));
      }
      asm.add(R12, RAX);
    }
  }
}
