package org.bayu.finetune.run;

import it.unimi.dsi.fastutil.ints.IntList;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.bayu.llama.LlamaModel;
import org.bayu.llama.generate.Generator;
import org.bayu.llama.generate.Sampling;
import org.bayu.llama.hf.ModelFolder;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.train.StepReport;
import org.bayu.train.track.Table;
import org.bayu.train.track.Tracking;

/**
 * Lets a run's model answer some rows at each evaluation, and passes the answers to the trackers.
 * To be called before the trackers are. Training is as it would be without. If several processes
 * hold the model together, all of them answer, and rank 0 passes the answers on.
 */
final class EvalPredictions {
  private final PredictedRows rows;
  private final ModelFolder base;
  private final LlamaModel model;
  private final Device device;
  private final DType compute;

  /**
   * Answers with a model in training.
   *
   * @param base of the model
   */
  EvalPredictions(
      PredictedRows rows, ModelFolder base, LlamaModel model, Device device, DType compute) {
    this.rows = rows;
    this.base = base;
    this.model = model;
    this.device = device;
    this.compute = compute;
  }

  /** Answers the rows if the step had an evaluation, and passes the answers on. */
  void track(StepReport report, Tracking tracking) throws IOException {
    var start = System.nanoTime();
    var answers = answer(report);
    if (answers.isEmpty()) {
      return;
    }
    device.mark("predictions");
    var right = 0;
    for (var row : answers) {
      right += row.get(1).equals(row.get(2)) ? 1 : 0;
    }
    tracking.table(
        report.step(),
        "eval_predictions",
        new Table(List.of("input", "expected", "predicted", "end"), answers));
    tracking.add("eval/exact_match", (double) right / answers.size());
    tracking.add("throughput/prediction_time", (System.nanoTime() - start) * 1e-9);
  }

  /** A line of the table for each row; none if the step had no evaluation. */
  List<List<String>> answer(StepReport report) throws IOException {
    if (report.evalLoss() == null || !report.isFinite()) {
      return List.of();
    }
    var answers = new Answers();
    try {
      new Generator(model, device, compute, base.stopTokens())
          .generate(rows.prompts(), rows.maxNewTokens(), Sampling.GREEDY, answers);
    } catch (UncheckedIOException e) {
      throw Objects.requireNonNull(e.getCause());
    }
    return answers.table;
  }

  /** The answers so far. */
  private final class Answers implements Generator.Listener {
    private final List<List<String>> table = new ArrayList<>();

    Answers() {
      rows.rows().forEach(_ -> table.add(List.of()));
    }

    @Override
    public void token(int prompt, int token) {}

    @Override
    public void step() {
      try {
        base.checkpoint().checkSize();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void end(int prompt, IntList tokens, Generator.End end) {
      var asked = rows.rows().get(prompt);
      try {
        table.set(
            prompt,
            List.of(
                asked.row().input(),
                asked.row().output(),
                base.tokenizer().decode(asked.tokens(), tokens),
                end.name().toLowerCase(Locale.ROOT)));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
