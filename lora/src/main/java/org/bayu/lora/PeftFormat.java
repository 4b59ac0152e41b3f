package org.bayu.lora;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.io.MalformedFileException;
import org.bayu.tensor.io.NonFiniteTensorException;
import org.bayu.tensor.io.SafetensorsFile;
import org.bayu.tensor.io.SafetensorsWriter;
import org.bayu.tensor.io.StagedPath;
import org.bayu.tensor.io.TensorSource;
import org.bayu.tensor.nn.Module;
import org.bayu.tensor.nn.Parameter;
import org.jspecify.annotations.Nullable;

/**
 * Adapter folders as Hugging Face's PEFT 0.21 writes and reads them: {@code adapter_config.json}
 * and {@code adapter_model.safetensors}.
 */
public final class PeftFormat {
  private static final String WEIGHTS = "adapter_model.safetensors";
  private static final String PICKLE = "adapter_model.bin";

  private PeftFormat() {}

  /**
   * Adapts a model with the adapter in {@code folder}. The files are closed afterwards.
   *
   * <p>With an adapter of the head PEFT also stores the head's own weight. It must equal the
   * model's, up to the rounding of the coarser of the two types. Adapters with Levanter's names are
   * read too.
   *
   * @return the adapter, the caller's to close
   * @throws MalformedFileException if a setting changes the computation in a way not implemented;
   *     if tensors are missing, unknown or do not fit the model. The message names the first three
   * @throws IOException if a file is missing or cannot be read
   */
  public static LoraAdapter load(Path folder, Module model) throws IOException {
    return load(folder, model, config -> config);
  }

  /**
   * Adapts a model with the adapter in {@code folder} to train it further.
   *
   * @param change takes the stored settings and returns those to train with, which may differ in
   *     dropout; its exceptions pass through
   * @throws MalformedFileException as above
   * @throws IOException as above
   */
  public static LoraAdapter load(Path folder, Module model, UnaryOperator<LoraConfig> change)
      throws IOException {
    var configFile = folder.resolve(PeftConfig.FILE);
    var settings = PeftConfig.read(configFile);
    var linears = model.linears();
    if (!settings.bias().isEmpty() && linears.values().stream().anyMatch(l -> l.bias() != null)) {
      throw new MalformedFileException(
          configFile,
          "bias is %s, which Bayu does not implement where layers have one"
              .formatted(settings.bias()));
    }
    try (var file = SafetensorsFile.open(weights(folder));
        var temporary = Arena.ofConfined()) {
      var adapted = AdapterTensors.names(file);
      var chosen = chosen(configFile, settings, adapted, linears.keySet());
      var config = change.apply(chosen);
      var paths = linears.keySet().stream().filter(config.targets()::matches).toList();
      linears.keySet().retainAll(paths);
      var tensors = AdapterTensors.read(file, linears, config, temporary);
      return new LoraAdapter(
          model,
          config,
          paths,
          (path, factor, shape, memory) ->
              Objects.requireNonNull(tensors.get(AdapterTensors.name(path, factor))));
    }
  }

  /**
   * The settings, with the layers that are adapted as targets: a configuration's may be of other
   * models too, and where some of them are left out the tensors say which are there.
   */
  private static LoraConfig chosen(
      Path configFile, PeftConfig settings, AdapterTensors.Names tensors, Set<String> all)
      throws MalformedFileException {
    var config = settings.lora();
    if (!settings.namesTargets() && !tensors.levanters()) {
      throw new MalformedFileException(
          configFile,
          "target_modules is null, and PEFT then chooses layers by the kind of model: name"
              + " them");
    }
    var targets = config.targets();
    try {
      if (tensors.levanters() || settings.leavesOut()) {
        var paths =
            all.stream()
                .filter(tensors.paths()::contains)
                .filter(path -> tensors.levanters() || targets.matches(path))
                .toList();
        return paths.isEmpty() ? config : config.withTargets(new LoraTargets.Names(paths));
      }
      return all.stream().anyMatch(targets::matches)
          ? config
          : config.withTargets(new LoraTargets.Names(targets.select(all)));
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

  /**
   * Writes an adapter to a new folder, so that PEFT adapts the same layers: A and B in F32, and the
   * head's own weight where the head is adapted.
   *
   * @param baseModelName where PEFT finds the base: a folder, or a name on the Hub
   * @throws java.nio.file.FileAlreadyExistsException if {@code folder} exists and is not empty
   * @throws IOException if writing fails; nothing is left behind
   * @throws NonFiniteTensorException if a tensor has an infinite or NaN element
   */
  public static void save(LoraAdapter adapter, Path folder, String baseModelName)
      throws IOException {
    save(adapter, folder, baseModelName, null);
  }

  /**
   * The same with the revision of the base on the Hub.
   *
   * @param baseRevision a branch, tag or commit; null for the usual one
   */
  public static void save(
      LoraAdapter adapter, Path folder, String baseModelName, @Nullable String baseRevision)
      throws IOException {
    save(adapter, folder, baseModelName, baseRevision, Parameter::value);
  }

  /**
   * The same where this process may have parts of A and B.
   *
   * @param whole the whole of a parameter; its result is no longer read when it is called again
   */
  public static void save(
      LoraAdapter adapter,
      Path folder,
      String baseModelName,
      @Nullable String baseRevision,
      Function<Parameter, Tensor> whole)
      throws IOException {
    var tensors = new ArrayList<TensorSource>();
    for (var parameter : adapter.parameters()) {
      tensors.add(finite(AdapterTensors.PREFIX + parameter.name(), parameter, whole));
    }
    var head = adapter.layers().get(LoraTargets.HEAD);
    if (head != null) {
      var name = AdapterTensors.baseName(LoraTargets.HEAD);
      tensors.add(finite(name, head.weight(), Parameter::value));
    }
    try (var staged = StagedPath.folder(folder)) {
      Files.write(
          staged.path().resolve(PeftConfig.FILE),
          PeftConfig.write(adapter, baseModelName, baseRevision));
      SafetensorsWriter.write(staged.path().resolve(WEIGHTS), tensors);
      staged.publish();
    }
  }

  private static TensorSource finite(
      String name, Parameter parameter, Function<Parameter, Tensor> whole) {
    return new TensorSource.Elements(
        name,
        parameter.value().dtype(),
        parameter.wholeShape(),
        () -> {
          var tensor = whole.apply(parameter);
          NonFiniteTensorException.check(name, tensor);
          return tensor;
        });
  }
}
