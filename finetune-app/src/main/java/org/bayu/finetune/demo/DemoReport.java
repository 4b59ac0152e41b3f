package org.bayu.finetune.demo;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.bayu.finetune.evaluate.Evaluation;
import org.bayu.finetune.evaluate.EvaluationText;
import org.bayu.finetune.evaluate.Scores;

/**
 * What a demo prints at its end: the tutorial's table of the three models, and where everything is.
 *
 * @param title what the table is of
 * @param times of the steps by name
 * @param total of the whole demo
 */
record DemoReport(DemoFiles files, String title, Map<String, Duration> times, Duration total) {

  void print(PrintWriter out) throws IOException {
    var models = new LinkedHashMap<String, Scores>();
    models.put("Base model", evaluation("base").scores());
    models.put("Full-weight", evaluation("full").scores());
    models.put("LoRA", evaluation("lora").scores());
    out.printf("Scores on %s:%n%n", title);
    out.println(EvaluationText.accuracies(models));
    out.println(EvaluationText.exactness(models));
    out.printf(
        Locale.ROOT,
        "Times: full-weight %.0f s, LoRA %.0f s; everything %.0f s.%n%n",
        seconds("train full"),
        seconds("train lora"),
        total.toMillis() * 1e-3);
    out.println("Where things are:");
    line(out, "data", files.data());
    line(out, "base model", files.baseModel());
    line(out, "full-weight model", files.fullModel());
    line(out, "LoRA adapter", files.adapter());
    line(out, "adapter merged in", files.mergedModel());
    line(out, "configurations", files.config("{" + String.join(",", DemoFiles.RUNS) + "}"));
    line(out, "evaluations", files.evaluations());
    out.println();
    out.println("Curves, scores, confusion matrices and wrong answers, to open in a browser:");
    for (var run : DemoFiles.RUNS) {
      line(out, run, files.run(run).resolve("report.html"));
    }
    out.println();
    out.println("Go on with one of these models, for example:");
    out.printf(
        "  ./bayu generate --model %s --prompts %s%n", files.fullModel(), files.rows("validation"));
  }

  private Evaluation evaluation(String name) throws IOException {
    return Evaluation.of(Evaluation.read(files.evaluation(name)));
  }

  private double seconds(String step) {
    return times.getOrDefault(step, Duration.ZERO).toMillis() * 1e-3;
  }

  private static void line(PrintWriter out, String what, Path where) {
    out.printf("  %-18s %s%n", what, where);
  }
}
