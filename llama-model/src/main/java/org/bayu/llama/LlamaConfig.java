package org.bayu.llama;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.jspecify.annotations.Nullable;

/**
 * The architecture of a Llama.
 *
 * @param hiddenSize D, features of the residual stream
 * @param intermediateSize F, features within the feed-forward layers
 * @param layers number of blocks
 * @param heads H, attention heads of the queries
 * @param kvHeads attention heads of keys and values; divides {@code heads}
 * @param headDim features of a head
 * @param vocabSize V, tokens
 * @param maxPositions the most tokens of a sequence
 * @param rmsNormEps added to the mean square, under the root
 * @param ropeTheta base of the rotary embedding's frequencies
 * @param tieWordEmbeddings whether the head's weight is that of the embedding
 * @param attentionBias whether q_proj, k_proj, v_proj and o_proj have biases
 * @param mlpBias whether gate_proj, up_proj and down_proj have biases
 * @param eosTokenIds tokens that end a text, possibly none
 * @param dtype the type that the file names for the weights, if it names one that Bayu knows
 * @param source the JSON text that this was read from, kept for the keys that Bayu does not know;
 *     may be empty
 */
public record LlamaConfig(
    int hiddenSize,
    int intermediateSize,
    int layers,
    int heads,
    int kvHeads,
    int headDim,
    int vocabSize,
    int maxPositions,
    double rmsNormEps,
    double ropeTheta,
    RopeScaling ropeScaling,
    boolean tieWordEmbeddings,
    boolean attentionBias,
    boolean mlpBias,
    OptionalInt bosTokenId,
    List<Integer> eosTokenIds,
    OptionalInt padTokenId,
    @Nullable DType dtype,
    String source) {
  /** The name of the embedding's weight, [V, D]. */
  public static final String EMBEDDING = "model.embed_tokens.weight";

  /** The name of the head's weight, [V, D]. */
  public static final String HEAD = "lm_head.weight";

  private static final int MAX_LAYERS = 10_000;
  private static final int MAX_POSITIONS = 100_000_000;
  private static final double MAX_PARAMETERS = 1e13;

  /**
   * Checks that the numbers fit together and are not absurd.
   *
   * @throws IllegalArgumentException if not; the message lists every reason
   */
  public LlamaConfig {
    eosTokenIds = List.copyOf(eosTokenIds);
    var problems = new ArrayList<String>();
    if (heads % kvHeads != 0) {
      problems.add(
          String.format(
              Locale.ROOT,
              "num_attention_heads %d is no multiple of num_key_value_heads %d",
              heads,
              kvHeads));
    }
    if (headDim % 2 != 0) {
      problems.add(
          String.format(
              Locale.ROOT, "head_dim %d is odd, and the rotary embedding turns pairs", headDim));
    }
    if ((long) heads * headDim > Integer.MAX_VALUE) {
      problems.add(
          String.format(
              Locale.ROOT, "num_attention_heads %d of head_dim %d are too many", heads, headDim));
    }
    if (layers > MAX_LAYERS) {
      problems.add(
          String.format(Locale.ROOT, "num_hidden_layers %d is more than %d", layers, MAX_LAYERS));
    }
    if (maxPositions > MAX_POSITIONS) {
      problems.add(
          String.format(
              Locale.ROOT,
              "max_position_embeddings %d is more than %d",
              maxPositions,
              MAX_POSITIONS));
    }
    // In floating point, which does not overflow; exact enough to tell the absurd.
    var attention = 2.0 * (heads + (double) kvHeads) * headDim * hiddenSize;
    var parameters =
        layers * (attention + 3.0 * hiddenSize * intermediateSize) + 2.0 * vocabSize * hiddenSize;
    if (parameters > MAX_PARAMETERS) {
      problems.add(
          String.format(
              Locale.ROOT,
              "hidden_size %d, intermediate_size %d, num_hidden_layers %d and vocab_size %d make"
                  + " %.1e parameters, more than %.0e",
              hiddenSize,
              intermediateSize,
              layers,
              vocabSize,
              parameters,
              MAX_PARAMETERS));
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("; ", problems));
    }
  }

  /** The same architecture with weights of another type. */
  public LlamaConfig withDtype(DType changed) {
    return with(tieWordEmbeddings, changed, 1);
  }

  /** The same architecture with a head that is not tied to the embedding. */
  public LlamaConfig untied() {
    return with(false, dtype, 1);
  }

  /**
   * The architecture of each {@link ModelPart}: a part of the heads and of the features within the
   * feed-forward layers.
   *
   * @param count number of parts
   * @throws IllegalArgumentException if the model cannot be divided so; the message says what can
   */
  public LlamaConfig part(int count) {
    if (count > 1 && (attentionBias || mlpBias)) {
      throw new IllegalArgumentException(
          "a model whose linear layers have biases cannot be divided into parts");
    }
    if (heads % count != 0 || kvHeads % count != 0 || intermediateSize % count != 0) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "the model's %d heads, %d key-value heads and intermediate_size %d cannot be divided"
                  + " into %d parts: %s",
              heads,
              kvHeads,
              intermediateSize,
              count,
              possibleParts()));
    }
    return with(tieWordEmbeddings, dtype, count);
  }

  private String possibleParts() {
    var possible =
        IntStream.rangeClosed(2, kvHeads)
            .filter(n -> heads % n == 0 && kvHeads % n == 0 && intermediateSize % n == 0)
            .mapToObj(Integer::toString)
            .toList();
    return possible.isEmpty()
        ? "no number of parts divides all of them"
        : "possible are " + String.join(", ", possible);
  }

  private LlamaConfig with(boolean tied, @Nullable DType type, int parts) {
    return new LlamaConfig(
        hiddenSize,
        intermediateSize / parts,
        layers,
        heads / parts,
        kvHeads / parts,
        headDim,
        vocabSize,
        maxPositions,
        rmsNormEps,
        ropeTheta,
        ropeScaling,
        tied,
        attentionBias,
        mlpBias,
        bosTokenId,
        eosTokenIds,
        padTokenId,
        type,
        source);
  }

  /**
   * Name and shape of every weight in a checkpoint of this model, from the embedding to the head. A
   * tied head is absent.
   */
  public Map<String, Shape> parameterShapes() {
    var shapes = new LinkedHashMap<String, Shape>();
    shapes.put(EMBEDDING, Shape.of(vocabSize, hiddenSize));
    var queries = heads * headDim;
    var keys = kvHeads * headDim;
    for (var i = 0; i < layers; i++) {
      var block = String.format(Locale.ROOT, "model.layers.%d.", i);
      shapes.put(block + "input_layernorm.weight", Shape.of(hiddenSize));
      putLinear(shapes, block + "self_attn.q_proj", queries, hiddenSize, attentionBias);
      putLinear(shapes, block + "self_attn.k_proj", keys, hiddenSize, attentionBias);
      putLinear(shapes, block + "self_attn.v_proj", keys, hiddenSize, attentionBias);
      putLinear(shapes, block + "self_attn.o_proj", hiddenSize, queries, attentionBias);
      shapes.put(block + "post_attention_layernorm.weight", Shape.of(hiddenSize));
      putLinear(shapes, block + "mlp.gate_proj", intermediateSize, hiddenSize, mlpBias);
      putLinear(shapes, block + "mlp.up_proj", intermediateSize, hiddenSize, mlpBias);
      putLinear(shapes, block + "mlp.down_proj", hiddenSize, intermediateSize, mlpBias);
    }
    shapes.put("model.norm.weight", Shape.of(hiddenSize));
    if (!tieWordEmbeddings) {
      shapes.put(HEAD, Shape.of(vocabSize, hiddenSize));
    }
    return Collections.unmodifiableMap(shapes);
  }

  private static void putLinear(
      Map<String, Shape> shapes, String name, int outputs, int inputs, boolean bias) {
    shapes.put(name + ".weight", Shape.of(outputs, inputs));
    if (bias) {
      shapes.put(name + ".bias", Shape.of(outputs));
    }
  }

  /** Number of weights, a tied head not counted. */
  public long parameterCount() {
    return parameterShapes().values().stream().mapToLong(Shape::elements).sum();
  }
}
