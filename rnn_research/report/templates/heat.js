// Maps of what is inside a network: units down, steps across; and the small plots that stand over the same steps.
const NEGATIVE = [43, 131, 200], POSITIVE = [226, 112, 30]; // told apart by the colour-blind; paler towards 0, on any paper

// The values of a map as pixels: [across][down], of which `size` is the deepest colour.
function painted(canvas, columns, size) {
  const [wide, tall] = [columns.length, columns[0].length];
  Object.assign(canvas, { width: wide, height: tall });
  const pen = canvas.getContext("2d"), image = pen.createImageData(wide, tall);
  columns.forEach((column, x) => column.forEach((value, y) => {
    const colour = value < 0 ? NEGATIVE : POSITIVE, depth = Math.min(1, Math.abs(value) / (size || 1));
    image.data.set([...colour, Math.round(255 * depth)], 4 * (y * wide + x));
  }));
  pen.putImageData(image, 0, 0);
}

// A map that says what is under the pointer, and where the arrow keys walk: across, the step that all look at; down, the
// unit. `card` has `said(step)`, `look(step)` and `readout`.
class Heat {
  constructor(card) {
    Object.assign(this, { card, unit: 0 });
    this.canvas = element("canvas");
    this.mark = element("i", { class: "here" });
    this.cells = element("div", { class: "heat-cells", tabindex: 0, role: "application" }, this.canvas, this.mark);
    this.caption = element("figcaption");
    this.node = element("figure", { class: "heat" }, this.caption, this.cells);
    const place = (event) => {
      const { left, top, width, height } = this.cells.getBoundingClientRect();
      return [within((event.clientX - left) / width, this.columns.length), within((event.clientY - top) / height, this.columns[0].length)];
    };
    this.cells.addEventListener("pointermove", (event) => this.say(...place(event)));
    this.cells.addEventListener("pointerdown", (event) => card.look(place(event)[0]));
    this.cells.addEventListener("pointerleave", () => card.readout.replaceChildren());
    this.cells.addEventListener("keydown", (event) => {
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (by) this.unit = Math.max(0, Math.min(this.columns[0].length - 1, this.unit + by));
      else if (!walked(event, card)) return;
      event.preventDefault();
      this.say(card.place, this.unit);
    });
  }

  draw({ name, columns, size, signed }) {
    Object.assign(this, { name, columns });
    this.node.setAttribute("aria-label", name);
    painted(this.canvas, columns, size);
    const ends = signed ? `-${text(size, 2)} to ${text(size, 2)}` : `0 to ${text(size, 2)}`;
    this.caption.replaceChildren(element("b", {}, name), ` ${ends}`);
    this.cells.style.height = `${Math.max(36, Math.min(88, columns[0].length * 2))}px`;
    this.cells.setAttribute("aria-label", `${name}: ${columns[0].length} units down, ${columns.length} steps across. Arrow keys read values.`);
    this.point(this.card.place);
  }

  point(step) {
    this.mark.style.cssText = `left:${(100 * step) / this.columns.length}%;width:${100 / this.columns.length}%`;
  }

  say(step, unit) {
    this.card.readout.textContent = `${this.name} of unit ${unit + 1}, ${this.card.said(step)}: ${text(this.columns[step][unit])}`;
  }
}

function within(share, count) {
  return Math.max(0, Math.min(count - 1, Math.floor(share * count)));
}

// Whether a key walks over the steps; it is then done.
function walked(event, card) {
  const last = card.count - 1, by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[event.key];
  const to = { Home: 0, End: last }[event.key] ?? (by ? card.place + by : null);
  if (to === null) return false;
  event.preventDefault();
  card.look(Math.max(0, Math.min(last, to)));
  return true;
}

// What is inside at each step, as maps: of one layer the state and the gates.
function insides(net, made, layer) {
  const here = made.map((layers) => layers[layer]), { activation } = net.options, found = [];
  const add = (name, columns, size, signed) => found.push({ name, columns, size: size || greatest(columns), signed });
  const bounded = activation === undefined || activation === "tanh" || activation === "sigmoid";
  add("state h", here.map((one) => one.output), bounded ? 1 : 0, activation !== "sigmoid" && activation !== "relu");
  if (here[0].state.cell) add("cell c", here.map((one) => one.state.cell), 0, true);
  for (const name of Object.keys(here[0].gates)) {
    const signed = name === "candidate";
    add(signed ? name : `${name} gate`, here.map((one) => one.gates[name]), 1, signed);
  }
  return found;
}

function greatest(columns) {
  return columns.reduce((most, column) => column.reduce((a, b) => Math.max(a, Math.abs(b)), most), 0) || 1;
}

// Bars over the steps, as shares of the greatest.
function barsOver(values, said) {
  const most = Math.max(...values) || 1, wide = values.length;
  const bars = values.map((value, step) => shape("rect", { x: step + 0.08, width: 0.84, y: 1 - value / most, height: value / most }));
  return shape("svg", { class: "over bars-over", viewBox: `0 0 ${wide} 1`, preserveAspectRatio: "none", role: "img", "aria-label": said }, ...bars);
}

// How far back the gradient reaches, in words.
function reachSaid(values) {
  const most = Math.max(...values), last = values.length - 1;
  if (!(most > 0)) return "no gradient";
  const farthest = (share) => last - values.findIndex((value) => value >= share * most);
  return `a tenth of the greatest gradient or more reaches ${counted(farthest(0.1), "step")} back, a hundredth ${counted(farthest(0.01), "step")}`;
}

function counted(count, name) {
  return `${count} ${name}${count === 1 ? "" : "s"}`;
}

// The lecture's picture (S28): what each of the first steps reads, what the state then holds of each input, how open the
// gates are, and what is answered.
function firstSteps(net, inputs, labels, answers, made) {
  const count = Math.min(4, inputs.length), top = net.layers.length - 1, { shares, moves } = memory(net, inputs.slice(0, count));
  const row = (name, cell) => element("tr", {}, element("th", { scope: "row" }, name), ...range(0, count - 1, 1).map((t) => element("td", {}, ...[cell(t)].flat())));
  const chip = (k) => element("span", { class: "chip", style: `--tone:var(--c${k})` }, labels[k]);
  const held = (t) => {
    const parts = shares[t].slice(0, t + 1).map((share, k) => element("i", { style: `--tone:var(--c${k});flex-grow:${share}` }));
    const said = shares[t].slice(0, t + 1).map((share, k) => `${k + 1}: ${Math.round(100 * share)}%`).join(", ");
    return [element("span", { class: "held", "aria-hidden": "true" }, ...parts), element("small", {}, said)];
  };
  const strip = (t) => {
    const canvas = element("canvas", { role: "img", "aria-label": `the ${net.hidden} units after step ${t + 1}` });
    painted(canvas, [...made[t][top].output].map((value) => [value]), 1);
    return canvas;
  };
  const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
  const gates = Object.keys(made[0][top].gates).filter((name) => name !== "candidate")
    .map((name) => row(`${name} gate, mean`, (t) => text(mean(made[t][top].gates[name]), 2)));
  const head = element("tr", {}, element("td"), ...range(1, count, 1).map((t) => element("th", { scope: "col" }, `step ${t}`)));
  return element("table", { class: "four" }, element("caption", { class: "spoken" }, "The first steps"), element("thead", {}, head), element("tbody", {},
    row("reads", chip), row("share of step 1, 2, … in the state", held), ...gates, row("state", strip), row("answers", (t) => answers[t]),
    row("moves by, nothing read after step 1", (t) => (t ? text(moves[t - 1], 2) : "–"))));
}
