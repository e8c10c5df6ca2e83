// What responds in a report, in files that the page holds as one script; nothing is fetched. Here: the page's data,
// elements, and numbers: as text, on axes, over runs.
"use strict";

const DATA = JSON.parse(document.getElementById("data").textContent);
const SVG = "http://www.w3.org/2000/svg";
const DASHES = ["", "7 3", "7 3 1.5 3", "1.5 3", "6 2 1.5 2 1.5 2", "3 2", "12 3"];
const COLOURS = 7;
const HEIGHT = 230; // of a panel, in pixels
const EDGE = { top: 10, right: 18, bottom: 36 };

function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

function shape(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value === true && !key.startsWith("aria-") ? "" : value);
  }
  node.append(...children);
  return node;
}

function text(value, digits = 3) {
  if (value === null || !Number.isFinite(value)) return "–";
  const size = Math.abs(Number(value.toPrecision(digits))); // as it is shown: 999.6 is 1,000
  const short = size > 0 && (size < 1e-3 || size >= 1e7) ? value.toExponential(digits - 1)
    : size >= 1000 ? Math.round(value).toLocaleString("en") : value.toPrecision(digits);
  return short.replace(/^-/, "−");
}

// A place on an axis; of marks that are ``apart`` from each other with as many digits as tell them apart.
function tickText(value, apart = 0) {
  const size = Math.abs(value), power = (number) => Math.floor(Math.log10(number) + 1e-9);
  if (value === 0) return "0";
  const digits = apart > 0 && apart < Infinity ? Math.max(1, Math.min(15, power(size) - power(apart) + 1)) : 6;
  const said = size < 1e-3 || size >= 1e6 ? value.toExponential(digits - 1).replace(/(\.\d*?)0*e/, "$1e").replace(".e", "e").replace("e+", "e")
    : Number(value.toPrecision(digits)).toLocaleString("en", { maximumFractionDigits: 15 });
  return said.replace(/^-/, "−");
}

function marked(values) {
  const apart = Math.min(...values.slice(1).map((value, index) => value - values[index]));
  return values.map((value) => [value, tickText(value, apart)]);
}

function ticks(low, high, logarithmic, count) {
  if (logarithmic) {
    const first = Math.ceil(low - 1e-9), last = Math.floor(high + 1e-9);
    if (last - first >= 1) {
      const every = Math.max(1, Math.ceil((last - first + 1) / count));
      return range(first, last, every).map((power) => 10 ** power);
    }
    return ticks(10 ** low, 10 ** high, false, count).filter((value) => value > 0);
  }
  const raw = (high - low) / count, power = 10 ** Math.floor(Math.log10(raw));
  if (!(raw > 1e-14 * Math.max(Math.abs(low), Math.abs(high)))) return [low]; // nothing between them has a number
  const step = [1, 2, 5, 10].map((part) => part * power).find((size) => size >= raw * 0.999);
  return range(Math.ceil(low / step - 1e-9), Math.floor(high / step + 1e-9), 1).map((index) => index * step);
}

function range(first, last, step) {
  const found = [];
  for (let value = first; value <= last; value += step) found.push(value);
  return found;
}

function quantile(sorted, share) {
  const place = (sorted.length - 1) * share, below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}

// A running mean whose first values are no more certain than they are: divided by the weight that has gone in.
function smoothed(values, keep) {
  if (!keep) return values;
  let sum = 0, weight = 0;
  return values.map((value) => {
    if (value === null) return null;
    sum = keep * sum + (1 - keep) * value;
    weight = keep * weight + (1 - keep);
    return sum / weight;
  });
}

// Of several runs, at every step: the middle, the ends of the band (null for none), and how many runs it is of.
function summarised(runs, mode) {
  const at = new Map();
  for (const { x, y } of runs) {
    x.forEach((step, index) => {
      if (y[index] === null || y[index] === undefined) return;
      if (!at.has(step)) at.set(step, []);
      at.get(step).push(y[index]);
    });
  }
  return [...at.entries()].sort((a, b) => a[0] - b[0]).map(([x, values]) => {
    const n = values.length;
    if (mode === "median") {
      values.sort((a, b) => a - b);
      const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => quantile(values, share));
      return { x, y: middle, low: n > 1 ? low : null, high: n > 1 ? high : null, n };
    }
    const mean = values.reduce((sum, value) => sum + value, 0) / n;
    if (n < DATA.points) return { x, y: mean, low: null, high: null, n };
    const spread = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
    const half = DATA.t[n] * Math.sqrt(spread / n);
    return { x, y: mean, low: mean - half, high: mean + half, n };
  });
}
