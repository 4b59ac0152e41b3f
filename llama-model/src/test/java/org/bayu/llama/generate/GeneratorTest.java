package org.bayu.llama.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import it.unimi.dsi.fastutil.ints.IntList;
import it.unimi.dsi.fastutil.ints.IntSet;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.bayu.llama.Golden;
import org.bayu.llama.LlamaModel;
import org.bayu.llama.NonFiniteLogitsException;
import org.bayu.llama.SharedData;
import org.bayu.llama.Tier;
import org.bayu.llama.Weights;
import org.bayu.llama.hf.HfCheckpoint;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.device.Devices;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class GeneratorTest {
  private static final IntSet NO_STOP = IntSet.of();

  private static List<IntList> generate(
      IntSet stop, Sampling sampling, int maxNewTokens, List<int[]> prompts) throws IOException {
    try (var checkpoint = HfCheckpoint.open(Golden.folder("llama2"));
        var device = Devices.cpu(2)) {
      var model = new LlamaModel(checkpoint.config(), checkpoint.weights());
      return new Generator(model, device, DType.F32, stop)
          .generate(prompts, maxNewTokens, sampling, (prompt, token) -> {});
    }
  }

  private static List<int[]> prompts(int number, int length) {
    return IntStream.range(0, number)
        .mapToObj(
            i -> {
              var prompt = IntStream.range(0, length + i).map(j -> 3 + j * 7 % 90).toArray();
              prompt[prompt.length - 1] = 10 + i;
              return prompt;
            })
        .toList();
  }

  @Test
  void greedyContinuationsAreTransformers() throws IOException {
    for (var variant : List.of("llama2", "llama3-scaling", "linear-scaling-biases")) {
      var prompts = new ArrayList<int[]>();
      var expected = new ArrayList<int[]>();
      for (var prompt : Golden.json(variant, "greedy.json").get("prompts")) {
        prompts.add(Golden.ints(prompt.get("prompt")));
        expected.add(Golden.ints(prompt.get("generated")));
      }
      try (var checkpoint = HfCheckpoint.open(Golden.folder(variant));
          var device = Devices.cpu(2)) {
        var model = new LlamaModel(checkpoint.config(), checkpoint.weights());
        var stop = checkpoint.config().eosTokenIds();
        var generator =
            new Generator(
                model, device, DType.F32, IntSet.of(stop.stream().mapToInt(i -> i).toArray()));
        var actual = generator.generate(prompts, 20, Sampling.GREEDY, (prompt, token) -> {});
        for (var i = 0; i < expected.size(); i++) {
          var ids = expected.get(i);
          var ended = stop.contains(ids[ids.length - 1]);
          assertArrayEquals(
              ended ? Arrays.copyOf(ids, ids.length - 1) : ids,
              actual.get(i).toIntArray(),
              variant);
        }
      }
    }
  }

  @Test
  void promptsTogetherGoOnAsEachAlone() throws IOException {
    var prompts = prompts(5, 20);
    var together = generate(NO_STOP, Sampling.GREEDY, 15, prompts);
    for (var i = 0; i < prompts.size(); i++) {
      var alone = generate(NO_STOP, Sampling.GREEDY, 15, prompts.subList(i, i + 1)).getFirst();
      assertEquals(alone, together.get(i), "prompt " + i);
    }
  }

  @Test
  void aPromptThatHadToWaitGoesOnAsAlone() throws IOException {
    var prompts = new ArrayList<>(prompts(5, 20));
    prompts.addAll(1, prompts(2, 40));
    var stop = IntSet.of(generate(NO_STOP, Sampling.GREEDY, 15, prompts).getFirst().getInt(3));
    var ended = new ArrayList<Integer>();
    try (var checkpoint = HfCheckpoint.open(Golden.folder("llama2"));
        var device = Devices.cpu(2)) {
      var model = new LlamaModel(checkpoint.config(), checkpoint.weights());
      var results =
          new Generator(model, device, DType.F32, stop, 2)
              .generate(
                  prompts,
                  15,
                  Sampling.GREEDY,
                  new Generator.Listener() {
                    @Override
                    public void token(int prompt, int token) {}

                    @Override
                    public void end(int prompt, IntList tokens, Generator.End end) {
                      ended.add(prompt);
                    }
                  });
      for (var i = 0; i < prompts.size(); i++) {
        var alone = generate(stop, Sampling.GREEDY, 15, prompts.subList(i, i + 1)).getFirst();
        assertEquals(alone, results.get(i), "prompt " + i);
      }
    }
    assertEquals(prompts.size(), ended.size());
    // The first one meets its stop token early, and the third takes its place.
    assertEquals(0, ended.getFirst());
  }

  @Test
  void withRoomForOneSequencePromptsGoOnOneAfterTheOther() throws IOException {
    var prompts = prompts(3, 20);
    var together = generate(NO_STOP, Sampling.GREEDY, 15, prompts);
    var order = new ArrayList<Integer>();
    try (var checkpoint = HfCheckpoint.open(Golden.folder("llama2"));
        var device = Devices.cpu(2)) {
      var model = new LlamaModel(checkpoint.config(), checkpoint.weights());
      var results =
          new Generator(model, device, DType.F32, NO_STOP)
              .withCacheBytes(1)
              .generate(prompts, 15, Sampling.GREEDY, (prompt, _) -> order.add(prompt));
      assertEquals(together, results);
    }
    assertEquals(order.stream().sorted().toList(), order);
  }

  @Test
  void promptsThatBeginDifferentlyShareNothing() throws IOException {
    var prompts = new ArrayList<>(prompts(2, 20));
    prompts.add(new int[] {7});
    prompts.add(new int[] {7});
    var together = generate(NO_STOP, Sampling.GREEDY, 8, prompts);
    for (var i = 0; i < prompts.size(); i++) {
      var alone = generate(NO_STOP, Sampling.GREEDY, 8, prompts.subList(i, i + 1)).getFirst();
      assertEquals(alone, together.get(i), "prompt " + i);
    }
  }

  @Test
  void theDrawsForAPromptAreItsOwn() throws IOException {
    var prompts = prompts(5, 20);
    var sampling = new Sampling(1, 0.9, 5);
    assertEquals(
        generate(NO_STOP, sampling, 15, prompts).getFirst(),
        generate(NO_STOP, sampling, 15, prompts.subList(0, 1)).getFirst());
  }

  @Test
  void aSeedFixesTheDraws() throws IOException {
    var prompts = prompts(2, 6);
    var first = generate(NO_STOP, new Sampling(2, 1, 1), 20, prompts);
    assertEquals(first, generate(NO_STOP, new Sampling(2, 1, 1), 20, prompts));
    assertNotEquals(first, generate(NO_STOP, new Sampling(2, 1, 2), 20, prompts));
  }

  @Test
  void aTinyTopPIsGreedy() throws IOException {
    var prompts = prompts(3, 9);
    assertEquals(
        generate(NO_STOP, Sampling.GREEDY, 12, prompts),
        generate(NO_STOP, new Sampling(1, 1e-6, 3), 12, prompts));
  }

  @Test
  void aStopTokenEndsASequenceAndIsNotReturned() throws IOException {
    var prompts = prompts(1, 8);
    var free = generate(NO_STOP, Sampling.GREEDY, 12, prompts).getFirst();
    var stop = free.getInt(5);
    var stopped = generate(IntSet.of(stop), Sampling.GREEDY, 12, prompts).getFirst();
    assertEquals(free.subList(0, free.indexOf(stop)), stopped);
  }

  @Test
  void generationEndsWithTheModelsPositions() throws IOException {
    var prompt = prompts(1, 60).getFirst();
    // 64 positions: the last token chosen is the one that follows position 63.
    assertEquals(5, generate(NO_STOP, Sampling.GREEDY, 99, List.of(prompt)).getFirst().size());
  }

  @Test
  void theGreatestNumberOfNewTokensIsThatOfThePositions() throws IOException {
    var prompts = prompts(3, 50);
    assertEquals(
        generate(NO_STOP, Sampling.GREEDY, 64, prompts),
        generate(NO_STOP, Sampling.GREEDY, Integer.MAX_VALUE, prompts));
  }

  @Test
  void whyAContinuationEndedIsTold() throws IOException {
    // 64 positions: 60 tokens and 5 more, of which the last has none of its own.
    assertEquals(Generator.End.POSITIONS, end(NO_STOP, 60, 99));
    assertEquals(Generator.End.POSITIONS, end(NO_STOP, 60, 5));
    assertEquals(Generator.End.MAX_NEW_TOKENS, end(NO_STOP, 60, 4));
    var prompt = prompts(1, 60);
    var last = generate(NO_STOP, Sampling.GREEDY, 5, prompt).getFirst().getInt(4);
    assertEquals(Generator.End.STOP, end(IntSet.of(last), 60, 5));
  }

  private static Generator.End end(IntSet stop, int length, int maxNewTokens) throws IOException {
    var ends = new ArrayList<Generator.End>();
    try (var checkpoint = HfCheckpoint.open(Golden.folder("llama2"));
        var device = Devices.cpu(2)) {
      var model = new LlamaModel(checkpoint.config(), checkpoint.weights());
      new Generator(model, device, DType.F32, stop)
          .generate(
              prompts(1, length),
              maxNewTokens,
              Sampling.GREEDY,
              new Generator.Listener() {
                @Override
                public void token(int prompt, int token) {}

                @Override
                public void end(int prompt, IntList tokens, Generator.End end) {
                  ends.add(end);
                }
              });
    }
    assertEquals(1, ends.size());
    return ends.getFirst();
  }

  @Test
  void aGroupGoesOnInTheSameWayWhicheverOthersAreWanted() throws IOException {
    var prompts = new ArrayList<int[]>();
    for (var i = 0; i < 2 * Generator.GROUP + 3; i++) {
      var prompt = prompts(1, 20 + i % 7).getFirst();
      prompt[prompt.length - 1] = i % 96;
      prompts.add(prompt);
    }
    var all = events(prompts, _ -> true);
    var second = events(prompts, group -> group == 1);
    var third = events(prompts, group -> group == 2);
    assertTrue(!second.isEmpty() && !third.isEmpty());
    assertEquals(all.subList(all.size() - third.size(), all.size()), third);
    var before = all.size() - third.size();
    assertEquals(all.subList(before - second.size(), before), second);
  }

  private static List<List<Integer>> events(List<int[]> prompts, IntPredicate wanted)
      throws IOException {
    List<List<Integer>> events = new ArrayList<>();
    try (var checkpoint = HfCheckpoint.open(Golden.folder("llama2"));
        var device = Devices.cpu(2)) {
      var model = new LlamaModel(checkpoint.config(), checkpoint.weights());
      new Generator(model, device, DType.F32, IntSet.of(3, 5, 7), 16)
          .generateGroups(
              prompts,
              wanted,
              6,
              Sampling.GREEDY,
              (prompt, token) -> events.add(List.of(prompt, token)));
    }
    return events;
  }

  @Test
  void promptsThatTheModelCannotReadAreRefusedBeforeAnyIsContinued() throws IOException {
    var good = new int[] {7};
    refuses("prompts[1] has 65 tokens, and the model 64 positions", good, new int[65]);
    refuses("prompts[0] has no tokens", new int[0], good);
    refuses("token 96 is not in the vocabulary of 96", good, new int[] {1, 96});
  }

  private static void refuses(String message, int[]... prompts) throws IOException {
    try (var checkpoint = HfCheckpoint.open(Golden.folder("llama2"));
        var device = Devices.cpu(2)) {
      var model = new LlamaModel(checkpoint.config(), checkpoint.weights());
      var generator = new Generator(model, device, DType.F32, NO_STOP);
      var e =
          assertThrows(
              IllegalArgumentException.class,
              () ->
                  generator.generate(
                      List.of(prompts),
                      3,
                      Sampling.GREEDY,
                      (prompt, token) -> fail("prompt " + prompt)));
      assertEquals(message, e.getMessage());
    }
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
  void oneWeightThatIsNoNumberIsNamedWhereNoTokenCanBeChosen(float value) throws IOException {
    var name = "model.layers.1.mlp.up_proj.weight";
    for (var sampling : List.of(Sampling.GREEDY, new Sampling(1, 0.9, 3))) {
      var e =
          assertThrows(
              NonFiniteLogitsException.class, () -> generateWith(name, 1, value, sampling));
      assertEquals(
          "the model's logits are infinite or NaN, because tensor " + name + " holds " + value,
          e.getMessage());
    }
  }

  @Test
  void weightsThatAreNumbersButOverflowAreNotBlamed() {
    var e =
        assertThrows(
            NonFiniteLogitsException.class,
            () -> generateWith("lm_head.weight", 32, Float.MAX_VALUE, Sampling.GREEDY));
    assertTrue(String.valueOf(e.getMessage()).contains("overflows"), e::getMessage);
  }

  /** Generates with a weight whose first elements have another value. */
  private static void generateWith(String name, int elements, float value, Sampling sampling)
      throws IOException {
    try (var checkpoint = HfCheckpoint.open(Golden.folder("llama2"));
        var arena = Arena.ofConfined();
        var device = Devices.cpu(2)) {
      var changed = Tensor.allocate(arena, DType.F32, checkpoint.weights().tensor(name).shape());
      changed.copyFrom(checkpoint.weights().tensor(name));
      for (var i = 0; i < elements; i++) {
        changed.setFloat(i, value);
      }
      Weights weights = n -> n.equals(name) ? changed : checkpoint.weights().tensor(n);
      var model = new LlamaModel(checkpoint.config(), weights);
      new Generator(model, device, DType.F32, NO_STOP)
          .generate(
              prompts(3, 9), 3, sampling, (prompt, token) -> fail("token " + token + " chosen"));
    }
  }

  @ParameterizedTest
  @EnumSource(Tier.class)
  void aStoryGoesOnAsInLlama2c(Tier tier) throws IOException {
    var folder = SharedData.path("stories260K");
    var text = Files.readString(folder.resolve("greedy200_tokens.txt")).trim();
    var ids = Arrays.stream(text.split("[\\s,]+")).mapToInt(Integer::parseInt).toArray();
    try (var checkpoint = HfCheckpoint.open(folder);
        var device = tier.device()) {
      var model = new LlamaModel(checkpoint.config(), checkpoint.weights());
      var story =
          new Generator(model, device, DType.F32, IntSet.of(1, 2))
              .generate(List.of(new int[] {1}), 199, Sampling.GREEDY, (prompt, token) -> {});
      assertArrayEquals(Arrays.copyOfRange(ids, 1, 200), story.getFirst().toIntArray());
    }
  }

  @Test
  void settingsOutOfRangeAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> new Sampling(-1, 1, 0));
    assertThrows(IllegalArgumentException.class, () -> new Sampling(1, 0, 0));
    assertThrows(IllegalArgumentException.class, () -> new Sampling(Double.NaN, 1, 0));
  }

  /** Accepts tokens below 10, each a digit, but never two equal ones; after the fifth, the end. */
  private static Constraint digits() {
    var automaton = new ByteAutomaton.Builder();
    var start = automaton.state();
    var states = new int[5][10];
    for (var row : states) {
      Arrays.setAll(row, _ -> automaton.state());
    }
    for (var digit = 0; digit < 10; digit++) {
      automaton.bytes(start, '0' + digit, '0' + digit, states[0][digit]);
      for (var length = 1; length < 5; length++) {
        for (var before = 0; before < 10; before++) {
          if (before != digit) {
            automaton.bytes(
                states[length - 1][before], '0' + digit, '0' + digit, states[length][digit]);
          }
        }
      }
      automaton.accept(states[4][digit]);
    }
    return new AutomatonConstraint(
        automaton.build(),
        96,
        token -> ByteBuffer.wrap(token < 10 ? new byte[] {(byte) ('0' + token)} : new byte[0]),
        IntSet.of(50));
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 1})
  void continuationsAreHeldToAConstraint(double temperature) throws IOException {
    try (var checkpoint = HfCheckpoint.open(Golden.folder("llama2"));
        var device = Devices.cpu(2)) {
      var model = new LlamaModel(checkpoint.config(), checkpoint.weights());
      var sampling = new Sampling(temperature, 1, 3);
      var ends = new ArrayList<Generator.End>();
      var constrained =
          new Generator(model, device, DType.F32, IntSet.of(50), digits())
              .generate(
                  prompts(7, 5),
                  20,
                  sampling,
                  new Generator.Listener() {
                    @Override
                    public void token(int prompt, int token) {}

                    @Override
                    public void end(int prompt, IntList tokens, Generator.End end) {
                      ends.add(end);
                    }
                  });
      for (var tokens : constrained) {
        assertEquals(5, tokens.size());
        for (var i = 0; i < 5; i++) {
          assertTrue(tokens.getInt(i) < 10, tokens::toString);
          assertTrue(i == 0 || tokens.getInt(i) != tokens.getInt(i - 1), tokens::toString);
        }
      }
      assertEquals(Collections.nCopies(7, Generator.End.STOP), ends);
    }
  }

  @Test
  void whatAConstraintAllowsStaysAsItIs() throws IOException {
    var all = new ByteAutomaton.Builder();
    var state = all.state();
    all.bytes(state, 0, 255, state).accept(state);
    try (var checkpoint = HfCheckpoint.open(Golden.folder("llama2"));
        var device = Devices.cpu(2)) {
      var model = new LlamaModel(checkpoint.config(), checkpoint.weights());
      var stop = IntSet.of(50);
      var anything =
          new AutomatonConstraint(
              all.build(), model.config().vocabSize(), _ -> ByteBuffer.wrap(new byte[1]), stop);
      assertEquals(
          new Generator(model, device, DType.F32, stop)
              .generate(prompts(7, 5), 20, Sampling.GREEDY, (_, _) -> {}),
          new Generator(model, device, DType.F32, stop, anything)
              .generate(prompts(7, 5), 20, Sampling.GREEDY, (_, _) -> {}));
    }
  }

  @Test
  void aConstraintNeedsATokenThatEnds() {
    var automaton = new ByteAutomaton.Builder();
    automaton.state();
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new AutomatonConstraint(
                automaton.build(), 8, _ -> ByteBuffer.allocate(0), IntSet.of(9)));
  }
}
