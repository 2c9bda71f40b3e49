/**
 * Workbooks of Excel (Office Open XML): dates and numbers with their formats, a frozen header, and a
 * second sheet that says what the rows are. Rows that do not fit into a sheet continue in another.
 *
 * A date has no zone in Excel: it is what the clock of the zone shows, which the second sheet names.
 *
 * @module
 */

import { createAsciiText } from "../text/ascii_text.ts";
import { decimalTable } from "../text/decimal_words.ts";
import { createDecimalsMeter } from "./decimals.ts";
import type { EntryPart, FileColumn, FileEncoder, FileHead, SourcePage } from "./encoder.ts";
import { headerNames } from "./csv.ts";
import { type Page, slicePage } from "../readings/page.ts";
import { createRowClock } from "./row_clock.ts";
import { fixedText } from "../text/rows_json.ts";
import { readTimeForm } from "./time_form.ts";
import { type CellColumn, cellStart, writeCellRows } from "./xlsx_cells.ts";
import {
  FIRST_COLUMN_STYLE,
  headerRow,
  type InfoSheet,
  infoSheet,
  ROOT_RELATIONSHIPS,
  sharedStringsXml,
  type Sheet,
  SHEET_END,
  SHEET_ROWS_MAX,
  sheetStart,
  stylesXml,
  workbookParts,
} from "./xlsx_parts.ts";
import { xmlText } from "./xml_text.ts";

/** Enough for a day of minutes, so most pages need no more. */
const FIRST_CHARS = 262_144;
const DATE_WIDTH = 22, COLUMN_WIDTH = 16;
const INFO_FILE = "worksheets/info.xml";

/** An encoder of workbooks with sheets of so many rows at most, the header included. */
export function createXlsxEncoder(
  head: FileHead,
  sheetRowsMax: number = SHEET_ROWS_MAX,
): FileEncoder<readonly EntryPart[]> {
  const { columns, hasUtc } = head;
  const clock = createRowClock({ zone: head.zone, hasUtc, form: readTimeForm("iso") });
  const decimals = createDecimalsMeter(columns.length);
  const text = createAsciiText(FIRST_CHARS);
  const names = headerNames(head);
  const widths = names.map((_, index) => index < (hasUtc ? 2 : 1) ? DATE_WIDTH : COLUMN_WIDTH);
  let sheetCount = 0, sheetRows = 0, rowCount = 0, hasMilli = false;

  function sheetPart(content: string): EntryPart {
    return textPart(`xl/${sheetFile(sheetCount)}`, content);
  }

  function startSheet(): EntryPart {
    sheetCount++;
    sheetRows = 1;
    return sheetPart(sheetStart({ widths, isFirst: sheetCount === 1 }) + headerRow(names));
  }

  /** Writes rows that fit into the sheet. */
  function write(page: Page, after: string): EntryPart {
    const { day, utcDay } = clock.days(page);
    const start = cellStart(utcDay === null ? [day] : [day, utcDay], after);
    const cells = page.columns.map(({ scale }, index) => cellColumn(columns[index], index, scale));
    const end = writeCellRows(page, { text, at: 0, start, cells });
    sheetRows += page.timesMs.length;
    rowCount += page.timesMs.length;
    return { entry: `xl/${sheetFile(sheetCount)}`, bytes: text.bytes.slice(0, end) };
  }

  return {
    start: () => [textPart("_rels/.rels", ROOT_RELATIONSHIPS), startSheet()],
    rows(rows) {
      const after = textCells(head, rows);
      decimals.add(rows.page);
      hasMilli ||= rows.page.timesMs.some((timeMs) => timeMs % 1000 !== 0);
      const parts: EntryPart[] = [];
      for (const page of clock.cut(rows.page)) {
        const count = page.timesMs.length;
        for (let at = 0; at < count;) {
          if (sheetRows === sheetRowsMax) parts.push(sheetPart(SHEET_END), startSheet());
          const end = Math.min(count, at + sheetRowsMax - sheetRows);
          parts.push(write(slicePage(page, at, end), after));
          at = end;
        }
      }
      return parts;
    },
    end(end) {
      const wallMs = (timeMs: number) => timeMs + clock.offsetMs(timeMs);
      const info = { ...end, head, rowCount, wallMs };
      const styles = stylesXml({ decimals: decimals.decimals(), hasMilli });
      return [sheetPart(SHEET_END), ...endParts(info, { styles, sheetCount })];
    },
  };
}

function sheetFile(number: number): string {
  return `worksheets/sheet${number}.xml`;
}

/** The cells after the dates: the id as a shared text, and labels. */
function textCells(head: FileHead, { source, labels = [] }: SourcePage): string {
  const id = head.idColumn === null ? "" : `<c t="s"><v>${source}</v></c>`;
  return id + head.labels.map((_, index) => labelCell(labels[index] ?? null)).join("");
}

function textPart(entry: string, text: string): EntryPart {
  return { entry, bytes: new TextEncoder().encode(text) };
}

/** What comes after the rows. */
function endParts(
  info: InfoSheet,
  { styles, sheetCount }: { styles: string; sheetCount: number },
): EntryPart[] {
  const { idColumn, sources } = info.head;
  const named = Object.entries({
    [`xl/${INFO_FILE}`]: [...infoSheet(info)].join(""),
    "xl/styles.xml": styles,
    "xl/sharedStrings.xml": sharedStringsXml(idColumn === null ? [] : sources),
    ...workbookParts(sheetsOf(sheetCount)),
  });
  return named.map(([name, content]) => textPart(name, content));
}

/** The sheets in the order in which users see them: the second one says what the rows are. */
function sheetsOf(count: number): Sheet[] {
  const more = Array.from({ length: count - 1 }, (_, index): Sheet => ({
    name: `Readings ${index + 2}`,
    file: sheetFile(index + 2),
  }));
  return [{ name: "Readings", file: sheetFile(1) }, { name: "Info", file: INFO_FILE }, ...more];
}

function cellColumn({ kind }: FileColumn, index: number, scale: number): CellColumn {
  const open = kind === "boolean" ? '<c t="b"><v>' : `<c s="${FIRST_COLUMN_STYLE + index}"><v>`;
  return { open: fixedText(open), table: decimalTable(scale) };
}

function labelCell(label: string | null): string {
  if (label === null || label === "") return "<c/>";
  return `<c t="inlineStr"><is><t xml:space="preserve">${xmlText(label)}</t></is></c>`;
}
