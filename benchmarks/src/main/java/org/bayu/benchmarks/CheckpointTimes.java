package org.bayu.benchmarks;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.bayu.llama.LlamaModel;
import org.bayu.llama.Weights;
import org.bayu.llama.hf.ConfigJson;
import org.bayu.lora.LoraAdapter;
import org.bayu.lora.LoraConfig;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.device.Devices;
import org.bayu.tensor.optim.AdamW;
import org.bayu.train.TrainState;
import org.bayu.train.checkpoint.BaseDescription;
import org.bayu.train.checkpoint.Checkpoint;
import org.bayu.train.checkpoint.DataDescription;
import org.bayu.train.checkpoint.RunDescription;

/**
 * Writes and loads checkpoints of a LoRA run, rank 8, of the shape of Llama 2 7B, when it is asked
 * to: each line on standard input, {@code write} or {@code load}, is answered by the seconds that
 * it took. The argument is a folder for the checkpoint. The base's weights are a file without
 * blocks, which nobody reads: a checkpoint holds nothing of them.
 */
public final class CheckpointTimes {
  private static final String LLAMA_2_7B =
      """
      {"model_type": "llama", "hidden_size": 4096, "intermediate_size": 11008,
       "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32,
       "vocab_size": 32000, "max_position_embeddings": 4096, "rms_norm_eps": 1e-5}
      """;

  private CheckpointTimes() {}

  /** Answers until the input ends. */
  public static void main(String[] args) throws IOException {
    var folder = Path.of(args[0]);
    var sparse = Files.createTempFile(folder, "base", ".weights");
    try (var arena = Arena.ofShared();
        var device = Devices.cpu()) {
      var model = new LlamaModel(ConfigJson.parse(LLAMA_2_7B), weights(sparse, arena));
      try (var adapter = LoraAdapter.inject(model, LoraConfig.DEFAULT, 1);
          var state =
              new TrainState(model, adapter, device, new AdamW.Settings(0.9, 0.95, 1e-8, 0), 0)) {
        fill(state);
        answer(folder.resolve("step-1"), state);
      }
    } finally {
      Files.deleteIfExists(sparse);
    }
  }

  private static Weights weights(Path sparse, Arena arena) throws IOException {
    var greatest = 2L * 32000 * 4096;
    MemorySegment zeros;
    try (var file = FileChannel.open(sparse, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      zeros = file.map(FileChannel.MapMode.READ_WRITE, 0, greatest, arena).asReadOnly();
    }
    var shapes = ConfigJson.parse(LLAMA_2_7B).parameterShapes();
    return name -> {
      var shape = Objects.requireNonNull(shapes.get(name), name);
      return Tensor.of(zeros.asSlice(0, 2 * shape.elements()), DType.BF16, shape);
    };
  }

  /** Numbers that no file system can make smaller. */
  private static void fill(TrainState state) {
    var random = new SplittableRandom(1);
    for (var each : state.optimizer().states()) {
      for (var tensor : List.of(each.parameter().value(), each.m(), each.v())) {
        for (var i = 0L; i < tensor.elements(); i++) {
          tensor.setFloat(i, (float) random.nextDouble());
        }
      }
    }
  }

  private static void answer(Path checkpoint, TrainState state) throws IOException {
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var run =
        new RunDescription(
            "benchmark",
            JsonNodeFactory.instance.objectNode(),
            "",
            new DataDescription(0, "", ""),
            new BaseDescription(new JsonMapper().readTree(LLAMA_2_7B), Map.of(), Map.of()),
            new RunDescription.Cut(0, false),
            List.of("none"));
    System.out.println(Checkpoint.bytes(state));
    for (var line = in.readLine(); line != null; line = in.readLine()) {
      var start = System.nanoTime();
      if (line.equals("write")) {
        Checkpoint.write(checkpoint, state, run, true);
      } else {
        Checkpoint.open(checkpoint).load(state);
      }
      System.out.println((System.nanoTime() - start) * 1e-9);
    }
  }
}
