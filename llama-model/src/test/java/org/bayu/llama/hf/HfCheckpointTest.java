package org.bayu.llama.hf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.OptionalInt;
import org.bayu.llama.SharedData;
import org.bayu.llama.Weights;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.io.MalformedFileException;
import org.bayu.tensor.io.NonFiniteTensorException;
import org.bayu.tensor.io.SafetensorsFile;
import org.bayu.tensor.io.SafetensorsWriter;
import org.bayu.tensor.io.TensorSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class HfCheckpointTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");
  private static final String QUERY = "model.layers.1.self_attn.q_proj.weight";
  private static final String HEAD = "lm_head.weight";
  private static final String EMBEDDING = "model.embed_tokens.weight";

  private final Arena arena = Arena.ofAuto();

  @TempDir private Path folder;

  /** A copy of the golden model whose tensors can be changed before they are written. */
  private Map<String, TensorSource> copy(String variant) throws IOException {
    Files.copy(GOLDEN.resolve(variant).resolve("config.json"), folder.resolve("config.json"));
    var tensors = new LinkedHashMap<String, TensorSource>();
    try (var base = HfCheckpoint.open(GOLDEN.resolve(variant))) {
      for (var name : base.config().parameterShapes().keySet()) {
        var stored = base.weights().tensor(name);
        var copied = Tensor.allocate(arena, stored.dtype(), stored.shape());
        copied.copyFrom(stored);
        tensors.put(name, TensorSource.of(name, copied));
      }
    }
    return tensors;
  }

  private void write(Map<String, TensorSource> tensors) throws IOException {
    SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors.values());
  }

  private void put(Map<String, TensorSource> tensors, String name, long... dims) {
    tensors.put(name, TensorSource.of(name, Tensor.allocate(arena, DType.F32, Shape.of(dims))));
  }

  private void refused(String reason) {
    var e = assertThrows(MalformedFileException.class, () -> HfCheckpoint.open(folder).close());
    assertEquals(folder + ": " + reason, e.getMessage());
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama2", "llama3-scaling", "linear-scaling-biases"})
  void foldersByTransformersAreOpened(String variant) throws IOException {
    try (var checkpoint = HfCheckpoint.open(GOLDEN.resolve(variant))) {
      assertEquals(GOLDEN.resolve(variant), checkpoint.folder());
      var block = checkpoint.weights().at("model").at("layers").at(1);
      var weight = block.at("self_attn.q_proj").tensor("weight");
      assertSame(checkpoint.weights().tensor(QUERY), weight);
      assertEquals(checkpoint.config().dtype(), weight.dtype());
      assertThrows(NoSuchElementException.class, () -> block.tensor("nothing"));
      checkpoint.checkSize();
    }
  }

  @Test
  void stories260KIsOpened() throws IOException {
    try (var checkpoint = HfCheckpoint.open(SharedData.path("stories260K"))) {
      assertEquals(512, checkpoint.config().vocabSize());
      assertEquals(Shape.of(512, 64), checkpoint.weights().tensor(EMBEDDING).shape());
    }
  }

  @Test
  void missingWeightsAreListed() throws IOException {
    var tensors = copy("llama2");
    tensors.remove(QUERY);
    tensors.remove(HEAD);
    write(tensors);
    refused("the weights contradict config.json: missing %s, %s".formatted(QUERY, HEAD));
  }

  @Test
  void theFirstThreeContradictionsAreListedAndTheOthersCounted() throws IOException {
    var tensors = copy("llama2");
    put(tensors, QUERY, 32, 31);
    put(tensors, EMBEDDING, 96);
    tensors.put(
        "model.norm.weight",
        TensorSource.of("model.norm.weight", Tensor.allocate(arena, DType.I32, Shape.of(32))));
    write(tensors);
    refused(
        "the weights contradict config.json: %s is [96], not [96, 32]; %s is [32, 31], not [32, 32]; model.norm.weight is of type I32, not F32, BF16, F16 or F64"
            .formatted(EMBEDDING, QUERY));
    tensors.keySet().removeIf(name -> name.endsWith("proj.weight") || name.equals(HEAD));
    put(tensors, "model.layers.0.input_layernorm.weight", 31);
    write(tensors);
    refused(
        "the weights contradict config.json: missing model.layers.0.self_attn.q_proj.weight,"
            + " model.layers.0.self_attn.k_proj.weight, model.layers.0.self_attn.v_proj.weight and"
            + " 12 more; model.embed_tokens.weight is [96], not [96, 32];"
            + " model.layers.0.input_layernorm.weight is [31], not [32] and 1 more");
  }

  @Test
  void biasThatIsNotConfiguredIsRefused() throws IOException {
    var tensors = copy("llama2");
    var bias = QUERY.replace("weight", "bias");
    put(tensors, bias, 32);
    write(tensors);
    refused(
        "the weights contradict config.json: %s is there, but not in the configuration"
            .formatted(bias));
  }

  @Test
  void unknownTensorsAreIgnored() throws IOException {
    var tensors = copy("llama2");
    put(tensors, "model.layers.0.self_attn.rotary_emb.inv_freq", 4);
    tensors.put(
        "step",
        new TensorSource.Bytes(
            "step", "I64", Shape.of(), () -> MemorySegment.ofArray(new byte[8])));
    write(tensors);
    HfCheckpoint.open(folder).close();
  }

  @Test
  void doublesAreRoundedOnce() throws IOException {
    var tensors = copy("llama2");
    tensors.put(
        "model.norm.weight",
        new TensorSource.Bytes(
            "model.norm.weight",
            "F64",
            Shape.of(32),
            () -> {
              var doubles = arena.allocate(32 * 8, 8);
              doubles.set(ValueLayout.JAVA_DOUBLE, 8, 0.1);
              return doubles;
            }));
    write(tensors);
    try (var checkpoint = HfCheckpoint.open(folder)) {
      var norm = checkpoint.weights().tensor("model.norm.weight");
      assertEquals(DType.F32, norm.dtype());
      assertEquals(0.1f, norm.getFloat(1));
      assertSame(norm, checkpoint.weights().tensor("model.norm.weight"));
    }
  }

  @Test
  void picklesAreRefusedWithTheReason() throws IOException {
    copy("llama2");
    for (var shard : List.of("1", "2", "3", "4", "5")) {
      Files.createFile(folder.resolve("pytorch_model-0000%s-of-00005.bin".formatted(shard)));
    }
    refused(
        "has its weights in pickle files (pytorch_model-00001-of-00005.bin,"
            + " pytorch_model-00002-of-00005.bin, pytorch_model-00003-of-00005.bin and 2 more),"
            + " which run code when they are read; convert them to safetensors");
  }

  @Test
  void picklesBesideSafetensorsAreIgnored() throws IOException {
    write(copy("llama2"));
    Files.createFile(folder.resolve("training_args.bin"));
    HfCheckpoint.open(folder).close();
  }

  @Test
  void folderWithoutWeightsIsRefused() throws IOException {
    copy("llama2");
    refused("holds neither model.safetensors nor model.safetensors.index.json");
  }

  @Test
  void missingFilesAreNamed() {
    var none = folder.resolve("none");
    assertThrows(NotDirectoryException.class, () -> HfCheckpoint.open(none));
    var e = assertThrows(NoSuchFileException.class, () -> HfCheckpoint.open(folder));
    assertEquals(
        folder.resolve("config.json") + ": a model folder needs its configuration", e.getMessage());
  }

  @Test
  void savedFolderIsTheOneThatTransformersSaved() throws IOException {
    var base = GOLDEN.resolve("llama2");
    var target = folder.resolve("saved");
    try (var checkpoint = HfCheckpoint.open(base)) {
      HfCheckpoint.save(target, checkpoint, null, OptionalInt.of(2), checkpoint.weights());
    }
    for (var file : List.of("model.safetensors", "config.json", "generation_config.json")) {
      assertEquals(-1, Files.mismatch(base.resolve(file), target.resolve(file)), file);
    }
    try (var files = Files.list(folder)) {
      assertEquals(List.of(target), files.toList());
    }
  }

  @Test
  void savedShardsAreOpened() throws IOException {
    var target = folder.resolve("saved");
    try (var base = HfCheckpoint.open(GOLDEN.resolve("llama3-scaling"))) {
      var sources = new ArrayList<TensorSource>();
      for (var name : base.config().parameterShapes().keySet()) {
        sources.add(TensorSource.of(name, base.weights().tensor(name)));
      }
      HfCheckpoint.save(target, base.config(), null, sources, List.of(), 10_000);
      assertTrue(Files.exists(target.resolve("model.safetensors.index.json")));
      assertFalse(Files.exists(target.resolve("model.safetensors")));
      try (var saved = HfCheckpoint.open(target)) {
        for (var name : base.config().parameterShapes().keySet()) {
          var expected = base.weights().tensor(name).data();
          assertEquals(-1, expected.mismatch(saved.weights().tensor(name).data()));
        }
      }
    }
  }

  @Test
  void savedTypeIsTheOneAskedFor() throws IOException {
    var target = folder.resolve("saved");
    try (var base = HfCheckpoint.open(GOLDEN.resolve("llama2"))) {
      HfCheckpoint.save(target, base, DType.BF16, OptionalInt.empty(), base.weights());
      try (var saved = HfCheckpoint.open(target)) {
        assertEquals(DType.BF16, saved.config().dtype());
        assertEquals(
            base.config().parameterShapes().keySet().size(),
            saved.config().parameterShapes().keySet().size());
        var expected = Tensor.allocate(arena, DType.BF16, Shape.of(32, 32));
        expected.copyFrom(base.weights().tensor(QUERY));
        assertEquals(DType.BF16, saved.weights().tensor(QUERY).dtype());
        assertArrayEquals(expected.toFloats(), saved.weights().tensor(QUERY).toFloats());
      }
    }
  }

  @Test
  void eachWeightKeepsTheTypeOfItsBase() throws IOException {
    var tensors = copy("llama3-scaling");
    put(tensors, "model.norm.weight", 48);
    write(tensors);
    var target = folder.resolve("saved");
    try (var base = HfCheckpoint.open(folder)) {
      HfCheckpoint.save(
          target,
          base,
          null,
          OptionalInt.empty(),
          name -> Tensor.allocate(arena, DType.F32, base.weights().tensor(name).shape()));
    }
    try (var file = SafetensorsFile.open(target.resolve("model.safetensors"))) {
      assertEquals("F32", file.entry("model.norm.weight").dtypeName());
      assertEquals("BF16", file.entry(QUERY).dtypeName());
      assertEquals(0, file.tensor(QUERY).getFloat(0));
    }
  }

  @Test
  void tokenizerFilesAreCopied() throws IOException {
    write(copy("llama2"));
    for (var name : List.of("tokenizer.model", "tokenizer_config.json", "unrelated.txt")) {
      Files.writeString(folder.resolve(name), name);
    }
    var target = folder.resolve("saved");
    try (var base = HfCheckpoint.open(folder)) {
      HfCheckpoint.save(target, base, null, OptionalInt.empty(), base.weights());
    }
    assertEquals("tokenizer.model", Files.readString(target.resolve("tokenizer.model")));
    assertTrue(Files.exists(target.resolve("tokenizer_config.json")));
    assertFalse(Files.exists(target.resolve("unrelated.txt")));
  }

  @Test
  void savedFilesAreWritableThoughTheBasesAreNot() throws IOException {
    write(copy("llama2"));
    var names = List.of("generation_config.json", "tokenizer_config.json");
    for (var name : names) {
      Files.writeString(folder.resolve(name), "{}");
      Files.setPosixFilePermissions(
          folder.resolve(name), PosixFilePermissions.fromString("r--r--r--"));
    }
    var target = folder.resolve("saved");
    try (var base = HfCheckpoint.open(folder)) {
      HfCheckpoint.save(target, base, null, OptionalInt.of(5), base.weights());
    }
    for (var name : names) {
      assertTrue(
          Files.getPosixFilePermissions(target.resolve(name))
              .contains(PosixFilePermission.OWNER_WRITE),
          name);
    }
  }

  @Test
  void modelIsSavedFromAConfigurationAlone() throws IOException {
    var config =
        LlamaConfigTest.withoutSource(
            ConfigJson.read(GOLDEN.resolve("llama3-scaling/config.json")));
    var target = folder.resolve("new/model");
    var tokenizer = Files.writeString(folder.resolve("tokenizer.json"), "{}");
    HfCheckpoint.save(
        target,
        config,
        DType.F16,
        name ->
            Tensor.allocate(
                arena, DType.F32, config.parameterShapes().getOrDefault(name, Shape.of())),
        List.of(tokenizer));
    try (var saved = HfCheckpoint.open(target)) {
      assertEquals(DType.F16, saved.config().dtype());
      assertEquals(DType.F16, saved.weights().tensor(QUERY).dtype());
    }
    assertEquals("{}", Files.readString(target.resolve("tokenizer.json")));
  }

  @Test
  void failedSaveLeavesNothing() throws IOException {
    var target = folder.resolve("saved");
    try (var base = HfCheckpoint.open(GOLDEN.resolve("llama2"))) {
      assertThrows(
          IllegalStateException.class,
          () ->
              HfCheckpoint.save(
                  target,
                  base,
                  null,
                  OptionalInt.empty(),
                  name -> {
                    if (name.equals(QUERY)) {
                      throw new IllegalStateException("lost");
                    }
                    return base.weights().tensor(name);
                  }));
    }
    try (var files = Files.list(folder)) {
      assertEquals(0, files.count());
    }
  }

  @Test
  void modelIsNotSavedOverAnother() throws IOException {
    write(copy("llama2"));
    try (var base = HfCheckpoint.open(folder)) {
      assertThrows(
          FileAlreadyExistsException.class,
          () -> HfCheckpoint.save(folder, base, null, OptionalInt.empty(), base.weights()));
    }
    HfCheckpoint.open(folder).close();
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "BF16", "F16"})
  void aWeightThatIsNoNumberIsNotSavedAndNothingIsLeft(DType dtype) throws IOException {
    try (var checkpoint = HfCheckpoint.open(GOLDEN.resolve("llama2"))) {
      var name = "model.layers.1.self_attn.k_proj.weight";
      var good = checkpoint.weights().tensor(name);
      var bad = Tensor.allocate(arena, DType.F32, good.shape());
      bad.data().setAtIndex(ValueLayout.JAVA_FLOAT, bad.elements() - 1, Float.NaN);
      Weights weights = each -> each.equals(name) ? bad : checkpoint.weights().tensor(each);
      var target = folder.resolve("saved");
      for (var save :
          List.<Executable>of(
              () -> HfCheckpoint.save(target, checkpoint, dtype, OptionalInt.empty(), weights),
              () -> HfCheckpoint.save(target, checkpoint.config(), dtype, weights, List.of()))) {
        var e = assertThrows(NonFiniteTensorException.class, save);
        assertEquals("tensor " + name + " holds NaN", e.getMessage());
        try (var left = Files.list(folder)) {
          assertEquals(0, left.count());
        }
      }
    }
  }
}
