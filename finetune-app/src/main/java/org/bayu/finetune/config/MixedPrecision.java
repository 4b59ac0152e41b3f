package org.bayu.finetune.config;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;
import org.bayu.tensor.DType;

/**
 * In which types a step computes, as jmp's policies say it.
 *
 * @param parameters of the trainable parameters and the optimizer's state; a frozen parameter has
 *     the compute type
 * @param compute of the forward pass, into which parameters are cast
 * @param output of what the model returns
 */
public record MixedPrecision(DType parameters, DType compute, DType output) {

  /** Everything in 32 bits: Levanter's default. */
  public static final MixedPrecision F32 = new MixedPrecision(DType.F32, DType.F32, DType.F32);

  /**
   * Reads one type for all ({@code f32}, {@code bfloat16}) or several by letter ({@code
   * p=f32,c=bfloat16,o=f32}). Left out, parameters are f32, compute is as parameters, output as
   * compute.
   *
   * @throws IllegalArgumentException if it is neither
   */
  public static MixedPrecision parse(String policy) {
    if (policy.indexOf('=') < 0) {
      var type = type(policy);
      return new MixedPrecision(type, type, type);
    }
    var parameters = DType.F32;
    DType compute = null;
    DType output = null;
    for (var part : policy.split(",", -1)) {
      var equals = part.indexOf('=');
      var type = type(part.substring(equals + 1));
      switch (part.substring(0, Math.max(0, equals)).strip()) {
        case "p", "params" -> parameters = type;
        case "c", "compute" -> compute = type;
        case "o", "output" -> output = type;
        default -> throw new IllegalArgumentException(part);
      }
    }
    compute = compute == null ? parameters : compute;
    return new MixedPrecision(parameters, compute, output == null ? compute : output);
  }

  /** The policy, as {@link #parse} reads it. */
  @JsonValue
  @Override
  public String toString() {
    return "p=%s,c=%s,o=%s".formatted(name(parameters), name(compute), name(output));
  }

  private static DType type(String name) {
    return switch (name.strip().toLowerCase(Locale.ROOT)) {
      case "f32", "float32", "full" -> DType.F32;
      case "bf16", "bfloat16" -> DType.BF16;
      case "f16", "float16", "half" -> DType.F16;
      default -> throw new IllegalArgumentException(name);
    };
  }

  private static String name(DType type) {
    return type == DType.BF16 ? "bfloat16" : type.name().toLowerCase(Locale.ROOT);
  }
}
