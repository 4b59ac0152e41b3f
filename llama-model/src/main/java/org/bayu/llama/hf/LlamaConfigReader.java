package org.bayu.llama.hf;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.bayu.llama.LlamaConfig;
import org.bayu.llama.RopeScaling;
import org.bayu.tensor.DType;
import org.bayu.tensor.io.Printable;
import org.bayu.tensor.io.StrictJson;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code config.json} as Transformers 4 and 5 write it, gathering every complaint before it
 * refuses. A key that is null counts as absent.
 */
final class LlamaConfigReader {
  /** Floating-point numbers keep their digits on the way from one file to another. */
  static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();

  // Those of Transformers' LlamaConfig, for keys that a file does not have.
  static final double DEFAULT_THETA = 10_000;
  private static final double DEFAULT_RMS_NORM_EPS = 1e-6;
  private static final int DEFAULT_POSITIONS = 2048;

  /** Both names of x·σ(x). */
  private static final Set<String> SILU = Set.of("silu", "swish");

  private final String source;
  private final ObjectNode json;
  private final List<String> missing = new ArrayList<>();
  private final List<String> problems = new ArrayList<>();

  /**
   * A reader of {@code source}.
   *
   * @throws IllegalArgumentException if it is not a JSON object
   */
  LlamaConfigReader(String source) {
    this.source = source;
    json = parse(source);
  }

  static ObjectNode parse(String source) {
    JsonNode node;
    try {
      node = StrictJson.parse(source, JSON::readTree);
    } catch (IOException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
    if (node instanceof ObjectNode object) {
      return object;
    }
    throw new IllegalArgumentException("is not a JSON object");
  }

  LlamaConfig read() {
    refuseOtherModels();
    var hiddenSize = count(json, "", "hidden_size");
    var intermediateSize = count(json, "", "intermediate_size");
    var layers = count(json, "", "num_hidden_layers");
    var heads = count(json, "", "num_attention_heads");
    var kvHeads = has(json, "num_key_value_heads") ? count(json, "", "num_key_value_heads") : heads;
    var headDim = has(json, "head_dim") ? count(json, "", "head_dim") : headDim(hiddenSize, heads);
    var vocabSize = count(json, "", "vocab_size");
    var maxPositions =
        json.has("max_position_embeddings")
            ? count(json, "", "max_position_embeddings")
            : DEFAULT_POSITIONS;
    var rmsNormEps =
        json.has("rms_norm_eps") ? positive(json, "", "rms_norm_eps") : DEFAULT_RMS_NORM_EPS;
    var rope = rope();
    var theta = theta(rope);
    var scaling = scaling(rope, maxPositions);
    var tied = flag("tie_word_embeddings");
    var attentionBias = flag("attention_bias");
    var mlpBias = flag("mlp_bias");
    var eos = TokenIds.all(json, "eos_token_id", problems::add);
    var bos = TokenIds.single(json, "bos_token_id", problems::add);
    var pad = TokenIds.single(json, "pad_token_id", problems::add);
    if (!missing.isEmpty()) {
      problems.addFirst("has no " + String.join(", ", missing));
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(Printable.first(problems, "; "));
    }
    return new LlamaConfig(
        hiddenSize,
        intermediateSize,
        layers,
        heads,
        kvHeads,
        headDim,
        vocabSize,
        maxPositions,
        rmsNormEps,
        theta,
        scaling,
        tied,
        attentionBias,
        mlpBias,
        bos,
        eos,
        pad,
        dtype(),
        source);
  }

  /** What makes it another model than Bayu computes; then the rest says nothing. */
  private void refuseOtherModels() {
    if (!has(json, "model_type")) {
      missing.add("model_type");
    } else if (!json.path("model_type").asText().equals("llama")) {
      throw new IllegalArgumentException(
          "model_type is %s; Bayu computes llama only".formatted(shown(json, "model_type")));
    }
    if (has(json, "auto_map")) {
      problems.add("auto_map asks to run code that came with the model, which Bayu never does");
    }
    if (has(json, "quantization_config")) {
      problems.add("quantization_config: quantized weights are not supported");
    }
    if (json.path("attention_dropout").asDouble() > 0) {
      problems.add(
          "attention_dropout is %s, which Bayu does not do: set it to 0"
              .formatted(shown(json, "attention_dropout")));
    }
    if (has(json, "hidden_act") && !SILU.contains(json.path("hidden_act").asText())) {
      problems.add("hidden_act is %s; only silu is supported".formatted(shown(json, "hidden_act")));
    }
  }

  /** Where the rotary embedding's settings are: the first of Transformers 4's and 5's keys. */
  private JsonNode rope() {
    for (var key : List.of("rope_scaling", "rope_parameters")) {
      if (has(json, key)) {
        var rope = json.get(key);
        if (!rope.isObject()) {
          problems.add("%s is %s, not an object".formatted(key, shown(json, key)));
        }
        if (!rope.isEmpty()) {
          return rope;
        }
      }
    }
    return MissingNode.getInstance();
  }

  private double theta(JsonNode rope) {
    for (var place : List.of(rope, json)) {
      if (has(place, "rope_theta")) {
        return positive(place, "", "rope_theta");
      }
    }
    return DEFAULT_THETA;
  }

  private RopeScaling scaling(JsonNode rope, int maxPositions) {
    var partial = "partial_rotary_factor";
    var place = has(rope, partial) ? rope : json;
    if (has(place, partial) && place.path(partial).asDouble() != 1) {
      problems.add("%s is %s; only 1 is supported".formatted(partial, shown(place, partial)));
    }
    var typeKey = has(rope, "rope_type") ? "rope_type" : "type";
    var type = has(rope, typeKey) ? rope.get(typeKey).asText() : "default";
    if (rope.properties().stream().anyMatch(entry -> entry.getValue().isObject())) {
      problems.add("rope_parameters differ between layers, which is not supported");
      return new RopeScaling.Default();
    }
    return switch (type) {
      case "default" -> new RopeScaling.Default();
      case "linear" -> new RopeScaling.Linear(positive(rope, "rope scaling's ", "factor"));
      case "llama3" -> llama3(rope, maxPositions);
      case "dynamic" -> dynamic(rope);
      default -> {
        problems.add(
            "%s is %s; default, linear, dynamic and llama3 are supported"
                .formatted(typeKey, Printable.quote(type)));
        yield new RopeScaling.Default();
      }
    };
  }

  /** It changes the frequencies only beyond the model's positions, where Bayu never goes. */
  private RopeScaling dynamic(JsonNode rope) {
    positive(rope, "rope scaling's ", "factor");
    return new RopeScaling.Default();
  }

  private RopeScaling llama3(JsonNode rope, int maxPositions) {
    var factor = positive(rope, "rope scaling's ", "factor");
    var low = positive(rope, "rope scaling's ", "low_freq_factor");
    var high = positive(rope, "rope scaling's ", "high_freq_factor");
    var key = "original_max_position_embeddings";
    // Transformers gives the top level's priority and falls back to the present maximum.
    var positions =
        has(json, key)
            ? count(json, "", key)
            : has(rope, key) ? count(rope, "rope scaling's ", key) : maxPositions;
    if (problems.isEmpty() && missing.isEmpty() && high <= low) {
      problems.add("high_freq_factor %s is not above low_freq_factor %s".formatted(high, low));
    }
    return new RopeScaling.Llama3(factor, low, high, positions);
  }

  private int headDim(int hiddenSize, int heads) {
    if (hiddenSize % heads != 0 && missing.isEmpty() && problems.isEmpty()) {
      problems.add(
          String.format(
              Locale.ROOT,
              "hidden_size %d is no multiple of num_attention_heads %d, and there is no head_dim",
              hiddenSize,
              heads));
    }
    return Math.max(hiddenSize / heads, 1);
  }

  private boolean flag(String key) {
    var value = json.path(key);
    if (has(json, key) && !value.isBoolean()) {
      problems.add("%s is %s, not true or false".formatted(key, shown(json, key)));
    }
    return value.asBoolean(false);
  }

  /** A positive whole number; 1 after a complaint. */
  private int count(JsonNode place, String prefix, String key) {
    var value = place.path(key);
    if (!has(place, key)) {
      missing.add(prefix + key);
    } else if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 1) {
      problems.add(
          String.format(
              Locale.ROOT,
              "%s%s is %s, not a whole number from 1 to %d",
              prefix,
              key,
              shown(place, key),
              Integer.MAX_VALUE));
    } else {
      return value.intValue();
    }
    return 1;
  }

  /** A positive finite number; 1 after a complaint. */
  private double positive(JsonNode place, String prefix, String key) {
    var value = place.path(key);
    if (!has(place, key)) {
      missing.add(prefix + key);
    } else if (!value.isNumber() || !(value.asDouble() > 0 && value.asDouble() < 1e30)) {
      problems.add("%s%s is %s, not a positive number".formatted(prefix, key, shown(place, key)));
    } else {
      return value.asDouble();
    }
    return 1;
  }

  private @Nullable DType dtype() {
    var name = json.path(has(json, "dtype") ? "dtype" : "torch_dtype").asText();
    return switch (name) {
      case "float32" -> DType.F32;
      case "bfloat16" -> DType.BF16;
      case "float16" -> DType.F16;
      default -> null;
    };
  }

  /** A value for a message. */
  private static String shown(JsonNode place, String key) {
    return Printable.name(place.path(key).toString());
  }

  private static boolean has(JsonNode place, String key) {
    return place.hasNonNull(key);
  }
}
