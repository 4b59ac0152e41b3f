package org.bayu.finetune;

import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import it.unimi.dsi.fastutil.ints.IntSet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.bayu.llama.HfCheckpoint;
import org.bayu.llama.LlamaModel;
import org.bayu.llama.tokenizer.LlamaTokenizer;
import org.bayu.lora.LoraAdapter;
import org.bayu.lora.PeftFormat;
import org.jspecify.annotations.Nullable;

/** A model folder's weights, mapped, with an adapter folder's where one is given. */
record LoadedModel(HfCheckpoint checkpoint, LlamaModel model, @Nullable LoraAdapter adapter)
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
      return new LoadedModel(checkpoint, model, adapter);
    } catch (Throwable e) {
      checkpoint.close();
      throw e;
    }
  }

  /** The tokenizer in the model's folder. */
  LlamaTokenizer tokenizer() throws IOException {
    return LlamaTokenizer.load(checkpoint.folder());
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
