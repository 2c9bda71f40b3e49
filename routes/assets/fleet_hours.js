/**
 * The week as a grid: half hours that are painted with the mouse, or moved over with the arrow keys
 * and switched with the space bar. The fields of times below it stay what is sent, and a change shows
 * at once what the last week would have been.
 *
 * @module
 */

import { context } from "./context.js";
import { make, need } from "./elements.js";

const SLOTS = 48, SLOT_MINUTES = 30, DAY_MINUTES = 1_440;
/** How long one types before the preview is asked for, milliseconds. */
const REST_MS = 500;

const form = /** @type {HTMLFormElement} */ (need("hours-form"));
const { say, data } = context();
/** @type {HTMLElement[][]} */
const cells = [];
/** What a drag paints; null while none is made. */
let paints = /** @type {boolean | null} */ (null);
let timer = 0;
let asked = 0;

/** @param {string} text */
function minutesOf(text) {
  const [hour, minute] = text.split(":").map(Number);
  return hour * 60 + minute;
}

/** @param {number} minutes */
function clockOf(minutes) {
  const ofDay = minutes % DAY_MINUTES;
  return `${String(Math.floor(ofDay / 60)).padStart(2, "0")}:${
    String(ofDay % 60).padStart(2, "0")
  }`;
}

/** @param {number} day */
function rowsOf(day) {
  const fieldset = form.querySelector(`fieldset[data-day="${day}"]`);
  return [...fieldset?.querySelectorAll(".times-row") ?? []].map((row) => {
    const [start, end] = row.querySelectorAll("input");
    return { row, start, end };
  });
}

/** Marks the cells that the fields say are open. */
function drawCells() {
  const open = cells.map((row) => row.map(() => 0));
  for (let day = 0; day < cells.length; day++) {
    for (const { start, end } of rowsOf(day)) {
      if (start.value === "" || end.value === "") continue;
      const from = minutesOf(start.value), to = minutesOf(end.value);
      const length = to > from ? to - from : to - from + DAY_MINUTES;
      for (let slot = 0; slot < 2 * SLOTS; slot++) {
        const at = slot * SLOT_MINUTES;
        const share = Math.min(at + SLOT_MINUTES, from + length) - Math.max(at, from);
        if (share > 0) open[(day + Math.floor(slot / SLOTS)) % 7][slot % SLOTS] += share;
      }
    }
  }
  for (const [day, row] of cells.entries()) {
    for (const [slot, cell] of row.entries()) {
      const isOpen = open[day][slot] > 0;
      cell.classList.toggle("open", isOpen);
      cell.setAttribute("aria-selected", String(isOpen));
    }
  }
}

/**
 * Writes the open cells of a day into its fields.
 *
 * @param {number} day
 */
function writeFields(day) {
  /** @type {{ from: number, to: number }[]} */
  const runs = [];
  for (let slot = 0; slot < SLOTS; slot++) {
    if (!cells[day][slot].classList.contains("open")) continue;
    const last = runs.at(-1);
    if (last?.to === slot) last.to++;
    else runs.push({ from: slot, to: slot + 1 });
  }
  let rows = rowsOf(day);
  while (rows.length < runs.length) {
    const copy = rows[rows.length - 1].row.cloneNode(true);
    rows[rows.length - 1].row.after(copy);
    rows = rowsOf(day);
  }
  for (const [index, { start, end }] of rows.entries()) {
    const run = runs[index];
    start.value = run === undefined ? "" : clockOf(run.from * SLOT_MINUTES);
    end.value = run === undefined ? "" : clockOf(run.to * SLOT_MINUTES);
  }
  const always = form.elements.namedItem("always");
  if (always instanceof HTMLInputElement) always.checked = false;
}

/**
 * @param {number} day
 * @param {number} slot
 * @param {boolean} isOpen
 */
function paint(day, slot, isOpen) {
  const cell = cells[day][slot];
  if (cell.classList.contains("open") === isOpen) return;
  cell.classList.toggle("open", isOpen);
  writeFields(day);
  drawCells();
  askSoon();
}

/** @param {EventTarget | null} target */
function placeOf(target) {
  if (!(target instanceof HTMLElement) || target.dataset.slot === undefined) return null;
  return { day: Number(target.dataset.of), slot: Number(target.dataset.slot) };
}

/**
 * @param {number} day
 * @param {number} slot
 */
function focusCell(day, slot) {
  for (const cell of cells.flat()) if (cell.tabIndex === 0) cell.tabIndex = -1;
  const cell = cells[day][slot];
  cell.tabIndex = 0;
  cell.focus();
}

/** Asks what the last week would have been, once one has stopped changing. */
function askSoon() {
  clearTimeout(timer);
  timer = setTimeout(ask, REST_MS);
}

async function ask() {
  const turn = ++asked;
  const url = form.querySelector("button[formaction]")?.getAttribute("formaction") ?? "";
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form)) fields.append(name, String(value));
  try {
    const answer = await fetch(url, {
      method: "POST",
      body: fields,
      headers: { accept: "text/html" },
    });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("hours-preview") ?? page.querySelector(".notice");
    if (turn !== asked || fresh === null) return;
    const problems = page.querySelector(".problems");
    need("hours-preview").replaceChildren(...(problems === null ? fresh.childNodes : [problems]));
  } catch {
    if (turn === asked) need("hours-preview").textContent = say("fleet.grid.fault");
  }
}

function build() {
  const grid = make("div", {
    role: "grid",
    "aria-label": say("fleet.grid.label"),
    class: "grid-week",
  });
  const head = make("div", { class: "grid-head", "aria-hidden": "true" }, make("span"));
  for (let hour = 0; hour < 24; hour += 3) head.append(make("span", {}, clockOf(hour * 60)));
  for (const [day, name] of data.days.entries()) {
    const row = make("div", { role: "row" }, make("span", { role: "rowheader" }, name));
    cells.push(Array.from({ length: SLOTS }, (_, slot) => {
      const from = clockOf(slot * SLOT_MINUTES), to = clockOf((slot + 1) * SLOT_MINUTES);
      const cell = make("span", {
        role: "gridcell",
        tabindex: day === 0 && slot === 16 ? 0 : -1,
        "aria-label": `${name} ${from}–${to}`,
        "data-of": day,
        "data-slot": slot,
      });
      row.append(cell);
      return cell;
    }));
    grid.append(row);
  }
  need("hours-grid").append(head, grid, make("p", { class: "hint" }, say("fleet.grid.help")));
  grid.addEventListener("pointerdown", (event) => {
    const place = placeOf(event.target);
    if (place === null || event.button !== 0) return;
    event.preventDefault();
    paints = !cells[place.day][place.slot].classList.contains("open");
    paint(place.day, place.slot, paints);
    focusCell(place.day, place.slot);
  });
  grid.addEventListener("pointerover", (event) => {
    const place = placeOf(event.target);
    if (place !== null && paints !== null) paint(place.day, place.slot, paints);
  });
  addEventListener("pointerup", () => paints = null);
  grid.addEventListener("keydown", (event) => {
    const place = placeOf(event.target);
    if (place === null) return;
    const { day, slot } = place;
    if (event.key === " " || event.key === "Enter") {
      paint(day, slot, !cells[day][slot].classList.contains("open"));
    } else {
      const to = {
        ArrowLeft: [day, slot - 1],
        ArrowRight: [day, slot + 1],
        ArrowUp: [day - 1, slot],
        ArrowDown: [day + 1, slot],
        Home: [day, 0],
        End: [day, SLOTS - 1],
      }[event.key];
      if (to === undefined) return;
      if (to[0] >= 0 && to[0] < 7 && to[1] >= 0 && to[1] < SLOTS) focusCell(to[0], to[1]);
    }
    event.preventDefault();
  });
  form.addEventListener("input", () => {
    drawCells();
    askSoon();
  });
  drawCells();
}

build();
