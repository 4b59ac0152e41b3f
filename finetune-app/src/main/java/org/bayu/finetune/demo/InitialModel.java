package org.bayu.finetune.demo;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.bayu.llama.LlamaConfig;
import org.bayu.llama.Weights;
import org.bayu.llama.hf.HfCheckpoint;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;

/** Makes what training from scratch starts with: a model folder of random weights. */
final class InitialModel {
  /**
   * Standard deviation of the weights. A model of 128 features learns several times faster from
   * these than from 0.02, which suits a large one.
   */
  private static final double DEVIATION = 0.06;

  private InitialModel() {}

  /**
   * Writes a model folder.
   *
   * @param tokenizer the folder of the tokenizer's files, which are copied
   * @param seed of the weights
   */
  static void write(Path folder, LlamaConfig config, Path tokenizer, long seed) throws IOException {
    List<Path> companions;
    try (var files = Files.list(tokenizer)) {
      companions = files.sorted().toList();
    }
    try (var arena = Arena.ofConfined()) {
      HfCheckpoint.save(folder, config, DType.F32, random(config, seed, arena), companions);
    }
  }

  /** Matrices of normally distributed weights; the norms' weights, which are vectors, are 1. */
  private static Weights random(LlamaConfig config, long seed, Arena arena) {
    var shapes = config.parameterShapes();
    return name -> {
      var shape = Objects.requireNonNull(shapes.get(name), name);
      var tensor = Tensor.allocate(arena, DType.F32, shape);
      // Each its own numbers, in whatever order they are asked for.
      var random = new Random(seed ^ name.hashCode());
      for (var i = 0L; i < tensor.elements(); i++) {
        tensor.setFloat(i, shape.rank() == 1 ? 1 : (float) (DEVIATION * random.nextGaussian()));
      }
      return tensor;
    };
  }
}
