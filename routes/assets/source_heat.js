/**
 * The heat map of the page: its values under the pointer and by keys.
 *
 * @module
 */

import { context } from "./context.js";
import { createHeatMap } from "./heat_map.js";
import { fetchPacked } from "./packed.js";
import { apiUrl, byId, followTheme, formats, source, valueText } from "./source_shared.js";

const DAY_MS = 86_400_000;
const { say, locale } = context();

/**
 * Draws the heat map of the year.
 *
 * @param {(fromMs: number, toMs: number) => void} openSpan Shows a day in the chart.
 */
export async function startHeatMap(openSpan) {
  const canvas = byId("heat"), readout = byId("heat-readout");
  if (!(canvas instanceof HTMLCanvasElement) || readout === null) return;
  const { head, columns } = await fetchPacked(
    apiUrl("heatmap", { year: String(source.year), metric: source.metric }),
  );
  const values = columns.get("values") ?? new Float64Array(0);
  /** @param {number} timeMs */
  function placeOf(timeMs) {
    const minutes = (timeMs - source.fromMs) / 60_000;
    if (minutes < 0) return { day: 0, slot: 0 };
    if (timeMs >= source.toMs) return { day: head.days - 1, slot: head.slots };
    const day = source.dayMinutes.findLastIndex((minute) => minute <= minutes);
    const slot = Math.floor((minutes - source.dayMinutes[day]) * 60 / head.slot_seconds);
    return { day, slot: Math.min(head.slots, slot) };
  }
  const map = createHeatMap({ ...head, values }, {
    canvas,
    locale,
    hoursText: (hours) => say("source.hours", { hours: formats.number(hours, 1) }),
    expected: [placeOf(source.firstMs ?? 0), placeOf(source.lastMs ?? 0)],
  });
  const startedMs = performance.now();
  map.draw();
  canvas.dataset.drawnMs = String(Math.round(performance.now() - startedMs));
  drawLegend(map);
  followTheme(() => {
    map.draw();
    drawLegend(map);
  });
  new ResizeObserver(() => map.draw()).observe(canvas);

  const dates = new Intl.DateTimeFormat(locale, {
    weekday: "short",
    day: "numeric",
    month: "long",
    timeZone: "UTC",
  });
  const firstMs = Date.parse(head.first_date);

  /** @param {{ day: number, slot: number }} cell */
  function describe({ day, slot }) {
    const change = head.changes.find((/** @type {any} */ { date }) =>
      Math.round((Date.parse(date) - firstMs) / DAY_MS) === day
    );
    const parts = [
      `${dates.format(firstMs + day * DAY_MS)}, ${clockOf(slot, head.slot_seconds)}`,
      valueText(values[day * head.slots + slot]),
    ];
    if (change !== undefined) {
      parts.push(say("source.day.hours", { hours: formats.number(change.hours, 1) }));
      const index = slot - change.slot;
      const isChanged = index >= 0 && index < change.slots;
      if (isChanged && change.again_at === null) parts[1] = say("source.skipped");
      else if (isChanged) {
        parts[1] += ` · ${
          say("source.again", { value: valueText(values[change.again_at + index]) })
        }`;
      }
    }
    return parts.join(" · ");
  }

  /** @param {number} day */
  function openDay(day) {
    const startMs = source.fromMs + source.dayMinutes[day] * 60_000;
    const nextMs = source.fromMs + (source.dayMinutes[day + 1] ?? NaN) * 60_000;
    openSpan(startMs, Number.isNaN(nextMs) ? source.toMs : nextMs);
  }

  canvas.addEventListener("pointermove", (event) => {
    const cell = map.cellAt(event.offsetX, event.offsetY);
    if (cell !== null) readout.textContent = describe(cell);
  });
  canvas.addEventListener("click", (event) => {
    const cell = map.cellAt(event.offsetX, event.offsetY);
    if (cell === null) return;
    map.select(cell);
    readout.textContent = describe(cell);
    openDay(cell.day);
  });
  const hour = 3600 / head.slot_seconds;
  /** @type {Record<string, [day: number, slot: number]>} */
  const steps = {
    ArrowLeft: [-1, 0],
    ArrowRight: [1, 0],
    ArrowUp: [0, -Math.max(1, hour / 4)],
    ArrowDown: [0, Math.max(1, hour / 4)],
    PageUp: [-30, 0],
    PageDown: [30, 0],
  };
  canvas.addEventListener("keydown", (event) => {
    const cell = map.selected() ?? { day: 0, slot: 0 };
    if (event.key === "Enter" || event.key === " ") openDay(cell.day);
    else if (event.key === "Home") moveTo({ day: 0, slot: cell.slot });
    else if (event.key === "End") moveTo({ day: head.days - 1, slot: cell.slot });
    else if (event.key in steps) {
      const [day, slot] = steps[event.key];
      moveTo({ day: cell.day + day, slot: cell.slot + slot });
    } else return;
    event.preventDefault();
  });
  canvas.addEventListener("focus", () => {
    if (map.selected() === null) moveTo({ day: 0, slot: Math.floor(head.slots / 2) });
  });

  /** @param {{ day: number, slot: number }} to */
  function moveTo({ day, slot }) {
    const cell = {
      day: Math.min(head.days - 1, Math.max(0, day)),
      slot: Math.min(head.slots - 1, Math.max(0, Math.floor(slot))),
    };
    map.select(cell);
    if (readout !== null) readout.textContent = describe(cell);
  }
}

/**
 * @param {number} slot
 * @param {number} slotSeconds
 */
function clockOf(slot, slotSeconds) {
  const minutes = slot * slotSeconds / 60;
  const two = (/** @type {number} */ number) => String(Math.floor(number)).padStart(2, "0");
  return `${two(minutes / 60)}:${two(minutes % 60)}`;
}

/** @param {ReturnType<typeof createHeatMap>} map */
function drawLegend(map) {
  const canvas = byId("heat-legend");
  if (!(canvas instanceof HTMLCanvasElement)) return;
  const colors = map.legend();
  canvas.width = colors.length;
  canvas.height = 1;
  const paint = canvas.getContext("2d");
  colors.forEach((color, index) => {
    if (paint === null) return;
    paint.fillStyle = color;
    paint.fillRect(index, 0, 1, 1);
  });
  const low = byId("heat-low"), high = byId("heat-high");
  if (low !== null) low.textContent = formats.number(map.range.low, 2);
  if (high !== null) high.textContent = `≥ ${formats.number(map.range.high, 2)} ${source.unit}`;
  byId("heat-scale")?.removeAttribute("hidden");
}
