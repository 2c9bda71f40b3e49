/**
 * A year as a heat map on a canvas: days from left to right, times of day from top to bottom, and
 * below it a strip that shows how much of each day is missing.
 *
 * What is missing is left empty, so that the hatched ground of the canvas shows.
 *
 * @module
 */

import { colorsOf, STEPS } from "./colors.js";

/** @typedef {import("./colors.js").Colors} Colors */

/** Room around the map, CSS pixels. */
const LEFT = 46, TOP = 20, STRIP_GAP = 6, STRIP = 16, BOTTOM = 4;
const DAY_MS = 86_400_000;

/**
 * @typedef {object} ClockChange
 * @property {string} date
 * @property {number} hours
 * @property {number} slot
 * @property {number} slots
 * @property {number | null} again_at
 */

/**
 * A year: what the API calls a heat map.
 *
 * @typedef {object} HeatData
 * @property {string} first_date
 * @property {number} days
 * @property {number} slots
 * @property {number} slot_seconds
 * @property {readonly ClockChange[]} changes
 * @property {Float64Array} values
 */

/**
 * @typedef {object} Cell
 * @property {number} day
 * @property {number} slot
 */

/**
 * @typedef {object} HeatOptions
 * @property {HTMLCanvasElement} canvas
 * @property {string} locale
 * @property {(hours: number) => string} hoursText How a day with another number of hours is marked.
 * @property {[first: Cell, last: Cell]} expected The cells between which readings should be.
 */

/**
 * Draws a map.
 *
 * @param {HeatData} data
 * @param {HeatOptions} options
 */
export function createHeatMap(data, options) {
  const { canvas, locale } = options;
  const range = rangeOf(data.values);
  const missing = missingShares(data, options.expected);
  const firstMs = Date.parse(data.first_date);
  const months = new Intl.DateTimeFormat(locale, { month: "short", timeZone: "UTC" });
  /** @type {Cell | null} */
  let selected = null;
  let place = { left: LEFT, top: TOP, width: 0, height: 0, ratio: 1 };

  function draw() {
    const ratio = Math.max(1, devicePixelRatio);
    const cssWidth = canvas.clientWidth, cssHeight = canvas.clientHeight;
    if (cssWidth === 0) return;
    canvas.width = Math.round(cssWidth * ratio);
    canvas.height = Math.round(cssHeight * ratio);
    const width = cssWidth - LEFT - 2, height = cssHeight - TOP - STRIP_GAP - STRIP - BOTTOM;
    place = { left: LEFT, top: TOP, width, height, ratio };
    const paint = canvas.getContext("2d");
    if (paint === null) return;
    paint.scale(ratio, ratio);
    const colors = colorsOf(canvas);
    const rows = Math.min(data.slots, Math.max(24, Math.round(height * ratio)));
    drawGround(paint, colors);
    paint.imageSmoothingEnabled = false;
    paint.drawImage(
      imageOf(data, rows, { ...range, table: colors.table }),
      LEFT,
      TOP,
      width,
      height,
    );
    drawChanges(paint, colors);
    drawStrip(paint, colors);
    drawAxes(paint, colors);
    if (selected !== null) drawSelected(paint, colors, selected);
  }

  /** @param {number} day */
  const xOf = (day) => place.left + day / data.days * place.width;
  /** @param {number} slot */
  const yOf = (slot) => place.top + slot / data.slots * place.height;

  /**
   * The hatched ground of the days that should have readings: it shows where they are missing.
   *
   * @param {CanvasRenderingContext2D} paint
   * @param {Colors} colors
   */
  function drawGround(paint, colors) {
    const tile = new OffscreenCanvas(6, 6);
    const lines = tile.getContext("2d");
    if (lines === null) return;
    lines.strokeStyle = colors.line;
    lines.globalAlpha = 0.55;
    lines.lineWidth = 1;
    for (const shift of [-6, 0, 6]) {
      lines.moveTo(shift, 6);
      lines.lineTo(shift + 6, 0);
    }
    lines.stroke();
    const [first, last] = options.expected.map(({ day }) => day);
    paint.fillStyle = colors.sunken;
    paint.fillRect(xOf(0), place.top, xOf(data.days) - xOf(0), place.height);
    const pattern = paint.createPattern(tile, "repeat");
    if (pattern === null) return;
    paint.fillStyle = pattern;
    paint.fillRect(xOf(first), place.top, Math.max(0, xOf(last + 1) - xOf(first)), place.height);
  }

  /**
   * Days on which the clock changes: a mark above them, and the second passage of a repeated hour in
   * the right half of its cells.
   *
   * @param {CanvasRenderingContext2D} paint
   * @param {Colors} colors
   */
  function drawChanges(paint, colors) {
    for (const { date, hours, slot, slots, again_at } of data.changes) {
      const day = Math.round((Date.parse(date) - firstMs) / DAY_MS);
      const x = xOf(day), width = xOf(day + 1) - x;
      if (again_at !== null) {
        for (let i = 0; i < slots; i++) {
          const value = data.values[again_at + i];
          if (Number.isNaN(value)) continue;
          paint.fillStyle = colors.css[stepOf(value, range)];
          paint.fillRect(x + width / 2, yOf(slot + i), width / 2, yOf(1) - yOf(0) + 0.3);
        }
      }
      paint.strokeStyle = colors.text;
      paint.lineWidth = 1;
      paint.strokeRect(x - 0.5, yOf(slot) - 0.5, width + 1, yOf(slot + slots) - yOf(slot) + 1);
      paint.fillStyle = colors.text;
      paint.beginPath();
      paint.moveTo(x + width / 2 - 4, TOP - 6);
      paint.lineTo(x + width / 2 + 4, TOP - 6);
      paint.lineTo(x + width / 2, TOP - 1);
      paint.fill();
      paint.font = colors.font;
      paint.textAlign = "left";
      paint.textBaseline = "bottom";
      paint.fillText(options.hoursText(hours), x + width / 2 + 6, TOP - 2);
    }
  }

  /**
   * How much of each day is missing.
   *
   * @param {CanvasRenderingContext2D} paint
   * @param {Colors} colors
   */
  function drawStrip(paint, colors) {
    const top = place.top + place.height + STRIP_GAP;
    const [first, last] = options.expected.map(({ day }) => day);
    paint.fillStyle = colors.sunken;
    paint.fillRect(xOf(first), top, Math.max(0, xOf(last + 1) - xOf(first)), STRIP);
    paint.fillStyle = colors.bad;
    for (let day = first; day <= last; day++) {
      if (missing[day] === 0) continue;
      // Even a single missing reading has to be seen.
      const height = Math.max(3, missing[day] * STRIP);
      paint.fillRect(xOf(day), top + STRIP - height, Math.max(1.5, xOf(1) - xOf(0)), height);
    }
  }

  /**
   * @param {CanvasRenderingContext2D} paint
   * @param {Colors} colors
   */
  function drawAxes(paint, colors) {
    paint.font = colors.font;
    paint.fillStyle = colors.muted;
    paint.strokeStyle = colors.line;
    paint.lineWidth = 1;
    paint.textAlign = "right";
    paint.textBaseline = "middle";
    for (let hour = 0; hour <= 24; hour += 6) {
      const y = yOf(hour / 24 * data.slots);
      paint.fillText(`${String(hour).padStart(2, "0")}:00`, place.left - 6, y);
    }
    const changed = data.changes.map(({ date }) => xOf((Date.parse(date) - firstMs) / DAY_MS));
    paint.textAlign = "left";
    paint.textBaseline = "bottom";
    for (let month = 0; month < 12; month++) {
      const atMs = Date.UTC(new Date(firstMs).getUTCFullYear(), month, 1);
      const x = xOf((atMs - firstMs) / DAY_MS);
      const text = months.format(atMs);
      const isTaken = changed.some((at) => x > at - 46 && x < at + 44);
      const isNarrow = place.width < 420 && month % 2 === 1;
      if (!isTaken && !isNarrow) paint.fillText(text, x, TOP - 4);
      paint.beginPath();
      paint.moveTo(x, TOP - 3);
      paint.lineTo(x, TOP);
      paint.stroke();
    }
  }

  /**
   * @param {CanvasRenderingContext2D} paint
   * @param {Colors} colors
   * @param {Cell} cell
   */
  function drawSelected(paint, colors, { day, slot }) {
    const x = xOf(day), y = yOf(slot);
    paint.strokeStyle = colors.focus;
    paint.lineWidth = 2;
    paint.strokeRect(x - 1, place.top, xOf(1) - xOf(0) + 2, place.height);
    paint.strokeRect(x - 4, y - 3, xOf(1) - xOf(0) + 8, yOf(1) - yOf(0) + 6);
  }

  return {
    draw,
    range,
    /** The cell that is marked. */
    selected: () => selected,
    /** @param {Cell | null} cell */
    select(cell) {
      selected = cell;
      draw();
    },
    /**
     * The cell under a point; null outside.
     *
     * @param {number} x
     * @param {number} y
     * @returns {Cell | null}
     */
    cellAt(x, y) {
      const day = Math.floor((x - place.left) / place.width * data.days);
      const slot = Math.floor((y - place.top) / place.height * data.slots);
      const isInside = day >= 0 && day < data.days && slot >= 0 && slot < data.slots;
      return isInside ? { day, slot } : null;
    },
    /** The colours of the legend, from low to high. */
    legend: () => colorsOf(canvas).css,
  };
}

/**
 * The span of the colours: outliers, of which there are few, take the last colour.
 *
 * @param {Float64Array} values
 */
export function rangeOf(values) {
  const known = values.filter((value) => value === value).sort();
  if (known.length === 0) return { low: 0, high: 1 };
  const lowest = known[Math.floor(known.length * 0.005)];
  const highest = known[Math.min(known.length - 1, Math.floor(known.length * 0.995))];
  const low = lowest > 0 && lowest < highest / 3 ? 0 : lowest;
  return { low, high: highest > low ? highest : low + 1 };
}

/**
 * @param {number} value
 * @param {{ low: number, high: number }} range
 */
function stepOf(value, { low, high }) {
  const share = (value - low) / (high - low);
  return Math.min(STEPS - 1, Math.max(0, Math.floor(share * STEPS)));
}

/**
 * One pixel for each day and each row of the target; a pixel is the mean of its slots.
 *
 * @param {HeatData} data
 * @param {number} rows
 * @param {{ low: number, high: number, table: Uint32Array }} colors
 */
function imageOf({ days, slots, values }, rows, { low, high, table }) {
  const image = new OffscreenCanvas(days, rows);
  const paint = image.getContext("2d");
  const pixels = new ImageData(days, rows);
  const colors = new Uint32Array(pixels.data.buffer);
  const factor = STEPS / (high - low);
  for (let day = 0; day < days; day++) {
    const from = day * slots;
    for (let row = 0; row < rows; row++) {
      const start = from + Math.floor(row * slots / rows);
      const end = from +
        Math.max(Math.floor(row * slots / rows) + 1, Math.floor((row + 1) * slots / rows));
      let sum = 0, count = 0;
      for (let i = start; i < end; i++) {
        const value = values[i];
        if (value === value) {
          sum += value;
          count++;
        }
      }
      if (count === 0) continue;
      const step = ((sum / count - low) * factor) | 0;
      colors[row * days + day] = table[step < 0 ? 0 : step >= STEPS ? STEPS - 1 : step];
    }
  }
  paint?.putImageData(pixels, 0, 0);
  return image;
}

/**
 * The share of the slots of each day that have no value. Time that the clock skips is not missing.
 *
 * @param {HeatData} data
 * @param {[first: Cell, last: Cell]} expected
 */
function missingShares({ first_date, days, slots, changes, values }, [first, last]) {
  const skipped = new Map(
    changes.filter(({ again_at }) => again_at === null).map((change) => [
      Math.round((Date.parse(change.date) - Date.parse(first_date)) / DAY_MS),
      change,
    ]),
  );
  return Float64Array.from({ length: days }, (_, day) => {
    const skip = skipped.get(day)?.slots ?? 0;
    const start = day * slots + (day === first.day ? first.slot : 0);
    const end = day === last.day ? day * slots + last.slot : (day + 1) * slots;
    let missing = -skip;
    for (let i = start; i < end; i++) if (values[i] !== values[i]) missing++;
    return Math.max(0, missing) / (slots - skip);
  });
}
