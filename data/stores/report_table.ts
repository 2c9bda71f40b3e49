/**
 * The rows of reports on stores, for any format: columns with a kind, and cells.
 *
 * @module
 */

import { HOUR_MS, MINUTE_MS } from "../limits.ts";
import type { Span } from "../readings/page.ts";
import type { OpenTime, Uptime } from "./uptime.ts";

/** The kind of a column's cells. */
export type ReportCellKind = "text" | "hundredths" | "time" | "local_time" | "flag";

/** A column of a report. */
export interface ReportColumn {
  /** Its name. */
  readonly name: string;
  /** The kind of its cells. */
  readonly kind: ReportCellKind;
  /** The unit of its values, or null. */
  readonly unit: string | null;
}

/**
 * A cell: a text, a whole number of hundredths, epoch milliseconds (`time`), a flag, or null for a
 * missing value.
 */
export type ReportCell = string | number | boolean | LocalTime | null;

/** A moment with the offset of the clock that shows it. */
export interface LocalTime {
  /** Epoch milliseconds. */
  readonly timeMs: number;
  /** Offset from UTC, milliseconds. */
  readonly offsetMs: number;
}

/** What a report shows besides uptime and downtime. */
export interface ReportShape {
  /** Whether it has columns of unknown time. */
  readonly hasUnknown: boolean;
  /** Whether it says which stores are stale. */
  readonly hasStale: boolean;
}

/** A store in a report. */
export interface ReportedStore {
  /** Its id. */
  readonly id: string;
  /** When its last poll was, epoch milliseconds. */
  readonly lastPollMs: number;
  /** Whether that is too long ago. */
  readonly isStale: boolean;
}

/** A part of a range in which a store was measured. */
export interface ReportedPart {
  /** The zone of the clock that the row shows. */
  readonly zone: string;
  /** The part. */
  readonly part: Span;
  /** The offset of a time on that clock, milliseconds. */
  readonly offsetAt: (timeMs: number) => number;
  /** The open time within the part. */
  readonly time: OpenTime;
}

const STALE_COLUMNS: readonly ReportColumn[] = [
  { name: "last_poll", kind: "time", unit: null },
  { name: "stale", kind: "flag", unit: null },
];

/** The columns of a report on the last hour, day and week: minutes for the hour, hours for the others. */
export function uptimeColumns({ hasUnknown, hasStale }: ReportShape): ReportColumn[] {
  const kinds = ["uptime", "downtime", ...(hasUnknown ? ["unknown"] : [])];
  return [
    { name: "store_id", kind: "text", unit: null },
    ...kinds.flatMap((kind) => [
      hundredths(`${kind}_last_hour`, "min"),
      hundredths(`${kind}_last_day`, "h"),
      hundredths(`${kind}_last_week`, "h"),
    ]),
    ...(hasStale ? STALE_COLUMNS : []),
  ];
}

/** The cells of a store under {@link uptimeColumns}. */
export function uptimeCells(
  { hasUnknown, hasStale }: ReportShape,
  store: ReportedStore,
  { hour, day, week }: Uptime,
): ReportCell[] {
  const cells: ReportCell[] = [store.id];
  for (const part of PARTS) {
    if (part === "unknownMs" && !hasUnknown) continue;
    cells.push(
      hundredthsOf(hour[part], MINUTE_MS),
      hundredthsOf(day[part], HOUR_MS),
      hundredthsOf(week[part], HOUR_MS),
    );
  }
  if (hasStale) cells.push(store.lastPollMs, store.isStale);
  return cells;
}

const PARTS: readonly (keyof OpenTime)[] = ["upMs", "downMs", "unknownMs"];

/** The columns of a report on a range. */
export function rangeColumns({ hasStale }: Pick<ReportShape, "hasStale">): ReportColumn[] {
  return [
    { name: "store_id", kind: "text", unit: null },
    { name: "timezone", kind: "text", unit: null },
    { name: "from", kind: "local_time", unit: null },
    { name: "to", kind: "local_time", unit: null },
    hundredths("open_hours", "h"),
    hundredths("uptime_hours", "h"),
    hundredths("downtime_hours", "h"),
    hundredths("unknown_hours", "h"),
    hundredths("uptime_percent", "%"),
    ...(hasStale ? STALE_COLUMNS : []),
  ];
}

/**
 * The cells of a part under {@link rangeColumns}. `uptime_percent` is the share of uptime in uptime
 * and downtime; it is missing if both are 0.
 */
export function rangeCells(
  { hasStale }: Pick<ReportShape, "hasStale">,
  store: ReportedStore,
  { zone, part, offsetAt, time: { upMs, downMs, unknownMs } }: ReportedPart,
): ReportCell[] {
  const local = (timeMs: number): LocalTime => ({ timeMs, offsetMs: offsetAt(timeMs) });
  const knownMs = upMs + downMs;
  return [
    store.id,
    zone,
    local(part.fromMs),
    local(part.toMs),
    hundredthsOf(knownMs + unknownMs, HOUR_MS),
    hundredthsOf(upMs, HOUR_MS),
    hundredthsOf(downMs, HOUR_MS),
    hundredthsOf(unknownMs, HOUR_MS),
    // A share of 1 is 10,000 hundredths of a percent.
    knownMs === 0 ? null : Math.floor((upMs * 10_000 + knownMs / 2) / knownMs),
    ...(hasStale ? [store.lastPollMs, store.isStale] : []),
  ];
}

function hundredths(name: string, unit: string): ReportColumn {
  return { name, kind: "hundredths", unit };
}

/** Milliseconds in hundredths of a unit, halves rounded up. A hundredth must be an even number of ms. */
function hundredthsOf(ms: number, unitMs: number): number {
  const hundredthMs = unitMs / 100;
  return Math.floor((ms + hundredthMs / 2) / hundredthMs);
}
