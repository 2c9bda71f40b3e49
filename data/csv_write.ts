/**
 * Readings as CSV text (RFC 4180 with LF): a header, then one line a reading, a missing value as
 * an empty field. Ids and numbers need no quotes.
 *
 * The text of a line is put together from texts made before: `HH:MM:00Z,id,` for each minute of a
 * day and one text a mantissa (`data/decimal.ts`). A year of minutes so takes a fifth of what a
 * template string a row takes (`deno task bench`).
 *
 * @module
 */

import { decimalWriter } from "./decimal.ts";
import { DAY_MS, dayStartMs, MINUTE_MS } from "./limits.ts";
import type { Page } from "./page.ts";
import type { Profile } from "./profile.ts";

/** Writes the file of one series. */
export interface CsvWriter {
  /** The header line. */
  header(): string;
  /** One line a reading of the page. */
  lines(page: Page): string;
}

/** A writer for the series of an id, its columns those of the profile. */
export function createCsvWriter(profile: Profile, id: string): CsvWriter {
  const timeOf = createTimeWriter(`Z,${id},`);
  return {
    header: () =>
      `timestamp,${profile.idColumn},${profile.metrics.map(({ name }) => name).join(",")}\n`,
    lines(page) {
      if (page.columns.length === 4) return fourColumnLines(page, timeOf);
      const writers = page.columns.map(({ scale }) => decimalWriter(scale));
      let text = "";
      for (let row = 0; row < page.timesMs.length; row++) {
        text += timeOf(page.timesMs[row]);
        page.columns.forEach(({ values }, index) => {
          text += (index === 0 ? "" : ",") + writers[index](values[row]);
        });
        text += "\n";
      }
      return text;
    },
  };
}

/** The same as the loop above for the profiles that matter most, without an inner loop. */
function fourColumnLines(page: Page, timeOf: (timeMs: number) => string): string {
  const { timesMs, columns } = page;
  const [a, b, c, d] = columns.map(({ values }) => values);
  const [textA, textB, textC, textD] = columns.map(({ scale }) => decimalWriter(scale));
  let text = "";
  for (let row = 0; row < timesMs.length; row++) {
    text += timeOf(timesMs[row]) + textA(a[row]) + "," + textB(b[row]) + "," + textC(c[row]) +
      "," + textD(d[row]) + "\n";
  }
  return text;
}

/** What writes a time in UTC and the text behind it; one day's date and all minutes are kept. */
function createTimeWriter(behind: string): (timeMs: number) => string {
  const wholeMinutes = Array.from(
    { length: 1440 },
    (_, minute) => `${clockText(minute)}:00${behind}`,
  );
  let dayMs = NaN;
  let dayText = "";
  return (timeMs) => {
    let ofDayMs = timeMs - dayMs;
    if (!(ofDayMs >= 0 && ofDayMs < DAY_MS)) {
      dayMs = dayStartMs(timeMs);
      ofDayMs = timeMs - dayMs;
      dayText = new Date(dayMs).toISOString().slice(0, 11);
    }
    const minute = Math.floor(ofDayMs / MINUTE_MS);
    const ofMinuteMs = ofDayMs - minute * MINUTE_MS;
    if (ofMinuteMs === 0) return dayText + wholeMinutes[minute];
    return `${dayText}${clockText(minute)}:${secondText(ofMinuteMs)}${behind}`;
  };
}

function clockText(minute: number): string {
  return `${pad(Math.floor(minute / 60), 2)}:${pad(minute % 60, 2)}`;
}

function secondText(ofMinuteMs: number): string {
  const milli = ofMinuteMs % 1000;
  const second = pad((ofMinuteMs - milli) / 1000, 2);
  return milli === 0 ? second : `${second}.${pad(milli, 3)}`;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, "0");
}
