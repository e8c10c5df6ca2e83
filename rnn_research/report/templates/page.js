// What responds in a report: tables that sort, charts, maps of values. Everything is in the page; nothing is fetched.
"use strict";

const DATA = JSON.parse(document.getElementById("data").textContent);
const SVG = "http://www.w3.org/2000/svg";
const DASHES = ["", "7 3", "7 3 1.5 3", "1.5 3", "6 2 1.5 2 1.5 2", "3 2", "12 3"];
const COLOURS = 7;
const HEIGHT = 230; // of a panel, in pixels
const EDGE = { top: 10, right: 18, bottom: 36 };

// ---------------------------------------------------------------------------------------------------------- elements

function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

function shape(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

// ----------------------------------------------------------------------------------------------------------- numbers

function text(value, digits = 3) {
  if (value === null || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size > 0 && (size < 1e-3 || size >= 1e7)) return value.toExponential(digits - 1);
  if (size >= 1000) return Math.round(value).toLocaleString("en");
  return value.toPrecision(digits).replace("-", "−");
}

function tickText(value) {
  const size = Math.abs(value);
  if (value === 0) return "0";
  if (size < 1e-3 || size >= 1e6) return value.toExponential(1).replace(".0e", "e").replace("e+", "e");
  return size >= 1000 ? value.toLocaleString("en") : String(Number(value.toPrecision(6)));
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

// ------------------------------------------------------------------------------------------------------------ charts

const charts = []; // those with the same horizontal axis share a crosshair

function colour(arm) {
  return `var(--c${arm % COLOURS})`;
}

function dash(arm) {
  return DASHES[(arm + Math.floor(arm / COLOURS)) % DASHES.length];
}

class Chart {
  constructor(root) {
    this.root = root;
    this.data = DATA.charts[root.dataset.chart];
    this.view = 0;
    this.mode = "mean";
    this.keep = 0;
    this.hidden = new Set();
    this.zoom = null; // [low, high] of the horizontal axis, as it is drawn
    this.cursor = null; // a value of the horizontal axis
    this.logX = this.data.log;
    this.fixed = this.data.views.every((view) => view.panels.every((panel) => panel.means.length));
    this.build();
    this.choose(0);
    charts.push(this);
    new ResizeObserver(() => this.width !== this.grid.clientWidth && this.draw()).observe(this.grid);
  }

  build() {
    this.controls = element("div", { class: "controls" });
    this.legend = element("div", { class: "legend", role: "group", "aria-label": "Lines: show or hide" });
    this.grid = element("div", { class: "panels" });
    this.readout = element("p", { class: "readout", "aria-live": "polite" });
    this.root.append(this.controls, this.legend, this.grid, this.readout);
    const { views } = this.data;
    if (views.length > 1) {
      const options = views.map((view, index) => element("option", { value: index }, view.name));
      const select = element("select", { onchange: () => this.choose(Number(select.value)) }, ...options);
      this.controls.append(element("label", {}, "Show ", select));
    }
    const modes = { mean: "mean, 95% interval", median: "median, middle half", seeds: "every seed" };
    const options = Object.entries(modes).map(([value, name]) => element("option", { value }, name));
    const mode = element("select", { onchange: () => this.set({ mode: mode.value }) }, ...options);
    const smooth = element("input", {
      type: "range", min: 0, max: 0.95, step: 0.05, value: 0, "aria-label": "Smoothing",
      oninput: () => this.set({ keep: Number(smooth.value) }),
    });
    this.boxX = element("input", { type: "checkbox", onchange: () => this.set({ logX: this.boxX.checked, zoom: null }) });
    this.boxY = element("input", { type: "checkbox", onchange: () => this.set({ logY: this.boxY.checked }) });
    this.boxX.checked = this.logX;
    if (!this.fixed) this.controls.append(element("label", {}, "Seeds ", mode), element("label", {}, "Smooth ", smooth));
    this.controls.append(
      element("label", {}, this.boxX, " log x"), element("label", {}, this.boxY, " log y"),
      element("span", { class: "buttons", role: "group", "aria-label": "Zoom" },
        element("button", { type: "button", title: "Zoom in (+)", "aria-label": "Zoom in", onclick: () => this.scale(0.5) }, "+"),
        element("button", { type: "button", title: "Zoom out (−)", "aria-label": "Zoom out", onclick: () => this.scale(2) }, "−"),
        element("button", { type: "button", title: "All of it (0)", onclick: () => this.set({ zoom: null }) }, "reset")),
    );
  }

  choose(view) {
    this.view = view;
    this.panels = this.data.views[view].panels;
    this.logY = this.boxY.checked = this.panels.some((panel) => panel.log);
    this.zoom = null;
    for (const panel of this.panels) {
      panel.runs.forEach((run) => (run.x = DATA.steps[run.at].slice(0, run.y.length)));
    }
    this.hidden.delete("baseline");
    if (this.panels.every((panel) => squashes(panel))) this.hidden.add("baseline");
    this.buildLegend();
    this.draw();
  }

  set(changes) {
    Object.assign(this, changes);
    this.draw();
  }

  buildLegend() {
    const shown = new Set(this.panels.flatMap((panel) => lines(panel).map((one) => one.arm)));
    const arms = [...shown].sort((a, b) => a - b);
    const entries = arms.map((arm) => this.entry(arm, DATA.arms[arm], colour(arm), dash(arm)));
    if (this.panels.some((panel) => panel.baseline !== null)) {
      entries.push(this.entry("baseline", "trivial baseline", "var(--faint)", "2 3"));
    }
    if (arms.length > 3) {
      const all = () => { arms.forEach((arm) => this.hidden.delete(arm)); this.pressed(); };
      const none = () => { arms.forEach((arm) => this.hidden.add(arm)); this.pressed(); };
      entries.push(element("button", { type: "button", class: "plain", onclick: all }, "all"));
      entries.push(element("button", { type: "button", class: "plain", onclick: none }, "none"));
    }
    this.legend.replaceChildren(...entries);
    this.pressed(false);
  }

  entry(key, name, stroke, dashes) {
    const line = shape("svg", { width: 26, height: 10, "aria-hidden": true },
      shape("line", { x1: 1, x2: 25, y1: 5, y2: 5, "stroke-width": 2.4, "stroke-dasharray": dashes, style: `stroke:${stroke}` }));
    const toggle = () => {
      if (!this.hidden.delete(key)) this.hidden.add(key);
      this.pressed();
    };
    return element("button", { type: "button", class: "arm", "data-key": key, onclick: toggle }, line, name);
  }

  pressed(draw = true) {
    for (const button of this.legend.querySelectorAll(".arm")) {
      const key = button.dataset.key === "baseline" ? "baseline" : Number(button.dataset.key);
      button.setAttribute("aria-pressed", String(!this.hidden.has(key)));
    }
    if (draw) this.draw();
  }

  // The horizontal axis as it is drawn: the logarithm where that is asked for.
  across(x) {
    return this.logX ? Math.log10(x) : x;
  }

  extent() {
    let low = Infinity, high = -Infinity;
    for (const panel of this.panels) {
      for (const run of lines(panel)) {
        for (const step of run.x) {
          if (this.logX && step <= 0) continue;
          low = Math.min(low, step);
          high = Math.max(high, step);
        }
      }
    }
    return low < high ? [this.across(low), this.across(high)] : [this.across(high) - 0.5, this.across(high) + 0.5];
  }

  scale(factor, shift = 0) {
    const all = this.extent(), [low, high] = this.zoom || all;
    const inside = this.cursor !== null && this.across(this.cursor) >= low && this.across(this.cursor) <= high;
    const middle = inside && factor < 1 ? this.across(this.cursor) : (low + high) / 2;
    const half = ((high - low) * factor) / 2, moved = shift * (high - low);
    let [first, last] = [middle - half + moved, middle + half + moved];
    if (last - first >= all[1] - all[0]) return this.set({ zoom: null });
    if (first < all[0]) [first, last] = [all[0], all[0] + last - first];
    if (last > all[1]) [first, last] = [all[1] - (last - first), all[1]];
    return this.set({ zoom: [first, last] });
  }

  draw() {
    this.width = this.grid.clientWidth;
    if (!this.width) return; // in a part that is closed: the observer calls again
    const gap = 20, least = Math.min(300, this.width);
    const columns = Math.max(1, Math.min(this.panels.length, 3, Math.floor((this.width + gap) / (least + gap))));
    this.grid.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    const width = (this.width - gap * (columns - 1)) / columns;
    const focused = [...this.grid.children].findIndex((child) => child.contains(document.activeElement));
    this.drawn = this.panels.map((panel, index) => new Panel(this, panel, width, index));
    this.grid.replaceChildren(...this.drawn.map((panel) => panel.node));
    if (focused >= 0) this.drawn[focused].frame.focus({ preventScroll: true });
    this.showCursor();
  }

  // Where the crosshair stands, here and in every chart over the same axis; ``panel`` is where the values are read.
  point(x, panel) {
    for (const chart of charts) {
      if (chart.data.xlabel === this.data.xlabel) {
        chart.cursor = x;
        chart.reading = chart === this ? panel : null;
        chart.showCursor();
      }
    }
  }

  showCursor() {
    (this.drawn || []).forEach((panel, index) => panel.showCursor(this.cursor, index === this.reading));
    if (this.cursor === null || this.reading === null) this.readout.textContent = "";
  }
}

function lines(panel) {
  return panel.means.length ? panel.means : panel.runs;
}

// Whether the baseline would leave the lines less than a third of the height.
function squashes(panel) {
  if (panel.baseline === null) return true;
  const values = panel.runs.flatMap((run) => run.y).filter((value) => value !== null);
  const place = panel.log ? (value) => Math.log10(Math.max(value, 1e-300)) : (value) => value;
  const low = place(Math.min(...extremes(values))), high = place(Math.max(...extremes(values))), at = place(panel.baseline);
  return (high - low) * 3 < Math.max(high, at) - Math.min(low, at);
}

function extremes(values) {
  return values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
}

class Panel {
  constructor(chart, panel, width, index) {
    Object.assign(this, { chart, panel, width, index });
    this.lines = this.ready();
    this.frame = shape("svg", {
      width, height: HEIGHT, tabindex: 0, role: "img", viewBox: `0 0 ${width} ${HEIGHT}`,
      "aria-label": this.described(),
    });
    this.over = shape("g", { "pointer-events": "none" });
    this.tip = element("div", { class: "tip", hidden: true });
    const title = panel.title ? [element("h4", {}, panel.title)] : [];
    this.node = element("div", { class: "panel" }, ...title, element("div", { class: "frame" }, this.frame, this.tip));
    this.paint();
    this.listen();
  }

  // What is drawn: by arm the runs, smoothed, and what they come to.
  ready() {
    const { hidden, keep, mode, logY } = this.chart, arms = new Map(), means = [];
    for (const run of this.panel.runs) {
      if (hidden.has(run.arm)) continue;
      const known = run.y.map((value) => (value === null || (logY && value <= 0) ? null : value));
      if (!arms.has(run.arm)) arms.set(run.arm, []);
      arms.get(run.arm).push({ ...run, y: smoothed(known, keep) });
    }
    for (const one of this.panel.means) {
      if (hidden.has(one.arm)) continue;
      const points = one.x.map((x, index) => ({ x, y: one.y[index], low: one.low[index], high: one.high[index] }));
      means.push({ arm: one.arm, runs: [], middle: points.filter((point) => point.y !== null && (point.y > 0 || !logY)) });
    }
    return means.concat([...arms.entries()].map(([arm, runs]) => {
      const middle = summarised(runs, mode === "median" ? "median" : "mean");
      if (logY) middle.forEach((point) => { if (point.low !== null && point.low <= 0) point.low = point.y / 10; });
      return { arm, runs, middle };
    }));
  }

  described() {
    const last = this.lines.map(({ arm, middle }) => {
      const end = middle[middle.length - 1];
      return end ? `${DATA.arms[arm]} ${text(end.y)}` : `${DATA.arms[arm]} nothing`;
    });
    return `${this.panel.title || ""} ${this.panel.ylabel} against ${this.chart.data.xlabel}; at the end ${last.join(", ")}. ` +
      "Arrow keys read values, plus and minus zoom, 0 shows all.";
  }

  paint() {
    const { chart, panel, frame } = this, [low, high] = chart.zoom || chart.extent();
    const [bottom, top] = this.vertical(low, high), marks = ticks(bottom, top, chart.logY, 5);
    const left = 14 + 6.4 * Math.max(...marks.map((value) => tickText(value).length), 2);
    const inner = this.width - left - EDGE.right, tall = HEIGHT - EDGE.top - EDGE.bottom;
    this.left = left;
    this.low = low;
    this.high = high;
    this.x = (value) => left + ((chart.across(value) - low) / (high - low)) * inner;
    this.y = (value) => EDGE.top + tall - (((chart.logY ? Math.log10(value) : value) - bottom) / (top - bottom)) * tall;
    this.back = (pixel) => {
      const place = low + ((Math.max(left, Math.min(this.width - EDGE.right, pixel)) - left) / inner) * (high - low);
      return chart.logX ? 10 ** place : place;
    };
    for (const value of marks) {
      frame.append(shape("line", { class: "rule", x1: left, x2: this.width - EDGE.right, y1: this.y(value), y2: this.y(value) }));
      frame.append(shape("text", { x: left - 6, y: this.y(value) + 4, "text-anchor": "end" }, tickText(value)));
    }
    for (const [value, said] of this.places(low, high, inner)) {
      const at = this.x(value), edge = at > this.width - 24 ? "end" : "middle";
      frame.append(shape("text", { x: edge === "end" ? this.width : at, y: HEIGHT - 20, "text-anchor": edge }, said));
    }
    frame.append(shape("line", { class: "axis", x1: left, x2: this.width - EDGE.right, y1: HEIGHT - EDGE.bottom, y2: HEIGHT - EDGE.bottom }));
    const ylabel = panel.ylabel + (chart.logY ? ", log" : "");
    frame.append(shape("text", { x: left + inner / 2, y: HEIGHT - 4, "text-anchor": "middle", class: "name" }, chart.data.xlabel));
    this.node.querySelector(".frame").before(element("p", { class: "ylabel" }, ylabel));
    const clip = `clip-${Panel.count = (Panel.count || 0) + 1}`;
    frame.append(shape("clipPath", { id: clip }, shape("rect", { x: left - 4, y: 0, width: Math.max(0, inner) + 8, height: HEIGHT })));
    const inside = shape("g", { "clip-path": `url(#${clip})` });
    frame.append(inside, this.over);
    this.paintLines(inside);
  }

  // Where the horizontal axis is marked, with what is written there: values of an axis as far as there is room.
  places(low, high, inner) {
    const { chart, panel } = this;
    if (!panel.ticks.length) return ticks(low, high, chart.logX, Math.max(2, Math.floor(inner / 70))).map((value) => [value, tickText(value)]);
    let free = -Infinity;
    return panel.ticks.filter(([value, said]) => {
      const at = this.x(value), half = said.length * 3.3 + 4;
      if (chart.across(value) < low - 1e-9 || chart.across(value) > high + 1e-9 || at - half < free) return false;
      free = at + half;
      return true;
    });
  }

  paintLines(inside) {
    const { chart, panel } = this;
    for (const mark of panel.marks || []) this.level(inside, mark, "mark");
    if (panel.baseline !== null && !chart.hidden.has("baseline") && (panel.baseline > 0 || !chart.logY)) this.level(inside, panel.baseline, "baseline");
    (panel.beside || []).forEach(({ x, y }, index) => {
      inside.append(shape("path", { class: "beside", "stroke-dasharray": DASHES[index % 4], d: this.path(x, y) }));
    });
    for (const { arm, runs, middle } of this.lines) {
      const style = `stroke:${colour(arm)}`;
      if (chart.mode === "seeds") {
        for (const run of runs) inside.append(shape("path", { class: "seed", style, "data-arm": arm, d: this.path(run.x, run.y) }));
      } else {
        const band = middle.filter((point) => point.low !== null);
        if (chart.fixed) {
          for (const point of band) {
            inside.append(shape("line", { class: "bar", style, x1: this.x(point.x), x2: this.x(point.x), y1: this.y(Math.max(point.low, chart.logY ? 1e-300 : point.low)), y2: this.y(point.high) }));
          }
        } else if (band.length) {
          const there = band.map((point) => `${this.at(point.x, point.high)}`), back = band.map((point) => this.at(point.x, point.low));
          inside.append(shape("path", { class: "band", style: `fill:${colour(arm)}`, d: `M${there.join("L")}L${back.reverse().join("L")}Z` }));
        }
        const d = this.path(middle.map((point) => point.x), middle.map((point) => point.y));
        inside.append(shape("path", { class: "line", style, "data-arm": arm, "stroke-dasharray": dash(arm), d }));
        if (middle.length < 16) {
          for (const point of middle) inside.append(shape("circle", { r: 2.4, cx: this.x(point.x), cy: this.y(point.y), style: `fill:${colour(arm)}` }));
        }
      }
      for (const run of runs.filter((one) => one.died && one.x.length)) {
        const x = this.x(run.x[run.x.length - 1]);
        inside.append(shape("path", { class: "died", style, d: `M${x - 4} 3l8 8m0 -8l-8 8` }, shape("title", {}, `${DATA.arms[arm]}, seed ${run.seed}: diverged`)));
      }
    }
  }

  level(inside, value, name) {
    const y = this.y(value);
    inside.append(shape("line", { class: name, x1: this.left, x2: this.width - EDGE.right, y1: y, y2: y }));
  }

  at(x, y) {
    return `${this.x(x).toFixed(1)} ${this.y(y).toFixed(1)}`;
  }

  path(xs, ys) {
    let d = "", pen = "M";
    xs.forEach((x, index) => {
      const y = ys[index];
      if (y === null || y === undefined || (this.chart.logX && x <= 0) || (this.chart.logY && y <= 0)) {
        pen = "M";
      } else {
        d += pen + this.at(x, y);
        pen = "L";
      }
    });
    return d;
  }

  // The ends of the vertical axis over what is shown between two places of the horizontal one.
  vertical(from, to) {
    const { chart, panel } = this, seen = [], place = (value) => (chart.logY ? Math.log10(value) : value);
    const add = (x, ...values) => {
      const across = chart.across(x);
      if (across < from - 1e-9 || across > to + 1e-9) return;
      for (const value of values) if (value !== null && value !== undefined && (value > 0 || !chart.logY)) seen.push(place(value));
    };
    for (const { runs, middle } of this.lines) {
      if (chart.mode === "seeds") runs.forEach((run) => run.x.forEach((x, index) => add(x, run.y[index])));
      else middle.forEach((point) => add(point.x, point.y, point.low, point.high));
    }
    if (!chart.zoom) {
      for (const level of [...(panel.marks || []), chart.hidden.has("baseline") ? null : panel.baseline]) {
        if (level !== null && (level > 0 || !chart.logY)) seen.push(place(level));
      }
    }
    let [low, high] = extremes(seen);
    if (!seen.length) [low, high] = chart.logY ? [-1, 0] : [0, 1];
    const room = high > low ? (high - low) * 0.04 : Math.max(Math.abs(high) * 0.05, 1e-9);
    return [low - room, high + room];
  }

  steps() {
    const found = new Set(lines(this.panel).flatMap((run) => run.x));
    return [...found].filter((x) => this.chart.across(x) >= this.low - 1e-9 && this.chart.across(x) <= this.high + 1e-9).sort((a, b) => a - b);
  }

  listen() {
    const { chart, frame, index } = this;
    let from = null;
    const pixel = (event) => event.clientX - frame.getBoundingClientRect().left;
    frame.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "mouse") chart.point(this.nearest(this.back(pixel(event))), index);
      if (event.pointerType !== "mouse" || event.button) return;
      from = pixel(event);
      frame.setPointerCapture(event.pointerId);
    });
    frame.addEventListener("pointermove", (event) => {
      chart.point(this.nearest(this.back(pixel(event))), index);
      if (from !== null) this.selected(from, pixel(event));
    });
    frame.addEventListener("pointerup", (event) => {
      const to = pixel(event), start = from;
      from = null;
      if (start === null || Math.abs(to - start) < 8) return this.selected(0, 0);
      const ends = [this.back(start), this.back(to)].map((x) => chart.across(x)).sort((a, b) => a - b);
      return chart.set({ zoom: ends });
    });
    frame.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && from === null && chart.point(null, null));
    frame.addEventListener("dblclick", () => chart.set({ zoom: null }));
    frame.addEventListener("blur", () => chart.point(null, null));
    frame.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { chart, index } = this, steps = this.steps(), now = steps.indexOf(chart.cursor);
    const walk = (by) => chart.point(steps[Math.max(0, Math.min(steps.length - 1, now < 0 ? (by > 0 ? 0 : steps.length - 1) : now + by))], index);
    const keys = {
      ArrowRight: () => (event.shiftKey ? chart.scale(1, 0.25) : walk(1)),
      ArrowLeft: () => (event.shiftKey ? chart.scale(1, -0.25) : walk(-1)),
      Home: () => chart.point(steps[0], index), End: () => chart.point(steps[steps.length - 1], index),
      "+": () => chart.scale(0.5), "=": () => chart.scale(0.5), "-": () => chart.scale(2), 0: () => chart.set({ zoom: null }),
      Escape: () => chart.point(null, null),
    };
    if (!keys[event.key]) return;
    keys[event.key]();
    event.preventDefault();
  }

  selected(from, to) {
    this.over.querySelector(".zoom")?.remove();
    if (Math.abs(to - from) < 8) return;
    const height = HEIGHT - EDGE.top - EDGE.bottom;
    this.over.append(shape("rect", { class: "zoom", x: Math.min(from, to), width: Math.abs(to - from), y: EDGE.top, height }));
  }

  nearest(x) {
    let best = null, least = Infinity;
    for (const step of this.steps()) {
      const away = Math.abs(this.chart.across(step) - this.chart.across(x));
      if (away < least) [best, least] = [step, away];
    }
    return best;
  }

  showCursor(x, reading) {
    const zoom = this.over.querySelector(".zoom");
    this.over.replaceChildren(...(zoom ? [zoom] : []));
    this.tip.hidden = true;
    if (x === null || this.chart.across(x) < this.low - 1e-9 || this.chart.across(x) > this.high + 1e-9) return;
    const at = this.x(x);
    this.over.append(shape("line", { class: "cross", x1: at, x2: at, y1: EDGE.top, y2: HEIGHT - EDGE.bottom }));
    const values = this.values(x);
    for (const { arm, y } of values) this.over.append(shape("circle", { class: "dot", r: 3.5, cx: at, cy: this.y(y), style: `fill:${colour(arm)}` }));
    if (!reading || !values.length) return;
    const named = this.panel.ticks.find(([value]) => value === x);
    const where = `${this.chart.data.xlabel.replace(/ \(.*/, "")} ${named ? named[1] : tickText(x)}`;
    const rows = values.map(({ arm, said }) => element("tr", {},
      element("th", {}, element("i", { style: `background:${colour(arm)}` }), DATA.arms[arm]), element("td", {}, said)));
    this.tip.replaceChildren(element("b", {}, where), element("table", {}, element("tbody", {}, ...rows)));
    this.tip.hidden = false;
    const wide = this.tip.offsetWidth, beside = at + 14 + wide <= this.width ? at + 14 : at - wide - 14;
    this.tip.style.left = `${Math.max(0, beside)}px`;
    this.tip.style.top = beside < 0 ? `${HEIGHT - 4}px` : "6px"; // no room beside the crosshair: under the panel
    this.chart.readout.textContent = `${where}: ` + values.map(({ arm, said }) => `${DATA.arms[arm]} ${said}`).join("; ");
  }

  // By arm what it is at a step, the largest first.
  values(x) {
    const { mode } = this.chart, found = [];
    for (const { arm, runs, middle } of this.lines) {
      if (mode === "seeds") {
        const known = runs.map((run) => run.y[run.x.indexOf(x)]).filter((value) => value !== null && value !== undefined);
        if (known.length) {
          const [low, high] = extremes(known);
          const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
          found.push({ arm, y: mean, said: known.length > 1 ? `${text(low)} to ${text(high)}, ${known.length} seeds` : text(low) });
        }
      } else {
        const point = middle.find((one) => one.x === x);
        if (point) found.push({ arm, y: point.y, said: text(point.y) + (point.low === null ? "" : ` [${text(point.low)}, ${text(point.high)}]`) });
      }
    }
    return found.sort((a, b) => b.y - a.y);
  }
}

// ------------------------------------------------------------------------------------------------------------ tables

// A click on a heading sorts, another one turns it round, a third one gives the order back.
function sortable(table) {
  const body = table.tBodies[0], original = [...body.rows], heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    if (head.textContent.trim() === "" || head.dataset.fixed !== undefined) return;
    const button = element("button", { type: "button", class: "sort", onclick: () => turn(head, column) }, ...head.childNodes);
    head.append(button);
  });
  function turn(head, column) {
    const next = { none: "ascending", ascending: "descending", descending: "none" }[head.ariaSort || "none"];
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    if (next === "none") return body.replaceChildren(...original);
    head.setAttribute("aria-sort", next);
    const sign = next === "ascending" ? 1 : -1;
    return body.replaceChildren(...[...original].sort((a, b) => compare(key(a, column), key(b, column), sign)));
  }
  const key = (row, column) => {
    const held = row.cells[column]?.dataset.key;
    return held === undefined || held === "" ? null : Number.isNaN(Number(held)) ? held : Number(held);
  };
  const compare = (a, b, sign) => {
    if (a === null || b === null) return (a === null) - (b === null);
    return sign * (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true }));
  };
}

// ---------------------------------------------------------------------------------------------------- maps of values

// Under a map of values, what the cell under the pointer holds; arrows walk from cell to cell.
function readable(map) {
  const { values, rows, columns } = JSON.parse(map.dataset.values), image = map.querySelector(".cells");
  const said = map.querySelector(".cell-value"), box = element("i", { class: "cell-box", hidden: true });
  image.append(box);
  let place = null;
  const show = (row, column) => {
    place = [row, column];
    const value = values[row]?.[column];
    said.textContent = `${rows[row] ?? row + 1}, ${columns[column] ?? column + 1}: ${value === null || value === undefined ? "–" : text(value)}`;
    const [width, height] = [100 / values[0].length, 100 / values.length];
    box.style.cssText = `left:${column * width}%;top:${row * height}%;width:${width}%;height:${height}%`;
    box.hidden = false;
  };
  const clear = () => { said.textContent = "\u00a0"; box.hidden = true; place = null; };
  image.addEventListener("pointermove", (event) => {
    const { left, top, width, height } = image.getBoundingClientRect();
    const index = (share, count) => Math.max(0, Math.min(count - 1, Math.floor(share * count)));
    show(index((event.clientY - top) / height, values.length), index((event.clientX - left) / width, values[0].length));
  });
  image.addEventListener("pointerleave", clear);
  image.addEventListener("blur", clear);
  image.addEventListener("keydown", (event) => {
    const by = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!by) return;
    event.preventDefault();
    const [row, column] = place || [0, 0], within = (at, count) => Math.max(0, Math.min(count - 1, at));
    show(place ? within(row + by[0], values.length) : 0, place ? within(column + by[1], values[0].length) : 0);
  });
}

// ------------------------------------------------------------------------------------------------------------ trials

// The small curve of a trial, drawn when its part is opened.
function sparkline(cell) {
  const [at, ys] = DATA.sparks[cell.dataset.spark], x = DATA.steps[at], known = ys.filter((value) => value !== null);
  if (known.length < 2) return;
  const [low, high] = extremes(known), wide = 120, tall = 22, last = x[ys.length - 1] || 1;
  let pen = "M", d = "";
  ys.forEach((value, index) => {
    if (value === null) { pen = "M"; return; }
    d += `${pen}${((x[index] / last) * wide).toFixed(1)} ${(tall - 2 - ((value - low) / (high - low || 1)) * (tall - 4)).toFixed(1)}`;
    pen = "L";
  });
  const said = `from ${text(ys[0])} to ${text(known[known.length - 1])}, between ${text(low)} and ${text(high)}`;
  cell.append(shape("svg", { class: "spark", width: wide, height: tall, role: "img", "aria-label": said }, shape("title", {}, said), shape("path", { d })));
}

// ------------------------------------------------------------------------------------------------------------- start

document.querySelectorAll("table.sortable").forEach(sortable);
document.querySelectorAll(".chart").forEach((root) => new Chart(root));
document.querySelectorAll("[data-values]").forEach(readable);
document.querySelectorAll("details.trials").forEach((part) =>
  part.addEventListener("toggle", () => part.querySelectorAll("[data-spark]:empty").forEach(sparkline)));
document.querySelectorAll("button.copy").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const code = button.parentElement.querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "copied";
    } catch {
      getSelection().selectAllChildren(code); // where the browser does not let a page write to the clipboard
    }
  });
});
