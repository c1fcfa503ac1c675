"use strict";

const standings = new SortableTable($("standings-table"), "Standings over all tasks");
const results = new SortableTable($("results-table"), "Results by task");
const player = new Player();

function options(select, pairs) {
  select.replaceChildren(...pairs.map(([value, text]) => element("option", { value }, text)));
}

function isShown(agent) {
  if (agent.track === "reference") return $("references").checked;
  return $("track").value === "" || agent.track === $("track").value;
}

/** Redraw everything that depends on the filters. */
function update() {
  const suite = data.suites.find(({ name }) => name === $("task").value);
  const metric = $("metric").value;
  const shown = data.agents.filter((agent) => agent.suite === suite.name && isShown(agent));
  const agents = inOrder(suite, metric, shown);
  standings.show(standingsColumns(), data.standings.filter(isShown));
  $("results-title").textContent = `Results: ${taskTitle(suite.name)}`;
  results.caption = `${data.metrics[metric]}; ${taskTitle(suite.name)}`;
  results.show(resultsColumns(suite, metric), agents);
  $("results-note").textContent =
    `${data.metrics[metric]}. The first of the ${suite.points.length} ranges is the one that agents are trained on; ` +
    `${formatCount(suite.episodesEach)} episodes each, suite version ${suite.version}, ${suite.hash.slice(0, 12)}….`;
  showLegend(agents);
  drawCharts(suite, agents, metric);
  player.offer(suite, agents);
}

function drawCharts(suite, agents, metric) {
  clearCharts();
  drawGeneralization(suite, agents, metric);
  drawLearning(agents);
}

/** A link only if it is one of the web: other schemes could run something. */
function safeLink(address) {
  const isWeb = /^https?:\/\//i.test(address);
  return isWeb ? element("a", { href: address, rel: "noopener nofollow" }, address) : address;
}

function describeEntry(agent) {
  const { episodes, difference } = agent.verified;
  const verdict = difference
    ? `differs when played again: ${difference}`
    : `verified on the first ${episodes} episodes of every range when this page was made`;
  const facts = [
    ["Task", taskTitle(agent.suite)],
    ["Track", agent.track],
    ["Authors (claimed)", agent.authors],
    ["Link (claimed)", agent.link ? safeLink(agent.link) : "–"],
    ["Licence (claimed)", agent.licence],
    ["Commit (claimed)", agent.commit.slice(0, 12) || "–"],
    ["Parameters", formatCount(agent.parameters)],
    ["Memory", agent.memorySize === null ? "none of its own" : `${agent.memorySize} locations`],
    ["Machine (claimed)", agent.machine],
    ["Versions (claimed)", Object.entries(agent.versions).map((pair) => pair.join(" ")).join(", ")],
    ...agent.runs.map((run) => [
      `Seed ${run.seed}`,
      `${formatCount(run.sequences)} sequences; claimed: ${formatCount(Math.round(run.wallTime))} s by ${run.command}`,
    ]),
    ["Verification", verdict],
  ];
  const list = facts.map(([term, fact]) => element("div", {}, element("dt", {}, term), element("dd", {}, fact)));
  const mark = element("span", { class: difference ? "verdict differs" : "verdict" }, difference ? "differs" : "verified");
  return element(
    "details",
    {},
    element("summary", {}, ...agentName(agent), `, ${taskTitle(agent.suite)} `, mark),
    element("dl", {}, ...list),
  );
}

function setTheme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  $("theme").setAttribute("aria-pressed", String(dark));
  update();
}

options($("task"), data.suites.map(({ name }) => [name, taskTitle(name)]));
options($("track"), [["", "all"], ...data.tracks.filter((track) => track !== "reference").map((track) => [track, track])]);
options($("metric"), Object.entries(data.metrics).map(([name, title]) => [name, title.split(" (")[0]]));
$("metric").value = "bit_errors_per_sequence";
$("task").value = data.suites.some(({ name }) => name === "copy") ? "copy" : data.suites[0].name;
$("baseline").textContent = data.baseline;
$("bootstrap").textContent =
  `Intervals: 95 % percentile bootstrap over training seeds and episodes, ` +
  `${formatCount(data.bootstrap.resamples)} resamples, seed ${data.bootstrap.seed}.`;
$("entry-list").append(...data.agents.filter((agent) => agent.verified).map(describeEntry));

$("filters").addEventListener("change", update);
$("filters").addEventListener("submit", (event) => event.preventDefault());
$("theme").addEventListener("click", () => setTheme($("theme").getAttribute("aria-pressed") === "false"));
window.addEventListener("resize", () => {
  resizeCharts();
  player.draw();
});
const system = window.matchMedia("(prefers-color-scheme: dark)");
system.addEventListener("change", () => setTheme(system.matches));
setTheme(system.matches);
