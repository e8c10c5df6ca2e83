// Networks side by side: what all have in common; texts and numbers have cards of their own.
const NETWORKS = JSON.parse(document.getElementById("networks")?.textContent || "[]");
const networkParts = [];
const OPEN = 3; // networks that are shown at first
const PAUSE = 800; // milliseconds of quiet before what has changed is read out

class Networks {
  constructor(root) {
    this.root = root;
    this.place = element("div");
    const options = NETWORKS.map(({ setting }, index) => element("option", { value: index }, setting));
    const select = this.select = element("select", { onchange: () => this.choose(Number(select.value)) }, ...options);
    if (NETWORKS.length > 1) root.append(element("p", { class: "controls" }, element("label", {}, "Setting ", select)));
    root.append(this.place);
    this.choose(0);
    networkParts.push(this);
  }

  kept() {
    return { setting: NETWORKS[this.index].setting, groups: this.groups.map((group) => group.kept()) };
  }

  // As a page that loaded itself again left it, as far as there is the same.
  restore({ setting, groups }) {
    const index = NETWORKS.findIndex((one) => one.setting === setting);
    if (index < 0) return;
    this.select.value = index;
    this.choose(index);
    this.groups.forEach((group) => {
      const left = groups.find((one) => one.asked === group.asked);
      if (left) group.restore(left);
    });
  }

  choose(index) {
    this.index = index;
    const { arms } = NETWORKS[index], kinds = { text: TextGroup, recall: TextGroup, sum: SumGroup, product: SumGroup };
    // One setting may hold networks that are asked different things: an axis over tasks that is the compared one.
    const asked = new Map();
    for (const arm of arms) {
      const key = `${arm.kind} ${arm.length ?? ""}`;
      asked.set(key, [...(asked.get(key) || []), arm]);
    }
    this.groups = [...asked.values()].map((same) => new kinds[same[0].kind](same));
    this.place.replaceChildren(...this.groups.map((group) => group.node));
    this.groups.forEach((group) => group.update());
  }
}

// Networks that are asked the same, each on a card: `ask` is what a visitor changes, `step` the one that all look at (null:
// the last). A kind of group has `ask()`, nodes, and makes cards with `card(arm)`.
class Group {
  constructor(arms) {
    this.step = null;
    this.layer = 0;
    this.arms = arms;
    // One of each cell first.
    const firsts = arms.filter((arm, index) => arms.findIndex((other) => other.cell === arm.cell) === index);
    const open = [...firsts, ...arms.filter((arm) => !firsts.includes(arm))].slice(0, OPEN);
    this.cards = arms.map((arm) => ({ arm, shown: open.includes(arm), card: null }));
    this.grid = element("div", { class: "networks-grid" });
    this.status = element("p", { class: "note", role: "status" });
    this.heard = element("p", { class: "spoken", "aria-live": "polite" });
    this.node = element("div", { class: "networks-group" });
  }

  build(...asked) {
    const toggles = this.toggles = this.cards.map((one) => {
      const button = element("button", {
        type: "button", class: "arm", "aria-pressed": String(one.shown), onclick: () => {
          one.shown = !one.shown;
          button.setAttribute("aria-pressed", String(one.shown));
          this.update();
        },
      }, one.arm.name);
      return button;
    });
    const legend = element("div", { class: "legend", role: "group", "aria-label": "Networks: show or hide" }, ...toggles);
    const deepest = Math.max(...this.arms.map((arm) => arm.layers));
    const options = range(0, deepest - 1, 1).map((layer) => element("option", { value: layer }, `layer ${layer + 1}`));
    const select = this.layers = element("select", { onchange: () => { this.layer = Number(select.value); this.update(); } }, ...options);
    const layers = deepest > 1 ? [element("label", { class: "controls" }, "Inside of ", select)] : [];
    this.node.append(...asked, ...(toggles.length > 1 ? [legend] : []), ...layers, this.status, this.heard, this.grid);
  }

  // What all networks of the group are asked.
  get asked() {
    return `${this.arms[0].kind} ${this.arms[0].length ?? ""}`;
  }

  // What a visitor has made of it, as plain values; ``typed`` and ``retype`` are of what the kind of group asks.
  kept() {
    const shown = this.cards.filter((one) => one.shown).map((one) => one.arm.name);
    return { asked: this.asked, step: this.step, layer: this.layer, shown, ...this.typed() };
  }

  restore({ step, layer, shown, ...typed }) {
    this.cards.forEach((one, index) => {
      one.shown = shown.includes(one.arm.name);
      this.toggles[index].setAttribute("aria-pressed", String(one.shown));
    });
    this.layer = Math.min(layer, this.layers.options.length - 1);
    this.layers.value = this.layer;
    this.retype(typed);
    this.step = step;
    this.update();
  }

  get open() {
    return this.cards.filter((one) => one.shown).map((one) => (one.card ||= this.card(one.arm)));
  }

  // Everything anew, as what is asked has changed.
  update() {
    const open = this.open;
    this.grid.replaceChildren(...open.map((card) => card.node));
    open.forEach((card) => card.update());
    this.tell();
  }

  // For who listens: what each network says now, once the visitor or the network has paused.
  tell() {
    clearTimeout(this.telling);
    this.telling = setTimeout(() => {
      if (!this.node.contains(document.activeElement)) return;
      this.heard.textContent = this.open.map((card) => `${card.arm.name || "the network"}: ${card.answered(card.place)}`).join("; ");
    }, PAUSE);
  }

  look(step) {
    this.step = step;
    this.open.forEach((card) => card.point());
  }
}

// One network: its name, what it makes of what is asked, its inside. A kind of card has `asked()`, {inputs, labels}, which
// it reads; `show(made, labels)`, called when that has changed, and `point()`, when another step is looked at.
class Card {
  constructor(group, arm) {
    Object.assign(this, { group, arm, net: network(arm), known: undefined, logits: new WeakMap() });
    this.readout = element("p", { class: "cell-value", "aria-live": "polite" });
    this.maps = element("div", { class: "heats" });
    this.heats = [];
    this.four = element("div", { class: "wide" });
    this.body = element("div");
    const four = element("details", { open: arm.kind === "recall", "data-kept": `first steps of ${arm.name}` }, element("summary", {}, "The first four steps, as in the lecture"), this.four);
    this.node = element("article", { class: "network", "aria-label": arm.name }, element("h3", {}, arm.name || "the network"),
      element("p", { class: "meta" }, arm.about), this.body, this.maps, this.readout, four);
  }

  update() {
    const { inputs, labels } = this.asked();
    this.known = steps(this.net, inputs, this.known);
    this.labels = labels;
    const found = insides(this.net, this.known.made, Math.min(this.group.layer, this.arm.layers - 1));
    if (this.heats.length !== found.length) {
      this.heats = found.map(() => new Heat(this));
      this.maps.replaceChildren(...this.heats.map((heat) => heat.node));
    }
    this.heats.forEach((heat, index) => heat.draw(found[index]));
    this.show();
    const { made } = this.known, said = range(0, Math.min(4, made.length) - 1, 1).map((step) => this.answered(step));
    this.four.replaceChildren(firstSteps(this.net, inputs, labels, said, made));
    this.point();
  }

  get count() {
    return this.known.made.length;
  }

  get place() {
    return Math.min(this.group.step ?? this.count - 1, this.count - 1);
  }

  look(step) {
    this.group.look(step);
  }

  said(step) {
    return `after ${this.labels[step]}`;
  }

  // What the head gives after a step.
  given(step) {
    const made = this.known.made[step];
    if (!this.logits.has(made)) this.logits.set(made, headOf(this.net, made));
    return this.logits.get(made);
  }

  pointHeats() {
    this.heats.forEach((heat) => heat.point(this.place));
  }
}
