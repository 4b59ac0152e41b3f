package org.bayu.finetune.config;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.SerializerProvider;
import java.io.IOException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bayu.finetune.config.ConfigSection.Range;
import org.bayu.tensor.optim.Decay;

/**
 * The key {@code optimizer.lr_schedule}: the name of a form, or a section of {@code type} and the
 * form's constants.
 */
final class LrScheduleKey {
  private static final String KEY = "lr_schedule";
  private static final String TYPE = "type";
  private static final double TIMESCALE = 10_000;
  private static final double A = 4.6;
  private static final double B = -0.51;

  /** The forms, in the order in which a message lists them. */
  private static final Set<String> FORMS =
      Collections.unmodifiableSet(
          new LinkedHashSet<>(List.of("constant", "linear", "cosine", "inv", "inv_sqrt", "power")));

  /** The constants of the forms that have some. */
  private static final Map<String, List<String>> CONSTANTS =
      Map.of(
          "cosine", List.of("exponent"),
          "inv_sqrt", List.of("timescale"),
          "power", List.of("batch_size", "seq_length", "a", "b"));

  private LrScheduleKey() {}

  static Decay read(ConfigSection optimizer) {
    if (!optimizer.isSection(KEY)) {
      var form = optimizer.choice(KEY, FORMS, "cosine");
      return form(form, optimizer.emptySection(KEY), optimizer);
    }
    var keys = optimizer.section(KEY);
    if (keys.text(TYPE) == null) {
      throw optimizer.bad(KEY, "the section needs a type, such as {type: linear}.");
    }
    var form = keys.choice(TYPE, FORMS, "cosine");
    var constants = CONSTANTS.getOrDefault(form, List.of());
    for (var key : keys.keys()) {
      if (!key.equals(TYPE) && !constants.contains(key)) {
        throw keys.bad(
            key,
            "the schedule %s has no such constant; it has %s."
                .formatted(form, constants.isEmpty() ? "none" : String.join(", ", constants)));
      }
    }
    return form(form, keys, optimizer);
  }

  private static Decay form(String form, ConfigSection keys, ConfigSection optimizer) {
    return switch (form) {
      case "constant" -> new Decay.Constant();
      case "linear" -> new Decay.Linear();
      case "inv" -> new Decay.Inv();
      case "inv_sqrt" -> new Decay.InvSqrt(keys.number("timescale", TIMESCALE, Range.POSITIVE));
      case "power" -> power(keys, optimizer);
      default -> new Decay.Cosine(keys.number("exponent", 1, Range.POSITIVE));
    };
  }

  private static Decay power(ConfigSection keys, ConfigSection optimizer) {
    var batchSize = keys.whole("batch_size", 1);
    var seqLength = keys.whole("seq_length", 1);
    if (batchSize == null || seqLength == null) {
      throw optimizer.bad(
          KEY,
          "power counts tokens, so write {type: power, batch_size: EXAMPLES, seq_length: TOKENS}.");
    }
    return new Decay.Power(
        batchSize,
        seqLength,
        keys.number("a", A, Range.POSITIVE),
        keys.number("b", B, Range.NEGATIVE));
  }

  private static Object value(Decay decay) {
    return switch (decay) {
      case Decay.Constant() -> "constant";
      case Decay.Linear() -> "linear";
      case Decay.Inv() -> "inv";
      case Decay.Cosine(var exponent) ->
          exponent == 1 ? "cosine" : section("cosine", "exponent", exponent);
      case Decay.InvSqrt(var timescale) ->
          timescale == TIMESCALE ? "inv_sqrt" : section("inv_sqrt", "timescale", timescale);
      case Decay.Power(var batchSize, var seqLength, var a, var b) -> {
        var keys = section("power", "batch_size", batchSize);
        keys.put("seq_length", seqLength);
        keys.put("a", a);
        keys.put("b", b);
        yield keys;
      }
    };
  }

  private static Map<String, Object> section(String type, String key, Number value) {
    var keys = new LinkedHashMap<String, Object>();
    keys.put(TYPE, type);
    keys.put(key, value);
    return keys;
  }

  /** Writes the key's value, as it is read. */
  static final class Text extends JsonSerializer<Decay> {
    @Override
    public void serialize(Decay decay, JsonGenerator out, SerializerProvider provider)
        throws IOException {
      out.writePOJO(value(decay));
    }
  }
}
