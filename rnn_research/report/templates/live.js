// A page that follows a run: it asks its server whether there is news, loads itself again when the visitor rests, and comes
// back as it was left.
const ASKED = 2000, REST = 1500; // milliseconds: between two questions; without a key or a press
const FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex]";

function headed(node) {
  return node.closest("section")?.querySelector("h2")?.textContent ?? "";
}

// By what they are called, so that what has come in before them moves nothing; the second of a name gets a 2.
function called(list, name) {
  const found = new Map();
  for (const one of list) {
    const base = name(one);
    let key = base;
    for (let number = 2; found.has(key); number += 1) key = `${base} ${number}`;
    found.set(key, one);
  }
  return found;
}

// The kinds of things that a visitor changes: which there are, what is kept of one, and how it is given back.
const CHANGED = {
  charts: [() => called(charts, (chart) => headed(chart.root)), (chart) => chart.kept(), (chart, left) => chart.restore(left)],
  networks: [() => called(networkParts, () => "networks"), (part) => part.kept(), (part, left) => part.restore(left)],
  details: [() => called(document.querySelectorAll("details[data-kept]"), (one) => one.dataset.kept), (one) => one.open, (one, open) => {
    one.open = open;
    if (open) one.querySelectorAll("[data-spark]:empty").forEach(sparkline);
  }],
  tables: [() => called(document.querySelectorAll("table.sortable"), (table) => table.caption.textContent), orderOf, reorder],
  places: [
    () => called(document.querySelectorAll(".wide, .strip"), (one) => `${headed(one)} ${one.closest("article")?.ariaLabel} ${one.ariaLabel}`),
    (one) => [one.scrollLeft, one.scrollTop], (one, [left, top]) => Object.assign(one, { scrollLeft: left, scrollTop: top }),
  ],
  sections: [() => called(document.querySelectorAll("main > section"), headed), topOf, scrollBack],
};

function orderOf(table) {
  const head = [...table.tHead.rows[0].cells].find((one) => one.ariaSort);
  return head ? [head.textContent, head.ariaSort] : null;
}

function reorder(table, [heading, order]) {
  const button = [...table.tHead.rows[0].cells].find((one) => one.textContent === heading)?.querySelector(".sort");
  for (let turn = order === "ascending" ? 1 : 2; button && turn; turn -= 1) button.click();
}

// Where a part stands, if it is the one at the upper edge of the window.
function topOf(section) {
  const { top, bottom } = section.getBoundingClientRect();
  return top <= 1 && bottom > 1 ? top : null;
}

function scrollBack(section, top) {
  scrollBy({ top: section.getBoundingClientRect().top - top, behavior: "instant" });
}

function focused() {
  const node = document.activeElement, section = node.closest("main > section");
  if (!section) return null;
  const place = [...section.querySelectorAll(FOCUSABLE)].indexOf(node);
  const selected = node.matches("textarea") ? [node.selectionStart, node.selectionEnd] : null;
  return { heading: headed(node), place, looks: `${node.tagName} ${node.getAttribute("class")}`, selected };
}

function refocus({ heading, place, looks, selected }) {
  const section = [...document.querySelectorAll("main > section")].find((one) => headed(one) === heading);
  const node = section?.querySelectorAll(FOCUSABLE)[place];
  if (!node || `${node.tagName} ${node.getAttribute("class")}` !== looks) return;
  node.focus({ preventScroll: true });
  if (selected) node.setSelectionRange(...selected);
}

function keep() {
  const state = { title: document.title, y: scrollY, focused: focused() };
  for (const [kind, [list, kept]] of Object.entries(CHANGED)) {
    state[kind] = [...list()].map(([name, one]) => [name, kept(one)]).filter(([, left]) => left !== null);
  }
  sessionStorage.setItem("left", JSON.stringify(state));
}

function comeBack() {
  const state = JSON.parse(sessionStorage.getItem("left") || "null");
  if (state?.title !== document.title) return;
  history.scrollRestoration = "manual";
  scrollTo({ top: state.y, behavior: "instant" });
  for (const [kind, [list, , restore]] of Object.entries(CHANGED)) {
    const there = list();
    for (const [name, left] of state[kind]) if (there.has(name)) restore(there.get(name), left);
  }
  if (state.focused) refocus(state.focused);
}

if (document.documentElement.dataset.live !== undefined) {
  comeBack();
  addEventListener("pagehide", keep);
  let version = null, touched = 0;
  for (const name of ["keydown", "pointerdown", "pointerup", "input"]) addEventListener(name, () => (touched = Date.now()), true);
  addEventListener("pointermove", (event) => event.buttons && (touched = Date.now()), true);
  const followed = element("p", { class: "followed", role: "status" });
  document.querySelector("footer").append(followed);
  // What it shows is of when it was loaded; without an answer it says so, where it is seen.
  const say = (since) => {
    const clock = new Date(since ?? performance.timeOrigin).toLocaleTimeString();
    const said = since ? `Its server has not answered since ${clock}; the page stays as it is.` : `What it shows is of ${clock}.`;
    if (followed.textContent !== said) followed.textContent = said;
    followed.classList.toggle("lost", Boolean(since));
  };
  let answered = Date.now();
  say();
  const busy = () => Date.now() - touched < REST || networkParts.some((part) => part.groups.some((group) => group.timer));
  setInterval(async () => {
    try {
      const now = await (await fetch("version", { signal: AbortSignal.timeout(5 * ASKED) })).text();
      answered = Date.now();
      say();
      version ??= now;
      if (now !== version && !busy()) location.reload();
    } catch {
      say(answered);
    }
  }, ASKED);
}
