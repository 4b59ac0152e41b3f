package org.bayu.llama.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.bayu.llama.Golden;
import org.bayu.llama.LlamaModel;
import org.bayu.llama.TokenTree;
import org.bayu.llama.hf.HfCheckpoint;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.device.Devices;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class EngineTest {
  private static final int[] PREFIX = IntStream.range(0, 18).map(i -> 3 + i * 7 % 90).toArray();

  private HfCheckpoint checkpoint;
  private LlamaModel model;
  private Device device;

  @BeforeEach
  void open() throws IOException {
    checkpoint = HfCheckpoint.open(Golden.folder("llama2"));
    model = new LlamaModel(checkpoint.config(), checkpoint.weights());
    device = Devices.cpu(2);
  }

  @AfterEach
  void close() throws IOException {
    device.close();
    checkpoint.close();
  }

  private Engine engine(DType compute, int maxSequences, int ownTokens) {
    return new Engine(model, device, compute, PREFIX, maxSequences, ownTokens);
  }

  private static int[] prompt(int... own) {
    var prompt = Arrays.copyOf(PREFIX, PREFIX.length + own.length);
    System.arraycopy(own, 0, prompt, PREFIX.length, own.length);
    return prompt;
  }

  @Test
  void logitsAreThoseOfEachSequenceComputedWhole() {
    try (var engine = engine(DType.F32, 3, 8);
        var workspace = new Workspace()) {
      var first = engine.add(prompt(30, 31));
      close(List.of(prompt(30, 31)), engine.step(), workspace);

      // One goes on by two tokens, another joins, and the first leaves.
      first.append(32);
      first.append(33);
      var second = engine.add(prompt(40));
      assertEquals(List.of(first, second), engine.sequences());
      assertEquals(PREFIX.length + 4, first.length());
      close(List.of(prompt(30, 31, 32, 33), prompt(40)), engine.step(), workspace);

      engine.remove(first);
      second.append(41);
      engine.add(prompt(50, 51, 52));
      close(List.of(prompt(40, 41), prompt(50, 51, 52)), engine.step(), workspace);
    }
  }

  /** Sums of some dozens of products in another order: the last bits may differ. */
  private void close(List<int[]> sequences, Tensor logits, Workspace workspace) {
    for (var i = 0; i < sequences.size(); i++) {
      workspace.reset();
      var tape = Tape.inference(device, workspace);
      var tree = TokenTree.of(List.of(sequences.get(i)), Integer.MAX_VALUE);
      var hidden = model.hidden(tape, tree, DType.F32, 0);
      var expected = model.logits(tape, hidden, tree.rows() - 1).value().toFloats();
      assertArrayEquals(expected, logits.slice(i, i + 1).toFloats(), 1e-5f);
    }
  }

  @Test
  void logitsHaveTheSameBitsBehindOtherSequences() {
    for (var compute : List.of(DType.F32, DType.BF16)) {
      try (var used = engine(compute, 20, 12);
          var fresh = engine(compute, 20, 12)) {
        bits(used, 20);
        assertArrayEquals(bits(fresh, 2), bits(used, 2));
      }
    }
  }

  /** The bits of the third step's logits of {@code number} sequences, which then end. */
  private static int[] bits(Engine engine, int number) {
    for (var i = 0; i < number; i++) {
      engine.add(i % 2 == 0 ? prompt(30 + i, 0, 0) : prompt(30 + i, 0, 0, 0));
    }
    var bits = new int[0];
    for (var step = 0; step < 3; step++) {
      var logits = engine.step();
      bits = new int[Math.toIntExact(logits.elements())];
      for (var i = 0; i < bits.length; i++) {
        bits[i] = Float.floatToRawIntBits(logits.getFloat(i));
      }
      for (var i = 0; i < number; i++) {
        engine.sequences().get(i).append(i);
      }
    }
    // The odd numbers first: what is free then lies in another order than at the beginning.
    var all = new ArrayList<>(engine.sequences());
    IntStream.range(0, number).filter(i -> i % 2 == 1).mapToObj(all::get).forEach(engine::remove);
    engine.sequences().forEach(engine::remove);
    return bits;
  }

  @Test
  void aPromptThatDoesNotBeginWithThePrefixIsRefused() {
    try (var engine = engine(DType.F32, 2, 4)) {
      var other = prompt(30);
      other[3]++;
      for (var prompt : List.of(other, PREFIX, new int[] {3}, new int[0])) {
        assertThrows(IllegalArgumentException.class, () -> engine.add(prompt));
      }
      assertEquals(List.of(), engine.sequences());
    }
  }

  @Test
  void noMoreSequencesAndTokensThanThereIsRoomForAreTaken() {
    try (var engine = engine(DType.F32, 1, 2)) {
      var sequence = engine.add(prompt(30));
      assertFalse(engine.hasRoomFor(prompt(31)));
      assertThrows(IllegalStateException.class, () -> engine.add(prompt(31)));
      sequence.append(31);
      assertThrows(IllegalStateException.class, () -> sequence.append(32));
      engine.remove(sequence);
      engine.remove(sequence);
      assertThrows(IllegalArgumentException.class, () -> engine.add(prompt(30, 31, 32)));
      assertTrue(engine.hasRoomFor(prompt(31)));
      engine.add(prompt(31));
      assertFalse(engine.hasRoomFor(prompt(31)));
    }
  }

  @Test
  void aStepWithoutANewTokenOfEachIsRefused() {
    try (var engine = engine(DType.F32, 2, 4)) {
      assertThrows(IllegalStateException.class, engine::step);
      engine.add(prompt(30)).append(31);
      engine.step();
      engine.add(prompt(40));
      assertThrows(IllegalStateException.class, engine::step);
    }
  }
}
