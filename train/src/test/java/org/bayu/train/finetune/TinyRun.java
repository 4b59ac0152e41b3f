package org.bayu.train.finetune;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.bayu.llama.hf.ModelFolder;
import org.bayu.lora.LoraConfig;
import org.bayu.lora.LoraTargets;
import org.bayu.tensor.Device;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.device.Devices;
import org.bayu.train.Adaptation;
import org.bayu.train.TokenizedData;
import org.bayu.train.TokenizedExample;
import org.bayu.train.TrainSettings;
import org.bayu.train.checkpoint.RunDescription;

/** A run of the smallest model there is, on twelve rows. */
public final class TinyRun implements AutoCloseable {
  private static final Path GOLDEN = Path.of("../llama-model/src/test/resources/golden");

  private final ModelFolder base;
  private final Device device;
  public final FineTuning tuning;

  public TinyRun(Path model, Adaptation adaptation, TrainSettings settings, int threads)
      throws IOException {
    base = ModelFolder.open(model);
    device = Devices.cpu(threads);
    tuning = FineTuning.open(base, adaptation, rows(), rows(), settings, device);
  }

  /** Makes the model's folder. */
  public static Path model(Path folder) throws IOException {
    Files.createDirectory(folder);
    for (var name : List.of("config.json", "model.safetensors", "generation_config.json")) {
      Files.copy(GOLDEN.resolve("llama2").resolve(name), folder.resolve(name));
    }
    Files.copy(
        GOLDEN.resolve("tokenizer/byte-level/tokenizer.json"), folder.resolve("tokenizer.json"));
    return folder;
  }

  /** Twelve rows of 12 tokens, the same at each call; the first three begin alike. */
  public static TokenizedData rows() {
    var random = new SplittableRandom(7);
    var examples = new ArrayList<TokenizedExample>();
    for (var row = 0; row < 12; row++) {
      var tokens = new IntArrayList();
      for (var i = 0; i < 12; i++) {
        tokens.add(row < 3 && i < 6 ? 3 + i : 3 + random.nextInt(90));
      }
      examples.add(new TokenizedExample(tokens, 4));
    }
    return TokenizedData.of(examples);
  }

  public static Adaptation lora(double dropout) {
    return Adaptation.lora(new LoraConfig(4, 8, dropout, new LoraTargets.AllLinears(), false));
  }

  public RunDescription description() throws IOException {
    return tuning.description("tiny", JsonNodeFactory.instance.objectNode().put("seed", 0));
  }

  /** Parameters and both moments, bit by bit. */
  public List<Integer> bits() {
    var bits = new ArrayList<Integer>();
    for (var state : tuning.state().optimizer().states()) {
      for (var tensor : List.of(state.parameter().value(), state.m(), state.v())) {
        add(bits, tensor);
      }
    }
    return bits;
  }

  private static void add(List<Integer> bits, Tensor tensor) {
    for (var i = 0L; i < tensor.elements(); i++) {
      bits.add(tensor.data().getAtIndex(ValueLayout.JAVA_INT_UNALIGNED, i));
    }
  }

  @Override
  public void close() throws IOException {
    try (base;
        device) {
      tuning.close();
    }
  }
}
