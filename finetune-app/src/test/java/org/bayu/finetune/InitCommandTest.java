package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bayu.finetune.command.RandomWeights;
import org.bayu.finetune.error.ExitCode;
import org.bayu.llama.hf.HfCheckpoint;
import org.bayu.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InitCommandTest {
  private static final String CONFIG =
      """
      {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64,
       "intermediate_size": 160, "num_hidden_layers": 2, "num_attention_heads": 4,
       "num_key_value_heads": 2, "vocab_size": 300, "max_position_embeddings": 128,
       "rms_norm_eps": 1e-5, "tie_word_embeddings": false}
      """;

  @TempDir Path folder;

  private Path init(String name, Object... more) throws IOException {
    var config = Files.writeString(folder.resolve("config.json"), CONFIG);
    var output = folder.resolve(name);
    var args = new Object[more.length + 5];
    args[0] = "init";
    args[1] = "--config";
    args[2] = config;
    args[3] = "--output";
    args[4] = output;
    System.arraycopy(more, 0, args, 5, more.length);
    assertEquals(ExitCode.DONE, CommandLineRun.of(args).exitCode());
    return output;
  }

  private static float[] weights(Path model, String name) throws IOException {
    try (var checkpoint = HfCheckpoint.open(model)) {
      return checkpoint.weights().tensor(name).toFloats();
    }
  }

  @Test
  void theFolderIsAModelOfTheConfigurationInTheTypeAskedFor() throws IOException {
    try (var checkpoint = HfCheckpoint.open(init("half", "--dtype", "f16"))) {
      assertEquals(DType.F16, checkpoint.weights().tensor("lm_head.weight").dtype());
      assertEquals(2, checkpoint.config().layers());
      var norm = checkpoint.weights().tensor("model.norm.weight").toFloats();
      for (var value : norm) {
        assertEquals(1, value);
      }
    }
  }

  @Test
  void weightsAreNormalWithTheUsualDeviation() throws IOException {
    var values = weights(init("model", "--dtype", "f32"), "model.embed_tokens.weight");
    var sum = 0.0;
    var squares = 0.0;
    var beyond = 0;
    for (var value : values) {
      sum += value;
      squares += (double) value * value;
      beyond += Math.abs(value) > 1.959964 * 0.02 ? 1 : 0;
    }
    // 19,200 values: five standard errors of mean, deviation and of a share of 5 %.
    var n = values.length;
    assertEquals(0, sum / n, 5 * 0.02 / Math.sqrt(n));
    assertEquals(0.02, Math.sqrt(squares / n), 5 * 0.02 / Math.sqrt(2.0 * n));
    assertEquals(0.05, beyond / (double) n, 5 * Math.sqrt(0.05 * 0.95 / n));
  }

  @Test
  void quantilesAreThoseOfTheNormalDistribution() {
    var quantiles = RandomWeights.normalQuantiles(1 << 16);
    // Tables: Φ(1) = 0.8413447461, Φ(2) = 0.9772498681, Φ(3) = 0.9986501020.
    var probabilities = new double[] {0.8413447461, 0.9772498681, 0.9986501020};
    for (var z = 1; z <= 3; z++) {
      var index = probabilities[z - 1] * (1 << 16) - 0.5;
      var low = (int) Math.floor(index);
      var between = quantiles[low] + (index - low) * (quantiles[low + 1] - quantiles[low]);
      assertEquals(z, between, 1e-5);
    }
  }

  @Test
  void theSameSeedGivesTheSameWeightsAndAnotherOthers() throws IOException {
    var name = "model.layers.1.mlp.down_proj.weight";
    var once = weights(init("once", "--seed", "3"), name);
    assertArrayEquals(once, weights(init("again", "--seed", "3"), name));
    var other = weights(init("other", "--seed", "4"), name);
    var same = 0;
    for (var i = 0; i < once.length; i++) {
      same += once[i] == other[i] ? 1 : 0;
    }
    assertTrue(same < once.length / 10, same + " of " + once.length);
    assertNotEquals(
        once[0], weights(folder.resolve("once"), "model.layers.0.mlp.down_proj.weight")[0]);
  }

  @Test
  void aFolderThatExistsIsLeftAlone() throws IOException {
    var output = Files.createDirectory(folder.resolve("there"));
    var config = Files.writeString(folder.resolve("config.json"), CONFIG);
    var run = CommandLineRun.of("init", "--config", config, "--output", output);
    assertTrue(run.sentence(ExitCode.USAGE).contains("exists already"));
  }
}
