// Networks that add, or multiply, the two marked numbers of a sequence.
class SumGroup extends Group {
  constructor(arms) {
    super(arms);
    const { kind, length } = arms[0];
    this.multiplies = kind === "product";
    this.length = length;
    this.strip = element("div", { class: "numbers-strip", tabindex: 0, role: "slider", "aria-label": "Step that is looked at; Enter marks its number, up and down change it", "aria-valuemin": 1, "aria-valuemax": length });
    this.strip.addEventListener("keydown", (event) => this.key(event));
    this.strip.addEventListener("pointerdown", (event) => {
      const cell = event.target.closest("[data-step]");
      if (cell) this.mark(Number(cell.dataset.step));
    });
    this.number = element("input", { type: "number", min: 0, max: 1, step: 0.01, "aria-label": "Number at this step", oninput: () => this.type(this.number.value), onblur: () => this.look(this.step) });
    this.which = element("span");
    const mark = element("button", { type: "button", onclick: () => this.mark(this.place) }, "Mark it");
    const anew = element("button", { type: "button", onclick: () => { this.draw(); this.update(); } }, "New numbers");
    const said = element("p", { class: "note responds" }, "A click on a number moves the nearer of the two marks there. In training one lies in each half, numbers from 0 to 1.");
    this.build(this.strip, element("div", { class: "controls" }, element("label", {}, this.which, this.number), mark, anew), said);
    this.draw();
  }

  draw() {
    const half = Math.floor(this.length / 2), any = (from, to) => from + Math.floor(Math.random() * (to - from));
    this.values = range(1, this.length, 1).map(() => Math.random());
    this.marks = [any(0, half), any(half, this.length)];
    this.step = null;
  }

  typed() {
    return { values: this.values, marks: this.marks };
  }

  retype({ values, marks }) {
    Object.assign(this, { values, marks });
  }

  card(arm) {
    return new SumCard(this, arm);
  }

  get count() {
    return this.length;
  }

  get place() {
    return this.step ?? this.length - 1;
  }

  // The right answer of what was read up to a step.
  truth(step) {
    const read = this.marks.filter((mark) => mark <= step).map((mark) => this.values[mark]);
    return read.reduce((a, b) => (this.multiplies ? a * b : a + b), this.multiplies ? 1 : 0);
  }

  mark(step) {
    this.step = step;
    if (!this.marks.includes(step)) {
      const [first, second] = this.marks.map((mark) => Math.abs(mark - step));
      this.marks[first <= second ? 0 : 1] = step;
      this.marks.sort((a, b) => a - b);
    }
    this.update();
  }

  // What is typed: until it is a number all stays as it was.
  type(typed) {
    const value = Number(typed);
    if (typed.trim() === "" || !Number.isFinite(value)) return;
    this.change(value);
    const taken = this.values[this.place];
    if (taken !== value) this.status.textContent = `Numbers are from 0 to 1: ${value} is read as ${taken}.`;
  }

  change(value) {
    this.step = this.place;
    this.values[this.place] = Math.max(0, Math.min(1, value));
    this.update();
  }

  key(event) {
    const by = { ArrowUp: 0.05, ArrowDown: -0.05 }[event.key];
    if (by) this.change(this.values[this.place] + by);
    else if (event.key === "Enter" || event.key === " ") this.mark(this.place);
    else { walked(event, this); return; }
    event.preventDefault();
  }

  update() {
    const cells = this.values.map((value, step) => element("span", { "data-step": step, class: this.marks.includes(step) ? "marked" : null, style: `--v:${value.toFixed(3)}` }, element("i")));
    this.strip.replaceChildren(...cells);
    this.status.textContent = "";
    super.update();
    const ends = extremes([0, ...this.open.flatMap((card) => card.ends)]); // one scale, on which answers can be compared
    this.open.forEach((card) => card.draw(ends));
    this.look(this.step);
  }

  look(step) {
    super.look(step);
    const { place } = this, marked = this.marks.includes(place) ? ", marked" : "";
    [...this.strip.children].forEach((cell, index) => cell.classList.toggle("here", index === place));
    this.which.textContent = `Step ${place + 1} of ${this.length}${marked} `;
    if (document.activeElement !== this.number) this.number.value = this.values[place].toFixed(2);
    this.strip.setAttribute("aria-valuenow", place + 1);
    this.strip.setAttribute("aria-valuetext", `step ${place + 1}, ${this.values[place].toFixed(2)}${marked}`);
  }
}

class SumCard extends Card {
  constructor(group, arm) {
    super(group, arm);
    this.answer = element("p", { class: "measured" });
    this.plot = element("div");
    this.reach = element("div");
    this.body.append(this.answer, this.plot, this.reach);
  }

  asked() {
    const { values, marks } = this.group;
    const inputs = values.map((value, step) => [value, marks.includes(step) ? 1 : 0]);
    return { inputs, labels: inputs.map(([value, marked]) => value.toFixed(2) + (marked ? " \u25bc" : "")) };
  }

  said(step) {
    return `after step ${step + 1}`;
  }

  answered(step) {
    return text(this.given(step)[0]);
  }

  show() {
    this.found = this.known.made.map((_, step) => this.given(step)[0]);
    this.truth = this.found.map((_, step) => this.group.truth(step));
    this.mark = shape("rect", { class: "here", y: 0, height: 1, width: 1 });
  }

  get ends() {
    return extremes([...this.found, ...this.truth]);
  }

  // The answers between two ends that all cards have.
  draw([low, high]) {
    const { found, truth } = this, room = (high - low || 1) * 0.05;
    const y = (value) => ((high + room - value) / (high - low + 2 * room)).toFixed(4);
    const line = (values, name) => shape("path", { class: name, d: values.map((value, step) => `${step ? "L" : "M"}${step + 0.5} ${y(value)}`).join("") });
    const stairs = shape("path", { class: "truth", d: truth.map((value, step) => `${step ? "L" : "M"}${step} ${y(value)}H${step + 1}`).join("") });
    const last = found.length - 1, said = `Answer after each step, from ${text(found[0])} to ${text(found[last])}; right at the end ${text(truth[last])}`;
    const drawing = shape("svg", { class: "over answers", viewBox: `0 0 ${found.length} 1`, preserveAspectRatio: "none", role: "img", "aria-label": said }, this.mark, stairs, line(found, "answer-line"));
    const ends = element("p", { class: "meta" }, element("b", {}, "answer after each step"), ` ${text(low, 2)} to ${text(high, 2)}; dashed: right for what was marked so far`);
    this.plot.replaceChildren(ends, drawing);
  }

  point() {
    const step = this.place, last = this.count - 1, end = this.given(last)[0], right = this.group.truth(last);
    this.answer.replaceChildren(element("strong", {}, `answers ${text(end)}`), ` right is ${text(right)}, off by ${text(Math.abs(end - right), 2)}`);
    if (step !== last) this.answer.append(`; after step ${step + 1} ${this.answered(step)}`);
    this.mark.setAttribute("x", step);
    const values = reach(this.net, this.known.made.slice(0, step + 1), [1]), padded = [...values, ...new Array(last - step).fill(0)];
    const said = `gradient of the answer after step ${step + 1}: ${reachSaid(values)}`;
    this.reach.replaceChildren(element("p", { class: "meta" }, element("b", {}, "how far back it learns"), ` ${said}`), barsOver(padded, said));
    this.pointHeats();
  }
}
