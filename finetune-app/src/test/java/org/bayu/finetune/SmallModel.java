package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.bayu.finetune.error.ExitCode;

/** A model folder of random weights with a byte-level tokenizer of 600 tokens, 64 positions. */
public final class SmallModel {
  static final int POSITIONS = 64;

  private static final String CONFIG =
      """
      {"model_type": "llama", "hidden_size": 64, "intermediate_size": 96, "vocab_size": 600,
       "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
       "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "initializer_range": 0.5,
       "bos_token_id": 594, "eos_token_id": 595, "tie_word_embeddings": false}
      """;

  private SmallModel() {}

  /** Makes one whose vocabulary is the tokenizer's. */
  public static Path in(Path parent) throws IOException {
    return in(parent, 600);
  }

  /** Makes one with as many embeddings as are asked for. */
  static Path in(Path parent, int vocabulary) throws IOException {
    var config =
        Files.writeString(
            parent.resolve("small.json"), CONFIG.replace("600", Integer.toString(vocabulary)));
    var model = parent.resolve("small");
    var init = CommandLineRun.of("init", "--config", config, "--output", model);
    assertEquals(ExitCode.DONE, init.exitCode(), init.err());
    var tokenizer = TestFiles.golden("tokenizer/byte-level");
    for (var name : new String[] {"tokenizer.json", "tokenizer_config.json"}) {
      Files.copy(tokenizer.resolve(name), model.resolve(name));
    }
    return model;
  }

  /** Overwrites the last four bytes of the model's weights, which are one of its numbers. */
  static void setLastWeight(Path model, float value) throws IOException {
    try (var file =
        FileChannel.open(model.resolve("model.safetensors"), StandardOpenOption.WRITE)) {
      var bytes = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(0, value);
      file.write(bytes, file.size() - 4);
    }
  }
}
