/**
 * Dry runs and imports: their progress and what they did.
 *
 * @module
 */

import { context } from "./context.js";
import { make, need } from "./elements.js";
import { calendar, daysBetween } from "./upload_calendar.js";
import { findLines, tailOf } from "./upload_file.js";
import { queryOf } from "./upload_options.js";
import { lineText, rejectText } from "./upload_preview.js";
import { sendFile } from "./upload_send.js";

/** Rejected lines that are shown. */
const REJECTS_SHOWN = 100;
/** So many readings an inspection of this page shows at most. */
export const PREVIEW_ROWS = 40;
/** A longer span of a file is not drawn as a calendar. */
const DAYS_MAX = 4_000;
const COUNTS = ["received", "inserted", "updated", "unchanged", "repeated", "rejected"];
const { say, formats, locale } = context();

/**
 * @param {() => import("./upload.js").UploadState | null} stateOf
 * @param {() => { isMany: boolean, id: string | null, path: string }} targetOf
 */
export function startRuns(stateOf, targetOf) {
  /** @type {AbortController | null} */
  let running = null;

  /** @param {boolean} isDry */
  async function run(isDry) {
    const state = stateOf();
    if (state === null || running !== null) return;
    const { path, id } = targetOf();
    running = new AbortController();
    const { signal } = running;
    setBusy(true);
    need("upload-report").hidden = true;
    const startedMs = performance.now();
    try {
      const query = queryOf(state.parameters);
      const url = `${path}?${query}${isDry ? `${query === "" ? "" : "&"}dry_run=true` : ""}`;
      const { status, body } = await sendFile(state.file, {
        url,
        headers: state.headers,
        watched: id === null || id === "" ? null : `/api/meters/${encodeURIComponent(id)}`,
        onProgress: showProgress,
        signal,
      });
      if (signal.aborted) return;
      // What would happen with a file that was replaced meanwhile is of no use.
      if (isDry && stateOf() !== state) return finish();
      showProgress({ sent: state.file.size, total: state.file.size, rows: body.received ?? null });
      if (status === 200) await showReport(state, body, performance.now() - startedMs);
      else showFault(body);
    } catch {
      if (!signal.aborted) showFault({ detail: say("upload.lost") });
    }
    finish();
  }

  function finish() {
    running = null;
    setBusy(false);
  }

  /** @param {boolean} isBusy */
  function setBusy(isBusy) {
    need("upload-progress").hidden = !isBusy;
    for (const id of ["upload-dry", "upload-import"]) {
      const button = need(id);
      if (button instanceof HTMLButtonElement) button.disabled = isBusy;
    }
    need("upload-cancel").hidden = !isBusy;
  }

  need("upload-dry").addEventListener("click", () => run(true));
  need("upload-import").addEventListener("click", () => run(false));
  need("upload-cancel").addEventListener("click", () => {
    running?.abort();
    finish();
  });

  /**
   * @param {import("./upload.js").UploadState} state
   * @param {any} report
   * @param {number} tookMs
   */
  async function showReport(state, report, tookMs) {
    need("upload-report").hidden = false;
    need("upload-report-title").textContent = say(
      report.dry_run ? "upload.dry.done" : "upload.done",
      {
        size: formats.size(state.file.size),
        span: formats.span(Math.max(1_000, tookMs)),
      },
    );
    need("upload-counts").replaceChildren(...COUNTS.map((name) =>
      make(
        "div",
        { class: `count ${name}${report[name] > 0 ? "" : " none"}` },
        make("dt", {}, say(`upload.count.${name}`)),
        make("dd", { "data-count": name }, formats.number(report[name], 0)),
      )
    ));
    showLinks(report);
    showMeters(report);
    await showRejects(state, report);
    await showCalendar(state, report);
    need("upload-report").scrollIntoView({ block: "nearest", behavior: "smooth" });
  }

  /** @param {any} report */
  function showLinks(report) {
    const ids = report.smart_meter_id === undefined
      ? report.meters.map((/** @type {any} */ { smart_meter_id: id }) => id)
      : [report.smart_meter_id];
    need("upload-links").replaceChildren(
      ...report.dry_run ? [] : ids.slice(0, 20).map((/** @type {string} */ id) =>
        make(
          "a",
          { class: "button", href: `/meters/${encodeURIComponent(id)}` },
          say("upload.open", { id }),
        )
      ),
    );
  }

  /** @param {any} report */
  function showMeters({ meters }) {
    need("upload-meters").hidden = meters === undefined;
    need("upload-meters-body").replaceChildren(
      ...(meters ?? []).slice(0, 200).map((/** @type {any} */ meter) =>
        make(
          "tr",
          {},
          make("th", { scope: "row", class: "id" }, meter.smart_meter_id),
          ...["inserted", "updated", "unchanged", "rejected"].map((name) =>
            make("td", { class: "number" }, formats.number(meter[name], 0))
          ),
          make("td", { class: "fault" }, meter.problem ?? ""),
        )
      ),
    );
  }

  /**
   * @param {import("./upload.js").UploadState} state
   * @param {any} report
   */
  async function showRejects({ file, first, parameters }, { rejects, rejected }) {
    need("upload-rejects").hidden = rejects.length === 0;
    if (rejects.length === 0) return;
    const shown = rejects.slice(0, REJECTS_SHOWN);
    const numbers = shown.flatMap((/** @type {any} */ { line }) => line ?? []);
    const encoding = parameters.get("encoding")?.[0] ?? first.encoding;
    const lines = await findLines(
      file,
      numbers,
      first.compression,
      encoding === "auto" ? first.encoding : encoding,
    );
    need("upload-rejects-title").textContent = say("upload.rejects", {
      count: rejected,
      number: formats.number(rejected, 0),
      shown: shown.length,
    });
    need("upload-rejects-body").replaceChildren(...shown.map((/** @type {any} */ reject) =>
      make(
        "tr",
        { class: "rejected" },
        make("td", { class: "number muted" }, String(reject.line ?? reject.index)),
        make(
          "td",
          { class: "line" },
          lineText(lines.get(reject.line) ?? reject.value, reject.value),
        ),
        make("td", {}, rejectText(reject)),
      )
    ));
  }

  /**
   * The days of the file, and which of them have readings that were stored before.
   *
   * @param {import("./upload.js").UploadState} state
   * @param {any} report
   */
  async function showCalendar(state, report) {
    const place = need("upload-calendar");
    place.hidden = true;
    const id = report.smart_meter_id ?? report.meters?.[0]?.smart_meter_id;
    if (!report.dry_run || id === undefined) return;
    const span = await spanOf(state);
    if (span === null) return;
    const dayOf = dayFormat(state.zone);
    const days = /** @type {[string, string]} */ (span.map(dayOf));
    const inFile = daysBetween(...days);
    if (inFile.size === 0 || inFile.size > DAYS_MAX) return;
    const stored = await storedDays(id, days, state.zone);
    if (stored === null || stateOf() !== state) return;
    const both = [...inFile].filter((day) => stored.has(day)).length;
    need("upload-calendar-text").textContent = say("upload.overlap", {
      days: formats.number(inFile.size, 0),
      count: inFile.size,
      both: formats.number(both, 0),
      id,
    });
    need("upload-calendar-days").replaceChildren(calendar({ inFile, stored }, { locale, say }));
    place.hidden = false;
  }

  /**
   * The first and the last time of the file, as its beginning and its end show them.
   *
   * @param {import("./upload.js").UploadState} state
   * @returns {Promise<[string, string] | null>}
   */
  async function spanOf({ file, first, now, lines, parameters }) {
    const times = now.readings.map((/** @type {any} */ { timestamp }) => timestamp);
    if (times.length === 0) return null;
    const isTable = first.format === "csv" || first.format === "ndjson";
    const hasAll = now.is_whole && times.length < PREVIEW_ROWS;
    if (!hasAll) {
      // Of other files the beginning says nothing about the end.
      if (lines === null || !isTable || first.compression !== null) return null;
      const tail = await tailOf(file, {
        lines,
        headerLines: first.header_line ?? 0,
        // A day in a row has more readings than an inspection shows of many rows.
        count: now.layout === "day-per-row" ? 1 : 20,
        encoding: first.encoding,
      });
      const query = new URLSearchParams({
        rows: "100",
        import: queryOf(parameters).replace(/(^|&)encoding=[^&]*/, ""),
        into: targetOf().isMany ? "many" : "one",
      });
      const response = await fetch(`/api/readings/inspect?${query}`, {
        method: "POST",
        body: tail,
      });
      const ending = response.ok ? (await response.json()).readings : [];
      times.push(...ending.map((/** @type {any} */ { timestamp }) => timestamp));
    }
    times.sort();
    return [times[0], times[times.length - 1]];
  }

  /**
   * The days that have readings; null if the service does not say.
   *
   * @param {string} id
   * @param {[string, string]} days
   * @param {string} zone
   * @returns {Promise<Set<string> | null>}
   */
  async function storedDays(id, [from, to], zone) {
    const query = new URLSearchParams({
      interval: "1d",
      timezone: zone,
      start_time: from,
      end_time: to,
    });
    const response = await fetch(`/api/meters/${encodeURIComponent(id)}/series?${query}`);
    // A meter that is not there has nothing stored.
    if (response.status === 404) return new Set();
    // A key may import and not read, and there may be too many requests.
    if (!response.ok) return null;
    const { timestamp, columns } = await response.json();
    const counts = Object.keys(columns).filter((name) => name.endsWith("_count"));
    return new Set(
      timestamp.filter((/** @type {string} */ _, /** @type {number} */ row) =>
        counts.some((name) => columns[name][row] > 0)
      ).map(dayFormat(zone)),
    );
  }

  /** @param {any} body */
  function showFault(body) {
    const place = need("upload-fault");
    const details = (body.errors ?? []).map((/** @type {any} */ { detail }) => detail);
    place.textContent = details.length > 0 ? details.join("; ") : body.detail;
    place.hidden = false;
  }

  return {
    /** Forgets what was shown, because the file or its options are others now. */
    reset() {
      need("upload-report").hidden = true;
      need("upload-fault").hidden = true;
    },
  };
}

/**
 * The calendar days of a zone.
 *
 * @param {string} timeZone
 * @returns {(time: string) => string}
 */
function dayFormat(timeZone) {
  // Sweden writes dates as ISO 8601 does.
  const format = new Intl.DateTimeFormat("sv-SE", {
    timeZone: /^[+-]/.test(timeZone) ? "UTC" : timeZone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  });
  return (time) => format.format(Date.parse(time));
}

/** @param {import("./upload_send.js").Progress} progress */
function showProgress({ sent, total, rows }) {
  const bar = need("upload-bar");
  if (bar instanceof HTMLProgressElement) {
    bar.max = total;
    bar.value = sent;
  }
  const parts = [say("upload.sent", { sent: formats.size(sent), total: formats.size(total) })];
  if (rows !== null) parts.push(say("upload.rows", { count: rows, rows: formats.number(rows, 0) }));
  need("upload-progress-text").textContent = parts.join(" · ");
}
