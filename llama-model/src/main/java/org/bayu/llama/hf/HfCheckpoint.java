package org.bayu.llama.hf;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import org.bayu.llama.LlamaConfig;
import org.bayu.llama.Weights;
import org.bayu.llama.tokenizer.SavedTokenizer;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.io.MalformedFileException;
import org.bayu.tensor.io.NonFiniteTensorException;
import org.bayu.tensor.io.Printable;
import org.bayu.tensor.io.ShardedSafetensors;
import org.bayu.tensor.io.StagedPath;
import org.bayu.tensor.io.TensorSource;
import org.jspecify.annotations.Nullable;

/**
 * A model folder in the Hugging Face layout: {@code config.json} and the weights as safetensors, in
 * one file or in shards.
 *
 * <p>Opening checks that every weight of the configuration exists with its shape. The weights are
 * mapped, not read. Tensors that no Llama has are ignored, and so are layers beyond {@code
 * num_hidden_layers}. If the configuration ties the head to the embedding but the files have a
 * different head, {@link #config} is untied. Transformers reads such a model in the same way.
 */
public final class HfCheckpoint implements AutoCloseable {
  /** What a saved model takes over from its base beside configuration and weights. */
  public static final List<String> COMPANIONS =
      List.of(
          "tokenizer.json",
          "tokenizer.model",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "added_tokens.json",
          "vocab.json",
          "merges.txt",
          "chat_template.jinja",
          "chat_template.json",
          GenerationConfig.FILE_NAME);

  private static final List<String> PICKLES = List.of(".bin", ".pt", ".pth", ".ckpt", ".pkl");

  private final Path folder;
  private final LlamaConfig config;
  private final GenerationConfig generation;
  private final CheckpointTensors tensors;
  private final List<String> notes;
  private final Arena arena = Arena.ofShared();
  private final Map<String, Tensor> opened = new ConcurrentHashMap<>();

  private HfCheckpoint(
      Path folder,
      CheckpointCheck.Checked checked,
      GenerationConfig generation,
      CheckpointTensors tensors) {
    this.folder = folder;
    this.config = checked.config();
    this.notes = checked.notes();
    this.generation = generation;
    this.tensors = tensors;
  }

  /**
   * Opens and checks a model folder. The caller closes it.
   *
   * @throws MalformedFileException if a file is malformed, or the weights contradict the
   *     configuration; the message names the first contradictions
   * @throws IOException if a file is missing or cannot be read
   */
  public static HfCheckpoint open(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new NotDirectoryException(folder.toString());
    }
    var configFile = folder.resolve(ConfigJson.FILE_NAME);
    if (Files.notExists(configFile)) {
      throw new NoSuchFileException(
          configFile.toString(), null, "a model folder needs its configuration");
    }
    var config = ConfigJson.read(configFile);
    var generation = GenerationConfig.read(folder, config);
    refusePickles(folder);
    var tensors = CheckpointTensors.open(folder, config);
    try {
      var checked = CheckpointCheck.check(folder, config, tensors);
      return new HfCheckpoint(folder, checked, generation, tensors);
    } catch (Throwable e) {
      tensors.close();
      throw e;
    }
  }

  /** The files in a folder that belong to a model beside configuration and weights. */
  public static List<Path> companions(Path folder) {
    return COMPANIONS.stream().map(folder::resolve).filter(Files::exists).toList();
  }

  /** Explains a folder that has its weights in pickle files only. */
  private static void refusePickles(Path folder) throws IOException {
    var pickles = new ArrayList<String>();
    try (var files = Files.list(folder)) {
      for (var file : (Iterable<Path>) files.sorted()::iterator) {
        var name = String.valueOf(file.getFileName());
        if (name.contains(".safetensors")) {
          return;
        }
        if (PICKLES.stream().anyMatch(name::endsWith)) {
          pickles.add(Printable.name(name));
        }
      }
    }
    if (!pickles.isEmpty()) {
      throw new MalformedFileException(
          folder,
          "has its weights in pickle files (%s), which run code when they are read; convert them to safetensors"
              .formatted(Printable.first(pickles, ", ")));
    }
  }

  /** The folder. */
  public Path folder() {
    return folder;
  }

  /** The architecture that the weights have. */
  public LlamaConfig config() {
    return config;
  }

  /**
   * The tokens that end a text: {@code eos_token_id} of {@code generation_config.json}, or of
   * {@code config.json} if that names none. The tokenizer's own EOS is not among them.
   */
  public List<Integer> stopTokens() {
    return generation.stopTokens();
  }

  /** Sentences that a user of this folder should read. */
  public List<String> notes() {
    return notes;
  }

  /**
   * The tensors in their stored type (F64 as F32), read-only and valid until {@link #close}. Safe
   * for any number of threads.
   */
  public Weights weights() {
    return this::tensor;
  }

  /** Bytes of the model's weights in their files. */
  public long weightBytes() {
    return config.parameterShapes().keySet().stream()
        .mapToLong(name -> weights().tensor(name).byteSize())
        .sum();
  }

  private Tensor tensor(String name) {
    return opened.computeIfAbsent(
        name,
        absent -> {
          try {
            return tensors.tensor(absent, arena);
          } catch (MalformedFileException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  /** Refuses files that were cut short since they were mapped. Call it before a step. */
  public void checkSize() throws IOException {
    tensors.checkSize();
  }

  /** Unmaps the files: every tensor of this checkpoint becomes inaccessible. */
  @Override
  public void close() throws IOException {
    arena.close();
    tensors.close();
  }

  /**
   * Writes a model folder with new weights for {@code base}. The configuration, unknown keys
   * included, and the tokenizer are those of the base; {@link SavedTokenizer#complete} completes
   * the tokenizer's files. The folder appears when it is complete and on the disk.
   *
   * @param folder must not exist, or be empty
   * @param dtype the weights' type, or null for that of each weight in {@code base}
   * @param eos the token that ended texts in training; the saved {@code generation_config.json}
   *     names it, even if the base's does not
   * @param weights asked once for every weight of the configuration, shard by shard; a tensor is no
   *     longer read when the next is asked for
   * @throws NonFiniteTensorException if a weight is infinite or no number; nothing is left behind
   */
  public static void save(
      Path folder, HfCheckpoint base, @Nullable DType dtype, OptionalInt eos, Weights weights)
      throws IOException {
    save(folder, base, base.folder, dtype, eos, weights);
  }

  /**
   * The same with the tokenizer of another folder, such as an adapter that has its own.
   *
   * @throws NonFiniteTensorException as above
   */
  public static void save(
      Path folder,
      HfCheckpoint base,
      Path tokenizer,
      @Nullable DType dtype,
      OptionalInt eos,
      Weights weights)
      throws IOException {
    var sources = new ArrayList<TensorSource>();
    base.config
        .parameterShapes()
        .forEach(
            (name, shape) -> {
              var stored = base.tensors.entry(name).dtype();
              var type = dtype != null ? dtype : stored != null ? stored : DType.F32;
              sources.add(
                  new TensorSource.Elements(name, type, shape, () -> finite(name, weights)));
            });
    var config = dtype == null ? base.config : base.config.withDtype(dtype);
    var generation = base.generation.trainedOn(eos, config);
    var companions = companions(tokenizer);
    save(folder, config, generation, sources, companions, ShardedSafetensors.SHARD_BYTES);
  }

  /**
   * Writes a model folder from a configuration and weights. The folder appears when it is complete
   * and on the disk.
   *
   * @param folder must not exist, or be empty
   * @param weights asked once for every weight of the configuration, shard by shard; a tensor is no
   *     longer read when the next is asked for
   * @param companions files to copy into the folder, such as a tokenizer's, which {@link
   *     SavedTokenizer#complete} changes
   * @throws NonFiniteTensorException as above
   */
  public static void save(
      Path folder, LlamaConfig config, DType dtype, Weights weights, List<Path> companions)
      throws IOException {
    var sources = new ArrayList<TensorSource>();
    config
        .parameterShapes()
        .forEach(
            (name, shape) ->
                sources.add(
                    new TensorSource.Elements(name, dtype, shape, () -> finite(name, weights))));
    save(
        folder, config.withDtype(dtype), null, sources, companions, ShardedSafetensors.SHARD_BYTES);
  }

  /** What is infinite or no number must not look like a result. */
  private static Tensor finite(String name, Weights weights) {
    var weight = weights.tensor(name);
    NonFiniteTensorException.check(name, weight);
    return weight;
  }

  static void save(
      Path folder,
      LlamaConfig config,
      @Nullable String generation,
      List<TensorSource> sources,
      List<Path> companions,
      long shardBytes)
      throws IOException {
    var text = ConfigJson.write(config);
    try (var staged = StagedPath.folder(folder)) {
      for (var companion : companions) {
        var name = String.valueOf(companion.getFileName());
        // Not with its permissions: what is read-only could not be written over below.
        try (var content = Files.newInputStream(companion)) {
          Files.copy(content, staged.path().resolve(name));
        }
      }
      SavedTokenizer.complete(staged.path());
      Files.writeString(staged.path().resolve(ConfigJson.FILE_NAME), text);
      if (generation != null) {
        // In place of the base's, which was copied.
        Files.writeString(staged.path().resolve(GenerationConfig.FILE_NAME), generation);
      }
      ShardedSafetensors.write(staged.path(), sources, shardBytes);
      staged.publish();
    }
  }
}
