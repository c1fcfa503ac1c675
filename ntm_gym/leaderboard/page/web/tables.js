"use strict";

/** A bar from `low` to `high` with a dot at the mean, on a line of length one. */
function intervalBar([mean, low, high], scale) {
  const place = (value) => 100 * Math.min(1, Math.max(0, value / scale));
  const range = element("span", { class: "range" });
  range.style.left = `${place(low)}%`;
  range.style.width = `${place(high) - place(low)}%`;
  const dot = element("span", { class: "dot" });
  dot.style.left = `${place(mean)}%`;
  return element("span", { class: "bar", "aria-hidden": "true" }, range, dot);
}

function intervalCell(interval, scale) {
  if (interval === null) return element("td", { class: "number" }, "–");
  const [mean, low, high] = interval;
  const cell = element("td", { class: "number" }, element("b", {}, formatNumber(mean)));
  if (low !== high) {
    const range = `${formatNumber(low)} to ${formatNumber(high)}`;
    cell.append(" ", element("small", {}, range));
  }
  cell.append(intervalBar(interval, scale));
  return cell;
}

const textCell = (text) => element("td", {}, text);
const numberCell = (value) =>
  element("td", { class: "number" }, value === null || value === undefined ? "–" : formatCount(value));

/** A table whose head sorts it; columns are {title, key(row), cell(row), descending}. */
class SortableTable {
  constructor(table, caption) {
    this.table = table;
    this.caption = caption;
    this.title = null;
    this.descending = false;
  }

  show(columns, rows) {
    this.columns = columns;
    this.rows = rows;
    const column = columns.find(({ title }) => title === this.title);
    const head = element("tr", {}, ...columns.map((each) => this.headCell(each)));
    const body = element("tbody", {}, ...this.sorted(column).map((row) => this.row(row)));
    this.table.replaceChildren(
      element("caption", {}, this.caption),
      element("thead", {}, head),
      body,
    );
  }

  headCell(column) {
    const button = element("button", { type: "button" }, column.title);
    const sorting = column.title === this.title;
    button.addEventListener("click", () => {
      this.descending = sorting ? !this.descending : Boolean(column.descending);
      this.title = column.title;
      this.show(this.columns, this.rows);
      const again = this.columns.indexOf(column);
      this.table.querySelectorAll("thead button")[again].focus();
    });
    const order = this.descending ? "descending" : "ascending";
    return element("th", { scope: "col", "aria-sort": sorting ? order : "none" }, button);
  }

  /** Rows without a value come last, whichever way the others are sorted. */
  sorted(column) {
    if (!column) return this.rows;
    const sign = this.descending ? -1 : 1;
    return [...this.rows].sort((first, second) => {
      const [a, b] = [column.key(first), column.key(second)];
      if (a === null || b === null) return (a === null) - (b === null);
      return sign * (typeof a === "string" ? a.localeCompare(b) : a - b);
    });
  }

  row(row) {
    const [first, ...others] = this.columns;
    const title = element("th", { scope: "row" }, ...first.cell(row));
    const line = element("tr", {}, title, ...others.map((column) => column.cell(row)));
    if (row.track === "reference") line.className = "reference";
    return line;
  }
}

function agentName({ name }) {
  const swatch = element("span", { class: "swatch", "aria-hidden": "true" });
  swatch.style.background = lookOf(name).color;
  return [element("span", { class: "agent" }, swatch, element("span", {}, name))];
}

const meanOf = (interval) => (interval === null ? null : interval[0]);

function standingsColumns() {
  return [
    { title: "Agent", key: (row) => row.name, cell: agentName },
    { title: "Track", key: (row) => row.track, cell: (row) => textCell(row.track) },
    {
      title: "Tasks",
      key: (row) => row.suites.length,
      cell: (row) => textCell(row.suites.map(taskTitle).join(", ")),
      descending: true,
    },
    {
      title: "Normalized score",
      key: (row) => row.score[0],
      cell: (row) => intervalCell(row.score, 1),
      descending: true,
    },
    {
      title: `Beats ${data.baseline}`,
      key: (row) => meanOf(row.improvement),
      cell: (row) => intervalCell(row.improvement, 1),
      descending: true,
    },
  ];
}

/** What a coin costs at a point: half of the bits are wrong, every bit costs one. */
const coinCost = (metric, point) =>
  metric === "bit_errors_per_sequence" ? point.targetBits / 2 : point.targetBits;

/** Better agents first, by the mean part of a coin's cost over all points; references last. */
function inOrder(suite, metric, agents) {
  const score = (agent) => {
    const parts = agent.results[metric].map((interval, i) => (interval ? interval[0] / suite.points[i].targetBits : Infinity));
    return parts.reduce((sum, part) => sum + part, 0) / parts.length;
  };
  const last = (agent) => Number(agent.track === "reference");
  return [...agents].sort((a, b) => last(a) - last(b) || score(a) - score(b));
}

function resultsColumns(suite, metric) {
  const points = suite.points.map((point, number) => ({
    title: point.label,
    key: (row) => meanOf(row.results[metric][number]),
    cell: (row) => intervalCell(row.results[metric][number], coinCost(metric, point)),
  }));
  return [
    { title: "Agent", key: (row) => row.name, cell: agentName },
    { title: "Track", key: (row) => row.track, cell: (row) => textCell(row.track) },
    {
      title: "Parameters",
      key: (row) => row.parameters ?? null,
      cell: (row) => numberCell(row.parameters),
    },
    {
      title: "Trained on",
      key: (row) => row.sequences ?? null,
      cell: (row) => numberCell(row.sequences),
    },
    {
      title: "Seeds",
      key: (row) => row.runs.length,
      cell: (row) => textCell(row.runs.length ? `${row.runs.length} of ${row.seedsExpected}` : "–"),
      descending: true,
    },
    ...points,
  ];
}
