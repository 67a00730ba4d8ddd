// Keys, dragging and previews. Every page works without this file: it only presses what is there.
"use strict";

const find = (query, root = document) => root.querySelector(query);
const findAll = (query) => [...document.querySelectorAll(query)];

// The frames of an asset's strip, or the cards of the library: what J and K go along.
const strip = find("[data-strip]");
const options = findAll("[data-strip] [role=option]");
const cards = () => findAll("[data-card]");

function clock(seconds) {
  const ms = Math.ceil(seconds * 1000 - 0.001);
  const pad = (number, size) => String(number).padStart(size, "0");
  return `${pad(Math.floor(ms / 60000), 2)}:${pad(Math.floor(ms / 1000) % 60, 2)}.${pad(ms % 1000, 3)}`;
}

/* strip: one of its frames at a time is reached by Tab, and the arrows go along them */

const selected = () => options.findIndex((option) => option.getAttribute("aria-selected") === "true");
const shown = () => options.findIndex((option) => option.classList.contains("is-shown"));
const start = () => Math.max(0, selected() < 0 ? shown() : selected());
const focused = () => options.indexOf(document.activeElement);
let rest = 0;

function rove(index) {
  options.forEach((option, at) => option.setAttribute("tabindex", at === index ? "0" : "-1"));
}

function goTo(index) {
  const option = options[Math.max(0, Math.min(index, options.length - 1))];
  if (!option) return;
  rove(options.indexOf(option));
  option.focus();
  option.scrollIntoView({ block: "nearest", inline: "nearest" });
  clearTimeout(rest); // who holds an arrow down passes many frames, and looks at the last one
  rest = setTimeout(() => option.click(), 150);
}

function openFrame(option) {
  options.forEach((other) => other.setAttribute("aria-selected", String(other === option)));
  rove(options.indexOf(option));
}

function chooseOrOpen(index) {
  const option = options[index];
  const form = option && find(`#frame form[data-choose="${option.id.slice(1)}"]`);
  clearTimeout(rest);
  if (form) form.requestSubmit();
  else if (option) option.click();
}

/* mark: a part of the video, from the first marked frame up to the one after the last */

let marked = null; // [first, last] of the options

function startOf(index) { return Number(options[index].dataset.time); }
function endOf(index) {
  if (index + 1 < options.length) return startOf(index + 1);
  return Number(strip.dataset.end || startOf(index) + 0.001);
}

function showMark() {
  options.forEach((option, at) => option.classList.toggle("marked", Boolean(marked) && at >= marked[0] && at <= marked[1]));
  const bar = find("#mark");
  if (!bar) return;
  bar.hidden = !marked;
  if (marked) find("output", bar).textContent = `Marked: ${clock(startOf(marked[0]))} to ${clock(endOf(marked[1]))}`;
}

function mark(from, to) {
  marked = find("#mark") && from !== null ? [Math.min(from, to), Math.max(from, to)] : null;
  showMark();
}

function useMark(name) {
  const form = find("form[data-ranges]");
  if (!marked || !form) return;
  const field = form.elements[name];
  const range = `${clock(startOf(marked[0]))}-${clock(endOf(marked[1]))}`;
  field.value = [field.value.trim(), range].filter(Boolean).join("\n");
  mark(null);
  form.requestSubmit();
}

if (strip && options.length) {
  rove(start());
  // Not by scrollIntoView, which would leave the picture at the top of the page.
  strip.scrollLeft = options[start()].offsetLeft - strip.clientWidth / 2;
  let from = null;
  let hasMoved = false;
  strip.addEventListener("dragstart", (event) => event.preventDefault());
  strip.addEventListener("pointerdown", (event) => {
    hasMoved = false;
    // A finger scrolls the strip; it types the range.
    if (event.pointerType === "mouse" && event.button === 0) from = options.indexOf(event.target.closest("[role=option]"));
  });
  strip.addEventListener("pointerover", (event) => {
    const to = options.indexOf(event.target.closest("[role=option]"));
    if (from === null || from < 0 || to < 0 || !(event.buttons & 1)) return;
    hasMoved = hasMoved || to !== from;
    if (hasMoved) mark(from, to);
  });
  window.addEventListener("pointerup", () => { from = null; });
  strip.addEventListener("click", (event) => { // before htmx, which listens at each frame
    const option = event.target.closest("[role=option]");
    if (hasMoved) {
      event.preventDefault();
      event.stopPropagation();
    } else if (option) openFrame(option);
    hasMoved = false;
  }, true);
  find("[data-chart]").addEventListener("click", (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    const time = Number(strip.dataset.end || startOf(options.length - 1)) * (event.clientX - box.left) / box.width;
    const after = options.findIndex((_, index) => startOf(index) >= time);
    goTo(after < 0 ? options.length - 1 : after > 0 && time - startOf(after - 1) < startOf(after) - time ? after - 1 : after);
  });
}

/* keys: letters may be switched off, and none counts while somebody types */

function step(by) {
  if (find("[data-asset]")) return find(`[data-asset] a[rel=${by > 0 ? "next" : "prev"}]`)?.click();
  const all = cards();
  const at = all.indexOf(document.activeElement.closest("[data-card]")) + by;
  const card = all[Math.max(0, Math.min(at, all.length - 1))];
  if (card) find("[data-open]", card).focus();
}

const here = () => (focused() < 0 ? start() : focused());
let markedFrom = null;

const letters = {
  j: () => step(1),
  k: () => step(-1),
  r: () => find("form[data-release]")?.requestSubmit(),
  t: () => find("[data-test]")?.click(),
  u: () => find("[data-upload]")?.click(),
  a: () => { if (options.length) { markedFrom = here(); mark(markedFrom, markedFrom); } },
  b: () => { if (options.length) mark(markedFrom === null ? here() : markedFrom, here()); },
  x: () => (strip ? useMark("avoid") : find("[data-mark]", document.activeElement.closest("[data-card]") || document)?.click()),
  "?": () => find("#keys")?.showModal(),
};

const along = (by) => goTo(focused() < 0 && selected() < 0 ? start() : here() + by);
const onStrip = {
  ArrowRight: () => along(1),
  ArrowLeft: () => along(-1),
  ArrowDown: () => goTo(focused() + 1),
  ArrowUp: () => goTo(focused() - 1),
  Home: () => goTo(0),
  End: () => goTo(options.length - 1),
  PageDown: () => goTo(focused() + 10),
  PageUp: () => goTo(focused() - 10),
  Enter: () => chooseOrOpen(focused()),
  " ": () => chooseOrOpen(focused()),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
  const isTyping = event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
  if (isTyping || find("dialog[open]")) return;
  if (event.key === "Escape") {
    markedFrom = null;
    return mark(null);
  }
  const areLettersOn = document.body.dataset.singleKeys === "on";
  const act = ((focused() >= 0 || /^Arrow(Left|Right)$/.test(event.key)) && onStrip[event.key]) || (areLettersOn && letters[event.key.toLowerCase()]);
  if (!act) return;
  event.preventDefault();
  act();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-help]")) find("#keys").showModal();
  const use = event.target.closest("[data-mark-as]");
  if (use) use.dataset.markAs ? useMark(use.dataset.markAs) : mark(null);
});
findAll("[data-help-hint]").forEach((hint) => { hint.hidden = false; });

/* a picture that is about to be sent */

document.addEventListener("change", async (event) => {
  if (!event.target.matches("[data-upload]")) return;
  const file = event.target.files[0];
  const canvas = find("[data-upload-preview]");
  const picture = file && await createImageBitmap(file).catch(() => null);
  canvas.hidden = !picture;
  if (file) find("[data-upload-says]").textContent = `${file.name}, ${(file.size / 1048576).toFixed(1)} MiB${picture ? `, ${picture.width} × ${picture.height}` : ": no picture that this browser knows"}`;
  if (!picture) return;
  canvas.height = Math.round(canvas.width * picture.height / picture.width);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
});
