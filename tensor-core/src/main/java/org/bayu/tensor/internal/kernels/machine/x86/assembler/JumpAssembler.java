package org.bayu.tensor.internal.kernels.machine.x86.assembler;

import java.util.ArrayList;
import java.util.List;

/** The code of an assembler with its labels and jumps. */
abstract class JumpAssembler {
  /** The recommended no-operations of 1 to 9 bytes. */
  private static final String[] NOPS = {
    "90",
    "6690",
    "0F1F00",
    "0F1F4000",
    "0F1F440000",
    "660F1F440000",
    "0F1F8000000000",
    "0F1F840000000000",
    "660F1F840000000000"
  };

  /** Conditions, by their number in the encodings of jumps. */
  private static final int B = 2, AE = 3, Z = 4, NZ = 5, BE = 6, A = 7, S = 8, NS = 9;

  private static final int L = 12, GE = 13, LE = 14, G = 15;

  final CodeBytes code = new CodeBytes();
  private final List<Jump> jumps = new ArrayList<>();

  /** Four bytes at {@code position} that are the label's distance from their end. */
  private record Jump(int position, Label label) {}

  /**
   * The code, position-independent.
   *
   * @throws IllegalStateException if a label was used and not bound
   */
  public final byte[] toByteArray() {
    for (var jump : jumps) {
      code.setInt(jump.position, jump.label.position() - (jump.position + 4));
    }
    return code.toByteArray();
  }

  /** Where the next instruction will be, in bytes from the beginning. */
  public final int position() {
    return code.size();
  }

  /** Puts the label before the next instruction. */
  public final void bind(Label label) {
    label.bind(position());
  }

  /** A label before the next instruction, for jumps back. */
  public final Label here() {
    var label = new Label();
    bind(label);
    return label;
  }

  /** Appends no-operations up to a multiple of {@code bytes}. */
  public final void align(int bytes) {
    while (position() % bytes != 0) {
      var nop = NOPS[Math.min(bytes - position() % bytes, NOPS.length) - 1];
      for (var i = 0; i < nop.length(); i += 2) {
        code.put(Integer.parseInt(nop, i, i + 2, 16));
      }
    }
  }

  /** Appends constants, to be read through {@link Assembler#lea(Gp, Label)}. */
  public final void data(int... values) {
    for (var value : values) {
      code.putInt(value);
    }
  }

  // Jumps: signed conditions are l, ge, g and le; unsigned ones b, ae, a and be.

  public final void jmp(Label to) {
    if (isNear(to)) {
      code.put(0xEB);
      code.put(to.position() - (position() + 1));
    } else {
      code.put(0xE9);
      distance(to);
    }
  }

  public final void jz(Label to) {
    jumpIf(Z, to);
  }

  public final void jnz(Label to) {
    jumpIf(NZ, to);
  }

  public final void jl(Label to) {
    jumpIf(L, to);
  }

  public final void jge(Label to) {
    jumpIf(GE, to);
  }

  final void jg(Label to) {
    jumpIf(G, to);
  }

  final void jle(Label to) {
    jumpIf(LE, to);
  }

  public final void jb(Label to) {
    jumpIf(B, to);
  }

  final void jae(Label to) {
    jumpIf(AE, to);
  }

  final void ja(Label to) {
    jumpIf(A, to);
  }

  final void jbe(Label to) {
    jumpIf(BE, to);
  }

  final void js(Label to) {
    jumpIf(S, to);
  }

  final void jns(Label to) {
    jumpIf(NS, to);
  }

  private void jumpIf(int condition, Label to) {
    if (isNear(to)) {
      code.put(0x70 | condition);
      code.put(to.position() - (position() + 1));
    } else {
      code.put(0x0F);
      code.put(0x80 | condition);
      distance(to);
    }
  }

  /** Whether a jump of two bytes from here reaches the label. */
  private boolean isNear(Label label) {
    return label.isBound() && CodeBytes.isByte(label.position() - (position() + 2));
  }

  /** Appends four bytes: how far the label is from their end. */
  final void distance(Label label) {
    jumps.add(new Jump(position(), label));
    code.putInt(0);
  }
}
