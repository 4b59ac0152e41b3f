package org.bayu.finetune;

import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import it.unimi.dsi.fastutil.ints.IntSet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.bayu.llama.LlamaModel;
import org.bayu.llama.hf.HfCheckpoint;
import org.bayu.llama.tokenizer.LlamaTokenizer;
import org.bayu.lora.LoraAdapter;
import org.bayu.lora.PeftFormat;
import org.jspecify.annotations.Nullable;

/**
 * A model folder's weights, mapped, with an adapter folder's where one is given.
 *
 * @param tokenizerFolder the adapter's, where it has a tokenizer of its own, else the model's
 */
record LoadedModel(
    HfCheckpoint checkpoint,
    LlamaModel model,
    @Nullable LoraAdapter adapter,
    Path tokenizerFolder,
    Consumer<String> messages)
    implements AutoCloseable {
  /**
   * Opens the folders.
   *
   * @param messages is told what a user should know of them
   */
  static LoadedModel open(Path folder, @Nullable Path adapterFolder, Consumer<String> messages)
      throws IOException {
    var checkpoint = HfCheckpoint.open(folder);
    try {
      checkpoint.notes().forEach(note -> messages.accept(folder + ": " + note));
      var model = new LlamaModel(checkpoint.config(), checkpoint.weights());
      var adapter = adapterFolder == null ? null : PeftFormat.load(adapterFolder, model);
      var tokenizer = LlamaTokenizer.folder(folder, adapterFolder);
      return new LoadedModel(checkpoint, model, adapter, tokenizer, messages);
    } catch (Throwable e) {
      checkpoint.close();
      throw e;
    }
  }

  /** The tokenizer that the model is used with. What a user should know of it is said. */
  LlamaTokenizer tokenizer() throws IOException {
    var tokenizer = LlamaTokenizer.load(checkpoint.folder(), tokenizerFolder);
    tokenizer.notes().forEach(note -> messages.accept(tokenizerFolder + ": " + note));
    return tokenizer;
  }

  /** Every token that ends a sequence: the model folder's and the tokenizer's. */
  IntSet stopTokens(LlamaTokenizer tokenizer) {
    var stop = new IntOpenHashSet(checkpoint.stopTokens());
    tokenizer.eosId().ifPresent(stop::add);
    return stop;
  }

  /** Refuses files that were cut short since they were opened: to be asked before they are read. */
  void checkFiles() {
    try {
      checkpoint.checkSize();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    if (adapter != null) {
      adapter.close();
    }
    checkpoint.close();
  }
}
