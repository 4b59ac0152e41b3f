package org.bayu.llama.hf;

import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import it.unimi.dsi.fastutil.ints.IntSet;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bayu.llama.LlamaConfig;
import org.bayu.llama.LlamaModel;
import org.bayu.llama.tokenizer.LlamaTokenizer;
import org.bayu.tensor.io.MalformedFileException;
import org.jspecify.annotations.Nullable;

/**
 * An open model folder: the model on its mapped weights, the tokenizer, and the tokens that end a
 * text. The model's weights are valid until {@link #close}. Not thread-safe.
 *
 * <p>The tokenizer is read when it is first asked for, so a folder without one can still be opened.
 */
public final class ModelFolder implements AutoCloseable {
  private final HfCheckpoint checkpoint;
  private final LlamaModel model;
  private final @Nullable Path adapter;
  private final Path tokenizerFolder;
  private final List<String> notes = new ArrayList<>();
  private @Nullable LlamaTokenizer tokenizer;

  private ModelFolder(HfCheckpoint checkpoint, @Nullable Path adapter) {
    this.checkpoint = checkpoint;
    this.adapter = adapter;
    model = new LlamaModel(checkpoint.config(), checkpoint.weights());
    tokenizerFolder = LlamaTokenizer.folder(checkpoint.folder(), adapter);
    note(checkpoint.folder(), checkpoint.notes());
  }

  /**
   * Opens and checks a model folder. The caller closes it.
   *
   * @throws MalformedFileException if a file is malformed, or the weights contradict the
   *     configuration
   * @throws IOException if a file is missing or cannot be read
   */
  public static ModelFolder open(Path folder) throws IOException {
    return open(folder, null);
  }

  /**
   * The same for a model that is used with an adapter. If the adapter's folder has a tokenizer,
   * that one is used. The adapter itself is not loaded.
   *
   * @param adapter the adapter's folder; null without one
   * @throws MalformedFileException as above
   * @throws IOException as above
   */
  public static ModelFolder open(Path folder, @Nullable Path adapter) throws IOException {
    var checkpoint = HfCheckpoint.open(folder);
    try {
      return new ModelFolder(checkpoint, adapter);
    } catch (Throwable e) {
      checkpoint.close();
      throw e;
    }
  }

  /** The folder's configuration and weights. */
  public HfCheckpoint checkpoint() {
    return checkpoint;
  }

  /** The architecture. */
  public LlamaConfig config() {
    return checkpoint.config();
  }

  /** The model, always the same one. */
  public LlamaModel model() {
    return model;
  }

  /** The folder whose tokenizer the model is used with: the adapter's or the model's. */
  public Path tokenizerFolder() {
    return tokenizerFolder;
  }

  /**
   * The tokenizer that the model is used with.
   *
   * @throws MalformedFileException as {@link LlamaTokenizer#load(Path, Path)}
   * @throws IOException when a file cannot be read
   */
  public LlamaTokenizer tokenizer() throws IOException {
    if (tokenizer == null) {
      tokenizer = LlamaTokenizer.load(checkpoint.folder(), adapter);
      note(tokenizerFolder, tokenizer.notes());
    }
    return tokenizer;
  }

  /**
   * Every token that ends a text: those that the model's files name, and the tokenizer's EOS.
   *
   * @throws IOException as {@link #tokenizer}
   */
  public IntSet stopTokens() throws IOException {
    var stop = new IntOpenHashSet(checkpoint.stopTokens());
    tokenizer().eosId().ifPresent(stop::add);
    return stop;
  }

  /**
   * Sentences that a user of the files read so far should read. Each names the folder. The
   * tokenizer's are included once the tokenizer has been asked for.
   */
  public List<String> notes() {
    return List.copyOf(notes);
  }

  private void note(Path folder, List<String> sentences) {
    sentences.forEach(sentence -> notes.add(folder + ": " + sentence));
  }

  /** Unmaps the weights. */
  @Override
  public void close() throws IOException {
    checkpoint.close();
  }
}
