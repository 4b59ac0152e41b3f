package org.bayu.tensor.internal.kernels.machine.x86;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.function.Supplier;
import org.bayu.tensor.internal.kernels.machine.CodeRefusedException;
import org.jspecify.annotations.Nullable;

/**
 * The form of tile that is used on this processor.
 *
 * @param reason why, in a few words for people; formatted only if somebody asks
 */
record TileChoice(TileForm form, Supplier<String> reason) {
  /** How much faster than the first form another one must be: more than times vary. */
  private static final double MARGIN = 1.05;

  /**
   * The form that is asked for, if these instructions have it; else the only one, or the fastest.
   *
   * @param asked a form's name; null for the fastest
   * @throws CodeRefusedException if the operating system gives no executable memory
   */
  static Optional<TileChoice> of(
      CallingConvention convention, InstructionSet instructions, @Nullable String asked)
      throws CodeRefusedException {
    var forms = instructions.tileForms();
    if (asked != null) {
      for (var form : forms) {
        if (form.name().equals(asked)) {
          return Optional.of(new TileChoice(form, () -> "-Dbayu.tile asks for it"));
        }
      }
      return Optional.empty();
    }
    return Optional.of(
        forms.size() == 1
            ? new TileChoice(forms.getFirst(), () -> "the only one with " + instructions.title())
            : fastest(forms, TileTrial.gflops(convention, instructions)));
  }

  /** The first form, unless another one is clearly faster. */
  static TileChoice fastest(List<TileForm> forms, double[] gflops) {
    var best = 0;
    for (var i = 1; i < gflops.length; i++) {
      var atLeast = best == 0 ? MARGIN * gflops[0] : gflops[best];
      best = gflops[i] > atLeast ? i : best;
    }
    return new TileChoice(forms.get(best), () -> rates(forms, gflops));
  }

  private static String rates(List<TileForm> forms, double[] gflops) {
    var rates = new StringJoiner("; ", "in a trial at start-up ", "");
    for (var i = 0; i < gflops.length; i++) {
      rates.add(String.format(Locale.ROOT, "%.0f GFLOP/s with %s", gflops[i], forms.get(i).name()));
    }
    return rates.toString();
  }

  /** The form and the reason, for people. */
  @Override
  public String toString() {
    return form + " (" + reason.get() + ")";
  }
}
