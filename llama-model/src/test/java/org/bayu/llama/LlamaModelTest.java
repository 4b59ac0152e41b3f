package org.bayu.llama;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.bayu.llama.hf.ConfigJson;
import org.bayu.llama.hf.HfCheckpoint;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.device.Devices;
import org.bayu.tensor.io.SafetensorsFile;
import org.bayu.tensor.nn.Parameter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class LlamaModelTest {
  @ParameterizedTest
  @ValueSource(strings = {"llama2", "llama3-scaling", "linear-scaling-biases"})
  void theLogitsAreTransformers(String variant) throws IOException {
    var tokens = Golden.ints(Golden.json(variant, "tokens.json"));
    var folder = Golden.folder(variant);
    try (var checkpoint = HfCheckpoint.open(folder);
        var expected = SafetensorsFile.open(folder.resolve("logits.safetensors"))) {
      var model = new LlamaModel(checkpoint.config(), checkpoint.weights());
      // Transformers' own binary32 result is up to 1.2e-5 from that in double precision.
      assertEquals(
          0, distance(expected.tensor("float64"), logits(model, DType.F32, tokens)), 2.4e-5);
      // Every product rounds its inputs to 8 bits: 2^-9 each, over some 20 of them in a row, of
      // logits up to 6.3.
      assertEquals(
          0,
          distance(expected.tensor("float64"), logits(model, DType.BF16, tokens)),
          6.3 * 20 * 0x1p-9);
    }
  }

  @Test
  void aConfigurationInTransformers4SpellingGivesTheSameLogits() throws IOException {
    var tokens = Golden.ints(Golden.json("llama3-scaling", "tokens.json"));
    var config =
        ConfigJson.read(Golden.folder("llama3-scaling-transformers4").resolve("config.json"));
    try (var checkpoint = HfCheckpoint.open(Golden.folder("llama3-scaling"))) {
      var expected =
          logits(new LlamaModel(checkpoint.config(), checkpoint.weights()), DType.F32, tokens);
      var actual = logits(new LlamaModel(config, checkpoint.weights()), DType.F32, tokens);
      assertEquals(0, Arrays.mismatch(expected, actual) + 1);
    }
  }

  @ParameterizedTest
  @EnumSource(Tier.class)
  void aPretrainedModelsLogitsAreThoseOfLlama2c(Tier tier) throws IOException {
    var folder = SharedData.path("stories260K");
    var text = Files.readString(folder.resolve("greedy200_tokens.txt")).trim();
    var tokens = Arrays.stream(text.split("[\\s,]+")).mapToInt(Integer::parseInt).toArray();
    var bytes = Files.readAllBytes(folder.resolve("greedy200_logits_f32le_200x512.bin"));
    var expected = new float[200 * 512];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(expected);
    try (var checkpoint = HfCheckpoint.open(folder);
        var device = tier.device()) {
      var model = new LlamaModel(checkpoint.config(), checkpoint.weights());
      var actual = logits(device, model, DType.F32, tokens);
      for (var i = 0; i < expected.length; i++) {
        // llama2.c is up to 2.5e-5 from a computation in double precision.
        assertEquals(expected[i], actual[i], 2e-4, "logit " + i);
      }
      for (var row = 0; row < 200; row++) {
        assertEquals(largest(expected, row * 512), largest(actual, row * 512), "row " + row);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama2", "llama3-scaling", "linear-scaling-biases"})
  void everyParameterStandsOnceUnderItsNameInTheCheckpoint(String variant) throws IOException {
    try (var checkpoint = HfCheckpoint.open(Golden.folder(variant))) {
      var model = new LlamaModel(checkpoint.config(), checkpoint.weights());
      assertEquals(
          List.copyOf(checkpoint.config().parameterShapes().keySet()),
          model.parameters().stream().map(Parameter::name).toList());
    }
  }

  @Test
  void tokensAndPositionsThatTheModelHasNotAreRefused() throws IOException {
    try (var checkpoint = HfCheckpoint.open(Golden.folder("llama2"))) {
      var model = new LlamaModel(checkpoint.config(), checkpoint.weights());
      assertThrows(IllegalArgumentException.class, () -> logits(model, DType.F32, 1, 96));
      assertThrows(IllegalArgumentException.class, () -> logits(model, DType.F32, new int[65]));
    }
  }

  private static int largest(float[] values, int from) {
    var best = from;
    for (var i = from; i < from + 512; i++) {
      best = values[i] > values[best] ? i : best;
    }
    return best - from;
  }

  private static double distance(Tensor expected, float[] actual) {
    return IntStream.range(0, actual.length)
        .mapToDouble(i -> Math.abs(expected.getFloat(i) - actual[i]))
        .max()
        .orElseThrow();
  }

  private static float[] logits(LlamaModel model, DType compute, int... tokens) {
    try (var device = Devices.cpu()) {
      return logits(device, model, compute, tokens);
    }
  }

  private static float[] logits(Device device, LlamaModel model, DType compute, int... tokens) {
    try (var workspace = new Workspace()) {
      var tape = Tape.inference(device, workspace);
      var tree = TokenTree.of(List.of(tokens), Integer.MAX_VALUE);
      var hidden = model.hidden(tape, tree, compute, 0);
      var rows = IntStream.range(0, tokens.length).toArray();
      return model.logits(tape, hidden, rows).value().toFloats();
    }
  }
}
