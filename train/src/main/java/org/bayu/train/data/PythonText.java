package org.bayu.train.data;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;

/**
 * A JSON value as Python prints what {@code json.loads} makes of it, which is how Levanter's
 * templates show a row's fields: {@code 3}, {@code 1.5}, {@code 1000.0} for 1e3, {@code True},
 * {@code None}.
 */
final class PythonText {
  /** Python writes exponents from 10¹⁶ on and below 10⁻⁴. */
  private static final int LARGEST_PLAIN = 16;

  private static final int SMALLEST_PLAIN = -4;

  private PythonText() {}

  /**
   * The text of a string, a number, a truth value or null.
   *
   * @throws BadRowException for a list or an object; the reason is about the field's value
   */
  static String of(String field, JsonNode value) throws BadRowException {
    return switch (value.getNodeType()) {
      case STRING -> value.textValue();
      case NUMBER -> value.isIntegralNumber() ? value.asText() : real(value.doubleValue());
      case BOOLEAN -> value.booleanValue() ? "True" : "False";
      case NULL -> "None";
      default ->
          throw new BadRowException(
              "the template names the field '%s', which is %s and not text or a number"
                  .formatted(field, RowReader.kind(value)));
    };
  }

  /** Python's {@code repr} of a float: the shortest digits that read back as the same number. */
  static String real(double value) {
    if (Double.isNaN(value)) {
      return "nan";
    }
    var sign = value < 0 || 1 / value < 0 ? "-" : "";
    if (Double.isInfinite(value)) {
      return sign + "inf";
    }
    if (value == 0) {
      return sign + "0.0";
    }
    var shortest = shortest(Math.abs(value));
    var digits = shortest.unscaledValue().toString();
    // The value is 0.d₁d₂d₃… · 10^point.
    var point = digits.length() - shortest.scale();
    return sign
        + (point > LARGEST_PLAIN || point - 1 < SMALLEST_PLAIN
            ? scientific(digits, point - 1)
            : plain(digits, point));
  }

  /** Java's digits are the shortest too, except that it never tries a single one. */
  private static BigDecimal shortest(double value) {
    var digits = new BigDecimal(Double.toString(value)).stripTrailingZeros();
    if (digits.precision() == 2) {
      var one = digits.round(new MathContext(1, RoundingMode.HALF_EVEN));
      return one.doubleValue() == value ? one.stripTrailingZeros() : digits;
    }
    return digits;
  }

  private static String scientific(String digits, int exponent) {
    var fraction = digits.length() == 1 ? "" : "." + digits.substring(1);
    var power = Math.abs(exponent);
    return digits.charAt(0)
        + fraction
        + (exponent < 0 ? "e-" : "e+")
        + (power < 10 ? "0" : "")
        + power;
  }

  private static String plain(String digits, int point) {
    if (point <= 0) {
      return "0." + "0".repeat(-point) + digits;
    }
    return digits.length() <= point
        ? digits + "0".repeat(point - digits.length()) + ".0"
        : digits.substring(0, point) + "." + digits.substring(point);
  }
}
