package org.bayu.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.finetune.model.Models;
import org.bayu.finetune.run.RunStart;
import org.bayu.finetune.run.TrainRun;
import org.bayu.train.StepReport;
import org.bayu.train.TrainListener;

/**
 * Trains step by step as it is told to, for {@code benchmarks/pytorch/train.py}, which measures
 * PyTorch's steps in turns with these.
 *
 * <p>The arguments are a configuration's flags, as those of {@code bayu train}. A line on the
 * standard input asks for a step; it is answered by a line, the step's loss and seconds.
 */
public final class TrainRates {
  private TrainRates() {}

  /** Trains until the input or the run ends. */
  public static void main(String[] args) throws IOException {
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var messages = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    try (var models = new Models(System.getenv(), messages);
        var start = start(models, args, messages);
        var run = new TrainRun(start, messages::println)) {
      run.listen(new Turns(in));
      run.run();
    } catch (EndException e) {
      // All was asked for that there was to ask for.
    }
  }

  private static RunStart start(Models models, String[] args, PrintWriter messages)
      throws IOException {
    var config = TrainConfig.load(null, List.of(args), models.files());
    return RunStart.of(config, models, messages::println);
  }

  private record Turns(BufferedReader in) implements TrainListener {
    @Override
    public void started(Start start) throws IOException {
      await();
    }

    @Override
    public void step(StepReport report) throws IOException {
      System.out.println(report.result().loss() + " " + report.seconds());
      await();
    }

    private void await() throws IOException {
      if (in.readLine() == null) {
        throw new EndException();
      }
    }
  }

  private static final class EndException extends UncheckedIOException {
    private static final long serialVersionUID = 1L;

    EndException() {
      super(new IOException("no more steps are asked for"));
    }
  }
}
