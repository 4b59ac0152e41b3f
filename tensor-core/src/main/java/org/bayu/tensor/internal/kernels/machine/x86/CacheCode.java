package org.bayu.tensor.internal.kernels.machine.x86;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.CacheKernels;
import org.bayu.tensor.internal.kernels.machine.CodeBuffer;
import org.bayu.tensor.internal.kernels.machine.CodeRefusedException;
import org.bayu.tensor.internal.kernels.machine.MachineCall;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx2Assembler;
import org.bayu.tensor.internal.kernels.vector.VectorCacheKernels;

/**
 * {@link CacheKernels} in machine code, by {@link CacheRowsCode}; also where there is AVX-512, for
 * memory is the bottleneck. Heads whose size is no multiple of eight go to the Vector API. Nothing
 * here checks a range.
 */
final class CacheCode implements CacheKernels {
  private static final VectorCacheKernels VECTOR = VectorCacheKernels.INSTANCE;
  private static final List<DType> TYPES = List.of(DType.F32, DType.BF16);
  private static final int ROWS = 4, PAIR = 2, EIGHT = 8;

  /** Functions of a type: scores of 4 rows with 2 keys, 1 with 8 and 1 with 1; then sums. */
  private static final int SCORES_MANY = 0, SCORES_EIGHT = 1, SCORES_ONE = 2;

  /** Sums of 4 rows in blocks of 2 vectors and of 1, of one row in blocks of 8 and of 1. */
  private static final int SUMS_MANY = 3, SUMS_MANY_LAST = 4, SUMS_ONE = 5, SUMS_ONE_LAST = 6;

  private static final int FUNCTIONS = 7;

  private final List<MemorySegment> functions;

  /**
   * Assembles it.
   *
   * @throws CodeRefusedException if the operating system gives no executable memory
   */
  CacheCode(CallingConvention convention) throws CodeRefusedException {
    var asm = new Avx2Assembler();
    List<Integer> starts = new ArrayList<>();
    for (var type : TYPES) {
      begin(asm, starts);
      CacheRowsCode.emitScores(asm, convention, type, ROWS, PAIR);
      begin(asm, starts);
      CacheRowsCode.emitScores(asm, convention, type, 1, EIGHT);
      begin(asm, starts);
      CacheRowsCode.emitScores(asm, convention, type, 1, 1);
      begin(asm, starts);
      CacheRowsCode.emitSums(asm, convention, type, ROWS, PAIR);
      begin(asm, starts);
      CacheRowsCode.emitSums(asm, convention, type, ROWS, 1);
      begin(asm, starts);
      CacheRowsCode.emitSums(asm, convention, type, 1, EIGHT);
      begin(asm, starts);
      CacheRowsCode.emitSums(asm, convention, type, 1, 1);
    }
    var code = CodeBuffer.of(asm.toByteArray());
    functions = starts.stream().map(code::address).toList();
  }

  private static void begin(Avx2Assembler asm, List<Integer> starts) {
    asm.align(64);
    starts.add(asm.position());
  }

  private MemorySegment function(DType type, int number) {
    return functions.get(TYPES.indexOf(type) * FUNCTIONS + number);
  }

  private static boolean isWhole(int headDim) {
    return headDim % CacheRowsCode.CHUNK == 0;
  }

  @Override
  public boolean fits(DType type, int headDim) {
    return type == DType.F32 || (type == DType.BF16 && isWhole(headDim));
  }

  @Override
  public void multiplyRows(
      int rows,
      MemorySegment a,
      long aAt,
      int headDim,
      DType type,
      MemorySegment x,
      long xAt,
      long stride,
      int keys,
      MemorySegment scores,
      long scoresAt,
      int scoresStride) {
    if (!isWhole(headDim)) {
      VECTOR.multiplyRows(
          rows, a, aAt, headDim, type, x, xAt, stride, keys, scores, scoresAt, scoresStride);
      return;
    }
    var rowBytes = 4L * headDim;
    var chunks = headDim / CacheRowsCode.CHUNK;
    var first = x.address() + xAt;
    var toStride = 4L * scoresStride;
    for (var row = 0; row < rows; ) {
      var left = a.address() + aAt + row * rowBytes;
      var to = scores.address() + scoresAt + row * toStride;
      if (rows - row >= ROWS) {
        var many = function(type, SCORES_MANY);
        var even = keys - keys % PAIR;
        scores(many, left, rowBytes, first, stride, chunks, to, toStride, even / PAIR);
        // The last key twice; what that writes behind is nobody's.
        var last = first + even * stride;
        scores(many, left, rowBytes, last, 0, chunks, to + 4L * even, toStride, keys % PAIR);
        row += ROWS;
      } else {
        var one = function(type, SCORES_ONE);
        var whole = keys - keys % EIGHT;
        var eight = function(type, SCORES_EIGHT);
        scores(eight, left, rowBytes, first, stride, chunks, to, toStride, whole / EIGHT);
        var rest = first + whole * stride;
        scores(one, left, rowBytes, rest, stride, chunks, to + 4L * whole, toStride, keys % EIGHT);
        row++;
      }
    }
  }

  private static void scores(
      MemorySegment function,
      long a,
      long aStride,
      long x,
      long xStride,
      long chunks,
      long to,
      long toStride,
      long groups) {
    if (groups > 0) {
      MachineCall.call(function, a, aStride, x, xStride, chunks, to, toStride, groups, 0, 0);
    }
  }

  @Override
  public void addRows(
      int rows,
      MemorySegment weights,
      long weightsAt,
      int weightsStride,
      int headDim,
      DType type,
      MemorySegment x,
      long xAt,
      long stride,
      int keys,
      MemorySegment sums,
      long sumsAt) {
    if (!isWhole(headDim)) {
      VECTOR.addRows(
          rows,
          weights,
          weightsAt,
          weightsStride,
          headDim,
          type,
          x,
          xAt,
          stride,
          keys,
          sums,
          sumsAt);
      return;
    }
    var rowBytes = 4L * headDim;
    var fromStride = 4L * weightsStride;
    var first = x.address() + xAt;
    for (var row = 0; row < rows; ) {
      var from = weights.address() + weightsAt + row * fromStride;
      var to = sums.address() + sumsAt + row * rowBytes;
      var isMany = rows - row >= ROWS;
      var vectors = isMany ? PAIR : EIGHT;
      var blocks = headDim / CacheRowsCode.CHUNK / vectors;
      var done = blocks * vectors * CacheRowsCode.CHUNK;
      var main = function(type, isMany ? SUMS_MANY : SUMS_ONE);
      sums(main, from, fromStride, first, stride, keys, to, rowBytes, blocks);
      var last = function(type, isMany ? SUMS_MANY_LAST : SUMS_ONE_LAST);
      var at = first + (long) done * type.bytes();
      var rest = (headDim - done) / CacheRowsCode.CHUNK;
      sums(last, from, fromStride, at, stride, keys, to + 4L * done, rowBytes, rest);
      row += isMany ? ROWS : 1;
    }
  }

  private static void sums(
      MemorySegment function,
      long weights,
      long weightsStride,
      long x,
      long xStride,
      long keys,
      long to,
      long toStride,
      long blocks) {
    if (blocks > 0) {
      MachineCall.call(
          function, weights, weightsStride, x, xStride, keys, to, toStride, blocks, 0, 0);
    }
  }
}
