// One panel of a chart: its axes, its lines, and what the pointer and the keys do in it.
const UNREAD = "no value is read";
const TOLD = 10; // arms of which the tip holds the values: those nearest to the pointer
const NAME = 34; // characters of an arm's name there
const ASIDE = 6; // pixels between the intervals of two arms at one place

class Panel {
  constructor(chart, panel, width, index) {
    Object.assign(this, { chart, panel, width, index, window: chart.smoothedOver(panel) });
    this.lines = this.ready();
    this.frame = shape("svg", {
      width, height: HEIGHT, tabindex: 0, role: "slider", viewBox: `0 0 ${width} ${HEIGHT}`, "aria-label": this.described(),
      "aria-roledescription": "chart", "aria-valuetext": UNREAD, "aria-valuenow": 0,
    });
    this.over = shape("g", { "pointer-events": "none" });
    this.tip = element("div", { class: "tip", hidden: true });
    const title = panel.title ? [element("h3", {}, panel.title)] : [];
    this.node = element("div", { class: "panel" }, ...title, element("div", { class: "frame" }, this.frame, this.tip));
    this.paint();
    this.listen();
  }

  // What is drawn: by arm the runs, and what they come to, smoothed; beside it as it was.
  ready() {
    const { window } = this, { hidden, mode } = this.chart, arms = new Map(), means = [];
    const bounds = (this.bounds = [this.panel.bounds[0] ?? -Infinity, this.panel.bounds[1] ?? Infinity]);
    for (const run of this.panel.runs) {
      if (hidden.has(run.arm)) continue;
      if (!arms.has(run.arm)) arms.set(run.arm, []);
      arms.get(run.arm).push(mode === "seeds" ? { ...run, raw: run.y, y: smoothed(run.x, run.y, window) } : run);
    }
    for (const one of this.panel.means) {
      if (hidden.has(one.arm)) continue;
      const points = one.x.map((x, index) => ({ x, y: one.y[index], low: one.low[index], high: one.high[index] }));
      means.push({ arm: one.arm, runs: [], middle: points });
    }
    const summaries = [...arms.entries()].map(([arm, runs]) => {
      const points = summarised(runs, mode === "median" ? "median" : "mean", bounds);
      return { arm, runs, middle: smoothedPoints(points, window, bounds) };
    });
    return means.concat(summaries);
  }

  get smoothing() {
    const unit = this.chart.data.xlabel.startsWith("step") ? " steps" : "";
    return this.window ? `, smoothed over ${tickText(Number(this.window.toPrecision(2)))}${unit}` : "";
  }

  // Where only some panels of a chart want a logarithmic axis, the others never have one: accuracies beside losses.
  get logY() {
    return this.chart.logY && (this.panel.log || !this.chart.mixed);
  }

  // Whether a value has a place on the vertical axis.
  drawn(value) {
    return value !== null && value !== undefined && (value > 0 || !this.logY);
  }

  described() {
    const last = this.lines.map(({ arm, middle }) => {
      const end = middle.filter(({ y }) => y !== null).at(-1);
      return end ? `${DATA.arms[arm]} ${text(end.y)}` : `${DATA.arms[arm]} nothing`;
    });
    return `${this.panel.title || ""} ${this.panel.ylabel}${this.smoothing} against ${this.chart.data.xlabel}; at the end ${last.join(", ")}. ` +
      "Arrow keys read values, plus and minus zoom, 0 shows all.";
  }

  paint() {
    const { chart, panel, frame } = this, [low, high] = chart.zoom || chart.extent();
    const [bottom, top] = this.vertical(low, high), marks = marked(ticks(bottom, top, this.logY, 5).filter((value) => value >= this.bounds[0] - 1e-9 && value <= this.bounds[1] + 1e-9));
    const left = 14 + 6.4 * Math.max(...marks.map(([, said]) => said.length), 2);
    const inner = this.width - left - EDGE.right, tall = HEIGHT - EDGE.top - EDGE.bottom;
    this.left = left;
    this.low = low;
    this.high = high;
    this.apart = this.gap(inner, low, high);
    const room = this.apart * (this.lines.length / 2); // beside the first place and the last
    this.least = this.logY ? 10 ** bottom : -Infinity; // to where an interval is drawn that reaches beyond the axis
    const ends = [low, high].map((place) => (chart.logX ? 10 ** place : place));
    ends.forEach((end, index) => frame.setAttribute(index ? "aria-valuemax" : "aria-valuemin", end));
    frame.setAttribute("aria-valuenow", ends[0]);
    this.x = (value) => left + room + ((chart.across(value) - low) / (high - low)) * (inner - 2 * room);
    this.y = (value) => EDGE.top + tall - (((this.logY ? Math.log10(value) : value) - bottom) / (top - bottom)) * tall;
    this.back = (pixel) => {
      const place = low + (Math.max(0, Math.min(inner - 2 * room, pixel - left - room)) / (inner - 2 * room)) * (high - low);
      return chart.logX ? 10 ** place : place;
    };
    for (const [value, said] of marks) {
      frame.append(shape("line", { class: "rule", x1: left, x2: this.width - EDGE.right, y1: this.y(value), y2: this.y(value) }));
      frame.append(shape("text", { x: left - 6, y: this.y(value) + 4, "text-anchor": "end" }, said));
    }
    for (const [value, said] of this.places(low, high, inner)) {
      const at = Math.min(this.x(value), this.width - 3.3 * said.length);
      frame.append(shape("text", { x: at, y: HEIGHT - 20, "text-anchor": "middle" }, said));
    }
    frame.append(shape("line", { class: "axis", x1: left, x2: this.width - EDGE.right, y1: HEIGHT - EDGE.bottom, y2: HEIGHT - EDGE.bottom }));
    const ylabel = panel.ylabel + (this.logY ? ", log" : "") + this.smoothing;
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
    if (!panel.ticks.length) {
      const found = ticks(low, high, chart.logX, Math.max(2, Math.floor(inner / 70)));
      const counted = this.lines.every(({ middle }) => middle.every(({ x }) => Number.isInteger(x)));
      const whole = counted ? found.filter(Number.isInteger) : [];
      return marked(whole.length ? whole : found);
    }
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
    if (panel.baseline !== null && !chart.hidden.has("baseline") && this.drawn(panel.baseline)) this.level(inside, panel.baseline, "baseline");
    (panel.beside || []).forEach(({ x, y }, index) => {
      inside.append(shape("path", { class: "beside", "stroke-dasharray": DASHES[index % 4], d: this.path(x, y) }));
    });
    for (const { arm, runs, middle } of this.lines) {
      const style = `stroke:${colour(arm)}`;
      if (chart.mode === "seeds") {
        if (this.window) for (const run of runs) inside.append(shape("path", { class: "raw", style, d: this.path(run.x, run.raw) }));
        for (const run of runs) inside.append(shape("path", { class: "seed", style, "data-arm": arm, "stroke-dasharray": dash(arm), d: this.path(run.x, run.y) }));
      } else {
        this.paintMiddle(inside, arm, middle, style);
      }
      for (const run of runs.filter((one) => one.died && one.x.length)) {
        const x = this.x(run.x[run.x.length - 1]);
        inside.append(shape("path", { class: "died", style, d: `M${x - 4} 3l8 8m0 -8l-8 8` }, shape("title", {}, `${DATA.arms[arm]}, seed ${run.seed}: diverged${panel.ticks.length ? " or failed" : ""}`)));
      }
    }
  }

  paintMiddle(into, arm, middle, style) {
    const { chart } = this, aside = this.aside(arm), xs = middle.map((point) => point.x);
    const inside = aside ? shape("g", { transform: `translate(${aside} 0)` }) : into;
    if (inside !== into) into.append(inside);
    const bounded = (point) => point.low !== null && this.drawn(point.high) && !(chart.logX && point.x <= 0);
    if (chart.fixed) {
      for (const point of middle.filter(bounded)) {
        inside.append(shape("line", { class: "bar", style, x1: this.x(point.x), x2: this.x(point.x), y1: this.y(Math.max(point.low, this.least)), y2: this.y(point.high) }));
      }
    } else {
      const d = pieces(middle, bounded).map((band) => {
        const there = band.map((point) => this.at(point.x, point.high)), back = band.map((point) => this.at(point.x, Math.max(point.low, this.least)));
        return `M${there.join("L")}L${back.reverse().join("L")}Z`;
      });
      if (d.length) inside.append(shape("path", { class: "band", style: `fill:${colour(arm)}`, d: d.join("") }));
    }
    if (this.window) inside.append(shape("path", { class: "raw", style, d: this.path(xs, middle.map((point) => point.raw)) }));
    inside.append(shape("path", { class: "line", style, "data-arm": arm, "stroke-dasharray": dash(arm), d: this.path(xs, middle.map((point) => point.y)) }));
    const parts = pieces(middle, ({ x, y }) => this.drawn(y) && !(chart.logX && x <= 0));
    for (const point of parts.filter((part) => middle.length < 16 || part.length === 1).flat()) { // what is alone has no line
      inside.append(shape("circle", { r: 2.4, cx: this.x(point.x), cy: this.y(point.y), style: `fill:${colour(arm)}` }));
    }
  }

  // How far, in pixels, an arm is drawn beside the one before it, as their intervals would lie on each other.
  gap(inner, low, high) {
    if (!this.chart.fixed || this.lines.length < 2) return 0;
    const at = [...new Set(this.lines.flatMap(({ middle }) => middle.map(({ x }) => this.chart.across(x))))].filter(Number.isFinite).sort((a, b) => a - b);
    const nearest = Math.min(high - low, ...at.slice(1).map((place, index) => place - at[index]));
    return Math.min(ASIDE, (0.5 * inner * nearest) / (high - low) / this.lines.length);
  }

  // How far an arm is drawn beside its place.
  aside(arm) {
    return (this.lines.findIndex((one) => one.arm === arm) - (this.lines.length - 1) / 2) * this.apart;
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
      if (!this.drawn(y) || (this.chart.logX && x <= 0)) {
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
    const { chart, panel } = this, seen = [], place = (value) => (this.logY ? Math.log10(value) : value);
    const add = (x, ...values) => {
      const across = chart.across(x);
      if (across < from - 1e-9 || across > to + 1e-9) return;
      for (const value of values) if (this.drawn(value)) seen.push(place(value));
    };
    for (const { runs, middle } of this.lines) {
      if (chart.mode === "seeds") runs.forEach((run) => run.x.forEach((x, index) => add(x, run.y[index], run.raw[index])));
      else middle.forEach((point) => add(point.x, point.y, point.raw, point.low, point.high));
    }
    if (!chart.zoom) {
      for (const level of [...(panel.marks || []), chart.hidden.has("baseline") ? null : panel.baseline]) {
        if (this.drawn(level)) seen.push(place(level));
      }
    }
    let [low, high] = extremes(seen);
    if (!seen.length) [low, high] = this.logY ? [-1, 0] : [0, 1];
    const apart = high - low > 1e-9 * Math.max(Math.abs(low), Math.abs(high)); // means of equal numbers differ in the last digit
    const room = apart ? (high - low) * 0.04 : Math.abs(high) * 0.05 || 0.05;
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
    const over = (event) => chart.point(this.nearest(this.back(pixel(event))), index, event.clientY - frame.getBoundingClientRect().top);
    frame.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "mouse") over(event);
      if (event.pointerType !== "mouse" || event.button) return;
      from = pixel(event);
      frame.setPointerCapture(event.pointerId);
    });
    frame.addEventListener("pointermove", (event) => {
      over(event);
      if (from !== null) this.selected(from, pixel(event));
    });
    frame.addEventListener("pointerup", (event) => {
      const to = pixel(event), start = from;
      from = null;
      if (start === null || Math.abs(to - start) < 8) return this.selected(0, 0);
      const ends = [this.back(start), this.back(to)].map((x) => chart.across(x)).sort((a, b) => a - b);
      return chart.narrow(ends);
    });
    frame.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && from === null && chart.point(null, null));
    frame.addEventListener("dblclick", () => chart.set({ zoom: null }));
    frame.addEventListener("blur", () => chart.drawing || chart.point(null, null));
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
    this.frame.setAttribute("aria-valuetext", UNREAD);
    if (x === null || this.chart.across(x) < this.low - 1e-9 || this.chart.across(x) > this.high + 1e-9) return;
    const at = this.x(x);
    this.over.append(shape("line", { class: "cross", x1: at, x2: at, y1: EDGE.top, y2: HEIGHT - EDGE.bottom }));
    const values = this.values(x);
    for (const { arm, y } of values.filter((one) => this.drawn(one.y))) this.over.append(shape("circle", { class: "dot", r: 3.5, cx: at + this.aside(arm), cy: this.y(y), style: `fill:${colour(arm)}` }));
    if (!reading || !values.length) return;
    const named = this.panel.ticks.find(([value]) => value === x);
    const where = `${this.chart.data.xlabel.replace(/ \(.*/, "")} ${named ? named[1] : Number.isInteger(x) ? x.toLocaleString("en") : tickText(x)}${this.window ? ", smoothed" : ""}`;
    this.tell(where, values, at);
    const said = values.map(({ arm, said }) => `${DATA.arms[arm]} ${said}`).join("; ");
    this.frame.setAttribute("aria-valuetext", `${where}: ${said}`);
    this.frame.setAttribute("aria-valuenow", x);
  }

  // The tip: of many arms those nearest to the pointer, or the largest; within the window as far as it is that high.
  tell(where, values, at) {
    const { height } = this.chart, away = ({ y }) => (this.drawn(y) ? Math.abs(this.y(y) - height) : Infinity);
    const near = height === null ? values : [...values].sort((a, b) => away(a) - away(b));
    const told = new Set(near.slice(0, values.length > TOLD + 1 ? TOLD : values.length));
    const rows = values.filter((one) => told.has(one)).map(({ arm, said }) => element("tr", {},
      element("th", {}, element("i", { style: `background:${colour(arm)}` }), shortened(DATA.arms[arm])), element("td", {}, said)));
    const more = told.size < values.length ? [element("span", { class: "meta" }, `and ${values.length - told.size} more`)] : [];
    this.tip.replaceChildren(element("b", {}, where), element("table", {}, element("tbody", {}, ...rows)), ...more);
    this.tip.hidden = false;
    const wide = this.tip.offsetWidth, beside = at + 14 + wide <= this.width ? at + 14 : at - wide - 14;
    const top = beside < 0 ? HEIGHT - 4 : 6; // no room beside the crosshair: under the panel
    const above = this.frame.getBoundingClientRect().top, room = innerHeight - above - this.tip.offsetHeight - 4;
    this.tip.style.left = `${Math.max(0, beside)}px`;
    this.tip.style.top = `${Math.max(4 - above, Math.min(top, room))}px`;
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
        if (point && point.y !== null) found.push({ arm, y: point.y, said: text(point.y) + (point.low === null ? "" : ` [${text(point.low)}, ${text(point.high)}]`) });
      }
    }
    return found.sort((a, b) => b.y - a.y);
  }
}

// The parts of a line between which there is nothing.
function pieces(points, there) {
  const found = [];
  let open = false;
  for (const point of points) {
    if (!there(point)) open = false;
    else if (open) found.at(-1).push(point);
    else open = found.push([point]) > 0;
  }
  return found;
}

// Names of arms often differ at their ends alone.
function shortened(name) {
  return name.length > NAME ? `${name.slice(0, NAME / 2 - 1)}…${name.slice(-NAME / 2)}` : name;
}
