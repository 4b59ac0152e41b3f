package org.bayu.finetune.command;

import it.unimi.dsi.fastutil.ints.IntSet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.bayu.finetune.model.Models;
import org.bayu.llama.LlamaModel;
import org.bayu.llama.hf.ModelFolder;
import org.bayu.llama.tokenizer.LlamaTokenizer;
import org.bayu.lora.LoraAdapter;
import org.bayu.lora.PeftFormat;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;

/**
 * A model folder as the commands' options name it, with an adapter folder's adapter where one is
 * given.
 *
 * @param messages is told what a user should know of the folders
 */
record LoadedModel(
    ModelFolder folder,
    @Nullable Path adapterFolder,
    @Nullable LoraAdapter adapter,
    Consumer<String> messages)
    implements AutoCloseable {
  /** Finds and opens what the options {@code --model} and {@code --adapter} name. */
  static LoadedModel open(Models models, CommandSpec spec, String model, @Nullable String adapter)
      throws IOException {
    var found = models.adapter("--adapter", adapter);
    return open(
        models.model("--model", model).folder(),
        found == null ? null : found.folder(),
        spec.commandLine().getErr()::println);
  }

  private static LoadedModel open(
      Path modelFolder, @Nullable Path adapterFolder, Consumer<String> messages)
      throws IOException {
    var folder = ModelFolder.open(modelFolder, adapterFolder);
    try {
      folder.notes().forEach(messages);
      var adapter = adapterFolder == null ? null : PeftFormat.load(adapterFolder, folder.model());
      return new LoadedModel(folder, adapterFolder, adapter, messages);
    } catch (Throwable e) {
      folder.close();
      throw e;
    }
  }

  LlamaModel model() {
    return folder.model();
  }

  /** The tokenizer that the model is used with. What a user should know of it is said. */
  LlamaTokenizer tokenizer() throws IOException {
    var said = folder.notes().size();
    var tokenizer = folder.tokenizer();
    folder.notes().stream().skip(said).forEach(messages);
    return tokenizer;
  }

  /** Every token that ends a sequence. */
  IntSet stopTokens() throws IOException {
    return folder.stopTokens();
  }

  /** Refuses files that were cut short since they were opened: to be asked before they are read. */
  void checkFiles() {
    try {
      folder.checkpoint().checkSize();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    if (adapter != null) {
      adapter.close();
    }
    folder.close();
  }
}
