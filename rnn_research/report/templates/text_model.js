// Networks that read symbols: text that they go on with, or a row of letters of which they name the first.
const MOST_TYPED = 200, MOST_READ = 400, WRITTEN = 60; // characters
const BEGINNING = "\u25b8", UNKNOWN = "\ufffd", NOTHING = ".";
const SHOWN_SYMBOLS = 10;
const PROMPTS = ["The function returns the ", "He said that the ", "Она сказала, что "];
const VISIBLE = { " ": "\u00b7", "\n": "\u21b5", "\t": "\u21e5" };

function visible(symbol) {
  return VISIBLE[symbol] ?? (/[\p{C}\p{Z}]/u.test(symbol) ? `U+${symbol.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}` : symbol);
}

function bits(probability) {
  return -Math.log2(Math.max(probability, 1e-300));
}

class TextGroup extends Group {
  constructor(arms) {
    super(arms);
    const { kind, symbols, length, silent } = arms[0], writes = (this.writes = kind === "text");
    this.temperature = 1;
    this.text = writes ? prompt(symbols) : drawn(symbols, length, silent);
    this.area = element("textarea", {
      rows: 2, maxlength: MOST_TYPED, lang: "", spellcheck: "false", autocapitalize: "off", autocomplete: "off", "aria-label": "Text that the networks read",
      oninput: () => this.type(this.area.value),
    });
    this.area.value = this.text;
    const value = this.degrees = element("output", {}, "1.0");
    const slider = this.slider = element("input", {
      type: "range", min: 0.1, max: 2, step: 0.05, value: 1, "aria-label": "Temperature",
      oninput: () => { this.heat(Number(slider.value)); this.open.forEach((card) => card.point()); },
    });
    this.button = element("button", { type: "button", onclick: () => (this.timer ? this.stop() : this.write()) }, "Go on writing");
    const clear = element("button", { type: "button", onclick: () => this.type(this.area.value) }, "Take back what they wrote");
    const anew = element("button", { type: "button", onclick: () => this.type((this.area.value = drawn(symbols, length, silent))) }, "New letters");
    const hint = `${length} letters of ${symbols.slice(0, -1).join(", ")} and ${symbols[symbols.length - 1]}; a full stop: nothing is read.`;
    this.build(element("label", { class: "typed" }, writes ? "Type a text" : `Type ${hint}`, this.area), element("div", { class: "controls" },
      element("label", {}, "Temperature ", slider, value), ...(writes ? [this.button, clear] : [anew])));
  }

  card(arm) {
    return new TextCard(this, arm);
  }

  heat(temperature) {
    this.temperature = temperature;
    this.slider.value = temperature;
    this.degrees.textContent = text(temperature, 2);
  }

  typed() {
    const written = this.cards.filter(({ card }) => card?.written.length).map(({ arm, card }) => [arm.name, card.written]);
    return { text: this.text, temperature: this.temperature, written };
  }

  retype({ text, temperature, written }) {
    this.text = this.area.value = text;
    this.heat(temperature);
    const theirs = new Map(written);
    this.cards.forEach((one) => {
      if (theirs.has(one.arm.name)) (one.card ||= this.card(one.arm)).written = theirs.get(one.arm.name);
    });
  }

  // Another text: what was written after the last one is gone.
  type(value) {
    this.stop();
    this.text = value;
    this.step = null;
    this.cards.forEach(({ card }) => { if (card) card.written = []; });
    this.update();
  }

  update() {
    super.update();
    const strange = this.open.map((card) => [card.arm.name || "the network", [...new Set(card.characters().filter((one) => !card.knows(one)))]]);
    const read = this.writes ? "read as the one that stands for all others" : "nothing is read there";
    this.status.textContent = strange.filter(([, list]) => list.length).map(([name, list]) =>
      `${name} does not know ${list.map((one) => `“${visible(one)}”`).join(", ")}: ${read}, underlined.`).join(" ");
  }

  // Every network that is shown goes on, a character at a time.
  write() {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    let left = WRITTEN;
    const more = () => {
      const open = this.open, able = open.filter((card) => card.count < MOST_READ);
      able.forEach((card) => card.write());
      if (!still) able.forEach((card) => card.update());
      left -= 1;
      if (left && able.length) return true;
      if (still) open.forEach((card) => card.update());
      this.stop();
      this.status.textContent = able.length ? `${WRITTEN} characters more were written.` : `That is as far as this page goes: ${MOST_READ} characters.`;
      return false;
    };
    this.step = null;
    if (still) {
      while (more());
      return;
    }
    this.button.textContent = "Stop";
    const turn = () => { if (this.timer && more()) this.timer = setTimeout(turn, 30); };
    this.timer = setTimeout(turn, 0);
  }

  stop() {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.tell();
    this.button.textContent = "Go on writing";
  }
}

// A beginning that a network knows all characters of.
function prompt(symbols) {
  const known = new Set(symbols), found = PROMPTS.find((one) => [...one].every((letter) => known.has(letter)));
  return found ?? symbols.filter((one) => /\p{L}/u.test(one)).slice(0, 8).join("");
}

function drawn(symbols, length, silent) {
  return range(1, length, 1).map((step) => (silent && step > 1 ? NOTHING : symbols[Math.floor(Math.random() * symbols.length)])).join("");
}

class TextCard extends Card {
  constructor(group, arm) {
    super(group, arm);
    this.written = [];
    this.ids = new Map(arm.symbols.map((symbol, id) => [symbol, id]));
    this.strip = element("div", { class: group.writes ? "strip" : "strip letters", lang: "", tabindex: 0, role: "slider", "aria-label": "Step that is looked at", "aria-valuemin": 1 });
    this.strip.addEventListener("keydown", (event) => walked(event, this));
    this.strip.addEventListener("pointerdown", (event) => {
      const cell = event.target.closest("[data-step]");
      if (cell) this.look(Number(cell.dataset.step));
    });
    this.heading = element("h4");
    this.list = element("ol", { class: "likeliest" });
    this.reach = element("p", { class: "meta" });
    this.body.append(this.strip, this.reach, this.heading, this.list);
  }

  characters() {
    return [...Array.from(this.group.text), ...this.written];
  }

  knows(symbol) {
    return this.ids.has(symbol) || (!this.group.writes && symbol === NOTHING);
  }

  asked() {
    const { symbols } = this.arm, characters = this.characters(), ids = characters.map((one) => this.ids.get(one));
    if (this.group.writes) {
      return { inputs: [symbols.length + 1, ...ids.map((id) => id ?? symbols.length)], labels: [BEGINNING, ...characters.map(visible)] };
    }
    if (!characters.length) return { inputs: [null], labels: [NOTHING] };
    return { inputs: ids.map((id) => id ?? null), labels: characters.map(visible) };
  }

  name(id) {
    return id < this.arm.symbols.length ? visible(this.arm.symbols[id]) : UNKNOWN;
  }

  probabilities(step, temperature = 1) {
    return softmax(this.given(step), temperature);
  }

  // The symbol that is asked for after a step: the next one, or the first of all; null where the text has ended.
  wanted(step) {
    const { inputs } = this.known;
    return this.group.writes ? inputs[step + 1] ?? null : inputs[0];
  }

  answered(step) {
    const found = this.probabilities(step), best = likeliest(found);
    return `${this.name(best)} ${Math.round(100 * found[best])}%`;
  }

  show() {
    const typed = Array.from(this.group.text).length + (this.group.writes ? 1 : 0), characters = this.characters();
    this.cells = this.labels.map((label, step) => {
      const from = this.group.writes ? step - 1 : step; // the step whose answer is held against what was asked for
      const asked = from < 0 ? null : this.wanted(from), surprise = asked === null ? 0 : bits(this.probabilities(from)[asked]);
      const symbol = characters[this.group.writes ? from : step], known = symbol === undefined || this.knows(symbol);
      const kind = [step >= typed ? "theirs" : "", known ? "" : "unknown", symbol === "\n" ? "break" : ""].filter(Boolean).join(" ");
      return element("span", { class: kind || null, "data-step": step, style: `--s:${Math.min(1, surprise / 10).toFixed(2)}` }, label);
    });
    this.strip.replaceChildren(...this.cells);
    this.strip.setAttribute("aria-valuemax", this.count);
  }

  point() {
    const step = this.place, found = this.probabilities(step), shown = this.probabilities(step, this.group.temperature);
    const asked = this.wanted(step), target = asked ?? likeliest(found), { writes } = this.group;
    this.cells.forEach((cell, index) => cell.classList.toggle("here", index === step));
    const values = reach(this.net, this.known.made.slice(0, step + 1), errorOf(found, target)), most = Math.max(...values) || 1;
    this.cells.forEach((cell, index) => cell.style.setProperty("--r", index <= step ? (values[index] / most).toFixed(3) : "0"));
    this.reach.textContent = `Shade: how little ${writes ? "a character was expected" : "the right letter was expected there"}. Bars: how far the gradient of ln p(${this.name(target)}) after step ${step + 1} reaches back; ${reachSaid(values)}.`;
    const which = writes ? (asked === null ? "" : `; what follows is ${this.name(asked)}, ${text(bits(found[asked]), 2)} bits`) : `; right would be ${asked === null ? "nothing" : this.name(asked)}`;
    this.heading.textContent = `${writes ? "Next" : "The first"}, after ${this.labels[step]}${which}`;
    const order = [...shown.keys()].sort((a, b) => shown[b] - shown[a]).slice(0, SHOWN_SYMBOLS);
    this.list.replaceChildren(...order.map((id) => element("li", { class: id === asked ? "right" : null },
      element("code", { title: id < this.arm.symbols.length ? null : "any other character" }, this.name(id)),
      element("i", { style: `--share:${shown[id].toFixed(4)}` }), element("span", {}, percent(shown[id])))));
    this.strip.setAttribute("aria-valuenow", step + 1);
    this.strip.setAttribute("aria-valuetext", `step ${step + 1} of ${this.count}, ${this.labels[step]}; likeliest ${order.slice(0, 3).map((id) => `${this.name(id)} ${percent(shown[id])}`).join(", ")}`);
    this.pointHeats();
  }

  // One more character, drawn at the temperature; never the one that stands for all others.
  write() {
    const found = this.probabilities(this.count - 1, this.group.temperature).slice(0, this.arm.symbols.length);
    let left = Math.random() * found.reduce((a, b) => a + b, 0);
    const id = found.findIndex((p) => (left -= p) < 0);
    this.written.push(this.arm.symbols[id < 0 ? likeliest(found) : id]);
    this.known = steps(this.net, this.asked().inputs, this.known);
  }
}

function likeliest(list) {
  return list.reduce((best, value, index) => (value > list[best] ? index : best), 0);
}

function percent(share) {
  return share < 0.001 ? "<0.1%" : `${(100 * share).toFixed(share < 0.1 ? 1 : 0)}%`;
}
