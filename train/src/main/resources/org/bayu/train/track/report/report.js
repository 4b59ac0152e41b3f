"use strict";
(() => {
  const points = JSON.parse(document.getElementById("points").textContent);
  const color = name => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  const short = value =>
    value == null ? "–"
    : value === 0 ? "0"
    : Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6 ? value.toExponential(2).replace(/\.?0+e/, "e")
    : String(Number(value.toPrecision(4)));
  const log = document.getElementById("log");
  const drawn = new Map();

  /** Rates and shares begin at 0; of others the differences count. */
  const range = chart =>
    chart === "exact" ? [0, 1]
    : chart === "tokens" || chart === "rate" ? (_, least, greatest) => [0, greatest > 0 ? 1.1 * greatest : 1]
    : undefined;

  function draw(element) {
    const series = points[element.dataset.chart];
    const data = uPlot.join(series.map(each => [each.x, each.y]));
    const axis = { stroke: color("soft"), grid: { stroke: color("grid"), width: 1 }, ticks: { stroke: color("grid"), width: 1 } };
    const isLog = element.dataset.chart === "loss" && log.checked;
    drawn.get(element)?.destroy();
    drawn.set(element, new uPlot({
      width: element.clientWidth,
      height: 260,
      cursor: { sync: { key: "step" }, drag: { x: true, y: false } },
      scales: { x: { time: false }, y: isLog ? { distr: 3 } : { range: range(element.dataset.chart) } },
      axes: [
        { ...axis, values: (_, all) => all.map(each => each.toLocaleString("en")) },
        { ...axis, size: 64, values: (_, all) => all.map(each => each == null ? "" : short(each)) },
      ],
      series: [
        { label: "Step", value: (_, each) => each == null ? "–" : each.toLocaleString("en") },
        ...series.map(each => ({
          label: each.label,
          stroke: color(each.style),
          width: each.style === "faint" ? 1 : 2,
          spanGaps: true,
          points: { show: each.x.length < 60, size: each.style === "second" ? 7 : 4, fill: color(each.style) },
          value: (_, value) => short(value),
        })),
      ],
    }, data, element));
  }

  const charts = document.querySelectorAll("[data-chart]");
  const drawAll = () => charts.forEach(draw);
  if (log) {
    log.parentElement.hidden = false;
    log.addEventListener("change", drawAll);
  }
  drawAll();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  const sizes = new ResizeObserver(entries => entries.forEach(entry => {
    const chart = drawn.get(entry.target);
    if (chart && chart.width !== entry.target.clientWidth && entry.target.clientWidth > 0) {
      chart.setSize({ width: entry.target.clientWidth, height: 260 });
    }
  }));
  charts.forEach(chart => sizes.observe(chart));
})();
