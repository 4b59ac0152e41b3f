package org.bayu.lora;

import java.lang.foreign.Arena;
import java.lang.foreign.SegmentAllocator;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.nn.Linear;
import org.bayu.tensor.nn.Module;
import org.bayu.tensor.nn.Parameter;
import org.bayu.tensor.nn.Part;

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
    /** The whole A or B of the layer of this path; the memory need not live on. */
    Tensor tensor(String path, Factor factor, Shape shape, SegmentAllocator temporary);
  }

  /** One of the two matrices. */
  enum Factor {
    /** [rank, inputs]. */
    A,
    /** [outputs, rank]. */
    B;

    /** The shape of the whole factor. */
    Shape shape(Linear base, int rank) {
      var whole = base.weight().wholeShape();
      return this == A ? Shape.of(rank, whole.dim(1)) : Shape.of(whole.dim(0), rank);
    }

    /** What a layer has of it: A's columns are the layer's, and B's rows. */
    Part part(Linear base) {
      var part = base.weight().part();
      return part.axis() == (this == A ? Part.Axis.COLUMNS : Part.Axis.ROWS) ? part : Part.WHOLE;
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
      return new LoraLinear(
          base,
          path,
          config.scale(path),
          masks,
          factor(path, Factor.A, base, factors, temporary),
          factor(path, Factor.B, base, factors, temporary),
          arena);
    }
  }

  /** What a layer has of A or B. */
  private Tensor factor(
      String path, Factor factor, Linear base, Factors factors, SegmentAllocator temporary) {
    var shape = factor.shape(base, config.rank(path));
    var whole =
        base.weight().value().hasMemory()
            ? factors.tensor(path, factor, shape, temporary)
            : Tensor.withoutMemory(DType.F32, shape);
    return factor.part(base).of(whole, temporary);
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
   * If this process has a part of the model: the parameters that it has whole, of layers of which
   * it has a part. Their gradients are the sums over the processes.
   */
  public List<Parameter> sharedParameters() {
    return layers.values().stream()
        .filter(layer -> !layer.weight().part().isWhole())
        .flatMap(layer -> Stream.of(layer.a(), layer.b()))
        .filter(parameter -> parameter.part().isWhole())
        .toList();
  }

  /**
   * Chooses the dropout masks of the following passes. Call it before every micro-batch in training
   * with dropout. Without dropout it does nothing.
   *
   * @param rows for each row of the layers' input a number that determines its mask, such as {@link
   *     org.bayu.tensor.autograd.Dropout#key Dropout.key(example, position)}, which does not depend
   *     on the cut of the batch. Not copied; must not be changed before the backward pass has ended
   * @param needed which of the rows a layer has whose input has fewer, as in a Llama's last block;
   *     may be left out if none has
   */
  public void beginMicroBatch(long seed, long step, long[] rows, int... needed) {
    masks.begin(seed, step, rows, needed);
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
    return merged(device, weight, base, dtype, allocator, Parameter::value);
  }

  /**
   * The same with the whole W, where this process may have parts of A and B.
   *
   * @param whole the whole of a parameter; its result is no longer read when it is called again
   */
  public Tensor merged(
      Device device,
      String weight,
      Tensor base,
      DType dtype,
      SegmentAllocator allocator,
      Function<Parameter, Tensor> whole) {
    var layer = layersByWeight().get(weight);
    if (layer == null) {
      throw new IllegalArgumentException("no adapter of " + weight);
    }
    return LoraMerge.merged(device, layer, base, dtype, allocator, whole);
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
