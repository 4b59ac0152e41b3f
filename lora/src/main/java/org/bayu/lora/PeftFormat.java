package org.bayu.lora;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SegmentAllocator;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.bayu.lora.LoraAdapter.Factor;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.io.MalformedFileException;
import org.bayu.tensor.io.SafetensorsFile;
import org.bayu.tensor.io.SafetensorsWriter;
import org.bayu.tensor.io.StagedPath;
import org.bayu.tensor.io.TensorSource;
import org.bayu.tensor.nn.Linear;
import org.bayu.tensor.nn.Module;

/**
 * Adapter folders as Hugging Face's PEFT 0.21 writes and reads them: {@code adapter_config.json}
 * and {@code adapter_model.safetensors}.
 */
public final class PeftFormat {
  private static final String WEIGHTS = "adapter_model.safetensors";
  private static final String PICKLE = "adapter_model.bin";
  private static final String PREFIX = "base_model.model.";
  private static final String BASE_LAYER = ".base_layer.weight";

  private PeftFormat() {}

  /**
   * Adapts a model with the adapter in {@code folder}, whose files are closed again.
   *
   * <p>The head's own weight, which PEFT stores beside an adapter of it, is not read: it is the
   * model's.
   *
   * @return the adapter, the caller's to close
   * @throws MalformedFileException if a setting changes the computation in a way not implemented;
   *     if tensors are missing, unknown or do not fit the model, all of which the message names
   * @throws IOException if a file is missing or cannot be read
   */
  public static LoraAdapter load(Path folder, Module model) throws IOException {
    return load(folder, model, config -> config);
  }

  /**
   * The same to go on with: {@code change} sees the adapter's settings, may refuse them, and gives
   * those to train with, which may have another dropout.
   */
  public static LoraAdapter load(Path folder, Module model, UnaryOperator<LoraConfig> change)
      throws IOException {
    var configFile = folder.resolve(PeftConfig.FILE);
    var config = change.apply(PeftConfig.read(configFile));
    var linears = model.linears();
    var paths = paths(configFile, config, linears.keySet());
    try (var file = SafetensorsFile.open(weights(folder));
        var temporary = Arena.ofConfined()) {
      linears.keySet().retainAll(paths);
      var tensors = tensors(file, linears, config.rank(), temporary);
      return new LoraAdapter(
          model,
          config,
          paths,
          (path, factor, shape, memory) -> Objects.requireNonNull(tensors.get(name(path, factor))));
    }
  }

  /** Unlike a configuration's, the names may be of other models too. */
  private static List<String> paths(Path configFile, LoraConfig config, Set<String> all)
      throws MalformedFileException {
    var targets = config.targets();
    try {
      return all.stream().anyMatch(targets::matches)
          ? all.stream().filter(targets::matches).toList()
          : targets.select(all);
    } catch (IllegalArgumentException e) {
      throw new MalformedFileException(configFile, String.valueOf(e.getMessage()), e);
    }
  }

  private static Path weights(Path folder) throws MalformedFileException {
    var weights = folder.resolve(WEIGHTS);
    var pickle = folder.resolve(PICKLE);
    if (Files.notExists(weights) && Files.exists(pickle)) {
      throw new MalformedFileException(
          pickle,
          "is a pickle file, which may run any code when it is read: save it as " + WEIGHTS);
    }
    return weights;
  }

  /** The name of A or B, like {@code base_model.model.lm_head.lora_A.weight}. */
  private static String name(String path, Factor factor) {
    return PREFIX + path + ".lora_" + factor + ".weight";
  }

  /** Every layer's A and B, by their names without that of the adapter, {@code default}. */
  private static Map<String, Tensor> tensors(
      SafetensorsFile file, Map<String, Linear> layers, int rank, SegmentAllocator temporary)
      throws MalformedFileException {
    var missing = new LinkedHashMap<String, Shape>();
    var baseLayers = new HashMap<String, Shape>();
    layers.forEach(
        (path, linear) -> {
          for (var factor : Factor.values()) {
            missing.put(name(path, factor), factor.shape(linear, rank));
          }
          baseLayers.put(PREFIX + path + BASE_LAYER, linear.weight().value().shape());
        });
    var tensors = new HashMap<String, Tensor>();
    var problems = new ArrayList<String>();
    for (var entry : file.entries()) {
      var name = entry.name().replace(".default.weight", ".weight");
      var ofBase = baseLayers.get(name);
      var shape = ofBase == null ? missing.remove(name) : ofBase;
      if (shape == null) {
        problems.add("tensor %s is unknown".formatted(entry.name()));
      } else if (!shape.equals(entry.shape())) {
        problems.add("tensor %s is %s, not %s".formatted(entry.name(), entry.shape(), shape));
      } else if (ofBase == null) {
        tensors.put(name, file.tensor(entry.name(), temporary));
      }
    }
    missing.keySet().forEach(name -> problems.add("tensor %s is missing".formatted(name)));
    if (!problems.isEmpty()) {
      throw new MalformedFileException(
          file.path(), "does not fit the model: " + String.join("; ", problems));
    }
    return tensors;
  }

  /**
   * Writes an adapter to a new folder, so that PEFT adapts the same layers: A and B in F32, and the
   * head's own weight where the head is adapted.
   *
   * @param baseModelName where PEFT finds the base: a folder, or a name on the Hub
   * @throws java.nio.file.FileAlreadyExistsException if {@code folder} exists and is not empty
   * @throws IOException if writing fails; nothing is left behind
   */
  public static void save(LoraAdapter adapter, Path folder, String baseModelName)
      throws IOException {
    var tensors = new ArrayList<TensorSource>();
    for (var parameter : adapter.parameters()) {
      tensors.add(TensorSource.of(PREFIX + parameter.name(), parameter.value()));
    }
    var head = adapter.layers().get(LoraTargets.HEAD);
    if (head != null) {
      tensors.add(TensorSource.of(PREFIX + LoraTargets.HEAD + BASE_LAYER, head.weight().value()));
    }
    try (var staged = StagedPath.folder(folder)) {
      Files.write(staged.path().resolve(PeftConfig.FILE), PeftConfig.write(adapter, baseModelName));
      SafetensorsWriter.write(staged.path().resolve(WEIGHTS), tensors);
      staged.publish();
    }
  }
}
