package org.bayu.lora;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.bayu.tensor.io.MalformedFileException;
import org.bayu.tensor.io.Printable;
import org.bayu.tensor.io.StrictJson;
import org.jspecify.annotations.Nullable;

/**
 * {@code adapter_config.json}, as PEFT 0.21 writes and reads it.
 *
 * @param lora what it says of the computation; of {@code target_modules: null} every linear layer
 * @param namesTargets whether {@code target_modules} is there
 * @param leavesOut whether settings leave out some of the layers that {@code target_modules} names:
 *     then the tensors' names say which there are
 * @param bias what {@code bias} says, in quotes; empty where it is none. It changes the computation
 *     of layers that have a bias
 */
record PeftConfig(LoraConfig lora, boolean namesTargets, boolean leavesOut, String bias) {
  static final String FILE = "adapter_config.json";

  private static final JsonMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  /** What is read below. */
  private static final Set<String> READ =
      Set.of(
          "r",
          "lora_alpha",
          "lora_dropout",
          "use_rslora",
          "target_modules",
          "rank_pattern",
          "alpha_pattern",
          "bias");

  /** Settings that leave out layers, as the names of the tensors show. */
  private static final Set<String> LEAVING_OUT = Set.of("exclude_modules", "layers_to_transform");

  /**
   * Where the adapter came from; settings of what is refused when it is on; and what PEFT does not
   * heed in a linear layer: it sets fan_in_fan_out to false there, and use_qalora is GPTQ's.
   */
  private static final Set<String> WITHOUT_EFFECT =
      Set.of(
          "peft_version",
          "auto_mapping",
          "base_model_name_or_path",
          "revision",
          "inference_mode",
          "runtime_config",
          "megatron_core",
          "fan_in_fan_out",
          "layers_pattern",
          "use_qalora",
          "qalora_group_size",
          "eva_config");

  /** Initializations that leave the base's weights alone; the others subtract from them. */
  private static final Set<String> INITIALIZATIONS =
      Set.of("true", "gaussian", "eva", "orthogonal");

  /**
   * The settings in this file.
   *
   * @throws MalformedFileException if it is no JSON object, lacks a setting, or has one that
   *     changes the computation in a way not implemented
   */
  static PeftConfig read(Path file) throws IOException {
    JsonNode json = StrictJson.read(file, JSON::readTree);
    if (!json.isObject()) {
      throw new MalformedFileException(file, "is not a JSON object");
    }
    return new Reader(file, json).config();
  }

  /** Reads the settings one by one. */
  private record Reader(Path file, JsonNode json) {
    PeftConfig config() throws MalformedFileException {
      if (!json.has("peft_type")) {
        throw wrong("peft_type", "\"LORA\"");
      }
      for (var setting : json.properties()) {
        requireImplemented(setting.getKey(), setting.getValue());
      }
      var bias = json.path("bias");
      try {
        return new PeftConfig(
            new LoraConfig(
                json.has("r") ? rank("r", json.get("r")) : LoraConfig.DEFAULT.rank(),
                json.has("lora_alpha") ? number("lora_alpha") : LoraConfig.DEFAULT.alpha(),
                json.has("lora_dropout") ? number("lora_dropout") : 0,
                targets(),
                json.path("use_rslora").asBoolean(),
                pattern("rank_pattern", value -> rank("rank_pattern", value)),
                pattern("alpha_pattern", value -> number("alpha_pattern", value))),
            json.hasNonNull("target_modules"),
            LEAVING_OUT.stream().anyMatch(key -> json.has(key) && !isOff(json.get(key))),
            isOff(bias) || bias.isMissingNode() || bias.asText().equals("none")
                ? ""
                : Printable.name(bias.toString()));
      } catch (IllegalArgumentException e) {
        throw new MalformedFileException(file, String.valueOf(e.getMessage()), e);
      }
    }

    private interface Value<T> {
      T of(JsonNode json) throws MalformedFileException;
    }

    private <T> Map<String, T> pattern(String key, Value<T> value) throws MalformedFileException {
      var pattern = new LinkedHashMap<String, T>();
      var object = json.path(key);
      if (!object.isObject() && !object.isMissingNode() && !object.isNull()) {
        throw wrong(key, "an object");
      }
      for (var entry : object.properties()) {
        pattern.put(entry.getKey(), value.of(entry.getValue()));
      }
      return pattern;
    }

    private int rank(String key, JsonNode value) throws MalformedFileException {
      if (!value.canConvertToInt() || !value.isIntegralNumber()) {
        throw wrong(key, "a whole number");
      }
      return value.intValue();
    }

    private void requireImplemented(String key, JsonNode value) throws MalformedFileException {
      var text = value.asText();
      var implemented =
          switch (key) {
            case "peft_type" -> text.equals("LORA");
            case "task_type" -> value.isNull() || text.equals("CAUSAL_LM");
            case "init_lora_weights" -> isOff(value) || INITIALIZATIONS.contains(text);
            case "use_rslora" -> isOff(value) || value.isBoolean();
            default ->
                READ.contains(key)
                    || WITHOUT_EFFECT.contains(key)
                    || LEAVING_OUT.contains(key)
                    || isOff(value);
          };
      if (!implemented) {
        throw new MalformedFileException(
            file,
            "%s is %s, which Bayu does not implement"
                .formatted(Printable.name(key), Printable.name(value.toString())));
      }
    }

    private static boolean isOff(JsonNode value) {
      return value.isNull()
          || (value.isBoolean() && !value.booleanValue())
          || (value.isTextual() && value.textValue().isEmpty())
          || (value.isContainerNode() && value.isEmpty());
    }

    private double number(String key) throws MalformedFileException {
      return number(key, json.path(key));
    }

    private double number(String key, JsonNode value) throws MalformedFileException {
      if (!value.isNumber()) {
        throw wrong(key, "a number");
      }
      return value.doubleValue();
    }

    private LoraTargets targets() throws MalformedFileException {
      var value = json.path("target_modules");
      if (value.isNull() || value.isMissingNode()) {
        return new LoraTargets.AllLinears();
      }
      if (value.isTextual()) {
        // PEFT's word for every linear layer but the head.
        return value.textValue().equals("all-linear")
            ? new LoraTargets.AllLinears()
            : new LoraTargets.Expression(value.textValue());
      }
      var names = new ArrayList<String>();
      for (var name : value) {
        if (!name.isTextual()) {
          throw wrong("target_modules", "a list of names");
        }
        names.add(name.textValue());
      }
      if (names.isEmpty()) {
        throw wrong("target_modules", "a list of names or a regular expression");
      }
      return new LoraTargets.Names(names);
    }

    private MalformedFileException wrong(String key, String expected) {
      var value = json.get(key);
      return new MalformedFileException(
          file,
          value == null
              ? "lacks %s: %s".formatted(key, expected)
              : "%s is %s, not %s".formatted(key, Printable.name(value.toString()), expected));
    }
  }

  /** Writes the settings of an adapter, exactly the keys that PEFT needs. */
  static byte[] write(LoraAdapter adapter, String baseModelName, @Nullable String baseRevision)
      throws IOException {
    var config = adapter.config();
    var json = JSON.createObjectNode();
    json.put("peft_type", "LORA");
    json.put("task_type", "CAUSAL_LM");
    json.put("base_model_name_or_path", baseModelName);
    json.put("revision", baseRevision);
    json.put("r", config.rank());
    putNumber(json, "lora_alpha", config.alpha());
    json.put("lora_dropout", config.dropout());
    json.put("bias", "none");
    json.put("fan_in_fan_out", false);
    json.put("inference_mode", true);
    json.put("init_lora_weights", true);
    json.putNull("modules_to_save");
    json.put("use_rslora", config.rankStabilized());
    json.put("use_dora", false);
    config.rankPattern().forEach(json.putObject("rank_pattern")::put);
    var alphas = json.putObject("alpha_pattern");
    config.alphaPattern().forEach((key, alpha) -> putNumber(alphas, key, alpha));
    switch (config.targets()) {
      case LoraTargets.Expression(var expression) -> json.put("target_modules", expression);
      case LoraTargets.Names(var names) -> names.forEach(json.putArray("target_modules")::add);
      case LoraTargets.AllLinears _ ->
          LoraTargets.lastNames(adapter.layers().keySet())
              .forEach(json.putArray("target_modules")::add);
    }
    return JSON.writeValueAsBytes(json);
  }

  /** A whole number is written as one. */
  private static void putNumber(ObjectNode json, String key, double value) {
    if (value == (long) value) {
      json.put(key, (long) value);
    } else {
      json.put(key, value);
    }
  }
}
