// Tables that sort, maps of values that can be read, the small curves of trials; and what makes all of it start.
// A click on a heading sorts, another one turns it round, a third one gives the order back.
function sortable(table) {
  const body = table.tBodies[0], original = [...body.rows], heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    if (head.textContent.trim() === "" || head.dataset.fixed !== undefined) return;
    const button = element("button", { type: "button", class: "sort", onclick: () => turn(head, column) }, ...head.childNodes);
    head.append(button);
  });
  const named = heads.filter((head) => head.matches(".of-arm")), again = named.slice(0, -1).map((head) => [head, element("button", { type: "button", class: "sort", onclick: () => turn(head, heads.indexOf(head)) }, head.textContent)]);
  if (again.length) named.at(-1).append(element("span", { class: "setting" }, ...again.flatMap(([, button]) => [button, " "]))); // where a phone has no room for columns of their own
  function turn(head, column) {
    const next = { none: "ascending", ascending: "descending", descending: "none" }[head.ariaSort || "none"];
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    again.forEach(([other, button]) => (button.dataset.sorted = other === head ? next : "none"));
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

// The columns that say which arm a row is of stay where they are when the others are moved sideways: beside each other, or,
// where that leaves too little room, as one.
function sticky(table) {
  const columns = [...table.tHead.rows[0].cells].filter((cell) => cell.matches(".of-arm")).length;
  const room = table.parentElement, cells = [...table.rows].map((row) => [...row.cells].slice(0, columns));
  const lay = () => {
    table.classList.remove("compact");
    const wide = cells[0].map((cell) => cell.offsetWidth), before = wide.map((_, index) => wide.slice(0, index).reduce((a, b) => a + b, 0));
    const compact = columns > 1 && table.offsetWidth > room.clientWidth && before.at(-1) + wide.at(-1) > room.clientWidth / 2;
    table.classList.toggle("compact", compact);
    cells.forEach((row) => row.forEach((cell, index) => (cell.style.left = `${compact ? 0 : before[index]}px`)));
  };
  new ResizeObserver(lay).observe(room);
}

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

document.querySelectorAll(".scripted").forEach((said) => (said.hidden = false));
document.querySelectorAll("table.sortable").forEach(sortable);
document.querySelectorAll("table.results").forEach(sticky);
document.querySelectorAll(".chart").forEach((root) => new Chart(root));
document.querySelectorAll("[data-networks]").forEach((root) => new Networks(root));
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

addEventListener("beforeprint", () => charts.forEach((chart) => chart.onPaper(true)));
addEventListener("afterprint", () => charts.forEach((chart) => chart.onPaper(false)));
