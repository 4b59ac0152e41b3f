package org.bayu.train.track.report;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.Locale;
import java.util.Objects;
import org.bayu.tensor.io.Sha256;

/**
 * The page. All that it shows is HTML or, for the charts, numbers: scripts have no text from
 * elsewhere, and the page's policy lets no other script run and nothing be loaded.
 */
final class ReportPage {
  /** Where a run stands. */
  enum State {
    /** It is being trained. */
    RUNNING("running"),
    /** It has done all its steps. */
    ENDED("ended"),
    /** It has not, and is not being trained. */
    STOPPED("stopped");

    private final String word;

    State(String word) {
      this.word = word;
    }
  }

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss 'UTC'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  private final RunData data;
  private final State state;
  private final Instant written;

  ReportPage(RunData data, State state, Instant written) {
    this.data = data;
    this.state = state;
    this.written = written;
  }

  /** A number with its digits in groups. */
  static String count(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  /** The file. */
  byte[] bytes() throws IOException {
    var style = resource("uplot/uPlot.min.css") + resource("report.css");
    var library = resource("uplot/uPlot.iife.min.js");
    var script = resource("report.js");
    var html = new Html();
    html.raw("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n");
    html.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; ");
    html.raw("base-uri 'none'; form-action 'none'; style-src ").raw(hash(style));
    html.raw("; script-src ").raw(hash(library)).raw(" ").raw(hash(script)).raw("\">\n");
    html.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    html.raw("<meta name=\"color-scheme\" content=\"light dark\">\n");
    html.element("title", title() + " – Bayu").raw("\n<style>").raw(style).raw("</style>\n");
    html.raw("</head><body>\n");
    body(html);
    html.raw("\n<script type=\"application/json\" id=\"points\">");
    html.raw(new Charts(data).points().toString().replace("<", "\\u003c")).raw("</script>\n");
    html.raw("<!-- The charts are drawn by uPlot.\n").raw(resource("uplot/LICENSE"));
    html.raw("\n-->\n<script>").raw(library).raw("</script>\n<script>").raw(script);
    return html.raw("</script>\n</body></html>\n").toString().getBytes(UTF_8);
  }

  private String title() {
    var id = data.config().path("trainer").path("id").asText("");
    return id.isEmpty() ? "Run" : "Run " + id;
  }

  private void body(Html html) {
    var charts = new Charts(data);
    var predictions = new PredictionTables(data.predictions());
    var evaluation = new EvaluationTables(data);
    html.raw("<header>").element("h1", title());
    html.raw("<p>").element("b class=\"" + state.word + "\"", state.word).text(", as of ");
    html.text(TIME.format(written));
    html.text(state == State.RUNNING ? ". Reload the page for newer steps." : ".").raw("</p>");
    html.raw("<nav aria-label=\"Sections\">");
    link(html, "curves", "Curves", !charts.isEmpty());
    link(html, "predictions", "Predictions", !predictions.isEmpty());
    link(html, "evaluation", "Evaluation", !evaluation.isEmpty());
    link(html, "configuration", "Configuration", !data.config().isEmpty());
    link(html, "environment", "Environment", !data.environment().isEmpty());
    html.raw("</nav></header>\n<main>");
    figures(html);
    if (!charts.isEmpty()) {
      section(html, "curves", "Curves");
      charts.write(html);
      html.raw("</section>");
    }
    if (!predictions.isEmpty()) {
      section(html, "predictions", "Predictions during training");
      predictions.write(html);
      html.raw("</section>");
    }
    if (!evaluation.isEmpty()) {
      section(html, "evaluation", "Evaluation");
      evaluation.write(html);
      html.raw("</section>");
    }
    if (!data.config().isEmpty()) {
      section(html, "configuration", "Configuration");
      KeyValues.write(html, "Configuration", data.config());
      html.raw("</section>");
    }
    if (!data.environment().isEmpty()) {
      section(html, "environment", "Environment");
      KeyValues.write(html, "Environment", data.environment());
      html.raw("</section>");
    }
    html.raw("</main>\n<footer><p>Written by Bayu. Charts: uPlot, MIT license.</p></footer>");
  }

  private static void link(Html html, String section, String name, boolean isThere) {
    if (isThere) {
      html.raw("<a href=\"#" + section + "\">").text(name).raw("</a> ");
    }
  }

  private static void section(Html html, String id, String title) {
    html.raw("\n<section id=\"" + id + "\">").element("h2", title);
  }

  /** The numbers that one looks for first. */
  private void figures(Html html) {
    html.raw("<dl class=\"figures\">");
    var steps = data.steps();
    figure(html, "Steps", count(data.done()), steps > 0 ? "of " + count(steps) : "");
    var loss = data.curve(RunData.SMOOTH_LOSS);
    if (!loss.isEmpty()) {
      figure(html, "Loss", Charts.number(loss.last().value()), "smoothed");
    }
    var evaluated = data.curve(RunData.EVAL_LOSS);
    if (!evaluated.isEmpty()) {
      var last = evaluated.last();
      figure(html, "Evaluation loss", Charts.number(last.value()), after(last));
      var least = evaluated.least();
      figure(html, "Least evaluation loss", Charts.number(least.value()), after(least));
    }
    var exact = data.curve(RunData.EXACT);
    if (!exact.isEmpty()) {
      figure(html, "Predictions right", percent(exact.last().value()), after(exact.last()));
    }
    data.latest(RunData.TOKENS)
        .ifPresent(rate -> figure(html, "Tokens per second", count(Math.round(rate)), "last step"));
    if (data.seconds() > 0) {
      figure(html, "Time", time(Math.round(data.seconds())), "");
    }
    data.latest("trainable_parameter_count")
        .ifPresent(
            trained -> {
              var share = percent(trained / data.latest("parameter_count").orElse(trained));
              figure(html, "Trained parameters", count((long) trained), share);
            });
    data.latest("optim/skipped_updates")
        .ifPresent(skipped -> figure(html, "Skipped updates", count((long) skipped), ""));
    html.raw("</dl>");
  }

  private static String after(Curve.Point point) {
    return "after step " + count(point.step() + 1L);
  }

  private static void figure(Html html, String name, String value, String note) {
    html.raw("<div>").element("dt", name).raw("<dd>").text(value).raw(" ");
    html.element("small", note).raw("</dd></div>");
  }

  /** A share, of which no more is said than it has: 100 % is all. */
  static String percent(double share) {
    return share == 1 ? "100 %" : String.format(Locale.ROOT, "%.2f %%", 100 * share);
  }

  private static String time(long seconds) {
    var minutes = seconds / 60;
    return minutes == 0
        ? seconds + " s"
        : minutes < 60
            ? minutes + " min " + seconds % 60 + " s"
            : minutes / 60 + " h " + minutes % 60 + " min";
  }

  private static String resource(String name) throws IOException {
    try (InputStream in =
        Objects.requireNonNull(ReportPage.class.getResourceAsStream(name), name)) {
      return new String(in.readAllBytes(), UTF_8);
    }
  }

  /** What the page's policy knows a script or a style by. */
  private static String hash(String content) {
    var digest = Sha256.digest().digest(content.getBytes(UTF_8));
    return "'sha256-" + Base64.getEncoder().encodeToString(digest) + "'";
  }
}
