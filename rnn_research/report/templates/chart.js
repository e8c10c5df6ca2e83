// Charts: panels in step, what they have in common, and how they are used.
const PAPER = 860; // pixels across, shown on an upright sheet at four fifths: three charts to a page, letters of 7 points
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
    this.keep = 0; // of the horizontal axis the share that is smoothed over
    this.hidden = new Set();
    this.zoom = null; // [low, high] of the horizontal axis, as it is drawn
    this.cursor = null; // a value of the horizontal axis
    this.height = null; // of the pointer in its panel, in pixels; null for the keyboard's
    this.logX = this.data.log;
    this.fixed = this.data.views.every((view) => view.panels.every((panel) => panel.means.length));
    this.build();
    this.choose(0);
    charts.push(this);
    new ResizeObserver(() => !this.printed && this.width !== this.grid.clientWidth && this.draw()).observe(this.grid);
  }

  build() {
    this.controls = element("div", { class: "controls" });
    this.legend = element("div", { class: "legend", role: "group", "aria-label": "Lines: show or hide" });
    this.grid = element("div", { class: "panels" });
    this.root.append(this.controls, this.legend, this.grid);
    const { views } = this.data;
    if (views.length > 1) {
      const options = views.map((view, index) => element("option", { value: index }, view.name));
      const select = this.select = element("select", { onchange: () => this.choose(Number(select.value)) }, ...options);
      this.controls.append(element("label", {}, "Show ", select));
    }
    const modes = { mean: "mean, 95% interval", median: "median, middle half", seeds: "every seed" };
    const options = Object.entries(modes).map(([value, name]) => element("option", { value }, name));
    const mode = this.modes = element("select", { onchange: () => this.set({ mode: mode.value }) }, ...options);
    const smooth = this.smooth = element("input", {
      type: "range", min: 0, max: 0.4, step: 0.02, value: 0, "aria-label": "Smoothing",
      oninput: () => this.set({ keep: Number(smooth.value) }),
    });
    this.boxX = element("input", { type: "checkbox", onchange: () => this.set({ logX: this.boxX.checked, zoom: null }) });
    this.boxY = element("input", { type: "checkbox", onchange: () => this.set({ logY: this.boxY.checked }) });
    this.boxX.checked = this.logX;
    const places = views.every((view) => view.panels.every((panel) => panel.ticks.length)); // a few values, each by itself
    if (!this.fixed) this.controls.append(element("label", {}, "Seeds ", mode), ...(places ? [] : [element("label", {}, "Smooth ", smooth)]));
    this.controls.append(
      element("label", {}, this.boxX, " log x"), element("label", {}, this.boxY, " log y"),
      element("span", { class: "buttons", role: "group", "aria-label": "Zoom" },
        element("button", { type: "button", title: "Zoom in (+)", "aria-label": "Zoom in", onclick: () => this.scale(0.5) }, "+"),
        element("button", { type: "button", title: "Zoom out (-)", "aria-label": "Zoom out", onclick: () => this.scale(2) }, "−"),
        element("button", { type: "button", title: "All of it (0)", onclick: () => this.set({ zoom: null }) }, "reset")),
    );
  }

  choose(view) {
    this.view = view;
    this.panels = this.data.views[view].panels;
    this.logY = this.boxY.checked = this.panels.some((panel) => panel.log);
    this.mixed = this.logY && !this.panels.every((panel) => panel.log);
    this.zoom = null;
    for (const panel of this.panels) {
      panel.runs.forEach((run) => (run.x = DATA.steps[run.at].slice(0, run.y.length)));
    }
    this.hidden.delete("baseline");
    if (this.panels.every((panel) => squashes(panel))) this.hidden.add("baseline");
    this.buildLegend();
    this.draw();
  }

  kept() {
    const { mode, keep, logX, logY, zoom } = this, hidden = [...this.hidden].map((key) => DATA.arms[key] ?? null); // null: the baseline
    return { view: this.data.views[this.view].name, mode, keep, logX, logY, zoom, hidden };
  }

  // As a page that loaded itself again left it, as far as there is the same.
  restore({ view, hidden, ...others }) {
    const index = this.data.views.findIndex((one) => one.name === view);
    if (index < 0) return;
    this.choose(index);
    this.hidden = new Set(hidden.map((name) => (name === null ? "baseline" : DATA.arms.indexOf(name))));
    Object.assign(this, others);
    this.boxX.checked = this.logX;
    this.boxY.checked = this.logY;
    this.modes.value = this.mode;
    this.smooth.value = this.keep;
    if (this.select) this.select.value = index;
    this.pressed();
  }

  // On paper lines and letters are as large as they are meant to be, not a screen's made smaller.
  onPaper(printed) {
    this.printed = printed;
    this.draw(printed ? PAPER : undefined);
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
      const buttons = [["all", all], ["none", none]].map(([name, onclick]) => element("button", { type: "button", class: "plain", onclick }, name));
      entries.push(element("span", { class: "buttons" }, ...buttons));
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
    const [low, high] = this.ends((step) => !this.logX || step > 0);
    return low < high ? [this.across(low), this.across(high)] : [this.across(high) - 0.5, this.across(high) + 0.5];
  }

  // The least and the greatest of the horizontal axis' values, of all panels or of some.
  ends(counts = () => true, panels = this.panels) {
    const each = panels.flatMap((panel) => lines(panel).map((run) => extremes(run.x.filter(counts))));
    return each.reduce(([low, high], [first, last]) => [Math.min(low, first), Math.max(high, last)], [Infinity, -Infinity]);
  }

  // How much of a panel's horizontal axis is smoothed over, in its own unit, whatever is shown of it.
  smoothedOver(panel) {
    const [low, high] = this.keep && !this.fixed ? this.ends(() => true, [panel]) : [0, 0];
    return low < high ? this.keep * (high - low) : 0;
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
    return this.narrow([first, last]);
  }

  // Shows a part of the horizontal axis, unless nothing could be told apart in it.
  narrow([first, last]) {
    const [low, high] = this.extent();
    this.set(last - first > 1e-6 * (high - low) ? { zoom: [first, last] } : {});
  }

  // ``width``: in pixels; of the page as it is shown, or of paper.
  draw(width = this.grid.clientWidth) {
    this.width = width;
    if (!this.width) return; // in a part that is closed: the observer calls again
    const gap = 20, least = Math.min(300, this.width);
    const columns = Math.max(1, Math.min(this.panels.length, 3, Math.floor((this.width + gap) / (least + gap))));
    this.grid.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    const wide = (this.width - gap * (columns - 1)) / columns;
    const focused = [...this.grid.children].findIndex((child) => child.contains(document.activeElement));
    this.drawn = this.panels.map((panel, index) => new Panel(this, panel, wide, index));
    this.drawing = true; // what had the focus is taken away, not left
    this.grid.replaceChildren(...this.drawn.map((panel) => panel.node));
    if (focused >= 0) this.drawn[focused].frame.focus({ preventScroll: true });
    this.drawing = false;
    this.showCursor();
  }

  // Where the crosshair stands, here and in every chart over the same axis; ``panel`` is where the values are read, at
  // ``height`` if by a pointer.
  point(x, panel, height = null) {
    this.height = height;
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
