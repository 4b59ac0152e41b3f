package org.bayu.finetune.evaluate;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntList;
import it.unimi.dsi.fastutil.ints.IntSet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.bayu.collectives.Communicator;
import org.bayu.finetune.data.PromptReader.Prompt;
import org.bayu.llama.LlamaModel;
import org.bayu.llama.generate.Constraint;
import org.bayu.llama.generate.Generator;
import org.bayu.llama.generate.Sampling;
import org.bayu.llama.tokenizer.LlamaTokenizer;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.jspecify.annotations.Nullable;

/**
 * What a model answers to rows, greedily. A prompt that has more tokens than the model has
 * positions gets no answer.
 *
 * @param compute F32 or BF16
 * @param stopTokens any of them ends an answer
 * @param maxNewTokens tokens of an answer at most
 * @param constraint what answers may be; null for anything
 */
public record Predictor(
    LlamaModel model,
    LlamaTokenizer tokenizer,
    DType compute,
    IntSet stopTokens,
    int maxNewTokens,
    @Nullable Constraint constraint) {
  /** For keys and values: 23 sequences of 349 tokens of Llama 2 7B. */
  private static final long CACHE_BYTES = 4L << 30;

  /** Is told what comes, as it comes. */
  public interface Listener {
    /** The weights' files are about to be read for some more tokens. */
    default void step() {}

    /** A token more of some answer is there. */
    default void token() {}

    /** A row is answered that was not known; rows come in any order. */
    void answer(Answer answer) throws IOException;
  }

  /** Whether the model can read the prompt. */
  public boolean canRead(Prompt prompt) {
    return prompt.tokens().size() <= model.config().maxPositions();
  }

  /**
   * A prediction for each row, in the rows' order. It does not depend on which rows are answered
   * already.
   *
   * @param known answers that there are already
   * @param ranks share the work: all call this with the same rows and answers, and have all
   *     predictions
   */
  public List<Prediction> predict(
      Device device, List<Prompt> rows, List<Answer> known, Communicator ranks, Listener listener)
      throws IOException {
    var work = new Work(rows, known, listener);
    var generator =
        new Generator(model, device, compute, stopTokens, constraint).withCacheBytes(CACHE_BYTES);
    try {
      new DealtGroups(ranks)
          .generate(generator, work.prompts, work.wanted::get, maxNewTokens, Sampling.GREEDY, work);
    } catch (UncheckedIOException e) {
      throw Objects.requireNonNull(e.getCause());
    }
    return Arrays.asList(work.predictions);
  }

  /**
   * The rows to answer, and what became of them. Long prompts come first: their answers are longer,
   * too, so that those of a group end at about the same time.
   */
  private final class Work implements Generator.Listener {
    private final List<Prompt> rows;
    private final Listener listener;
    private final Prediction[] predictions;
    private final List<int[]> prompts = new ArrayList<>();
    private final IntList numbers = new IntArrayList(); // of the prompts' rows
    private final BitSet wanted = new BitSet(); // groups of the prompts

    Work(List<Prompt> rows, List<Answer> known, Listener listener) {
      this.rows = rows;
      this.listener = listener;
      predictions = new Prediction[rows.size()];
      known.forEach(this::put);
      for (var row : longestFirst(rows)) {
        var prompt = rows.get(row);
        if (!canRead(prompt)) {
          put(new Answer(row, "", Prediction.End.PROMPT_TOO_LONG));
          continue;
        }
        if (predictions[row] == null) {
          wanted.set(prompts.size() / Generator.GROUP);
        }
        numbers.add(row);
        prompts.add(prompt.tokens().toIntArray());
      }
    }

    private static int[] longestFirst(List<Prompt> rows) {
      return IntStream.range(0, rows.size())
          .boxed()
          .sorted(Comparator.comparingInt(row -> -rows.get(row).tokens().size()))
          .mapToInt(Integer::intValue)
          .toArray();
    }

    private void put(Answer answer) {
      var row = rows.get(answer.row()).row();
      predictions[answer.row()] =
          new Prediction(row.input(), row.output(), answer.predicted(), answer.end());
    }

    @Override
    public void token(int prompt, int token) {
      listener.token();
    }

    @Override
    public void step() {
      listener.step();
    }

    @Override
    public void end(int prompt, IntList tokens, Generator.End end) {
      var answer =
          new Answer(
              numbers.getInt(prompt),
              tokenizer.decode(tokens),
              switch (end) {
                case STOP -> Prediction.End.STOP;
                case POSITIONS -> Prediction.End.POSITIONS;
                case MAX_NEW_TOKENS -> Prediction.End.MAX_NEW_TOKENS;
              });
      var isNew = predictions[answer.row()] == null;
      put(answer);
      if (isNew) {
        tell(answer);
      }
    }

    private void tell(Answer answer) {
      try {
        listener.answer(answer);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
