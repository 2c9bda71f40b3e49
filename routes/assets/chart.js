/**
 * A series as a line: readings as they are, or means of buckets with a band from the smallest to the
 * largest. What is missing breaks the line.
 *
 * @module
 */

import uPlot from "uplot";
import { colorsOf } from "./colors.js";

/** More than this many cadences between two readings is a gap. */
const GAP = 1.5;

/**
 * What a chart shows. Times are seconds; null is missing.
 *
 * @typedef {object} ChartData
 * @property {number[]} times
 * @property {(number | null)[]} values
 * @property {(number | null)[] | null} lows The smallest values of buckets; null for readings.
 * @property {(number | null)[] | null} highs
 */

/**
 * @typedef {object} ChartOptions
 * @property {HTMLElement} element
 * @property {string} zone
 * @property {string} locale
 * @property {string} label
 * @property {string} unit
 * @property {readonly [fromMs: number, toMs: number][]} bands Spans that are shaded: a device was offline.
 * @property {(fromMs: number, toMs: number) => void} onZoom
 * @property {() => void} onZoomOut
 * @property {(text: { timeMs: number, value: number | null, low: number | null, high: number | null } | null) => void} onPoint
 */

/**
 * The data of a packed series.
 *
 * @param {import("./packed.js").Packed} packed
 * @param {string} metric
 * @returns {ChartData}
 */
export function chartData({ head, columns }, metric) {
  const times = columns.get("timestamp") ?? new Float64Array(0);
  const values = columns.get(metric) ?? new Float64Array(0);
  if (head.interval !== "raw") {
    return {
      times: Array.from(times, (timeMs) => timeMs / 1000),
      values: orNull(values),
      lows: orNull(columns.get(`${metric}_min`)),
      highs: orNull(columns.get(`${metric}_max`)),
    };
  }
  const most = (head.cadence_seconds ?? Infinity) * 1000 * GAP;
  /** @type {number[]} */
  const at = [];
  /** @type {(number | null)[]} */
  const shown = [];
  for (let i = 0; i < times.length; i++) {
    if (i > 0 && times[i] - times[i - 1] > most) {
      // A null between two readings that are far apart breaks the line.
      at.push((times[i - 1] + times[i]) / 2000);
      shown.push(null);
    }
    at.push(times[i] / 1000);
    shown.push(values[i] === values[i] ? values[i] : null);
  }
  return { times: at, values: shown, lows: null, highs: null };
}

/** @param {Float64Array} [values] */
function orNull(values = new Float64Array(0)) {
  return Array.from(values, (value) => value === value ? value : null);
}

/**
 * Creates a chart.
 *
 * @param {ChartOptions} options
 */
export function createChart(options) {
  const { element } = options;
  /** @type {uPlot | null} */
  let plot = null;
  /** @type {ChartData | null} */
  let data = null;
  /** @type {[number, number] | null} */
  let span = null;

  function make() {
    plot?.destroy();
    plot = null;
    if (data === null || span === null) return;
    const hasBand = data.lows !== null;
    plot = new uPlot(plotOptions(options, hasBand, span), dataOf(data), element);
  }

  /** @param {ChartData} shown */
  function dataOf({ times, values, lows, highs }) {
    /** @type {any} */
    const all = lows === null ? [times, values] : [times, values, lows, highs];
    return all;
  }

  const observer = new ResizeObserver(() => {
    if (plot !== null && element.clientWidth > 0) {
      plot.setSize({ width: element.clientWidth, height: heightOf(element) });
    }
  });
  observer.observe(element);

  return {
    /**
     * Shows data in a span of epoch milliseconds.
     *
     * @param {ChartData} shown
     * @param {number} fromMs
     * @param {number} toMs
     */
    show(shown, fromMs, toMs) {
      const hadBand = data?.lows !== null;
      const isSame = plot !== null && data !== null && hadBand === (shown.lows !== null);
      data = shown;
      span = [fromMs / 1000, toMs / 1000];
      if (!isSame || plot === null) return make();
      plot.batch(() => {
        plot?.setData(dataOf(shown), false);
        plot?.setScale("x", { min: fromMs / 1000, max: toMs / 1000 });
      });
    },
    /** Makes the chart again, in the colours of another theme. */
    redraw: make,
    /** @returns {uPlot | null} */
    plot: () => plot,
    destroy() {
      observer.disconnect();
      plot?.destroy();
    },
  };
}

/** @param {HTMLElement} element */
function heightOf(element) {
  return Math.max(180, Math.min(420, Math.round(element.clientWidth * 0.36)));
}

/**
 * @param {ChartOptions} options
 * @param {boolean} hasBand
 * @param {[number, number]} span
 * @returns {uPlot.Options}
 */
function plotOptions(options, hasBand, span) {
  const { element, zone, locale, label, unit, bands } = options;
  const colors = colorsOf(element);
  const { accent } = colors;
  const numbers = new Intl.NumberFormat(locale, { maximumFractionDigits: 3 });
  const axis = {
    font: colors.font,
    stroke: colors.muted,
    grid: { stroke: colors.grid, width: 1 },
    ticks: { stroke: colors.grid, width: 1 },
  };
  /** @type {uPlot.Series[]} */
  const edges = hasBand
    ? [{ width: 0, points: { show: false } }, { width: 0, points: { show: false } }]
    : [];
  return {
    width: Math.max(200, element.clientWidth),
    height: heightOf(element),
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
    legend: { show: false },
    cursor: { drag: { x: true, y: false, setScale: false }, points: { size: 7 } },
    scales: {
      x: { time: true, auto: false, range: (_, min, max) => [min ?? span[0], max ?? span[1]] },
    },
    series: [
      {},
      { label, stroke: accent, width: 1.5, spanGaps: false, points: { show: undefined, size: 4 } },
      ...edges,
    ],
    bands: hasBand ? [{ series: [3, 2], fill: colors.accentSoft }] : [],
    axes: [
      { ...axis, values: tickTexts(locale, zone) },
      {
        ...axis,
        size: 56,
        values: (_, ticks) => ticks.map((tick) => numbers.format(tick)),
        label: unit,
        labelSize: 16,
        labelFont: colors.font,
      },
    ],
    hooks: {
      init: [(plot) => {
        plot.setScale("x", { min: span[0], max: span[1] });
        plot.over.addEventListener("dblclick", () => options.onZoomOut());
      }],
      drawClear: [(plot) => shade(plot, bands, colors.bad)],
      setSelect: [(plot) => {
        if (plot.select.width < 4) return;
        const fromMs = plot.posToVal(plot.select.left, "x") * 1000;
        const toMs = plot.posToVal(plot.select.left + plot.select.width, "x") * 1000;
        plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        options.onZoom(fromMs, toMs);
      }],
      setCursor: [(plot) => {
        const index = plot.cursor.idx;
        if (index === null || index === undefined) return options.onPoint(null);
        const at = (/** @type {number} */ column) => plot.data[column]?.[index] ?? null;
        options.onPoint({
          timeMs: plot.data[0][index] * 1000,
          value: at(1),
          low: at(2),
          high: at(3),
        });
      }],
    },
  };
}

/**
 * Texts of ticks, as short as their distance allows.
 *
 * @param {string} locale
 * @param {string} timeZone
 * @returns {uPlot.Axis.DynamicValues}
 */
function tickTexts(locale, timeZone) {
  /** @param {Intl.DateTimeFormatOptions} options */
  const format = (options) => new Intl.DateTimeFormat(locale, { timeZone, ...options });
  const year = format({ year: "numeric" }), month = format({ month: "short" });
  const day = format({ day: "numeric", month: "short" });
  const clock = format({ hour: "2-digit", minute: "2-digit" });
  const second = format({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
  return (_, ticks, _axis, _space, step) => {
    let before = "";
    return ticks.map((tick) => {
      const atMs = tick * 1000;
      const days = day.format(atMs), years = year.format(atMs);
      if (step >= 360 * 86_400) return years;
      if (step >= 27 * 86_400) {
        const text = years === before ? month.format(atMs) : `${month.format(atMs)}\n${years}`;
        before = years;
        return text;
      }
      if (step >= 86_400) return days;
      const text = (step < 60 ? second : clock).format(atMs);
      const shown = days === before ? text : `${text}\n${days}`;
      before = days;
      return shown;
    });
  };
}

/**
 * @param {uPlot} plot
 * @param {readonly [number, number][]} bands
 * @param {string} color
 */
function shade(plot, bands, color) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.globalAlpha = 0.13;
  ctx.fillStyle = color;
  for (const [fromMs, toMs] of bands) {
    const left = Math.max(bbox.left, plot.valToPos(fromMs / 1000, "x", true));
    const right = Math.min(bbox.left + bbox.width, plot.valToPos(toMs / 1000, "x", true));
    if (right > left) ctx.fillRect(left, bbox.top, right - left, bbox.height);
  }
  ctx.restore();
}
