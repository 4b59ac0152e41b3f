package org.bayu.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.bayu.llama.LlamaModel;
import org.bayu.llama.hf.HfCheckpoint;
import org.bayu.lora.LoraAdapter;
import org.bayu.lora.PeftFormat;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.device.Devices;
import org.bayu.tensor.io.SafetensorsFile;
import org.bayu.tensor.optim.AdamW;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Twenty steps on one batch against PyTorch's, and one batch cut in every way. */
class TrainingStepTest {
  private static final TrainingStep.Listener QUIET = (_, _) -> {};

  private static final Path GOLDEN = Path.of("src/test/resources/golden/training");
  private static final Path MODEL = Path.of("../llama-model/src/test/resources/golden/llama2");
  private static final int LAYERS = 2;

  /** On all kinds of kernels, prefixes shared or not, up to 2.1 of them were seen. */
  private static final double AUTOCAST_DISTANCES = 3;

  private static JsonNode golden(String name) throws IOException {
    return new ObjectMapper().readTree(GOLDEN.resolve(name).toFile());
  }

  private static List<TokenizedExample> goldenBatch() throws IOException {
    var batch = new ArrayList<TokenizedExample>();
    for (var example : golden("batch.json").get("examples")) {
      var tokens = new IntArrayList();
      example.get("tokens").forEach(token -> tokens.add(token.intValue()));
      batch.add(new TokenizedExample(tokens, example.get("sourceLength").intValue()));
    }
    return batch;
  }

  /** A model with a training step on it; all of it freed when {@code use} is done. */
  private static void with(
      boolean lora, DType compute, MicroBatches cut, int recomputed, Consumer<Trained> use)
      throws IOException {
    try (var checkpoint = HfCheckpoint.open(MODEL);
        var device = Devices.cpu(2);
        var arena = Arena.ofShared()) {
      var model = new LlamaModel(checkpoint.config(), checkpoint.weights());
      LoraAdapter adapter = null;
      if (lora) {
        adapter = PeftFormat.load(GOLDEN.resolve("adapter"), model);
      } else {
        model.parameters().forEach(parameter -> parameter.train(arena));
      }
      var settings = new TrainingStep.Settings(compute, cut, recomputed, 1.0, 0, false);
      var adamW = new AdamW.Settings(0.9, 0.95, 1e-8, 0.1);
      try (var state = new TrainState(model, adapter, device, adamW, 0);
          var step = new TrainingStep(state, device, settings, new Workspace())) {
        use.accept(new Trained(model, step));
      }
    }
  }

  private record Trained(LlamaModel model, TrainingStep step) {}

  private static MicroBatches cut(int maxTokens, int maxExamples, int minimumShared) {
    return new MicroBatches(LossMask.DEFAULT, maxTokens, maxExamples, minimumShared);
  }

  private static void followsPyTorch(String run, double tolerance) throws IOException {
    var expected = golden(run + ".json");
    var batch = goldenBatch();
    for (var recomputed = 0; recomputed <= LAYERS; recomputed++) {
      with(
          run.startsWith("lora"),
          DType.F32,
          cut(4096, 99, 1),
          recomputed,
          trained -> {
            for (var step = 0; step < 20; step++) {
              var rate = expected.get("lr").get(step).doubleValue();
              var loss = expected.get("loss").get(step).doubleValue();
              var result = trained.step.run(step, batch, rate, QUIET);
              assertEquals(loss, result.loss(), loss * tolerance, run + ", step " + step);
            }
          });
    }
  }

  @Test
  void fullTrainingInF32FollowsPyTorch() throws IOException {
    // PyTorch's own float32 run is 1.0e-7 from float64.
    followsPyTorch("full-f32", 1e-6);
  }

  @Test
  void loraTrainingInF32FollowsPyTorch() throws IOException {
    followsPyTorch("lora-f32", 1e-6);
  }

  /**
   * The losses in bf16 are as near to those in float64 as autocast's: within {@link
   * #AUTOCAST_DISTANCES} times the distance of autocast. That one changes its sign, so autocast may
   * be right by chance in one step; the greatest distance of the steps so far counts.
   */
  private static void isAsExactAsAutocast(String kind) throws IOException {
    for (var minimumShared : List.of(1, Integer.MAX_VALUE)) {
      for (var recomputed = 0; recomputed <= LAYERS; recomputed++) {
        isAsExactAsAutocast(kind, minimumShared, recomputed);
      }
    }
  }

  private static void isAsExactAsAutocast(String kind, int minimumShared, int recomputed)
      throws IOException {
    var exact = golden(kind + "-f64.json");
    var autocast = golden(kind + "-bf16.json").get("loss");
    var batch = goldenBatch();
    with(
        kind.equals("lora"),
        DType.BF16,
        cut(4096, 99, minimumShared),
        recomputed,
        trained -> {
          var distance = 0.0;
          for (var step = 0; step < 20; step++) {
            var rate = exact.get("lr").get(step).doubleValue();
            var loss = exact.get("loss").get(step).doubleValue();
            distance = Math.max(distance, Math.abs(autocast.get(step).doubleValue() - loss));
            var result = trained.step.run(step, batch, rate, QUIET);
            var bound = AUTOCAST_DISTANCES * distance;
            assertEquals(loss, result.loss(), bound, kind + ", step " + step);
          }
        });
  }

  @Test
  void fullTrainingInBf16IsAsExactAsAutocast() throws IOException {
    isAsExactAsAutocast("full");
  }

  @Test
  void loraTrainingInBf16IsAsExactAsAutocast() throws IOException {
    isAsExactAsAutocast("lora");
  }

  /** The losses of ten steps, with prefixes of so many tokens shared. */
  private static double[] losses(int minimumShared) throws IOException {
    var losses = new double[10];
    var batch = goldenBatch();
    with(
        true,
        DType.F32,
        cut(4096, 99, minimumShared),
        0,
        trained -> {
          for (var step = 0; step < losses.length; step++) {
            losses[step] = trained.step.run(step, batch, 1e-2, QUIET).loss();
          }
        });
    return losses;
  }

  @Test
  void sharedPrefixesLeaveTheLossesAsTheyAre() throws IOException {
    var shared = losses(1);
    var alone = losses(Integer.MAX_VALUE);
    for (var step = 0; step < shared.length; step++) {
      // Gradients of a prefix are summed in another order.
      assertEquals(alone[step], shared[step], 1e-5 * alone[step], "step " + step);
    }
    assertTrue(shared[9] < 0.9 * shared[0], "nothing was learned");
  }

  @Test
  void theFinalWeightsArePyTorchs() throws IOException {
    var rates = golden("full-f32.json").get("lr");
    var batch = goldenBatch();
    try (var expected = SafetensorsFile.open(GOLDEN.resolve("full-f32-final.safetensors"))) {
      with(
          false,
          DType.F32,
          cut(4096, 99, 1),
          0,
          trained -> {
            for (var step = 0; step < 20; step++) {
              trained.step.run(step, batch, rates.get(step).doubleValue(), QUIET);
            }
            for (var parameter : trained.model.parameters()) {
              var golden = tensor(expected, parameter.name());
              for (var i = 0L; i < golden.elements(); i++) {
                // PyTorch's own are 5.1e-7 from float64.
                assertEquals(
                    golden.getFloat(i), parameter.value().getFloat(i), 5e-6, parameter.name());
              }
            }
          });
    }
  }

  private static Tensor tensor(SafetensorsFile file, String name) {
    try {
      return file.tensor(name);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** 128 rows that share prefixes now and then, some of them equal. */
  private static List<TokenizedExample> batchOf128() {
    var random = new SplittableRandom(3);
    var batch = new ArrayList<TokenizedExample>();
    for (var i = 0; i < 128; i++) {
      var tokens = new IntArrayList();
      var shared = random.nextInt(0, 20);
      for (var p = 0; p < shared; p++) {
        tokens.add(3 + p * 11 % 90);
      }
      var own = new SplittableRandom(random.nextInt(100));
      var length = 4 + own.nextInt(12);
      for (var p = 0; p < length; p++) {
        tokens.add(3 + own.nextInt(90));
      }
      batch.add(new TokenizedExample(tokens, 1 + own.nextInt(tokens.size() - 2)));
    }
    return batch;
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aBatchsLossAndGradientsDoNotDependOnHowItIsCut(boolean maskInputs) throws IOException {
    var batch = batchOf128();
    var mask = new LossMask(maskInputs, LossMask.Offset.FIXED);
    var losses = new ArrayList<Double>();
    var gradients = new ArrayList<List<float[]>>();
    for (var examples : new int[] {128, 16, 1}) {
      for (var minimumShared : new int[] {1, 4, Integer.MAX_VALUE}) {
        var cut = new MicroBatches(mask, Integer.MAX_VALUE, examples, minimumShared);
        with(
            false,
            DType.F32,
            cut,
            0,
            trained -> {
              losses.add(trained.step.gradients(0, batch, QUIET).loss());
              gradients.add(
                  trained.model.parameters().stream()
                      .map(p -> trained.step.gradients().of(p.value()).toFloats())
                      .toList());
            });
      }
    }
    for (var i = 1; i < losses.size(); i++) {
      assertEquals(losses.getFirst(), losses.get(i), losses.getFirst() * 1e-6, "cut " + i);
      for (var j = 0; j < gradients.getFirst().size(); j++) {
        assertTrue(
            distance(gradients.getFirst().get(j), gradients.get(i).get(j)) <= 1e-5,
            String.format(Locale.ROOT, "cut %d, parameter %d", i, j));
      }
    }
  }

  /** ‖a − b‖ / ‖a‖. */
  private static double distance(float[] a, float[] b) {
    var difference = 0.0;
    var norm = 0.0;
    for (var i = 0; i < a.length; i++) {
      difference += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
      norm += (double) a[i] * a[i];
    }
    return Math.sqrt(difference / norm);
  }

  @Test
  void aMeanOverNoTokenIsRefusedAndNotZero() throws IOException {
    var cutOff = List.of(new TokenizedExample(IntArrayList.of(1, 2, 3), 3));
    with(
        true,
        DType.F32,
        cut(4096, 99, 1),
        0,
        trained -> {
          assertThrows(
              IllegalArgumentException.class, () -> trained.step.run(0, cutOff, 1e-3, QUIET));
          assertThrows(IllegalArgumentException.class, () -> trained.step.evaluate(cutOff, QUIET));
        });
  }

  @Test
  void everyMicroBatchOfAStepAndOfAnEvaluationIsTold() throws IOException {
    var batch = goldenBatch();
    var told = new ArrayList<String>();
    with(
        false,
        DType.F32,
        cut(4096, 1, Integer.MAX_VALUE),
        0,
        trained -> {
          trained.step.run(0, batch, 1e-3, (done, count) -> told.add(done + "/" + count));
          var n = batch.size();
          var expected = IntStream.rangeClosed(1, n).mapToObj(i -> i + "/" + n).toList();
          assertEquals(expected, told);
          told.clear();
          trained.step.evaluate(batch, (done, count) -> told.add(done + "/" + count));
          assertEquals(expected, told);
        });
  }

  @Test
  void anInfiniteWeightStopsTheRunBeforeTheUpdate() throws IOException {
    var batch = goldenBatch();
    with(
        false,
        DType.F32,
        cut(4096, 99, 1),
        0,
        trained -> {
          var weight = trained.model.parameters().getLast().value();
          weight.setFloat(0, Float.POSITIVE_INFINITY);
          var before = trained.model.parameters().getFirst().value().toFloats();
          assertThrows(NonFiniteException.class, () -> trained.step.run(7, batch, 1e-3, QUIET));
          var after = trained.model.parameters().getFirst().value().toFloats();
          assertEquals(-1, Arrays.mismatch(before, after));
        });
  }
}
