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

// A number as the tables have it.
function text(value, digits = 3) {
  if (value === null || !Number.isFinite(value)) return "–";
  const size = Math.abs(value), shown = Math.abs(Number(value.toPrecision(digits))); // as it is shown: 999.6 is 1000
  if ((size > 0 && size < 1e-3) || size >= 1e5) return powered(value.toExponential(digits - 1));
  return shown >= 10 ** digits ? value.toFixed(0) : value.toPrecision(digits);
}

// An exponent of two digits at least: 9.43e-04.
function powered(short) {
  return short.replace(/e([+-])(\d)$/, "e$10$2");
}

// A place on an axis; of marks that are ``apart`` from each other with as many digits as tell them apart.
function tickText(value, apart = 0) {
  const size = Math.abs(value), power = (number) => Math.floor(Math.log10(number) + 1e-9);
  if (value === 0) return "0";
  const digits = apart > 0 && apart < Infinity ? Math.max(1, Math.min(15, power(size) - power(apart) + 1)) : 6;
  if (size < 1e-3 || size >= 1e6) return powered(value.toExponential(digits - 1).replace(/(\.\d*?)0*e/, "$1e").replace(".e", "e"));
  return Number(value.toPrecision(digits)).toLocaleString("en", { maximumFractionDigits: 15 });
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

// A curve smoothed over a window of its horizontal axis, as wide everywhere however close its places are: at each the
// line that fits the values around it best (Cleveland 1979), the nearer ones more, as at the ends a mean would be of one
// side alone; ``level``: their mean, which is between them however they are weighted.
function smoothed(xs, ys, window, level = false) {
  if (!window) return ys;
  let from = 0;
  return ys.map((value, index) => {
    if (value === null || value === undefined) return null;
    while (xs[index] - xs[from] >= window / 2) from++;
    let [s0, s1, s2, t0, t1, least, most] = [0, 0, 0, 0, 0, value, value];
    for (let place = from; place < ys.length && xs[place] - xs[index] < window / 2; place++) {
      const y = ys[place], u = (2 * (xs[place] - xs[index])) / window, fall = 1 - Math.abs(u * u * u), w = fall * fall * fall;
      if (y === null || y === undefined) continue;
      s0 += w;
      s1 += w * u;
      s2 += w * u * u;
      t0 += w * y;
      t1 += w * u * y;
      if (y < least) least = y;
      if (y > most) most = y;
    }
    const apart = s0 * s2 - s1 * s1, flat = level || !(apart > 1e-9 * s0 * s2);
    return Math.max(least, Math.min(most, flat ? t0 / s0 : (s2 * t0 - s1 * t1) / apart));
  });
}

// The same of what runs come to. An interval stays as wide as it is on the average around: that of smoothed runs would
// be narrower, though no more is known of where the curve is at a step.
function smoothedPoints(points, window, [least, most]) {
  if (!window) return points;
  const xs = points.map(({ x }) => x), y = smoothed(xs, points.map((point) => point.y), window);
  const aside = (end) => smoothed(xs, points.map((point) => (point[end] === null ? null : Math.abs(point[end] - point.y))), window, true);
  const down = aside("low"), up = aside("high");
  return points.map((point, index) => ({
    ...point, raw: point.y, y: y[index],
    low: down[index] === null ? null : Math.max(least, y[index] - down[index]),
    high: up[index] === null ? null : Math.min(most, y[index] + up[index]),
  }));
}

// Of several runs, at every step: the middle, null where no run has a number; the ends of the band, null for none, within
// what values can be; and how many runs it is of. The step at which a run diverged, which thinning leaves to it, is none
// of the others, if they have it not.
function summarised(runs, mode, [least, most]) {
  const at = new Map(), alone = runs.length === 1;
  for (const { x, y, died } of runs) {
    x.forEach((step, index) => {
      if (!at.has(step)) at.set(step, { values: [], shared: false });
      const found = at.get(step);
      found.shared ||= !died || index < x.length - 1 || alone;
      if (y[index] !== null && y[index] !== undefined) found.values.push(y[index]);
    });
  }
  const steps = [...at.entries()].filter(([, { shared }]) => shared).sort((a, b) => a[0] - b[0]);
  return steps.map(([x, { values }]) => {
    const n = values.length;
    if (!n) return { x, y: null, low: null, high: null, n };
    if (mode === "median") {
      values.sort((a, b) => a - b);
      const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => quantile(values, share));
      return { x, y: middle, low: n > 1 ? low : null, high: n > 1 ? high : null, n };
    }
    const mean = values.reduce((sum, value) => sum + value, 0) / n;
    if (n < DATA.points) return { x, y: mean, low: null, high: null, n };
    const spread = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
    const half = DATA.t[n] * Math.sqrt(spread / n);
    return { x, y: mean, low: Math.min(mean, Math.max(least, mean - half)), high: Math.max(mean, Math.min(most, mean + half)), n };
  });
}
