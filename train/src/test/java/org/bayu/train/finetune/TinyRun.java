package org.bayu.train.finetune;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.SplittableRandom;
import org.bayu.collectives.Communicator;
import org.bayu.llama.hf.ConfigJson;
import org.bayu.llama.hf.ModelFolder;
import org.bayu.lora.LoraConfig;
import org.bayu.lora.LoraTargets;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.device.Devices;
import org.bayu.tensor.io.SafetensorsWriter;
import org.bayu.tensor.io.TensorSource;
import org.bayu.train.Adaptation;
import org.bayu.train.ProcessGroups;
import org.bayu.train.TokenizedData;
import org.bayu.train.TokenizedExample;
import org.bayu.train.TrainSettings;
import org.bayu.train.checkpoint.RunDescription;
import org.bayu.train.checkpoint.SavedModels;
import org.bayu.train.plan.MachineMemory;
import org.bayu.train.plan.MemoryPlanner;
import org.bayu.train.plan.RunShape;

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

  /** One of several ranks, of one thread. */
  public TinyRun(Path model, Adaptation adaptation, TrainSettings settings, Communicator ranks)
      throws IOException {
    this(model, adaptation, settings, ProcessGroups.of(ranks, 1));
  }

  /** The same where groups of ranks hold a model together. */
  public TinyRun(Path model, Adaptation adaptation, TrainSettings settings, ProcessGroups groups)
      throws IOException {
    base = ModelFolder.open(model);
    device = Devices.cpu(1);
    var parts = groups.model().size();
    var shape =
        RunShape.of(base.checkpoint(), adaptation, 0, parts)
            .dividedAmong(groups.processes(), settings.compute());
    var machine = MachineMemory.current();
    var plan = new MemoryPlanner(settings, shape, rows(), rows(), false, machine).plan();
    tuning =
        FineTuning.distributed(base, adaptation, rows(), rows(), settings, plan, device, groups);
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

  /** Makes the folder of a wider model, whose larger tensors have 4096 elements and more. */
  public static Path wideModel(Path folder) throws IOException {
    return randomModel(folder, Map.of("head_dim", 16, "hidden_size", 64));
  }

  /** Makes the folder of a model that can be divided into four parts. */
  public static Path dividedModel(Path folder) throws IOException {
    return randomModel(
        folder,
        Map.of("num_attention_heads", 8, "num_key_value_heads", 4, "intermediate_size", 52));
  }

  /** Makes the folder of a model of five blocks. */
  public static Path deepModel(Path folder) throws IOException {
    return randomModel(folder, Map.of("num_hidden_layers", 5));
  }

  private static Path randomModel(Path folder, Map<String, Integer> values) throws IOException {
    model(folder);
    var config = folder.resolve("config.json");
    var text = Files.readString(config);
    for (var each : values.entrySet()) {
      var key = "\"" + each.getKey() + "\": ";
      text = text.replaceFirst(key + "\\d+", key + each.getValue());
    }
    Files.writeString(config, text);
    var random = new Random(17);
    var tensors = new ArrayList<TensorSource>();
    try (var arena = Arena.ofConfined()) {
      for (var each : ConfigJson.read(config).parameterShapes().entrySet()) {
        var tensor = Tensor.allocate(arena, DType.F32, each.getValue());
        var isNorm = each.getKey().endsWith("norm.weight");
        for (var i = 0L; i < tensor.elements(); i++) {
          tensor.setFloat(i, isNorm ? 1 : 0.1f * (float) random.nextGaussian());
        }
        tensors.add(TensorSource.of(each.getKey(), tensor));
      }
      SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors);
    }
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

  /** Saves the model with the adapter merged in, if there is one. */
  public void saveMerged(Path folder) throws IOException {
    var adapter = tuning.adapter();
    if (adapter != null) {
      SavedModels.saveMerged(
          folder,
          base.checkpoint(),
          base.tokenizerFolder(),
          adapter,
          device,
          null,
          OptionalInt.empty(),
          tuning.state()::whole);
    }
  }

  /** Parameters and both moments, bit by bit. */
  public List<Integer> bits() {
    var bits = new ArrayList<Integer>();
    for (var state : tuning.state().optimizer().states()) {
      for (var tensor : List.of(state.parameter().value(), state.m(), state.v())) {
        add(bits, tensor);
      }
      var mAbsmax = state.mAbsmax();
      var vAbsmax = state.vAbsmax();
      if (mAbsmax != null && vAbsmax != null) {
        add(bits, mAbsmax);
        add(bits, vAbsmax);
      }
    }
    return bits;
  }

  private static void add(List<Integer> bits, Tensor tensor) {
    for (var at = 0L; at < tensor.byteSize(); at += tensor.dtype().bytes()) {
      bits.add(
          switch (tensor.dtype().bytes()) {
            case 1 -> (int) tensor.data().get(ValueLayout.JAVA_BYTE, at);
            case 2 -> (int) tensor.data().get(ValueLayout.JAVA_SHORT_UNALIGNED, at);
            default -> tensor.data().get(ValueLayout.JAVA_INT_UNALIGNED, at);
          });
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
