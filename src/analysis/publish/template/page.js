"use strict";
// Adds to a page that works without it: tips that stay, tables that sort, and labels on maps.

// Tips are shown by style.css on hover and focus. Here they also open by a tap, outlast the way of a mouse
// to them, and close with Escape.
const NUMBERS = "a.origin, :not(a) > data";
const numberAt = (node) => (node instanceof Element ? node.closest(NUMBERS) : null);
let kept = null, leaving = 0;

function keep(number) {
  clearTimeout(leaving);
  if (kept !== number) kept?.classList.remove("open");
  kept = number;
  kept?.classList.add("open");
}

function dismiss() {
  keep(null);
  for (const number of document.querySelectorAll(`:is(${NUMBERS}):is(:hover, :focus)`)) number.classList.add("closed");
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") dismiss();
});
document.addEventListener("pointerover", (event) => {
  const number = numberAt(event.target);
  if (number && number === kept) clearTimeout(leaving);
  else if (number && event.pointerType === "mouse") keep(null);
});
document.addEventListener("pointerout", (event) => {
  const number = numberAt(event.target);
  if (!number || number === numberAt(event.relatedTarget)) return;
  const dismissed = number.classList.contains("closed");
  number.classList.remove("closed");
  if (event.pointerType !== "mouse" || dismissed) return;
  keep(number);
  leaving = setTimeout(() => keep(null), 400);
});
document.addEventListener("focusout", (event) => numberAt(event.target)?.classList.remove("closed"));
document.addEventListener("click", (event) => {
  const number = numberAt(event.target);
  if (number?.matches("a") && (event.pointerType !== "touch" || number === kept)) return;
  if (number) event.preventDefault();
  keep(number === kept ? null : number);
});

// The tips of narrow screens stand above the running notice, however many lines that takes.
const notice = document.querySelector("footer.running");
if (notice) {
  const measure = () => document.documentElement.style.setProperty("--foot", `${notice.offsetHeight}px`);
  new ResizeObserver(measure).observe(notice);
}

// Tables sort by the value of a number or date that opens the cell, else by the text; empty cells come last.
const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });

function keyOf(cell) {
  const text = cell.textContent.trim();
  const marked = cell.querySelector("data, time");
  if (!marked || !text.startsWith(marked.textContent.trim())) return text === "–" ? "" : text;
  const value = marked.value ?? marked.dateTime;
  return value === "" || Number.isNaN(Number(value)) ? value : Number(value);
}

function compare(a, b, sign) {
  if (a === "" || b === "") return (a === "") - (b === "");
  if (typeof a === "number" && typeof b === "number") return sign * (a - b);
  return sign * (typeof a === typeof b ? collator.compare(a, b) : (typeof a === "string") - (typeof b === "string"));
}

function sortRows(body, delivered, column, direction) {
  const sign = direction === "descending" ? -1 : 1;
  const keyed = delivered.map((row) => [row, keyOf(row.cells[column])]);
  if (direction !== "none") keyed.sort(([, a], [, b]) => compare(a, b, sign));
  body.append(...keyed.map(([row]) => row));
}

function makeSortable(table) {
  const body = table.tBodies[0], delivered = [...(body?.rows ?? [])], heads = [...table.tHead.rows[0].cells];
  if (delivered.length < 3 || body.querySelector("tr.total")) return;
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    head.abbr = head.textContent.trim();
    button.type = "button";
    button.className = "sort";
    button.setAttribute("aria-label", `${document.querySelector("main").dataset.sort} ${head.abbr}`);
    button.addEventListener("click", () => {
      const next = { ascending: "descending", descending: "none" }[head.getAttribute("aria-sort")] ?? "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      if (next !== "none") head.setAttribute("aria-sort", next);
      sortRows(body, delivered, column, next);
    });
    head.append(" ", button);
  });
}

document.querySelectorAll("main table").forEach(makeSortable);

// Maps say what a point is where the mouse or a finger is near it; with the keyboard the arrows go from point to point.
const NEAR = 18; // pixels

function makeTelling(figure) {
  const sheet = figure.querySelector(".sheet"), image = sheet.querySelector("img");
  const points = JSON.parse(figure.dataset.points), label = document.createElement("output");
  let shown = -1;
  const place = ([x, y]) => [image.offsetLeft + (x / 100) * image.offsetWidth, image.offsetTop + (y / 100) * image.offsetHeight];
  const show = (index) => {
    shown = index;
    label.hidden = index < 0;
    label.textContent = index < 0 ? "" : points[index][2];
    if (index < 0) return;
    const [x, y] = place(points[index]), right = x > sheet.clientWidth / 2;
    label.style.left = right ? "auto" : `${x}px`;
    label.style.right = right ? `${sheet.clientWidth - x}px` : "auto";
    label.style.top = `${y}px`;
  };
  const nearest = (event) => {
    const box = sheet.getBoundingClientRect(), at = [event.clientX - box.left, event.clientY - box.top];
    const distances = points.map((point) => Math.hypot(place(point)[0] - at[0], place(point)[1] - at[1]));
    const least = distances.indexOf(Math.min(...distances));
    return distances[least] <= NEAR ? least : -1;
  };
  image.tabIndex = 0;
  label.hidden = true;
  sheet.append(label);
  sheet.addEventListener("pointermove", (event) => show(nearest(event)));
  sheet.addEventListener("pointerdown", (event) => show(nearest(event)));
  sheet.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && show(-1));
  image.addEventListener("blur", () => show(-1));
  image.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") show(-1);
    if (!step) return;
    event.preventDefault();
    show(shown < 0 && step < 0 ? points.length - 1 : (shown + step + points.length) % points.length);
  });
}

document.querySelectorAll("figure[data-points]").forEach(makeTelling);
