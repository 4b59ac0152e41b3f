package org.bayu.train.track.report;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;

/** The charts: a figure with a table of its numbers for each, and the points that it draws. */
final class Charts {
  /** Rows of a chart's table at most, but for those of evaluations. */
  private static final int ROWS = 40;

  private static final MathContext DIGITS = new MathContext(6);

  private static final List<Chart> ALL =
      List.of(
          new Chart(
              "loss",
              "Loss",
              new Line(RunData.LOSS, "Training", "faint"),
              new Line(RunData.SMOOTH_LOSS, "Training, smoothed", "main"),
              new Line(RunData.EVAL_LOSS, "Evaluation", "second")),
          new Chart(
              "exact",
              "Evaluation predictions that are right",
              new Line(RunData.EXACT, "Share of the rows", "second")),
          new Chart(
              "rate", "Learning rate", new Line(RunData.LEARNING_RATE, "Learning rate", "main")),
          new Chart("tokens", "Throughput", new Line(RunData.TOKENS, "Tokens per second", "main")),
          new Chart(
              "gradient",
              "Gradient norm, before the clip",
              new Line(RunData.GRADIENT, "Gradient norm", "main")));

  /** A chart of some curves. */
  private record Chart(String id, String title, List<Line> lines) {
    Chart(String id, String title, Line... lines) {
      this(id, title, List.of(lines));
    }
  }

  /** A curve in a chart. */
  private record Line(String metric, String label, String style) {}

  private final RunData data;

  Charts(RunData data) {
    this.data = data;
  }

  private List<Line> lines(Chart chart) {
    return chart.lines.stream().filter(line -> !data.curve(line.metric).isEmpty()).toList();
  }

  /** Whether there is anything to draw. */
  boolean isEmpty() {
    return ALL.stream().allMatch(chart -> lines(chart).isEmpty());
  }

  /** Writes the figures. */
  void write(Html html) {
    html.raw("<div class=\"charts\">");
    for (var chart : ALL) {
      var lines = lines(chart);
      if (!lines.isEmpty()) {
        html.raw("<figure><figcaption>").element("h3", chart.title);
        if (chart.id.equals("loss")) {
          html.raw("<label class=\"log\" hidden><input type=\"checkbox\" id=\"log\">");
          html.raw(" logarithmic</label>");
        }
        html.raw("</figcaption><div class=\"chart\" data-chart=\"").raw(chart.id);
        html.raw("\" role=\"img\" aria-label=\"").text(chart.title + ". " + words(lines));
        html.raw("\"></div><details><summary>Numbers</summary>");
        table(html, chart, lines);
        html.raw("</details></figure>");
      }
    }
    html.raw("</div>");
  }

  /** What a chart shows, in words. */
  private String words(List<Line> lines) {
    var words = new StringBuilder();
    for (var line : lines) {
      var points = data.curve(line.metric).points();
      words
          .append(line.label)
          .append(": from ")
          .append(number(points.getFirst().value()))
          .append(" to ")
          .append(number(points.getLast().value()))
          .append(". ");
    }
    return words.append("The numbers are in the table below.").toString();
  }

  private void table(Html html, Chart chart, List<Line> lines) {
    var steps = new TreeSet<Integer>();
    var values = new ArrayList<TreeMap<Integer, Double>>();
    for (var line : lines) {
      var points = data.curve(line.metric).points();
      var byStep = new TreeMap<Integer, Double>();
      points.forEach(point -> byStep.put(point.step(), point.value()));
      values.add(byStep);
      var every = Math.max(1, (points.size() + ROWS - 1) / ROWS);
      for (var i = 0; i < points.size() - 1; i += every) {
        steps.add(points.get(i).step());
      }
      steps.add(points.getLast().step());
    }
    var columns = new ArrayList<>(List.of("Step"));
    lines.forEach(line -> columns.add(line.label));
    html.table("numbers", chart.title, columns);
    for (var step : steps) {
      html.raw("<tr>").element("th scope=\"row\"", ReportPage.count(step + 1L));
      for (var each : values) {
        var value = each.get(step);
        html.element("td", value == null ? "" : number(value));
      }
      html.raw("</tr>");
    }
    html.endTable();
  }

  /** The points of all charts. */
  ObjectNode points() {
    var charts = JsonNodeFactory.instance.objectNode();
    for (var chart : ALL) {
      var series = charts.putArray(chart.id);
      for (var line : lines(chart)) {
        var each = series.addObject().put("label", line.label).put("style", line.style);
        var x = each.putArray("x");
        var y = each.putArray("y");
        for (var point : data.curve(line.metric).points()) {
          x.add(point.step() + 1);
          y.add(rounded(point.value()));
        }
      }
    }
    return charts;
  }

  private static BigDecimal rounded(double value) {
    return new BigDecimal(value).round(DIGITS).stripTrailingZeros();
  }

  /** A number of five digits or so. */
  static String number(double value) {
    var rounded = new BigDecimal(value).round(new MathContext(4)).stripTrailingZeros();
    var size = Math.abs(value);
    return size == 0 ? "0" : size < 1e-3 ? rounded.toString() : rounded.toPlainString();
  }
}
