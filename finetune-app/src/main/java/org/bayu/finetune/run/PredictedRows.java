package org.bayu.finetune.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.finetune.data.PromptReader;
import org.bayu.finetune.data.PromptReader.Prompt;
import org.bayu.finetune.error.UserException;
import org.bayu.llama.LlamaConfig;
import org.bayu.llama.tokenizer.LlamaTokenizer;
import org.bayu.train.data.RowReader;

/**
 * The rows that a run's model answers at each evaluation: always the same, drawn by the seed.
 *
 * @param rows in the file's order; their prompts fit the model
 * @param maxNewTokens the most tokens of an answer: some more than the longest expected one has
 */
record PredictedRows(List<Prompt> rows, int maxNewTokens) {
  /** Tokens that an answer may have beside a quarter more than the longest expected one. */
  private static final int SPARE_TOKENS = 8;

  /**
   * Draws them.
   *
   * @param file of the evaluation data
   * @throws UserException if no row fits the model
   */
  static PredictedRows of(
      TrainConfig config, Path file, LlamaTokenizer tokenizer, LlamaConfig model)
      throws IOException {
    var reader =
        new RowReader(
            config.prompts(),
            RowReader.Output.REQUIRED,
            config.skipBadRows(),
            config.specialTokensInRows());
    var fitting = new ArrayList<Prompt>();
    for (var row :
        new PromptReader(tokenizer, model.vocabSize(), Integer.MAX_VALUE).read(reader, file)) {
      if (row.tokens().size() < model.maxPositions()) {
        fitting.add(row);
      }
    }
    if (fitting.isEmpty()) {
      throw UserException.inputFile(
          "%s: no prompt is shorter than the model's %s positions. Leave trainer.eval_predictions out."
              .formatted(file, model.maxPositions()));
    }
    var numbers = new ArrayList<>(IntStream.range(0, fitting.size()).boxed().toList());
    Collections.shuffle(numbers, new Random(config.trainer().seed()));
    var rows =
        numbers.stream()
            .limit(config.trainer().evalPredictions())
            .sorted()
            .map(fitting::get)
            .toList();
    var longest = rows.stream().mapToInt(row -> tokenizer.encode(row.row().output()).size()).max();
    return new PredictedRows(rows, longest.orElse(0) * 5 / 4 + SPARE_TOKENS);
  }

  /** The prompts' tokens. */
  List<int[]> prompts() {
    return rows.stream().map(row -> row.tokens().toIntArray()).toList();
  }
}
