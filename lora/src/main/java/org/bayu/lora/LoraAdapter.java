package org.bayu.lora;

import java.lang.foreign.Arena;
import java.lang.foreign.SegmentAllocator;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.nn.Linear;
import org.bayu.tensor.nn.Module;
import org.bayu.tensor.nn.Parameter;

/**
 * A LoRA adapter: low-rank additions to a model's linear layers. The adapted layers replace the
 * model's own layers until the adapter is closed.
 *
 * <p>The base's weights keep their memory and their type. The adapter owns A and B, which are
 * trainable and F32. If the base's weights are {@linkplain Tensor#withoutMemory without memory}, so
 * are A and B. Not thread-safe.
 */
public final class LoraAdapter implements AutoCloseable {
  private final Module model;
  private final LoraConfig config;
  private final DropoutMasks masks;
  private final Arena arena = Arena.ofShared();
  private final Map<String, LoraLinear> layers = new LinkedHashMap<>();

  /** Where the first A and B come from. */
  @FunctionalInterface
  interface Factors {
    /** A or B of the layer of this path; the memory need not live on. */
    Tensor tensor(String path, Factor factor, Shape shape, SegmentAllocator temporary);
  }

  /** One of the two matrices. */
  enum Factor {
    /** [rank, inputs]. */
    A,
    /** [outputs, rank]. */
    B;

    Shape shape(Linear base, int rank) {
      return this == A ? Shape.of(rank, base.inputs()) : Shape.of(base.outputs(), rank);
    }
  }

  /** Adapts the layers of these paths, which are in the model's order. */
  LoraAdapter(Module model, LoraConfig config, List<String> paths, Factors factors) {
    this.model = model;
    this.config = config;
    masks = new DropoutMasks(config.dropout());
    var linears = model.linears();
    if (linears.values().stream().anyMatch(LoraLinear.class::isInstance)) {
      throw new IllegalStateException("the model has an adapter already");
    }
    try {
      for (var path : paths) {
        layers.put(path, layer(path, Objects.requireNonNull(linears.get(path)), factors));
      }
    } catch (Throwable e) {
      arena.close();
      throw e;
    }
    model.replaceLinears(
        (path, linear) -> {
          var layer = layers.get(path);
          return layer == null ? linear : layer;
        });
  }

  private LoraLinear layer(String path, Linear base, Factors factors) {
    try (var temporary = Arena.ofConfined()) {
      var a = Factor.A.shape(base, config.rank(path));
      var b = Factor.B.shape(base, config.rank(path));
      var exists = base.weight().value().hasMemory();
      return new LoraLinear(
          base,
          path,
          config.scale(path),
          masks,
          exists
              ? factors.tensor(path, Factor.A, a, temporary)
              : Tensor.withoutMemory(DType.F32, a),
          exists
              ? factors.tensor(path, Factor.B, b, temporary)
              : Tensor.withoutMemory(DType.F32, b),
          arena);
    }
  }

  /**
   * Adapts a model with a new adapter: A uniform in ±1/√inputs, which is Kaiming-uniform with a =
   * √5, and B zero, as in PEFT. So the model computes what it did before. A layer's A depends only
   * on the seed and on the layer's path.
   *
   * @throws IllegalArgumentException if the model has no such layers as {@code config} names
   */
  public static LoraAdapter inject(Module model, LoraConfig config, long seed) {
    return new LoraAdapter(
        model,
        config,
        config.targets().select(model.linears().keySet()),
        (path, factor, shape, temporary) ->
            switch (factor) {
              case A -> Randomness.kaimingUniform(shape, seed, path, temporary);
              case B -> Tensor.allocate(temporary, DType.F32, shape);
            });
  }

  /** The settings. */
  public LoraConfig config() {
    return config;
  }

  /** The adapted layers by their paths, in the model's order. */
  public Map<String, LoraLinear> layers() {
    return Collections.unmodifiableMap(layers);
  }

  /** Every layer's A and B, in the model's order. */
  public List<Parameter> parameters() {
    return layers.values().stream().flatMap(layer -> Stream.of(layer.a(), layer.b())).toList();
  }

  /**
   * Chooses the dropout masks of the following passes. Call it before every micro-batch in training
   * with dropout. Without dropout it does nothing.
   *
   * @param rows for each row of the layers' input a number that determines its mask, such as {@link
   *     org.bayu.tensor.autograd.Dropout#key Dropout.key(example, position)}, which does not depend
   *     on the cut of the batch. Not copied; must not be changed before the backward pass has ended
   */
  public void beginMicroBatch(long seed, long step, long[] rows) {
    masks.begin(seed, step, rows);
  }

  /**
   * The names of the base's weights that merging changes, like {@code
   * model.layers.0.mlp.up_proj.weight}.
   *
   * @throws UnsupportedOperationException if an adapted layer shares its weight with another part
   *     of the model, as a head tied to the embedding does
   */
  public Set<String> mergedWeights() {
    return layersByWeight().keySet();
  }

  /**
   * A base weight with the adapter merged in, W + scale·B·A, computed in binary32 and rounded once.
   * Needs little memory beside the result.
   *
   * @param weight one of {@link #mergedWeights}
   * @param base W, of any floating type
   * @param dtype type of the result
   * @param allocator of the result's memory, the caller's
   * @throws IllegalArgumentException if the weight is not adapted or {@code base} has another shape
   */
  public Tensor merged(
      Device device, String weight, Tensor base, DType dtype, SegmentAllocator allocator) {
    var layer = layersByWeight().get(weight);
    if (layer == null) {
      throw new IllegalArgumentException("no adapter of " + weight);
    }
    return LoraMerge.merged(device, layer, base, dtype, allocator);
  }

  private Map<String, LoraLinear> layersByWeight() {
    var byWeight = new LinkedHashMap<String, LoraLinear>();
    layers.forEach(
        (path, layer) -> {
          var weight = layer.weight().name();
          if (!weight.equals(path + ".weight")) {
            throw new UnsupportedOperationException(
                "%s shares its weight with %s: its adapter cannot be merged"
                    .formatted(path, weight));
          }
          byWeight.put(weight, layer);
        });
    return byWeight;
  }

  /** Puts the base's layers back into the model and frees A and B. */
  @Override
  public void close() {
    model.replaceLinears(
        (path, linear) -> linear instanceof LoraLinear layer ? layer.base() : linear);
    arena.close();
  }
}
