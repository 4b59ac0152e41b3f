package org.bayu.llama.hf;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import org.bayu.llama.LlamaConfig;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.io.MalformedFileException;
import org.bayu.tensor.io.Printable;
import org.bayu.tensor.io.SafetensorsFile.Entry;
import org.bayu.tensor.io.ShardedSafetensors;

/**
 * The tensors of a model folder under the names of Transformers' {@code LlamaForCausalLM}, where
 * the files may have others: those of {@code LlamaModel}, which has no {@code model.} in front, or
 * only {@code lm_head.weight} of the two names of a tied matrix, as safetensors' {@code save_model}
 * keeps them.
 */
final class CheckpointTensors implements AutoCloseable {
  private static final String PREFIX = "model.";
  private static final List<String> PARTS = List.of("embed_tokens.", "layers.", "norm.");

  private final ShardedSafetensors files;
  private final Map<String, String> storedNames = new LinkedHashMap<>();
  private boolean withoutPrefix;

  private CheckpointTensors(Path folder, LlamaConfig config, ShardedSafetensors files)
      throws MalformedFileException {
    this.files = files;
    for (var stored : files.names()) {
      var bare = PARTS.stream().anyMatch(stored::startsWith);
      withoutPrefix |= bare;
      var other = storedNames.put(bare ? PREFIX + stored : stored, stored);
      if (other != null) {
        throw new MalformedFileException(
            folder,
            "has both %s and %s, which name the same weight"
                .formatted(Printable.quote(other), Printable.quote(stored)));
      }
    }
    if (config.tieWordEmbeddings() && contains(LlamaConfig.HEAD)) {
      storedNames.putIfAbsent(LlamaConfig.EMBEDDING, LlamaConfig.HEAD);
    }
  }

  /**
   * Opens the tensors of a folder. The caller closes them.
   *
   * @throws MalformedFileException as {@link ShardedSafetensors#open}, or if two tensors are the
   *     same weight
   */
  static CheckpointTensors open(Path folder, LlamaConfig config) throws IOException {
    var files = ShardedSafetensors.open(folder);
    try {
      return new CheckpointTensors(folder, config, files);
    } catch (Throwable e) {
      files.close();
      throw e;
    }
  }

  /** The tensors' names. */
  Set<String> names() {
    return Collections.unmodifiableSet(storedNames.keySet());
  }

  /** Whether there is a tensor of this name. */
  boolean contains(String name) {
    return storedNames.containsKey(name);
  }

  /** Whether they are a {@code LlamaModel}'s, saved without what makes logits of hidden states. */
  boolean withoutPrefix() {
    return withoutPrefix;
  }

  /** As {@link ShardedSafetensors#entry}; the name in it is the file's. */
  Entry entry(String name) {
    return files.entry(stored(name));
  }

  /** As {@link ShardedSafetensors#bytes}. */
  MemorySegment bytes(String name) {
    return files.bytes(stored(name));
  }

  /** As {@link ShardedSafetensors#tensor(String, SegmentAllocator)}. */
  Tensor tensor(String name, SegmentAllocator allocator) throws MalformedFileException {
    return files.tensor(stored(name), allocator);
  }

  private String stored(String name) {
    var stored = storedNames.get(name);
    if (stored == null) {
      throw new NoSuchElementException("the model has no tensor " + Printable.quote(name));
    }
    return stored;
  }

  /** As {@link ShardedSafetensors#checkSize}. */
  void checkSize() throws IOException {
    files.checkSize();
  }

  @Override
  public void close() throws IOException {
    files.close();
  }
}
