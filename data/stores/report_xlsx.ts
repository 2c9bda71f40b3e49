/**
 * Reports on stores as workbooks of Excel: dates and numbers with their formats, a frozen header, and
 * a last sheet with the units of the columns. Rows that do not fit into a sheet continue in another.
 *
 * A date has no zone in Excel. Local times are what the store's clock shows, others are UTC.
 *
 * @module
 */

import type { Deflater } from "../encoders/deflate.ts";
import { serialText } from "../encoders/xlsx_cells.ts";
import {
  DATE_STYLE,
  FIRST_COLUMN_STYLE,
  headerRow,
  ROOT_RELATIONSHIPS,
  sharedStringsXml,
  type Sheet,
  SHEET_END,
  SHEET_ROWS_MAX,
  sheetStart,
  stylesXml,
  workbookParts,
} from "../encoders/xlsx_parts.ts";
import { xmlText } from "../encoders/xml_text.ts";
import { zipBytes, type ZipEntry } from "../encoders/zip.ts";
import type { ReportCell, ReportColumn } from "./report_table.ts";

const COLUMN_WIDTH = 22;
const DECIMALS = 2;
const HUNDREDTHS = 100;

type Rows = AsyncIterable<readonly (readonly ReportCell[])[]>;

/** What a workbook is made of. */
export interface ReportWorkbook {
  /** The columns. */
  readonly columns: readonly ReportColumn[];
  /** The rows. */
  readonly rows: Rows;
  /** Compresses the file. */
  readonly deflater: Deflater;
  /** Most rows of a sheet, the header included; those of Excel by default. */
  readonly sheetRowsMax?: number;
}

/** The bytes of a workbook. */
export function reportXlsx(book: ReportWorkbook): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  return zipBytes(entriesOf(book), book.deflater);
}

async function* entriesOf(
  { columns, rows, sheetRowsMax = SHEET_ROWS_MAX }: ReportWorkbook,
): AsyncGenerator<ZipEntry> {
  const sheets: Sheet[] = [];
  const source = createRowSource(rows);
  do {
    const number = sheets.length + 1;
    const sheet = {
      name: `Report${number > 1 ? ` ${number}` : ""}`,
      file: `worksheets/sheet${number}.xml`,
    };
    sheets.push(sheet);
    const texts = sheetTexts({ columns, source, isFirst: number === 1, rowsMax: sheetRowsMax - 1 });
    yield { name: `xl/${sheet.file}`, bytes: encoded(texts) };
  } while (!await source.isAtEnd());
  sheets.push({ name: "Columns", file: "worksheets/columns.xml" });
  const parts: Record<string, string> = {
    "xl/worksheets/columns.xml": columnsSheet(columns),
    "xl/styles.xml": stylesXml({ decimals: columns.map(() => DECIMALS), hasMilli: true }),
    "xl/sharedStrings.xml": sharedStringsXml([]),
    "_rels/.rels": ROOT_RELATIONSHIPS,
    ...workbookParts(sheets),
  };
  for (const [name, text] of Object.entries(parts)) yield { name, bytes: encoded([text]) };
}

/** The rows, to be read by several sheets one after the other. */
interface RowSource {
  /** At most `most` of the next rows; none at the end. */
  take(most: number): Promise<readonly (readonly ReportCell[])[]>;
  /** Whether there are no more rows. */
  isAtEnd(): Promise<boolean>;
}

function createRowSource(rows: Rows): RowSource {
  const groups = rows[Symbol.asyncIterator]();
  let waiting: readonly (readonly ReportCell[])[] = [];
  async function fill(): Promise<void> {
    while (waiting.length === 0) {
      const next = await groups.next();
      if (next.done) return;
      waiting = next.value;
    }
  }
  return {
    async take(most) {
      await fill();
      const taken = waiting.slice(0, most);
      waiting = waiting.slice(taken.length);
      return taken;
    },
    async isAtEnd() {
      await fill();
      return waiting.length === 0;
    },
  };
}

async function* sheetTexts({ columns, source, isFirst, rowsMax }: {
  columns: readonly ReportColumn[];
  source: RowSource;
  isFirst: boolean;
  rowsMax: number;
}): AsyncGenerator<string> {
  const widths = columns.map(() => COLUMN_WIDTH);
  yield sheetStart({ widths, isFirst }) + headerRow(columns.map(({ name }) => name));
  for (let left = rowsMax; left > 0;) {
    const rows = await source.take(left);
    if (rows.length === 0) break;
    left -= rows.length;
    yield rows.map((row) =>
      `<row>${row.map((cell, index) => cellXml(cell, columns[index], index)).join("")}</row>`
    ).join("");
  }
  yield SHEET_END;
}

function columnsSheet(columns: readonly ReportColumn[]): string {
  const rows = columns.map(({ name, unit }) =>
    `<row>${cellXml(name)}${unit === null ? "" : cellXml(unit)}</row>`
  );
  const widths = [COLUMN_WIDTH, COLUMN_WIDTH];
  const head = sheetStart({ widths, isFirst: false }) + headerRow(["column", "unit"]);
  return `${head}${rows.join("")}${SHEET_END}`;
}

function cellXml(cell: ReportCell, column?: ReportColumn, index = 0): string {
  if (cell === null || cell === "") return "<c/>";
  if (typeof cell === "object") return dateXml(cell.timeMs + cell.offsetMs);
  if (typeof cell === "boolean") return `<c t="b"><v>${Number(cell)}</v></c>`;
  if (typeof cell === "string") {
    return `<c t="inlineStr"><is><t xml:space="preserve">${xmlText(cell)}</t></is></c>`;
  }
  if (column?.kind === "time") return dateXml(cell);
  return `<c s="${FIRST_COLUMN_STYLE + index}"><v>${cell / HUNDREDTHS}</v></c>`;
}

function dateXml(wallMs: number): string {
  return `<c s="${DATE_STYLE}"><v>${serialText(wallMs)}</v></c>`;
}

async function* encoded(
  texts: AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  for await (const text of texts) yield encoder.encode(text);
}
