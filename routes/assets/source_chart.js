/**
 * The chart of the page: spans, zoom by pointer, buttons and keys, and its table.
 *
 * @module
 */

import { chartData, createChart } from "./chart.js";
import { context } from "./context.js";
import { fetchPacked } from "./packed.js";
import {
  apiUrl,
  byId,
  followTheme,
  formats,
  showFault,
  source,
  valueText,
} from "./source_shared.js";

/** The shortest span that one can zoom to. */
const SHORTEST_MS = 10_000;
/** Rows of the table next to the chart. */
const TABLE_ROWS = 500;
const DAY_MS = 86_400_000;
const { say, locale } = context();

/** Shows the chart of the year; null if the source has no readings. */
export function startChart() {
  const element = byId("chart"), readout = byId("chart-readout");
  if (element === null || readout === null || source.firstMs === null) return null;
  const wholeFromMs = source.firstMs;
  /** @type {[number, number][]} */
  const before = [];
  let fromMs = Math.max(source.fromMs, wholeFromMs);
  let toMs = Math.min(source.toMs, (source.lastMs ?? source.toMs) + 1);
  if (toMs <= fromMs) [fromMs, toMs] = [source.fromMs, source.toMs];
  /** @type {AbortController | null} */
  let asking = null;
  /** @type {import("./chart.js").ChartData | null} */
  let shown = null;

  const drawn = createChart({
    element,
    zone: source.zone,
    locale,
    label: source.label,
    unit: source.unit,
    bands: source.bands,
    onZoom: (from, to) => zoomTo(from, to),
    onZoomOut: back,
    onPoint(point) {
      if (point === null) return;
      const { timeMs, value, low, high } = point;
      const spread = low === null || high === null
        ? ""
        : ` (${formats.number(low, 3)} – ${formats.number(high, 3)})`;
      readout.textContent = `${formats.dateTime(timeMs)} · ${valueText(value)}${spread}`;
    },
  });
  followTheme(drawn.redraw);

  async function load() {
    asking?.abort();
    asking = new AbortController();
    const { signal } = asking;
    const width = element?.clientWidth ?? 800;
    try {
      const packed = await fetchPacked(
        apiUrl("series", {
          start_time: new Date(Math.floor(fromMs)).toISOString(),
          end_time: new Date(Math.ceil(toMs) - 1).toISOString(),
          metrics: source.metric,
          points: String(Math.min(5_000, Math.max(500, width * 3))),
        }),
        signal,
      );
      shown = chartData(packed, source.metric);
      drawn.show(shown, fromMs, toMs);
      describe(packed.head.interval);
    } catch (error) {
      if (!signal.aborted) showFault("chart-readout", error);
    }
  }

  /** @param {string} interval */
  function describe(interval) {
    const text = byId("chart-range");
    if (text === null) return;
    text.textContent = say("source.range", {
      from: formats.dateTime(fromMs),
      to: formats.dateTime(toMs - 1),
      what: interval === "raw"
        ? say("source.raw")
        : say("source.buckets", { interval: formats.interval(interval) }),
    });
    fillTable();
  }

  function fillTable() {
    const details = byId("chart-table");
    if (!(details instanceof HTMLDetailsElement) || !details.open || shown === null) return;
    const body = details.querySelector("tbody");
    const rows = shown.times.slice(0, TABLE_ROWS).map((time, index) => {
      const row = document.createElement("tr");
      const cells = [
        formats.exactTime(time * 1000),
        valueText(shown?.values[index] ?? null),
        numberOr(shown?.lows?.[index]),
        numberOr(shown?.highs?.[index]),
      ];
      row.append(...cells.map((text) => {
        const cell = document.createElement("td");
        cell.textContent = text;
        return cell;
      }));
      return row;
    });
    body?.replaceChildren(...rows);
  }

  /** @param {number | null | undefined} value */
  function numberOr(value) {
    return value === null || value === undefined ? "" : formats.number(value, 3);
  }

  byId("chart-table")?.addEventListener("toggle", fillTable);

  /**
   * @param {number} from
   * @param {number} to
   */
  function zoomTo(from, to) {
    before.push([fromMs, toMs]);
    if (before.length > 50) before.shift();
    setSpan(from, to);
  }

  function back() {
    const last = before.pop();
    if (last !== undefined) setSpan(...last);
    else setSpan(wholeFromMs, (source.lastMs ?? wholeFromMs) + 1);
  }

  /**
   * @param {number} from
   * @param {number} to
   */
  function setSpan(from, to) {
    fromMs = Math.floor(from);
    toMs = Math.ceil(Math.max(to, from + SHORTEST_MS));
    load();
  }

  /** @param {string} action */
  function act(action) {
    const length = toMs - fromMs, middle = (fromMs + toMs) / 2;
    const endMs = (source.lastMs ?? toMs) + 1;
    const lengths = { day: DAY_MS, week: 7 * DAY_MS, month: 30 * DAY_MS };
    if (action === "in") zoomTo(middle - length / 4, middle + length / 4);
    else if (action === "out") zoomTo(middle - length, middle + length);
    else if (action === "left") setSpan(fromMs - length / 2, toMs - length / 2);
    else if (action === "right") setSpan(fromMs + length / 2, toMs + length / 2);
    else if (action === "back") back();
    else if (action === "year") zoomTo(source.fromMs, source.toMs);
    else if (action === "all") zoomTo(wholeFromMs, endMs);
    else if (action === "day" || action === "week" || action === "month") {
      // What is in the middle stays there, as far as there are readings.
      const end = Math.min(
        Math.max(middle + lengths[action] / 2, wholeFromMs + lengths[action]),
        endMs,
      );
      zoomTo(end - lengths[action], end);
    }
  }

  for (const button of document.querySelectorAll("#chart-tools button")) {
    if (!(button instanceof HTMLButtonElement)) continue;
    button.addEventListener("click", () => act(button.dataset.action ?? ""));
  }
  byId("chart-tools")?.removeAttribute("hidden");
  /** @type {Record<string, string>} */
  const keys = {
    "ArrowLeft": "left",
    "ArrowRight": "right",
    "+": "in",
    "-": "out",
    "0": "year",
    "Backspace": "back",
  };
  element.addEventListener("keydown", (event) => {
    if (!(event.key in keys)) return;
    act(keys[event.key]);
    event.preventDefault();
  });
  load();

  return {
    zoomTo,
    /** Shows new readings if the end of the series is in view. */
    grow(/** @type {number} */ beforeMs, /** @type {number} */ lastMs) {
      if (toMs < beforeMs || toMs > beforeMs + DAY_MS) return;
      const length = toMs - fromMs;
      if (lastMs >= toMs) {
        toMs = lastMs + 1;
        if (length < 2 * DAY_MS) fromMs = toMs - length;
      }
      load();
    },
  };
}
