/**
 * The rows of a report of uptime: minutes of the last hour, hours of the last day and week, with two
 * decimals, halves rounded up.
 *
 * @module
 */

import { HOUR_MS, MINUTE_MS } from "../limits.ts";
import type { OpenTime, Uptime } from "./uptime.ts";

const COLUMNS = "store_id,uptime_last_hour,uptime_last_day,uptime_last_week," +
  "downtime_last_hour,downtime_last_day,downtime_last_week";
const UNKNOWN_COLUMNS = "unknown_last_hour,unknown_last_day,unknown_last_week";

/** Writes a report. */
export interface UptimeWriter {
  /** The header line. */
  header(): string;
  /** The line of a store. */
  line(storeId: string, uptime: Uptime): string;
}

/** A writer of reports, with columns of the unknown time where there may be such. */
export function createUptimeWriter({ hasUnknown }: { hasUnknown: boolean }): UptimeWriter {
  return {
    header: () => hasUnknown ? `${COLUMNS},${UNKNOWN_COLUMNS}\n` : `${COLUMNS}\n`,
    line(storeId, uptime) {
      const up = fields(uptime, "upMs"), down = fields(uptime, "downMs");
      const known = `${csvField(storeId)},${up},${down}`;
      return hasUnknown ? `${known},${fields(uptime, "unknownMs")}\n` : `${known}\n`;
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

/** A whole number of milliseconds in a unit that a hundredth of is a whole, even number of them. */
function twoDecimals(ms: number, unitMs: number): string {
  const hundredthMs = unitMs / 100;
  const hundredths = Math.floor((ms + hundredthMs / 2) / hundredthMs);
  return `${Math.floor(hundredths / 100)}.${String(hundredths % 100).padStart(2, "0")}`;
}

/** A text as a field (RFC 4180 §2): in quotes where it has to be. */
function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
