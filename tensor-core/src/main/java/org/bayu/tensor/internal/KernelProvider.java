package org.bayu.tensor.internal;

import java.lang.System.Logger.Level;
import org.bayu.tensor.KernelsUnavailableException;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.kernels.ScalarKernels;
import org.bayu.tensor.internal.kernels.machine.MachineKernels.Availability.Available;
import org.bayu.tensor.internal.kernels.machine.MachineKernels.Availability.Missing;
import org.bayu.tensor.internal.kernels.machine.MachineKernels.Processor;
import org.bayu.tensor.internal.kernels.machine.x86.X86Kernels;
import org.bayu.tensor.internal.kernels.vector.VectorKernels;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the kernels of this machine, once: those that {@code
 * -Dbayu.kernels=machine|vector|scalar} names, else the fastest that run here.
 */
public final class KernelProvider {
  private static final String VECTOR_MODULE = "jdk.incubator.vector";
  private static final String ASKED = "-Dbayu.kernels=%s asks for them";
  private static @Nullable Choice choice;

  private KernelProvider() {}

  /** Kernels, and why these. */
  record Choice(Kernels kernels, String reason) {}

  /**
   * The kernels in use.
   *
   * @throws KernelsUnavailableException if {@code bayu.kernels} names kernels that cannot run here
   */
  public static Kernels kernels() {
    return choice().kernels;
  }

  /** Why these kernels, in a few words for people. */
  public static String reason() {
    return choice().reason;
  }

  /** What can be known of this machine's processor. */
  public static Processor processor() {
    return X86Kernels.processor();
  }

  private static synchronized Choice choice() {
    if (choice == null) {
      // On the class path the module is there only if the command line adds it.
      var hasVectorModule = ModuleLayer.boot().findModule(VECTOR_MODULE).isPresent();
      choice = choose(System.getProperty("bayu.kernels"), hasVectorModule);
    }
    return choice;
  }

  /** The choice for this setting; the vector classes are not touched without their module. */
  static Choice choose(@Nullable String setting, boolean hasVectorModule) {
    return switch (setting) {
      case null -> {
        if (hasVectorModule) {
          yield fastest();
        }
        log(
            "Bayu computes with plain loops, many times slower than this processor can: start"
                + " Java with --add-modules "
                + VECTOR_MODULE);
        yield new Choice(ScalarKernels.INSTANCE, "this JVM runs without " + VECTOR_MODULE);
      }
      case "scalar" -> new Choice(ScalarKernels.INSTANCE, "-Dbayu.kernels=scalar asks for them");
      case "vector", "machine" -> {
        if (!hasVectorModule) {
          throw new KernelsUnavailableException(
              "-Dbayu.kernels=%s needs Java started with --add-modules %s"
                  .formatted(setting, VECTOR_MODULE));
        }
        yield setting.equals("vector") ? vector(ASKED.formatted(setting)) : machine();
      }
      default ->
          throw new KernelsUnavailableException(
              "-Dbayu.kernels=" + setting + ": there are machine, vector and scalar kernels");
    };
  }

  private static Choice fastest() {
    return switch (X86Kernels.availability()) {
      case Available available -> new Choice(available.kernels(), available.processor());
      case Missing missing -> {
        if (missing.isRefused()) {
          log("Bayu computes slower than this processor can: " + missing.reason());
        }
        yield vector("no machine code, since " + missing.reason());
      }
    };
  }

  private static Choice machine() {
    return switch (X86Kernels.availability()) {
      case Available available -> new Choice(available.kernels(), ASKED.formatted("machine"));
      case Missing missing ->
          throw new KernelsUnavailableException(
              "-Dbayu.kernels=machine: there is no machine code here, since " + missing.reason());
    };
  }

  private static void log(String warning) {
    System.getLogger(KernelProvider.class.getName()).log(Level.WARNING, warning);
  }

  private static Choice vector(String reason) {
    return new Choice(
        VectorKernels.INSTANCE, reason + ", with " + VectorKernels.vectorBits() + "-bit vectors");
  }
}
