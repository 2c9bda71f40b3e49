/**
 * Windows of continuous export as CSV (RFC 4180 with LF, UTF-8): a header, then one line per reading.
 *
 * A missing value is an empty field; an empty text is `""`. Texts from users are quoted only if CSV
 * requires it and are otherwise unchanged, so that a reader gets exactly what was sent.
 *
 * @module
 */

import { type AsciiText, createAsciiText, writeText } from "../text/ascii_text.ts";
import { type HourTexts, hourTexts } from "../text/csv_write.ts";
import { freeIfLong } from "../encoders/chunk_memory.ts";
import { createCsvLines, type CsvLines } from "../encoders/csv.ts";
import { windowHead } from "./file_head.ts";
import { formName } from "./form_name.ts";
import type { KeyLayout } from "./object_key.ts";
import { type ExportWindow, measuredPage, weekdayOf } from "./rows.ts";

/** Enough for a day of minutes of an appliance; more is added when it is needed. */
const FIRST_CHARS = 262_144;
const HOURS = 24;

/** Encodes windows as CSV files. The same readings give the same bytes. */
export interface CsvEncoder {
  /** Encodes a window as a file. */
  encode(window: ExportWindow, layout?: KeyLayout): Uint8Array<ArrayBuffer>;
}

/** What files of one profile and layout have in common. */
interface CsvForm {
  /** What the lines and the header are. */
  readonly name: string;
  readonly header: string;
  readonly lines: CsvLines;
  /** The device of the next lines. */
  readonly sources: string[];
  /** The texts of the columns that the hour determines. */
  readonly hoursAt: (timeMs: number) => HourTexts;
  /** Where files are written. Replaced after a long one. */
  text: AsciiText;
}

/** Creates an encoder, which prepares the lines of a profile once for many files. */
export function createCsvEncoder(): CsvEncoder {
  let last: CsvForm | null = null;
  return {
    encode(window, layout = "plain") {
      const name = formName(window, layout);
      if (last?.name !== name) last = createForm(name, window, layout);
      return encodeCsv(window, last, last.header);
    },
  };
}

/** Encodes a window as a CSV file. The same readings give the same bytes. */
export function encodeWindowCsv(
  window: ExportWindow,
  layout: KeyLayout = "plain",
): Uint8Array<ArrayBuffer> {
  return createCsvEncoder().encode(window, layout);
}

/** Encodes windows of one profile as one CSV file, with a chunk for each window. */
export async function* streamWindowsCsv(
  windows: AsyncIterable<ExportWindow>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let form: CsvForm | null = null;
  for await (const window of windows) {
    const isFirst = form === null;
    form ??= createForm("", window, "plain");
    yield encodeCsv(window, form, isFirst ? form.header : "");
  }
}

function createForm(name: string, { profile }: ExportWindow, layout: KeyLayout): CsvForm {
  const sources: string[] = [];
  const lines = createCsvLines(windowHead(profile, { layout, sources }));
  return {
    name,
    header: lines.header(),
    lines,
    sources,
    hoursAt: hoursAfter(profile.metrics.length),
    text: createAsciiText(FIRST_CHARS),
  };
}

/** The texts of `hour`, `day_of_week` and `is_weekend` of a day, made once for each day of the week. */
function hoursAfter(metrics: number): (timeMs: number) => HourTexts {
  const known: HourTexts[] = [];
  return (timeMs) => {
    const { day, isWeekend } = weekdayOf(timeMs);
    return known[day] ??= hourTexts(
      metrics,
      Array.from({ length: HOURS }, (_, hour) => `${hour},${day},${isWeekend},`),
    );
  };
}

function encodeCsv(
  { deviceId, profile, parts }: ExportWindow,
  form: CsvForm,
  header: string,
): Uint8Array<ArrayBuffer> {
  const { lines, sources, hoursAt, text } = form;
  sources[0] = deviceId;
  let at = writeText(text, 0, header);
  for (const { page, deviceType, location } of parts) {
    const rows = { source: 0, page: measuredPage(profile, page), labels: [deviceType, location] };
    at = lines.write(rows, { text, at }, hoursAt);
  }
  // The memory is that of the next file too.
  const file = text.bytes.slice(0, at);
  if (freeIfLong(text.bytes.buffer)) form.text = createAsciiText(FIRST_CHARS);
  return file;
}
