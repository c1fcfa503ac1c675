"use strict";

const charts = [];

/** Draw a uPlot chart into a box and describe it for those who do not see it. */
function drawChart(box, description, options, columns) {
  const axis = { stroke: themeColor("ink-soft"), grid: { stroke: themeColor("line"), width: 1 } };
  const chart = new uPlot(
    {
      width: box.clientWidth,
      height: 320,
      legend: { show: false },
      cursor: { show: false },
      ...options,
      axes: options.axes.map((each) => ({ ...axis, ticks: { show: false }, ...each })),
    },
    columns,
    box,
  );
  const canvas = box.querySelector("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", description);
  charts.push({ chart, box });
}

function clearCharts() {
  for (const { chart } of charts.splice(0)) chart.destroy();
  for (const id of ["generalization", "learning"]) $(id).replaceChildren();
}

const resizeCharts = () =>
  charts.forEach(({ chart, box }) => chart.setSize({ width: box.clientWidth, height: 320 }));

const lowest = 1e-6;
const onLogScale = (value) => (value === null ? null : Math.max(value, lowest));
const powerOfTen = (value) => (value <= lowest * 1.001 ? "0" : `1e${Math.round(Math.log10(value))}`);
const logAxis = {
  size: 58,
  splits: (_, axis, low, high) => {
    const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
    return Array.from({ length: last - first + 1 }, (__, i) => 10 ** (first + i));
  },
  values: (_, ticks) => ticks.map(powerOfTen),
};

/** Mean and interval at every point, as parts of the bits that are asked. */
function drawGeneralization(suite, agents, metric) {
  const wrong = metric === "bit_errors_per_sequence";
  const known = agents.filter((agent) => agent.results[metric].every((each) => each !== null));
  const part = (agent, end) =>
    agent.results[metric].map((interval, i) => {
      const value = interval[end] / suite.points[i].targetBits;
      return wrong ? 100 * value : onLogScale(value);
    });
  $("generalization-axis").textContent = wrong ? "wrong bits, % of those asked" : "bits of cost per bit asked";
  if (!known.length) return noChart($("generalization"), "No agent here says how sure it is.");
  const places = suite.points.map((_, i) => i);
  const columns = [places];
  const series = [{}];
  const bands = [];
  for (const agent of known) {
    const { color, dash } = lookOf(agent.name);
    columns.push(part(agent, 0), part(agent, 2), part(agent, 1));
    series.push({ stroke: color, dash, width: 2, points: { show: true, size: 6, fill: color } });
    const edge = { stroke: "transparent", points: { show: false } };
    bands.push({ series: [series.length, series.length + 1], fill: `${color}2e` });
    series.push(edge, edge);
  }
  const labels = suite.points.map((point) => point.label);
  const description = known
    .map((agent) => {
      const values = part(agent, 0).map((value, i) => `${labels[i]}: ${formatNumber(value)}`);
      return `${agent.name}, ${values.join(", ")}`;
    })
    .join("; ");
  drawChart(
    $("generalization"),
    `Line chart. ${$("generalization-axis").textContent}. ${description}`,
    {
      scales: {
        x: { time: false, range: [-0.3, places.length - 0.7] },
        y: wrong ? { range: (_, low, high) => [0, Math.max(high, 1) * 1.06] } : { distr: 3 },
      },
      axes: [
        { splits: () => places, values: (_, ticks) => ticks.map((tick) => labels[tick]) },
        wrong ? { size: 46 } : logAxis,
      ],
      series,
      bands,
    },
    columns,
  );
}

/** Every run's learning curve, on one axis of training sequences. */
function drawLearning(agents) {
  const runs = agents.flatMap((agent) =>
    agent.runs.filter((run) => run.curve).map((run) => ({ name: agent.name, ...run })),
  );
  if (!runs.length) return noChart($("learning"), "No entry here brought its learning curve.");
  const tables = runs.map(({ curve: [sequences, bits] }) => [sequences, bits.map(onLogScale)]);
  const series = runs.map(({ name }) => {
    const { color, dash } = lookOf(name);
    return { stroke: color, dash, width: 1.5, spanGaps: true, points: { show: false } };
  });
  const description = runs
    .map(({ name, seed, curve: [sequences, bits] }) => {
      const end = `${formatNumber(bits.at(-1))} bits after ${formatCount(sequences.at(-1))} sequences`;
      return `${name}, seed ${seed}: ${end}`;
    })
    .join("; ");
  drawChart(
    $("learning"),
    `Line chart. Bits per held-out sequence while training. ${description}`,
    {
      scales: { x: { time: false }, y: { distr: 3 } },
      axes: [{ values: (_, ticks) => ticks.map((tick) => `${tick / 1000}k`) }, logAxis],
      series: [{}, ...series],
    },
    uPlot.join(tables),
  );
}

const noChart = (box, reason) => box.replaceChildren(element("p", { class: "empty" }, reason));

function showLegend(agents) {
  const drawing = "http://www.w3.org/2000/svg";
  $("legend").replaceChildren(
    ...agents.map(({ name }) => {
      const { color, dash } = lookOf(name);
      const picture = document.createElementNS(drawing, "svg");
      const line = document.createElementNS(drawing, "line");
      const shape = { x1: 0, x2: 28, y1: 6, y2: 6, stroke: color, "stroke-width": 3 };
      if (dash.length) shape["stroke-dasharray"] = dash.join(" ");
      for (const [key, value] of Object.entries(shape)) line.setAttribute(key, value);
      picture.setAttribute("viewBox", "0 0 28 12");
      picture.setAttribute("aria-hidden", "true");
      picture.append(line);
      return element("li", {}, picture, name);
    }),
  );
}
