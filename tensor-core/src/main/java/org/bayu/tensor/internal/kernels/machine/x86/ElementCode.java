package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.MachineCall.bits;

import java.lang.foreign.MemorySegment;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.bayu.tensor.internal.kernels.BFloat16Kernels;
import org.bayu.tensor.internal.kernels.machine.CodeBuffer;
import org.bayu.tensor.internal.kernels.machine.CodeRefusedException;
import org.bayu.tensor.internal.kernels.machine.MachineCall;

/** Loops over bf16 in machine code. Nothing here checks a range. */
final class ElementCode implements BFloat16Kernels {
  private final MemorySegment swiGlu;
  private final MemorySegment swiGluBackward;
  private final MemorySegment sumOfExp;
  private final MemorySegment scaledExp;
  private final MemorySegment scaleAndMultiply;
  private final MemorySegment rmsNormBackward;
  private final MemorySegment rmsNormBackwardAdding;
  private final MemorySegment rotate;

  /**
   * Assembles it.
   *
   * @param loops makes loops of one assembler
   * @throws CodeRefusedException if the operating system gives no executable memory
   */
  ElementCode(CallingConvention convention, Supplier<VectorLoop> loops)
      throws CodeRefusedException {
    var asm = loops.get().assembler();
    var swiGluAt = begin(loops, convention, SwiGluCode::emitForward);
    var swiGluBackwardAt = begin(loops, convention, SwiGluCode::emitBackward);
    var sumOfExpAt = begin(loops, convention, LogitsCode::emitSum);
    var scaledExpAt = begin(loops, convention, LogitsCode::emitScaled);
    var scaleAt = begin(loops, convention, RmsNormCode::emitScale);
    var rmsNormBackwardAt = begin(loops, convention, RmsNormCode::emitBackward);
    var rmsNormBackwardAddingAt = begin(loops, convention, RmsNormCode::emitBackwardAdding);
    var rotateAt = begin(loops, convention, RotationCode::emit);
    var code = CodeBuffer.of(asm.toByteArray());
    swiGlu = code.address(swiGluAt);
    swiGluBackward = code.address(swiGluBackwardAt);
    sumOfExp = code.address(sumOfExpAt);
    scaledExp = code.address(scaledExpAt);
    scaleAndMultiply = code.address(scaleAt);
    rmsNormBackward = code.address(rmsNormBackwardAt);
    rmsNormBackwardAdding = code.address(rmsNormBackwardAddingAt);
    rotate = code.address(rotateAt);
  }

  /** Appends a function; returns where it begins. */
  private static int begin(
      Supplier<VectorLoop> loops,
      CallingConvention convention,
      BiConsumer<VectorLoop, CallingConvention> function) {
    var loop = loops.get();
    loop.assembler().align(64);
    var at = loop.assembler().position();
    function.accept(loop, convention);
    return at;
  }

  @Override
  public void swiGlu(
      MemorySegment gate,
      long gateAt,
      MemorySegment up,
      long upAt,
      MemorySegment y,
      long yAt,
      int n) {
    MachineCall.call(
        swiGlu, gate.address() + gateAt, up.address() + upAt, y.address() + yAt, n, 0, 0);
  }

  @Override
  public void swiGluBackward(
      MemorySegment gate,
      long gateAt,
      MemorySegment up,
      long upAt,
      MemorySegment dy,
      long dyAt,
      MemorySegment dGate,
      long dGateAt,
      MemorySegment dUp,
      long dUpAt,
      int n) {
    MachineCall.call(
        swiGluBackward,
        gate.address() + gateAt,
        up.address() + upAt,
        dy.address() + dyAt,
        dGate.address() + dGateAt,
        dUp.address() + dUpAt,
        n);
  }

  @Override
  public double sumOfExp(float shift, MemorySegment x, long xAt, int n) {
    return Double.longBitsToDouble(
        MachineCall.call(sumOfExp, x.address() + xAt, n, bits(shift), 0, 0, 0));
  }

  @Override
  public void scaledExp(
      float shift, float factor, MemorySegment x, long xAt, MemorySegment y, long yAt, int n) {
    MachineCall.call(
        scaledExp, x.address() + xAt, y.address() + yAt, n, bits(shift), bits(factor), 0);
  }

  @Override
  public void scaleAndMultiply(
      float factor,
      MemorySegment x,
      long xAt,
      MemorySegment weight,
      long weightAt,
      MemorySegment y,
      long yAt,
      int n) {
    MachineCall.call(
        scaleAndMultiply,
        x.address() + xAt,
        weight.address() + weightAt,
        y.address() + yAt,
        n,
        bits(factor),
        0);
  }

  @Override
  public void rmsNormBackward(
      MemorySegment x,
      long xAt,
      MemorySegment weight,
      long weightAt,
      MemorySegment dy,
      long dyAt,
      MemorySegment dx,
      long dxAt,
      int n,
      float inverseRms,
      boolean adds) {
    MachineCall.call(
        adds ? rmsNormBackwardAdding : rmsNormBackward,
        x.address() + xAt,
        weight.address() + weightAt,
        dy.address() + dyAt,
        dx.address() + dxAt,
        n,
        bits(inverseRms),
        bits((float) ((double) inverseRms * inverseRms / n)),
        0,
        0,
        0);
  }

  @Override
  public void rotate(
      MemorySegment x,
      long xAt,
      MemorySegment cos,
      MemorySegment sin,
      long tableAt,
      MemorySegment y,
      long yAt,
      int half,
      int heads,
      float sign) {
    if (heads > 0) {
      MachineCall.call(
          rotate,
          x.address() + xAt,
          y.address() + yAt,
          cos.address() + tableAt,
          sin.address() + tableAt,
          half,
          heads,
          bits(sign),
          0,
          0,
          0);
    }
  }
}
