"use strict";

const channels = (hex) => [1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16));

/** A colour between two theme colours. */
function mix(from, to, part) {
  const [a, b] = [channels(from), channels(to)];
  const mixed = a.map((value, i) => Math.round(value + (b[i] - value) * Math.min(1, Math.max(0, part))));
  return `rgb(${mixed.join(",")})`;
}

/** Make a canvas as wide as its box and sharp on every screen; return its pen and width. */
function prepareCanvas(canvas, height) {
  const width = canvas.parentElement.clientWidth;
  const density = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * density);
  canvas.height = Math.round(height * density);
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d");
  pen.scale(density, density);
  return { pen, width };
}

/**
 * Draw a grid with a column for every step and a row for every channel.
 * `color(t, row)` returns null where nothing is to be seen; `framed(t, row)` marks a cell.
 */
function drawStrip(canvas, { steps, rows, now, rowHeight, color, framed }) {
  const { pen, width } = prepareCanvas(canvas, rows * rowHeight);
  const cell = width / steps;
  const gap = cell > 5 ? 1 : 0;
  pen.fillStyle = themeColor("cell");
  pen.fillRect(0, 0, width, rows * rowHeight);
  for (let t = 0; t < steps; t++) {
    for (let row = 0; row < rows; row++) {
      const fill = color(t, row);
      if (fill === null) continue;
      pen.fillStyle = fill;
      pen.fillRect(t * cell, row * rowHeight, cell - gap, rowHeight - (rowHeight > 4 ? 1 : 0));
      if (!framed || !framed(t, row)) continue;
      pen.strokeStyle = themeColor("wrong");
      pen.lineWidth = 2;
      pen.strokeRect(t * cell + 1, row * rowHeight + 1, cell - gap - 2, rowHeight - 3);
    }
  }
  pen.strokeStyle = themeColor("cursor");
  pen.lineWidth = 2;
  pen.strokeRect(now * cell - 0.5, 1, Math.max(cell, 3), rows * rowHeight - 2);
}

/** Draw the words of a memory as rows, with the heads' weights as bars beside them. */
function drawMemory(canvas, { locations, width: words, word, weight }) {
  const rowHeight = Math.max(7, Math.min(18, 460 / locations.length));
  const { pen, width } = prepareCanvas(canvas, locations.length * rowHeight);
  const side = Math.min(64, width / 5);
  const label = 30;
  const cell = (width - 2 * side - label) / words;
  const strongest = Math.max(...locations.flatMap((_, row) => word.row(row).map(Math.abs)), 1e-9);
  pen.font = `${Math.min(11, rowHeight)}px system-ui`;
  pen.textBaseline = "middle";
  pen.textAlign = "right";
  locations.forEach((location, row) => {
    const top = row * rowHeight;
    const bar = rowHeight - 2;
    pen.fillStyle = themeColor("ink-soft");
    if (rowHeight >= 9 || row % 2 === 0) pen.fillText(location, label - 5, top + rowHeight / 2);
    pen.fillStyle = themeColor("write");
    const writing = weight.write(row) * (side - 6);
    pen.fillRect(label + side - 4 - writing, top + 1, writing, bar);
    word.row(row).forEach((value, column) => {
      const color = value < 0 ? themeColor("negative") : themeColor("positive");
      pen.fillStyle = mix(themeColor("cell"), color, Math.abs(value) / strongest);
      pen.fillRect(label + side + column * cell, top, cell - (cell > 5 ? 1 : 0), rowHeight - 1);
    });
    pen.fillStyle = themeColor("read");
    pen.fillRect(width - side + 4, top + 1, weight.read(row) * (side - 6), bar);
  });
}
