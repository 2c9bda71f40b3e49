/**
 * Windows of continuous export as CSV (RFC 4180 with LF, UTF-8): a header, then one line per reading.
 *
 * A missing value is an empty field; an empty text is `""`. Texts from users are quoted only if CSV
 * requires it and are otherwise unchanged, so that a reader gets exactly what was sent.
 *
 * @module
 */

import { createAsciiText, writeAscii } from "../text/ascii_text.ts";
import { createCsvLines } from "../encoders/csv.ts";
import { windowHead, windowRows } from "./file_head.ts";
import type { KeyLayout } from "./object_key.ts";
import { type ExportWindow, rowCount } from "./rows.ts";

/** Roughly the length of a line of an appliance. The buffer grows if lines are longer. */
const ROW_CHARS = 112;

/** Encodes a window as a CSV file. The same readings give the same bytes. */
export function encodeWindowCsv(
  window: ExportWindow,
  layout: KeyLayout = "plain",
): Uint8Array<ArrayBuffer> {
  return encodeCsv(window, { layout, hasHeader: true });
}

/** Encodes windows of one profile as one CSV file, with a chunk for each window. */
export async function* streamWindowsCsv(
  windows: AsyncIterable<ExportWindow>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let isFirst = true;
  for await (const window of windows) {
    yield encodeCsv(window, { layout: "plain", hasHeader: isFirst });
    isFirst = false;
  }
}

function encodeCsv(
  window: ExportWindow,
  { layout, hasHeader }: { layout: KeyLayout; hasHeader: boolean },
): Uint8Array<ArrayBuffer> {
  const { deviceId, profile } = window;
  const lines = createCsvLines(windowHead(profile, { layout, sources: [deviceId] }));
  const header = hasHeader ? lines.header() : "";
  const text = createAsciiText(header.length + rowCount(window) * ROW_CHARS);
  let at = writeAscii(text, 0, header);
  for (const rows of windowRows(window, 0)) at = lines.write(rows, { text, at });
  return text.bytes.subarray(0, at);
}
