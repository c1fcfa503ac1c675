"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);

/** Make an element; text stays text, whatever an entry calls itself. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function formatNumber(value) {
  if (value === 0 || value >= 100) return value.toFixed(0);
  if (value >= 10) return value.toFixed(1);
  return Math.abs(value) >= 0.01 ? String(Number(value.toPrecision(3))) : value.toPrecision(1);
}

function formatInterval([mean, low, high]) {
  const range = low === high ? "" : ` [${formatNumber(low)}, ${formatNumber(high)}]`;
  return formatNumber(mean) + range;
}

const formatCount = (value) => value.toLocaleString("en");
const taskTitle = (name) => name.replaceAll("_", " ");

/** Numbers of a packed array: a byte for each, spread evenly from low to high. */
function unpack({ shape, low, high, bytes }) {
  const text = atob(bytes);
  const values = new Float32Array(text.length);
  for (let i = 0; i < text.length; i++) {
    values[i] = low + ((high - low) * text.charCodeAt(i)) / 255;
  }
  return { shape, values };
}

const PALETTE = ["#4c6ef5", "#e8590c", "#12936f", "#c2255c", "#9c36b5", "#8a6d00", "#1098ad", "#5c5f66"];
const DASHES = [[], [7, 3], [2, 3], [9, 3, 2, 3]];
const names = [...new Set(data.agents.map((agent) => agent.name))];

/** An agent looks the same everywhere: colours first, then dashes. */
function lookOf(name) {
  const number = names.indexOf(name);
  return {
    color: PALETTE[number % PALETTE.length],
    dash: DASHES[Math.floor(number / PALETTE.length + (number % 2) / 2) % DASHES.length],
  };
}

const themeColor = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
