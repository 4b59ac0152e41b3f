package org.bayu.tensor.internal.kernels;

import java.lang.System.Logger.Level;
import org.bayu.tensor.internal.kernels.vector.VectorKernels;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the kernels of this machine, once: those that {@code -Dbayu.kernels=vector|scalar} names,
 * else the fastest that run here.
 */
public final class KernelProvider {
  private static final String VECTOR_MODULE = "jdk.incubator.vector";
  private static @Nullable Choice choice;

  private KernelProvider() {}

  /** Kernels, and why these. */
  record Choice(Kernels kernels, String reason) {}

  /**
   * The kernels in use.
   *
   * @throws IllegalArgumentException if {@code bayu.kernels} names kernels that cannot run here
   */
  public static Kernels kernels() {
    return choice().kernels;
  }

  /** Why these kernels, in a few words for people. */
  public static String reason() {
    return choice().reason;
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
          yield vector("the fastest kernels of this build");
        }
        System.getLogger(KernelProvider.class.getName())
            .log(
                Level.WARNING,
                "Bayu computes with plain loops, many times slower than this processor can: start"
                    + " Java with --add-modules "
                    + VECTOR_MODULE);
        yield new Choice(ScalarKernels.INSTANCE, "this JVM runs without " + VECTOR_MODULE);
      }
      case "scalar" -> new Choice(ScalarKernels.INSTANCE, "-Dbayu.kernels=scalar asks for them");
      case "vector" -> {
        if (!hasVectorModule) {
          throw new IllegalArgumentException(
              "-Dbayu.kernels=vector needs Java started with --add-modules " + VECTOR_MODULE);
        }
        yield vector("-Dbayu.kernels=vector asks for them");
      }
      case "machine" ->
          throw new IllegalArgumentException(
              "-Dbayu.kernels=machine: this build has no machine-code kernels; use vector or"
                  + " scalar");
      default ->
          throw new IllegalArgumentException(
              "-Dbayu.kernels=" + setting + ": there are vector and scalar kernels");
    };
  }

  private static Choice vector(String reason) {
    return new Choice(
        VectorKernels.INSTANCE, reason + ", with " + VectorKernels.vectorBits() + "-bit vectors");
  }
}
