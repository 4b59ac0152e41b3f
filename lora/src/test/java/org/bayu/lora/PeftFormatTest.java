package org.bayu.lora;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.bayu.lora.LoraTargets.AllLinears;
import org.bayu.lora.LoraTargets.Names;
import org.bayu.tensor.BFloat16;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.device.Devices;
import org.bayu.tensor.io.MalformedFileException;
import org.bayu.tensor.io.NonFiniteTensorException;
import org.bayu.tensor.io.SafetensorsFile;
import org.bayu.tensor.io.SafetensorsWriter;
import org.bayu.tensor.io.TensorSource;
import org.bayu.tensor.nn.Linear;
import org.bayu.tensor.nn.Module;
import org.bayu.tensor.nn.Parameter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PeftFormatTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path folder;
  private SafetensorsFile base;
  private GoldenModel model;

  @BeforeEach
  void open() throws IOException {
    base = GoldenModel.open();
    model = new GoldenModel(base);
  }

  @AfterEach
  void close() throws IOException {
    base.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"all-linear", "lm-head", "regular-expression"})
  void savedAgainAnAdapterHasExactlyPeftsNamesShapesAndValues(String name) throws IOException {
    var golden = GoldenModel.ADAPTERS.resolve(name);
    var saved = folder.resolve("saved");
    try (var adapter = PeftFormat.load(golden, model)) {
      PeftFormat.save(adapter, saved, "llama-model/src/test/resources/golden/llama2");
    }
    var shapes =
        JSON.readValue(
            golden.resolve("tensors.json").toFile(), new TypeReference<Map<String, long[]>>() {});
    try (var expected = SafetensorsFile.open(golden.resolve("adapter_model.safetensors"));
        var actual = SafetensorsFile.open(saved.resolve("adapter_model.safetensors"))) {
      assertEquals(shapes.keySet(), actual.names());
      for (var entry : actual.entries()) {
        assertArrayEquals(shapes.get(entry.name()), entry.shape().dims());
        assertEquals("F32", entry.dtypeName());
        assertEquals(-1, actual.bytes(entry.name()).mismatch(expected.bytes(entry.name())));
      }
      assertEquals(Map.of("format", "pt"), actual.metadata());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"all-linear", "lm-head", "regular-expression"})
  void savedSettingsAreAmongPefts(String name) throws IOException {
    var golden = GoldenModel.ADAPTERS.resolve(name);
    try (var adapter = PeftFormat.load(golden, model)) {
      PeftFormat.save(adapter, folder, "llama-model/src/test/resources/golden/llama2");
    }
    var actual = settings(folder);
    var expected = settings(golden);
    expected.keySet().retainAll(actual.keySet());
    assertEquals(expected, actual);
    assertTrue(
        actual
            .keySet()
            .containsAll(List.of("peft_type", "r", "lora_alpha", "target_modules", "use_rslora")));
  }

  private static Map<String, JsonNode> settings(Path folder) throws IOException {
    return new TreeMap<>(
        JSON.readValue(
            folder.resolve("adapter_config.json").toFile(),
            new TypeReference<Map<String, JsonNode>>() {}));
  }

  @Test
  void anAdapterThatHoldsNoNumberIsNotSaved() throws IOException {
    var saved = folder.resolve("saved");
    try (var adapter = PeftFormat.load(GoldenModel.ADAPTERS.resolve("all-linear"), model)) {
      var parameter = adapter.parameters().getLast();
      parameter.value().data().setAtIndex(ValueLayout.JAVA_FLOAT, 1, Float.NaN);
      var e =
          assertThrows(
              NonFiniteTensorException.class, () -> PeftFormat.save(adapter, saved, "base"));
      assertEquals("tensor base_model.model." + parameter.name() + " holds NaN", e.getMessage());
    }
    assertFalse(Files.exists(saved));
  }

  @Test
  void settingsAreWrittenAsPeftExpectsThem() throws IOException {
    save(new LoraConfig(2, 3, 0.05, new AllLinears(), false));
    assertEquals(
        """
        {"peft_type":"LORA","task_type":"CAUSAL_LM","base_model_name_or_path":"base","revision":null,\
        "r":2,"lora_alpha":3,"lora_dropout":0.05,"bias":"none","fan_in_fan_out":false,\
        "inference_mode":true,"init_lora_weights":true,"modules_to_save":null,"use_rslora":false,\
        "use_dora":false,"rank_pattern":{},"alpha_pattern":{},\
        "target_modules":["down_proj","gate_proj","up_proj","k_proj","o_proj","q_proj","v_proj"]}\
        """,
        JSON.readTree(folder.resolve("adapter_config.json").toFile()).toString());
  }

  @Test
  void anAlphaThatIsNotWholeAndRankStabilizationSurvive() throws IOException {
    var config = new LoraConfig(2, 2.5, 0, new Names(List.of("q_proj", "1.mlp.up_proj")), true);
    save(config);
    try (var adapter = PeftFormat.load(folder, model)) {
      assertEquals(config, adapter.config());
      assertEquals(3, adapter.layers().size());
    }
  }

  private void save(LoraConfig config) throws IOException {
    try (var adapter = LoraAdapter.inject(model, config, 0)) {
      PeftFormat.save(adapter, folder, "base");
    }
  }

  @Test
  void whoGoesOnMayChangeTheDropoutOrRefuse() throws IOException {
    var golden = GoldenModel.ADAPTERS.resolve("lm-head");
    try (var adapter = PeftFormat.load(golden, model, config -> config.withDropout(0.1))) {
      assertEquals(0.1, adapter.config().dropout());
      assertEquals(3, adapter.config().rank());
    }
    var layers = model.linears();
    assertThrows(
        UnsupportedOperationException.class,
        () ->
            PeftFormat.load(
                golden,
                model,
                config -> {
                  throw new UnsupportedOperationException("rank " + config.rank());
                }));
    assertEquals(layers, model.linears());
  }

  @Test
  void namesMayHaveTheAdaptersOwn() throws IOException {
    var values = new ArrayList<List<Float>>();
    for (var name : List.of("all-linear", "default-names")) {
      try (var adapter = PeftFormat.load(GoldenModel.ADAPTERS.resolve(name), model)) {
        for (var parameter : adapter.parameters()) {
          values.add(boxed(parameter.value()));
        }
      }
    }
    var half = values.size() / 2;
    assertEquals(28, half);
    assertEquals(values.subList(0, half), values.subList(half, 2 * half));
  }

  private static List<Float> boxed(Tensor tensor) {
    var floats = new ArrayList<Float>();
    for (var value : tensor.toFloats()) {
      floats.add(value);
    }
    return floats;
  }

  @Test
  void mergedWeightsAreThoseOfPeft() throws IOException {
    try (var memory = Arena.ofShared();
        var device = Devices.cpu(2);
        var expected =
            SafetensorsFile.open(GoldenModel.ADAPTERS.resolve("all-linear/merged.safetensors"));
        var adapter = PeftFormat.load(GoldenModel.ADAPTERS.resolve("all-linear"), model)) {
      assertEquals(expected.names(), adapter.mergedWeights());
      for (var name : expected.names()) {
        var merged = adapter.merged(device, name, base.tensor(name), DType.F32, memory);
        // Both sum four products in binary32: a few roundings of 2⁻²⁴ of magnitudes below one.
        assertArrayEquals(expected.tensor(name).toFloats(), merged.toFloats(), 3e-7f, name);
      }
    }
  }

  @Test
  void mergedIntoABFloat16BaseTheWeightsHaveTheBitsOfPeft() throws IOException {
    try (var memory = Arena.ofShared();
        var device = Devices.cpu(2);
        var expected =
            SafetensorsFile.open(
                GoldenModel.ADAPTERS.resolve("all-linear/merged-bf16.safetensors"));
        var adapter = PeftFormat.load(GoldenModel.ADAPTERS.resolve("all-linear"), model)) {
      assertEquals(expected.names(), adapter.mergedWeights());
      for (var name : expected.names()) {
        var rounded = Tensor.allocate(memory, DType.BF16, base.tensor(name).shape());
        rounded.copyFrom(base.tensor(name));
        var merged = adapter.merged(device, name, rounded, DType.BF16, memory);
        assertArrayEquals(expected.tensor(name).toFloats(), merged.toFloats(), name);
      }
    }
  }

  @Test
  void layersThatSettingsLeaveOutAreThoseWithoutTensors() throws IOException {
    try (var adapter = PeftFormat.load(GoldenModel.ADAPTERS.resolve("one-layer"), model)) {
      assertEquals(
          List.of("model.layers.1.self_attn.q_proj", "model.layers.1.mlp.up_proj").stream()
              .sorted()
              .toList(),
          adapter.layers().keySet().stream().sorted().toList());
      PeftFormat.save(adapter, folder, "base");
    }
    try (var adapter = PeftFormat.load(folder, model)) {
      assertEquals(2, adapter.layers().size());
    }
  }

  @Test
  void aBiasSettingIsRefusedWhereLayersHaveOne() {
    var biased =
        new Module() {
          {
            child("q_proj", new Linear(parameter(Shape.of(2, 2)), parameter(Shape.of(2))));
          }

          private static Parameter parameter(Shape shape) {
            return new Parameter("q", Tensor.withoutMemory(DType.F32, shape), false);
          }
        };
    var refusal =
        assertThrows(
            MalformedFileException.class,
            () -> PeftFormat.load(GoldenModel.ADAPTERS.resolve("one-layer"), biased));
    assertEquals(
        "bias is \"all\", which Bayu does not implement where layers have one", refusal.reason());
  }

  @Test
  void levantersNamesAreRead() throws IOException {
    var expected = new ArrayList<List<Float>>();
    try (var adapter = PeftFormat.load(GoldenModel.ADAPTERS.resolve("all-linear"), model)) {
      adapter.parameters().forEach(parameter -> expected.add(boxed(parameter.value())));
    }
    copyGolden(
        "all-linear",
        tensors -> {
          for (var name : List.copyOf(tensors.keySet())) {
            var levanters = name.replace("base_model.model.", "base_model.model.transformer.");
            tensors.put(levanters, tensors.remove(name));
          }
        });
    for (var targets : List.of("null", "\".*(self_attn|mlp).*\"")) {
      Files.writeString(
          folder.resolve("adapter_config.json"),
          "{\"peft_type\":\"LORA\",\"r\":4,\"lora_alpha\":8.0,\"target_modules\":" + targets + "}");
      try (var adapter = PeftFormat.load(folder, model)) {
        var values = adapter.parameters().stream().map(p -> boxed(p.value())).toList();
        assertEquals(expected, values);
      }
    }
  }

  @Test
  void withoutTargetsPeftsNamesAreRefused() throws IOException {
    copyGolden("all-linear", tensors -> {});
    var file = folder.resolve("adapter_config.json");
    Files.writeString(file, "{\"peft_type\":\"LORA\",\"r\":4,\"target_modules\":null}");
    assertEquals(
        "target_modules is null, and PEFT then chooses layers by the kind of model: name" + " them",
        refusal("adapter_config.json"));
  }

  @Test
  void tensorsOfWholeNumbersAreRefused() throws IOException {
    var name = "base_model.model.lm_head.lora_A.weight";
    try (var memory = Arena.ofConfined()) {
      copyGolden(
          "lm-head",
          tensors ->
              tensors.computeIfPresent(
                  name, (_, tensor) -> Tensor.allocate(memory, DType.I32, tensor.shape())));
    }
    assertEquals(
        "does not fit the model: tensor " + name + " is of type I32, not F32, BF16, F16 or F64",
        refusal("adapter_model.safetensors"));
  }

  @Test
  void valuesThatAreNotFiniteAreRefused() throws IOException {
    var name = "base_model.model.lm_head.lora_B.weight";
    try (var memory = Arena.ofConfined()) {
      copyGolden(
          "lm-head",
          tensors ->
              tensors.computeIfPresent(
                  name,
                  (_, tensor) -> {
                    var changed = Tensor.allocate(memory, DType.F32, tensor.shape());
                    changed.copyFrom(tensor);
                    changed.setFloat(7, Float.NaN);
                    return changed;
                  }));
    }
    assertEquals(
        "does not fit the model: tensor " + name + " has a value that is not finite",
        refusal("adapter_model.safetensors"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"F32", "BF16", "F16"})
  void aHeadThatIsNotTheBasesIsRefusedUnlessRounded(String type) throws IOException {
    var name = "base_model.model.lm_head.base_layer.weight";
    for (var changed : List.of(false, true)) {
      try (var memory = Arena.ofConfined();
          var clean = Files.list(folder)) {
        for (var file : clean.toList()) {
          Files.delete(file);
        }
        copyGolden(
            "lm-head",
            tensors ->
                tensors.computeIfPresent(
                    name,
                    (_, tensor) -> {
                      var rounded = Tensor.allocate(memory, DType.valueOf(type), tensor.shape());
                      rounded.copyFrom(tensor);
                      if (changed) {
                        rounded.setFloat(3, rounded.getFloat(3) * 1.02f + 0.001f);
                      }
                      return rounded;
                    }));
      }
      if (changed) {
        assertEquals(
            "does not fit the model: tensor "
                + name
                + " differs from the model's: the adapter was trained on another base",
            refusal("adapter_model.safetensors"));
      } else {
        PeftFormat.load(folder, model).close();
      }
    }
  }

  @Test
  void otherFloatingTypesAreWidened() throws IOException {
    try (var memory = Arena.ofConfined()) {
      copyGolden(
          "all-linear",
          tensors ->
              tensors.replaceAll(
                  (name, tensor) -> {
                    var half = Tensor.allocate(memory, DType.BF16, tensor.shape());
                    half.copyFrom(tensor);
                    return half;
                  }));
    }
    try (var adapter = PeftFormat.load(folder, model);
        var exact = SafetensorsFile.open(golden("all-linear"))) {
      for (var parameter : adapter.parameters()) {
        var value = parameter.value();
        assertEquals(DType.F32, value.dtype());
        var expected = exact.tensor("base_model.model." + parameter.name());
        for (var i = 0L; i < value.elements(); i++) {
          assertEquals(BFloat16.round(expected.getFloat(i)), value.getFloat(i));
        }
      }
    }
  }

  @Test
  void ofTensorsThatDoNotFitTheFirstThreeAreNamed() throws IOException {
    var before = "base_model.model.model.layers.0.self_attn.";
    try (var memory = Arena.ofConfined()) {
      copyGolden(
          "lm-head",
          tensors -> {
            tensors.remove(before + "q_proj.lora_A.weight");
            tensors.put(
                before + "q_proj.lora_B.weight",
                Tensor.allocate(memory, DType.F32, Shape.of(32, 4)));
            tensors.put(
                "base_model.model.lm_head.base_layer.weight",
                Tensor.allocate(memory, DType.F32, Shape.of(97, 32)));
            tensors.put(
                before + "k_proj.lora_A.weight",
                Tensor.allocate(memory, DType.F32, Shape.of(3, 32)));
          });
    }
    var layers = model.linears();
    assertEquals(
        "does not fit the model:"
            + " tensor base_model.model.lm_head.base_layer.weight is [97, 32], not [96, 32];"
            + " tensor base_model.model.model.layers.0.self_attn.k_proj.lora_A.weight is unknown;"
            + " tensor base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight is [32, 4],"
            + " not [32, 3] and 1 more",
        refusal("adapter_model.safetensors"));
    assertEquals(layers, model.linears());
  }

  @Test
  void aTensorGivenTwiceIsRefused() throws IOException {
    var name = "base_model.model.lm_head.lora_A.";
    copyGolden(
        "lm-head", tensors -> tensors.put(name + "default.weight", tensors.get(name + "weight")));
    assertEquals(
        "does not fit the model: tensor " + name + "weight is unknown",
        refusal("adapter_model.safetensors"));
  }

  @Test
  void pickleFilesAreRefusedWithTheReason() throws IOException {
    copyConfig("all-linear");
    Files.createFile(folder.resolve("adapter_model.bin"));
    assertEquals(
        "is a pickle file, which may run any code when it is read: save it as"
            + " adapter_model.safetensors",
        refusal("adapter_model.bin"));
  }

  @Test
  void missingFilesAreNamed() throws IOException {
    assertEquals(folder.resolve("adapter_config.json").toString(), missing());
    copyConfig("all-linear");
    assertEquals(folder.resolve("adapter_model.safetensors").toString(), missing());
  }

  private String missing() {
    return assertThrows(NoSuchFileException.class, () -> PeftFormat.load(folder, model)).getFile();
  }

  @Test
  void targetsThatAreNotInTheModelAreRefused() throws IOException {
    copyGolden("all-linear", tensors -> {});
    var file = folder.resolve("adapter_config.json");
    Files.writeString(file, Files.readString(file).replace("_proj", "_projection"));
    assertEquals(
        "target_modules: no linear layer is named \"gate_projection\"; there are lm_head,"
            + " down_proj, gate_proj, up_proj, k_proj, o_proj, q_proj, v_proj",
        refusal("adapter_config.json"));
  }

  @Test
  void aFolderThatIsNotEmptyIsLeftAlone() throws IOException {
    Files.createFile(folder.resolve("mine"));
    assertThrows(FileAlreadyExistsException.class, () -> save(LoraConfig.DEFAULT));
    try (var files = Files.list(folder)) {
      assertEquals(List.of(folder.resolve("mine")), files.toList());
    }
  }

  private String refusal(String file) {
    var refusal = assertThrows(MalformedFileException.class, () -> PeftFormat.load(folder, model));
    assertEquals(folder.resolve(file), refusal.file());
    return refusal.reason();
  }

  private static Path golden(String name) {
    return GoldenModel.ADAPTERS.resolve(name).resolve("adapter_model.safetensors");
  }

  private void copyConfig(String name) throws IOException {
    var file = "adapter_config.json";
    Files.copy(GoldenModel.ADAPTERS.resolve(name).resolve(file), folder.resolve(file));
  }

  /** Copies a golden adapter, its tensors changed. */
  private void copyGolden(String name, Consumer<Map<String, Tensor>> change) throws IOException {
    copyConfig(name);
    try (var file = SafetensorsFile.open(golden(name))) {
      var tensors = new TreeMap<String, Tensor>();
      for (var tensor : file.names()) {
        tensors.put(tensor, file.tensor(tensor));
      }
      change.accept(tensors);
      var sources = new ArrayList<TensorSource>();
      tensors.forEach((tensor, value) -> sources.add(TensorSource.of(tensor, value)));
      SafetensorsWriter.write(folder.resolve("adapter_model.safetensors"), sources);
    }
  }
}
