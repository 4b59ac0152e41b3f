package org.bayu.llama.hf;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.core.util.Separators.Spacing;
import com.fasterxml.jackson.databind.node.NumericNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.OptionalInt;
import org.bayu.llama.LlamaConfig;
import org.bayu.llama.RopeScaling;
import org.bayu.tensor.DType;

/** Writes {@code config.json}. */
final class LlamaConfigWriter {
  private LlamaConfigWriter() {}

  /**
   * The source where it still says the same, to Transformers 4 too, otherwise with what changed set
   * anew.
   */
  static String write(LlamaConfig config) {
    var source = config.source();
    if (source.isEmpty()) {
      var json = LlamaConfigReader.JSON.createObjectNode();
      putAll(json, config);
      return print(json);
    }
    var read = ConfigJson.parse(source);
    var json = LlamaConfigReader.parse(source);
    var added = addRopeOfVersion4(json);
    if (config.equals(read)) {
      return added ? print(json) : source;
    }
    var dtype = config.dtype();
    var same = config.tieWordEmbeddings() ? read : read.untied();
    if (!config.equals(dtype == null ? same : same.withDtype(dtype))) {
      putAll(json, config);
      return print(json);
    }
    // Only the head or the weights' type changed: the other keys stay as they are spelled.
    if (read.tieWordEmbeddings() != config.tieWordEmbeddings()) {
      json.put("tie_word_embeddings", config.tieWordEmbeddings());
    }
    if (dtype != null && dtype != read.dtype()) {
      putDtype(json, dtype);
    }
    return print(json);
  }

  private static void putAll(ObjectNode json, LlamaConfig config) {
    if (!json.has("architectures")) {
      json.putArray("architectures").add("LlamaForCausalLM");
    }
    json.put("model_type", "llama");
    json.put("hidden_act", "silu");
    json.put("hidden_size", config.hiddenSize());
    json.put("intermediate_size", config.intermediateSize());
    json.put("num_hidden_layers", config.layers());
    json.put("num_attention_heads", config.heads());
    json.put("num_key_value_heads", config.kvHeads());
    json.put("head_dim", config.headDim());
    json.put("vocab_size", config.vocabSize());
    json.put("max_position_embeddings", config.maxPositions());
    json.put("rms_norm_eps", config.rmsNormEps());
    json.put("tie_word_embeddings", config.tieWordEmbeddings());
    json.put("attention_bias", config.attentionBias());
    json.put("mlp_bias", config.mlpBias());
    putRope(json, config);
    putToken(json, "bos_token_id", config.bosTokenId());
    putToken(json, "pad_token_id", config.padTokenId());
    putTokens(json, "eos_token_id", config.eosTokenIds());
    var dtype = config.dtype();
    if (dtype != null) {
      putDtype(json, dtype);
    }
  }

  /**
   * Adds what Transformers 4 needs beside version 5's {@code rope_parameters}, which it overlooks.
   * True if anything was missing.
   */
  private static boolean addRopeOfVersion4(ObjectNode json) {
    if (!(json.get("rope_parameters") instanceof ObjectNode five)
        || !json.path("rope_scaling").isEmpty()) {
      return false;
    }
    var before = json.deepCopy();
    var four = five.deepCopy();
    var theta = four.remove("rope_theta");
    var usual = LlamaConfigReader.DEFAULT_THETA;
    if (theta instanceof NumericNode
        && theta.asDouble() != json.path("rope_theta").asDouble(usual)) {
      json.set("rope_theta", theta);
    }
    if (!four.path("rope_type").asText(four.path("type").asText("default")).equals("default")) {
      json.set("rope_scaling", four);
    }
    return !json.equals(before);
  }

  private static void putRope(ObjectNode json, LlamaConfig config) {
    // Transformers 5 reads version 4's keys, but version 4 would overlook rope_parameters.
    json.remove(List.of("rope_parameters", "original_max_position_embeddings"));
    json.put("rope_theta", config.ropeTheta());
    switch (config.ropeScaling()) {
      case RopeScaling.Default() -> json.putNull("rope_scaling");
      case RopeScaling.Linear(var factor) ->
          json.putObject("rope_scaling").put("rope_type", "linear").put("factor", factor);
      case RopeScaling.Llama3(var factor, var low, var high, var positions) ->
          json.putObject("rope_scaling")
              .put("rope_type", "llama3")
              .put("factor", factor)
              .put("low_freq_factor", low)
              .put("high_freq_factor", high)
              .put("original_max_position_embeddings", positions);
    }
  }

  private static void putToken(ObjectNode json, String key, OptionalInt token) {
    if (token.isPresent()) {
      json.put(key, token.getAsInt());
    } else {
      json.putNull(key);
    }
  }

  static void putTokens(ObjectNode json, String key, List<Integer> tokens) {
    if (tokens.size() <= 1) {
      putToken(
          json, key, tokens.isEmpty() ? OptionalInt.empty() : OptionalInt.of(tokens.getFirst()));
      return;
    }
    var array = json.putArray(key);
    tokens.forEach(array::add);
  }

  private static void putDtype(ObjectNode json, DType dtype) {
    var name =
        switch (dtype) {
          case F32 -> "float32";
          case BF16 -> "bfloat16";
          case F16 -> "float16";
          case I32, U8 -> throw new IllegalArgumentException("weights are not I32");
        };
    // Transformers 5 says dtype, version 4 torch_dtype; both versions read either.
    if (json.has("dtype")) {
      json.put("dtype", name);
    }
    if (json.has("torch_dtype") || !json.has("dtype")) {
      json.put("torch_dtype", name);
    }
  }

  static String print(ObjectNode json) {
    var indenter = new DefaultIndenter("  ", "\n");
    var printer =
        new DefaultPrettyPrinter()
            .withObjectIndenter(indenter)
            .withArrayIndenter(indenter)
            .withSeparators(
                Separators.createDefaultInstance().withObjectFieldValueSpacing(Spacing.AFTER));
    try {
      return LlamaConfigReader.JSON.writer(printer).writeValueAsString(json) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
