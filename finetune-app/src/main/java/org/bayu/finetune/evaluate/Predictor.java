package org.bayu.finetune.evaluate;

import it.unimi.dsi.fastutil.ints.IntSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.bayu.finetune.data.ExampleTokenizer;
import org.bayu.finetune.data.PromptedRow;
import org.bayu.llama.Generator;
import org.bayu.llama.LlamaModel;
import org.bayu.llama.Sampling;
import org.bayu.llama.tokenizer.LlamaTokenizer;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;

/**
 * What a model answers to rows, greedily, some rows at a time: those of like length together, which
 * changes no answer.
 *
 * @param compute F32 or BF16
 * @param stopTokens any of them ends an answer
 * @param maxNewTokens tokens of an answer at most
 */
public record Predictor(
    LlamaModel model,
    LlamaTokenizer tokenizer,
    DType compute,
    IntSet stopTokens,
    int maxNewTokens) {
  private static final int BATCH = 64;

  /**
   * A prediction for each row, in the rows' order.
   *
   * @param done is told how many more rows are answered
   */
  public List<Prediction> predict(Device device, List<PromptedRow> rows, IntConsumer done) {
    var generator = new Generator(model, device, compute, stopTokens);
    var prompter = new ExampleTokenizer(tokenizer, Integer.MAX_VALUE);
    var prompts = new ArrayList<int[]>();
    for (var row : rows) {
      prompts.add(cut(prompter.prompt(row.prompt()).toIntArray()));
    }
    var order =
        IntStream.range(0, rows.size())
            .boxed()
            .sorted(Comparator.comparingInt(i -> prompts.get(i).length))
            .toList();
    var predictions = new Prediction[rows.size()];
    for (var from = 0; from < order.size(); from += BATCH) {
      var batch = order.subList(from, Math.min(from + BATCH, order.size()));
      var answers =
          generator.generate(
              batch.stream().map(prompts::get).toList(),
              maxNewTokens,
              Sampling.GREEDY,
              (prompt, token) -> {});
      for (var i = 0; i < batch.size(); i++) {
        var row = rows.get(batch.get(i));
        predictions[batch.get(i)] =
            new Prediction(row.input(), row.output(), tokenizer.decode(answers.get(i)));
      }
      done.accept(batch.size());
    }
    return List.of(predictions);
  }

  /** A prompt longer than the model's positions loses its end, as in training. */
  private int[] cut(int[] prompt) {
    return Arrays.copyOf(prompt, Math.min(prompt.length, model.config().maxPositions()));
  }
}
