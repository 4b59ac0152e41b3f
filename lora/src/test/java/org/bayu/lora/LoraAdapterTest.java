package org.bayu.lora;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.bayu.lora.LoraTargets.AllLinears;
import org.bayu.lora.LoraTargets.Names;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Shape;
import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.autograd.Gradients;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.device.Devices;
import org.bayu.tensor.nn.Linear;
import org.bayu.tensor.nn.Module;
import org.bayu.tensor.nn.Parameter;
import org.bayu.tensor.optim.AdamW;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LoraAdapterTest {
  private static final LoraConfig CONFIG = new LoraConfig(3, 6, 0, new AllLinears(), false);

  private final Arena memory = Arena.ofShared();
  private final TinyModel model = new TinyModel(memory, DType.F32);

  @AfterEach
  void free() {
    memory.close();
  }

  @Test
  void adaptedLayersStandInTheBasesPlacesUntilClosed() {
    var base = model.linearsInPlace();
    try (var adapter = LoraAdapter.inject(model, CONFIG, 0)) {
      assertEquals(
          adapter.layers().values().stream().map(Linear.class::cast).toList(),
          model.linearsInPlace().subList(0, 6));
      assertSame(base.getLast(), model.linearsInPlace().getLast());
    }
    assertEquals(base, model.linearsInPlace());
  }

  @Test
  void parametersAreNamedByPathAndHaveTheRanksShapes() {
    try (var adapter =
        LoraAdapter.inject(
            model, new LoraConfig(3, 6, 0, new Names(List.of("up_proj")), false), 0)) {
      assertEquals(
          List.of(
              "model.layers.0.mlp.up_proj.lora_A.weight F32 [3, 6]",
              "model.layers.0.mlp.up_proj.lora_B.weight F32 [10, 3]",
              "model.layers.1.mlp.up_proj.lora_A.weight F32 [3, 6]",
              "model.layers.1.mlp.up_proj.lora_B.weight F32 [10, 3]"),
          adapter.parameters().stream().map(Parameter::toString).toList());
      assertTrue(adapter.parameters().stream().allMatch(Parameter::decays));
    }
  }

  @Test
  void aFreshAdapterChangesNothing() {
    try (var device = Devices.cpu(1)) {
      var before = outputs(device);
      try (var adapter = LoraAdapter.inject(model, CONFIG, 0)) {
        assertEquals(6, adapter.layers().size());
        assertArrayEquals(before, outputs(device));
      }
    }
  }

  @Test
  void aIsUniformWithinOneOverTheRootOfItsInputs() {
    // 32 768 draws: the mean's deviation is bound/√(3·32768), the variance's bound²·√(4/45/32768).
    var shape = Shape.of(64, 512);
    var a = Randomness.kaimingUniform(shape, 7, "path", memory).toFloats();
    var bound = 1 / Math.sqrt(512);
    var sum = 0.0;
    var squares = 0.0;
    for (var value : a) {
      assertTrue(Math.abs(value) <= bound);
      sum += value;
      squares += (double) value * value;
    }
    assertEquals(0, sum / a.length, 5 * bound / Math.sqrt(3.0 * a.length));
    assertEquals(
        bound * bound / 3, squares / a.length, 5 * bound * bound * Math.sqrt(4.0 / 45 / a.length));
  }

  @Test
  void aDependsOnSeedAndPathOnly() {
    var path = "model.layers.1.mlp.up_proj";
    var a = firstA(CONFIG, 1, path);
    assertArrayEquals(a, firstA(named("up_proj"), 1, path));
    assertNotEquals(a[0], firstA(CONFIG, 2, path)[0]);
    assertNotEquals(a[0], firstA(CONFIG, 1, "model.layers.0.mlp.up_proj")[0]);
  }

  private static LoraConfig named(String name) {
    return new LoraConfig(3, 6, 0, new Names(List.of(name)), false);
  }

  private float[] firstA(LoraConfig config, long seed, String path) {
    try (var adapter = LoraAdapter.inject(model, config, seed)) {
      return layer(adapter, path).a().value().toFloats();
    }
  }

  private static LoraLinear layer(LoraAdapter adapter, String path) {
    return Objects.requireNonNull(adapter.layers().get(path), path);
  }

  @Test
  void aFrozenWeightHasNoGradientNoOptimizerStateAndNoCopy() {
    var half = new TinyModel(memory, DType.BF16);
    var before = half.parameters().stream().map(Parameter::value).toList();
    try (var adapter = LoraAdapter.inject(half, CONFIG, 0);
        var device = Devices.cpu(1);
        var workspace = new Workspace()) {
      var trainable = half.parameters().stream().filter(Parameter::trainable).toList();
      assertEquals(adapter.parameters(), trainable);
      var frozen =
          half.parameters().stream().filter(p -> !p.trainable()).map(Parameter::value).toList();
      for (var i = 0; i < frozen.size(); i++) {
        assertSame(before.get(i), frozen.get(i));
      }
      try (var gradients = new Gradients(trainable.stream().map(Parameter::value).toList());
          var optimizer = new AdamW(device, trainable, new AdamW.Settings(0.9, 0.95, 1e-8, 0.1))) {
        assertEquals(
            adapter.parameters(), optimizer.states().stream().map(AdamW.State::parameter).toList());
        var tape = new Tape(device, workspace, gradients);
        var head = half.linearsInPlace().getLast();
        var up = half.linearsInPlace().get(2);
        var x = tape.constant(random(Shape.of(1, TinyModel.HIDDEN)));
        assertFalse(head.forward(tape, x).requiresGradient());
        assertTrue(up.forward(tape, x).requiresGradient());
        assertFalse(gradients.contains(up.weight().value()));
      }
    }
  }

  @Test
  void aModelTakesOneAdapterAtATime() {
    try (var adapter = LoraAdapter.inject(model, CONFIG, 0)) {
      assertEquals(3, adapter.config().rank());
      assertThrows(IllegalStateException.class, () -> LoraAdapter.inject(model, CONFIG, 1));
    }
    LoraAdapter.inject(model, CONFIG, 1).close();
  }

  @Test
  void targetsThatAreNotInTheModelLeaveItAsItWas() {
    var base = model.linearsInPlace();
    assertThrows(
        IllegalArgumentException.class, () -> LoraAdapter.inject(model, named("gate_proj"), 0));
    assertEquals(base, model.linearsInPlace());
  }

  @Test
  void mergedWeightsGiveTheAdaptersOutputs() {
    try (var device = Devices.cpu(2);
        var adapter = LoraAdapter.inject(model, CONFIG, 0)) {
      randomize(adapter);
      var adapted = outputs(device);
      var names = adapter.mergedWeights();
      assertEquals(
          adapter.layers().keySet().stream()
              .map(path -> path + ".weight")
              .collect(Collectors.toSet()),
          names);
      var merged = new TinyModel(memory, DType.F32);
      for (var parameter : merged.parameters()) {
        if (names.contains(parameter.name())) {
          var base = parameter.value();
          base.copyFrom(adapter.merged(device, parameter.name(), base, DType.F32, memory));
        }
      }
      // Sums of at most 6 + 3 products of magnitude at most 2.
      assertArrayEquals(adapted, outputs(merged, device), 2e-6f);
    }
  }

  @Test
  void aMergeIsRoundedOnce() {
    try (var device = Devices.cpu(1);
        var adapter = LoraAdapter.inject(model, CONFIG, 0)) {
      randomize(adapter);
      var path = "model.layers.1.self_attn.k_proj";
      var name = path + ".weight";
      var base = layer(adapter, path).weight().value();
      var exact = adapter.merged(device, name, base, DType.F32, memory);
      for (var dtype : List.of(DType.BF16, DType.F16)) {
        var rounded = Tensor.allocate(memory, dtype, base.shape());
        rounded.copyFrom(exact);
        assertArrayEquals(
            rounded.toFloats(), adapter.merged(device, name, base, dtype, memory).toFloats());
      }
      var half = Tensor.allocate(memory, DType.BF16, base.shape());
      half.copyFrom(base);
      var wide = Tensor.allocate(memory, DType.F32, base.shape());
      wide.copyFrom(half);
      assertArrayEquals(
          adapter.merged(device, name, wide, DType.F32, memory).toFloats(),
          adapter.merged(device, name, half, DType.F32, memory).toFloats());
    }
  }

  @Test
  void aMergeGoesThroughALargeMatrixPieceByPiece() {
    var shape = Shape.of(1500, 1000);
    var weight = new Parameter("up_proj.weight", random(shape), true);
    var scale = 5 / Math.sqrt(2);
    var a = random(Shape.of(2, 1000));
    var b = random(Shape.of(1500, 2));
    var layer =
        new LoraLinear(
            new Linear(weight, null), "up_proj", (float) scale, new DropoutMasks(0), a, b, memory);
    try (var device = Devices.cpu(2)) {
      var merged =
          LoraMerge.merged(device, layer, weight.value(), DType.F32, memory, Parameter::value);
      for (var i = 0L; i < 1500; i += 7) {
        for (var j = 0L; j < 1000; j += 13) {
          var sum =
              (double) b.getFloat(2 * i) * a.getFloat(j)
                  + (double) b.getFloat(2 * i + 1) * a.getFloat(1000 + j);
          var at = i * 1000 + j;
          // |W| ≤ 1, |scale·B·A| ≤ 7.1: a few roundings of 2⁻²⁴ each.
          assertEquals(weight.value().getFloat(at) + scale * sum, merged.getFloat(at), 2e-6);
        }
      }
    }
  }

  @Test
  void aHeadThatSharesTheEmbeddingsWeightIsAdaptedButNotMerged() {
    var embedding =
        new Parameter("model.embed_tokens.weight", random(Shape.of(10, TinyModel.HIDDEN)), false);
    var tied =
        new Module() {
          private final Slot<Linear> head = child("lm_head", new Linear(embedding, null));
        };
    try (var adapter = LoraAdapter.inject(tied, named("lm_head"), 0)) {
      assertSame(layer(adapter, "lm_head"), tied.head.get());
      var refusal = assertThrows(UnsupportedOperationException.class, adapter::mergedWeights);
      assertEquals(
          "lm_head shares its weight with model.embed_tokens.weight: its adapter cannot be merged",
          refusal.getMessage());
    }
  }

  @Test
  void aMergeRefusesOtherWeights() {
    try (var device = Devices.cpu(1);
        var adapter = LoraAdapter.inject(model, CONFIG, 0)) {
      var base = random(Shape.of(2, 2));
      assertThrows(
          IllegalArgumentException.class,
          () -> adapter.merged(device, "lm_head.weight", base, DType.F32, memory));
      assertThrows(
          ShapeException.class,
          () ->
              adapter.merged(device, "model.layers.0.mlp.up_proj.weight", base, DType.F32, memory));
    }
  }

  private void randomize(LoraAdapter adapter) {
    for (var parameter : adapter.parameters()) {
      parameter.value().copyFrom(random(parameter.value().shape()));
    }
  }

  private Tensor random(Shape shape) {
    var random = new SplittableRandom(shape.elements());
    var tensor = Tensor.allocate(memory, DType.F32, shape);
    for (var i = 0L; i < shape.elements(); i++) {
      tensor.setFloat(i, (float) random.nextDouble(-1, 1));
    }
    return tensor;
  }

  private float[] outputs(Device device) {
    return outputs(model, device);
  }

  /** What each layer makes of one input, one after another. */
  private float[] outputs(TinyModel of, Device device) {
    try (var workspace = new Workspace()) {
      var tape = Tape.inference(device, workspace);
      var x = tape.constant(random(Shape.of(1, TinyModel.HIDDEN)));
      var outputs = new float[of.linearsInPlace().size() * TinyModel.WIDE];
      var at = 0;
      for (var linear : of.linearsInPlace()) {
        var y = linear.forward(tape, x).value().toFloats();
        System.arraycopy(y, 0, outputs, at, y.length);
        at += TinyModel.WIDE;
      }
      return outputs;
    }
  }
}
