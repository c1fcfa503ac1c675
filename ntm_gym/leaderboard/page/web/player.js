"use strict";

/** Plays recorded episodes step by step. */
class Player {
  constructor() {
    this.timer = null;
    $("play").addEventListener("click", () => (this.timer ? this.pause() : this.play()));
    $("back").addEventListener("click", () => this.goTo(this.step - 1));
    $("forward").addEventListener("click", () => this.goTo(this.step + 1));
    $("step").addEventListener("input", () => this.goTo(Number($("step").value) - 1));
    $("player-agent").addEventListener("change", () => this.chooseAgent());
    $("player-episode").addEventListener("change", () => this.load());
    $("player-speed").addEventListener("change", () => this.timer && this.play());
  }

  /** Offer agents; stay with the one that was chosen, or begin with one that has a memory. */
  offer(suite, agents) {
    this.suite = suite;
    this.agents = agents;
    const before = $("player-agent").selectedOptions[0]?.textContent;
    $("player-agent").replaceChildren(
      ...agents.map((agent, i) => element("option", { value: i }, agent.name)),
    );
    const same = agents.findIndex((agent) => agent.name === before);
    const remembering = agents.findIndex((agent) => agent.recordings[0].memory);
    $("player-agent").value = Math.max(0, same >= 0 ? same : remembering);
    this.chooseAgent();
  }

  chooseAgent() {
    const before = $("player-episode").value || "0";
    $("player-episode").replaceChildren(
      ...this.suite.recorded.map(({ label }, i) => element("option", { value: i }, label)),
    );
    $("player-episode").value = before in this.suite.recorded ? before : "0";
    this.load();
  }

  load() {
    this.pause();
    const agent = this.agents[$("player-agent").value];
    $("watch").classList.toggle("unfit", !agent);
    if (!agent) return;
    const number = $("player-episode").value;
    const episode = this.suite.recorded[number];
    const recording = agent.recordings[number];
    this.inputs = unpack(episode.inputs);
    this.targets = unpack(episode.targets);
    this.scored = episode.scored;
    this.actions = unpack(recording.actions);
    this.memory = recording.memory && {
      ...recording.memory,
      words: unpack(recording.memory.words),
      read: unpack(recording.memory.read),
      write: unpack(recording.memory.write),
    };
    this.steps = this.scored.length;
    $("step").max = this.steps;
    $("watch").classList.toggle("memoryless", !this.memory);
    this.goTo(this.steps - 1);
  }

  play() {
    this.pause();
    if (this.step === this.steps - 1) this.goTo(0);
    $("play").textContent = "Pause";
    $("status").setAttribute("aria-live", "off");
    this.timer = setInterval(() => {
      this.goTo(this.step + 1);
      if (this.step === this.steps - 1) this.pause();
    }, 1000 / Number($("player-speed").value));
  }

  pause() {
    clearInterval(this.timer);
    this.timer = null;
    $("play").textContent = "Play";
    $("status").setAttribute("aria-live", "polite");
  }

  goTo(step) {
    this.step = Math.min(this.steps - 1, Math.max(0, step));
    $("step").value = this.step + 1;
    $("step").setAttribute("aria-valuetext", `step ${this.step + 1} of ${this.steps}`);
    $("status").textContent = this.describe();
    this.draw();
  }

  target(t, bit) {
    return Math.round(this.targets.values[t * this.targets.shape[1] + bit]);
  }

  answer(t, bit) {
    return this.actions.values[t * this.actions.shape[1] + bit];
  }

  isWrong(t, bit) {
    return this.scored[t] && this.answer(t, bit) > 0.5 !== (this.target(t, bit) === 1);
  }

  /** The strongest weight that any head of a kind has at a location. */
  weight(kind, t, place) {
    const [, heads, locations] = this.memory[kind].shape;
    const { values } = this.memory[kind];
    const weights = Array.from({ length: heads }, (_, h) => values[(t * heads + h) * locations + place]);
    return Math.max(...weights);
  }

  describe() {
    const bits = [...Array(this.targets.shape[1]).keys()];
    const wrongSoFar = this.scored
      .slice(0, this.step + 1)
      .reduce((sum, _, t) => sum + bits.filter((bit) => this.isWrong(t, bit)).length, 0);
    const parts = [`Step ${this.step + 1} of ${this.steps}`];
    if (this.scored[this.step]) {
      const said = bits.map((bit) => (this.answer(this.step, bit) > 0.5 ? 1 : 0)).join("");
      const asked = bits.map((bit) => this.target(this.step, bit)).join("");
      parts.push(`answers ${said}, target ${asked}${said === asked ? "" : ": wrong"}`);
    } else {
      parts.push("listens");
    }
    parts.push(`wrong bits so far: ${wrongSoFar}`);
    if (this.memory) parts.push(this.describeHeads());
    return parts.join(" · ");
  }

  describeHeads() {
    return ["write", "read"]
      .map((kind) => {
        const weights = this.memory.locations.map((_, place) => this.weight(kind, this.step, place));
        const best = weights.indexOf(Math.max(...weights));
        const percent = Math.round(100 * weights[best]);
        return `${kind}s at location ${this.memory.locations[best]} (${percent} %)`;
      })
      .join(", ");
  }

  draw() {
    const [cell, ink] = [themeColor("cell"), themeColor("ink")];
    const { steps, step: now } = this;
    const strip = (id, label, rows, rowHeight, color, framed) => {
      drawStrip($(id), { steps, rows, now, rowHeight, color, framed });
      $(id).setAttribute("aria-label", `${label}, up to step ${now + 1} of ${steps}`);
    };
    const { low, high } = this.suite.recorded[$("player-episode").value].inputs;
    const inputRows = this.inputs.shape[1];
    strip("input", "Input", inputRows, rowHeightFor(inputRows), (t, row) => {
      const value = this.inputs.values[t * inputRows + row];
      return t > now ? null : mix(cell, value < 0 ? themeColor("negative") : ink, value / (value < 0 ? low : high));
    });
    const rows = this.targets.shape[1];
    strip("target", "Target", rows, rowHeightFor(rows), (t, bit) =>
      this.scored[t] ? mix(themeColor("asked"), ink, this.target(t, bit)) : null,
    );
    strip(
      "answer",
      "Answer",
      rows,
      rowHeightFor(rows),
      (t, bit) => (this.scored[t] && t <= now ? mix(themeColor("asked"), ink, this.answer(t, bit)) : null),
      (t, bit) => this.isWrong(t, bit),
    );
    if (this.memory) this.drawMemory(strip);
  }

  drawMemory(strip) {
    const { locations, words } = this.memory;
    const now = this.step;
    const rowHeight = Math.max(2, Math.min(10, 150 / locations.length));
    for (const [id, kind] of [["writing", "write"], ["reading", "read"]]) {
      strip(id, `Weights of the ${kind} head`, locations.length, rowHeight, (t, place) =>
        t > now ? null : mix(themeColor("cell"), themeColor(kind), this.weight(kind, t, place)),
      );
    }
    const width = words.shape[2];
    const row = (place) => {
      const start = (now * locations.length + place) * width;
      return Array.from(words.values.subarray(start, start + width));
    };
    drawMemory($("memory"), {
      locations,
      width,
      word: { row },
      weight: {
        read: (place) => this.weight("read", now, place),
        write: (place) => this.weight("write", now, place),
      },
    });
    $("memory").setAttribute(
      "aria-label",
      `Memory after step ${now + 1}: ${locations.length} of ${this.memory.size} locations are used; ${this.describeHeads()}`,
    );
  }
}

const rowHeightFor = (rows) => (rows <= 2 ? 24 : 12);
