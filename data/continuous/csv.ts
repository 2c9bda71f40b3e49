/**
 * Windows of continuous export as CSV (RFC 4180 with LF, UTF-8): a header, then one line per reading.
 *
 * A missing value is an empty field; an empty text is `""`. Texts from users are quoted only if CSV
 * requires it and are otherwise unchanged, so that a reader gets exactly what was sent.
 *
 * @module
 */

import { createAsciiText, writeAscii } from "../text/ascii_text.ts";
import { createCsvLines, type CsvLines } from "../encoders/csv.ts";
import { windowHead, windowRows } from "./file_head.ts";
import { formName } from "./form_name.ts";
import type { KeyLayout } from "./object_key.ts";
import { type ExportWindow, rowCount } from "./rows.ts";

/** Roughly the length of a line of an appliance. The buffer grows if lines are longer. */
const ROW_CHARS = 112;

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
  return { name, header: lines.header(), lines, sources };
}

function encodeCsv(
  window: ExportWindow,
  { lines, sources }: CsvForm,
  header: string,
): Uint8Array<ArrayBuffer> {
  sources[0] = window.deviceId;
  const text = createAsciiText(header.length + rowCount(window) * ROW_CHARS);
  let at = writeAscii(text, 0, header);
  for (const rows of windowRows(window, 0)) at = lines.write(rows, { text, at });
  return text.bytes.subarray(0, at);
}
