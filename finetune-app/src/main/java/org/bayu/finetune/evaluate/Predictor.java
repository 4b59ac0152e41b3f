package org.bayu.finetune.evaluate;

import it.unimi.dsi.fastutil.ints.IntList;
import it.unimi.dsi.fastutil.ints.IntSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bayu.finetune.data.ExampleTokenizer;
import org.bayu.finetune.data.PromptedRow;
import org.bayu.llama.Generator;
import org.bayu.llama.LlamaModel;
import org.bayu.llama.Sampling;
import org.bayu.llama.tokenizer.LlamaTokenizer;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;

/**
 * What a model answers to rows, greedily.
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
  /**
   * A prediction for each row, in the rows' order.
   *
   * @param done is run whenever one more row is answered
   */
  public List<Prediction> predict(Device device, List<PromptedRow> rows, Runnable done) {
    var generator = new Generator(model, device, compute, stopTokens);
    var prompter = new ExampleTokenizer(tokenizer, Integer.MAX_VALUE);
    var prompts = new ArrayList<int[]>();
    for (var row : rows) {
      prompts.add(cut(prompter.prompt(row.prompt()).toIntArray()));
    }
    var predictions = new Prediction[rows.size()];
    generator.generate(
        prompts,
        maxNewTokens,
        Sampling.GREEDY,
        new Generator.Listener() {
          @Override
          public void token(int prompt, int token) {}

          @Override
          public void end(int prompt, IntList tokens, Generator.End end) {
            var row = rows.get(prompt);
            predictions[prompt] =
                new Prediction(row.input(), row.output(), tokenizer.decode(tokens));
            done.run();
          }
        });
    return List.of(predictions);
  }

  /** A prompt longer than the model's positions loses its end, as in training. */
  private int[] cut(int[] prompt) {
    return Arrays.copyOf(prompt, Math.min(prompt.length, model.config().maxPositions()));
  }
}
