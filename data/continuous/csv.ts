/**
 * Windows of continuous export as CSV (RFC 4180 with LF, UTF-8): a header, then one line per reading.
 *
 * A missing value is an empty field; an empty text is `""`. Texts from users are quoted only if CSV
 * requires it and are otherwise unchanged, so that a reader gets exactly what was sent.
 *
 * @module
 */

import { type AsciiText, createAsciiText, writeAscii } from "../text/ascii_text.ts";
import { writeDayLines } from "../text/csv_write.ts";
import { booleanTable, decimalTable } from "../text/decimal_words.ts";
import {
  exportColumns,
  exportPage,
  type ExportWindow,
  rowCount,
  valueColumns,
  type WindowPart,
} from "./rows.ts";
import type { KeyLayout } from "./object_key.ts";
import { dayStartMs } from "../limits.ts";
import type { Page } from "../readings/page.ts";
import type { Profile } from "../readings/profile.ts";
import { createRowStart, pagesByDay } from "../text/row_start.ts";

/** Roughly the length of a line of an appliance. The buffer grows if lines are longer. */
const ROW_CHARS = 112;

/** Encodes a window as a CSV file. The same readings give the same bytes. */
export function encodeWindowCsv(
  window: ExportWindow,
  layout: KeyLayout = "plain",
): Uint8Array<ArrayBuffer> {
  return encodeCsv(window, { layout, header: csvHeader(window.profile, layout) });
}

/** Encodes windows of one profile as one CSV file, with a chunk for each window. */
export async function* streamWindowsCsv(
  windows: AsyncIterable<ExportWindow>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let isFirst = true;
  for await (const window of windows) {
    const header = isFirst ? csvHeader(window.profile, "plain") : "";
    isFirst = false;
    yield encodeCsv(window, { layout: "plain", header });
  }
}

function csvHeader(profile: Profile, layout: KeyLayout): string {
  return `${exportColumns(profile, layout).map(({ name }) => name).join(",")}\n`;
}

function encodeCsv(
  window: ExportWindow,
  { layout, header }: { layout: KeyLayout; header: string },
): Uint8Array<ArrayBuffer> {
  const { deviceId, profile, parts } = window;
  const text = createAsciiText(header.length + rowCount(window) * ROW_CHARS);
  const id = layout === "hive" ? "" : `${deviceId},`;
  let at = writeAscii(text, 0, header);
  for (const part of parts) {
    const behind = `Z,${id}${field(part.deviceType)},${field(part.location)},`;
    at = writePart(exportPage(profile, part.page), { text, at, behind, profile });
  }
  return text.bytes.subarray(0, at);
}

function writePart(
  page: Page,
  { text, at: firstAt, behind, profile }: {
    text: AsciiText;
    at: number;
    behind: string;
    profile: Profile;
  },
): number {
  const kinds = valueColumns(profile).map(({ kind }) => kind);
  const tables = page.columns.map(({ scale }, index) =>
    kinds[index] === "boolean" ? booleanTable() : decimalTable(scale)
  );
  let at = firstAt;
  for (const day of pagesByDay(page)) {
    const start = createRowStart(dayStartMs(day.timesMs[0]), { before: "", after: behind });
    at = writeDayLines(day, { text, at, start, tables });
  }
  return at;
}

function field(text: WindowPart["location"]): string {
  if (text === null) return "";
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
