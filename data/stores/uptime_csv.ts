/**
 * The rows of an uptime report: minutes of the last hour, hours of the last day and week, with two
 * decimals, halves rounded up.
 *
 * @module
 */

import { HOUR_MS, MINUTE_MS } from "../limits.ts";
import { instantText } from "../time/time_text.ts";
import type { OpenTime, Uptime } from "./uptime.ts";

const COLUMNS = "store_id,uptime_last_hour,uptime_last_day,uptime_last_week," +
  "downtime_last_hour,downtime_last_day,downtime_last_week";
const UNKNOWN_COLUMNS = "unknown_last_hour,unknown_last_day,unknown_last_week";
const STALE_COLUMNS = "last_poll,stale";

/** A store in a report. */
export interface ReportedStore {
  /** Its id. */
  readonly id: string;
  /** How long it was up and down. */
  readonly uptime: Uptime;
  /** When its last poll was, epoch milliseconds. */
  readonly lastPollMs: number;
  /** Whether that is too long ago. */
  readonly isStale: boolean;
}

/** Writes a report. */
export interface UptimeWriter {
  /** The header line. */
  header(): string;
  /** The line of a store. */
  line(store: ReportedStore): string;
}

/**
 * Creates a writer of reports. `hasUnknown` adds the columns of unknown time, `hasStale` the columns
 * `last_poll` and `stale`.
 */
export function createUptimeWriter(
  { hasUnknown, hasStale }: { hasUnknown: boolean; hasStale: boolean },
): UptimeWriter {
  return {
    header() {
      const columns = [
        COLUMNS,
        ...(hasUnknown ? [UNKNOWN_COLUMNS] : []),
        ...(hasStale ? [STALE_COLUMNS] : []),
      ];
      return `${columns.join(",")}\n`;
    },
    line({ id, uptime, lastPollMs, isStale }) {
      let line = `${csvField(id)},${fields(uptime, "upMs")},${fields(uptime, "downMs")}`;
      if (hasUnknown) line += `,${fields(uptime, "unknownMs")}`;
      if (hasStale) line += `,${instantText(lastPollMs)},${isStale}`;
      return `${line}\n`;
    },
  };
}

function fields({ hour, day, week }: Uptime, part: keyof OpenTime): string {
  const words = [
    twoDecimals(hour[part], MINUTE_MS),
    twoDecimals(day[part], HOUR_MS),
    twoDecimals(week[part], HOUR_MS),
  ];
  return words.join(",");
}

/** Milliseconds in a unit. A hundredth of the unit must be an even number of milliseconds. */
function twoDecimals(ms: number, unitMs: number): string {
  const hundredthMs = unitMs / 100;
  const hundredths = Math.floor((ms + hundredthMs / 2) / hundredthMs);
  return `${Math.floor(hundredths / 100)}.${String(hundredths % 100).padStart(2, "0")}`;
}

/** A text as a field (RFC 4180 §2): in quotes if it needs them. */
function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
