/**
 * Reports on stores as text: CSV (RFC 4180 with LF) and JSON.
 *
 * @module
 */

import { offsetTimeText } from "../time/offset_text.ts";
import { instantText } from "../time/time_text.ts";
import type { ReportCell, ReportColumn } from "./report_table.ts";

/** Writes the text of a report: `start()` once, `rows()` any number of times, `end()` once. */
export interface ReportWriter {
  /** What comes before the rows. */
  start(): string;
  /** Some rows. */
  rows(rows: readonly (readonly ReportCell[])[]): string;
  /** What comes after the rows. */
  end(): string;
}

/** A writer of CSV: a header, then a line for each row, with an empty field for a missing value. */
export function createReportCsv(columns: readonly ReportColumn[]): ReportWriter {
  return {
    start: () => `${columns.map(({ name }) => name).join(",")}\n`,
    rows(rows) {
      let text = "";
      for (const row of rows) {
        row.forEach((cell, index) =>
          text += (index === 0 ? "" : ",") + csvField(cell, columns[index])
        );
        text += "\n";
      }
      return text;
    },
    end: () => "",
  };
}

/** A writer of JSON: `{"columns": [{name, unit}], "rows": [{…}]}` with a line for each row. */
export function createReportJson(columns: readonly ReportColumn[]): ReportWriter {
  let isFirst = true;
  return {
    start() {
      const head = columns.map(({ name, unit }) => ({ name, unit }));
      return `{"columns":${JSON.stringify(head)},"rows":[`;
    },
    rows(rows) {
      let text = "";
      for (const row of rows) {
        const fields = row.map((cell, index) =>
          `${JSON.stringify(columns[index].name)}:${jsonValue(cell, columns[index])}`
        );
        text += `${isFirst ? "" : ","}\n{${fields.join(",")}}`;
        isFirst = false;
      }
      return text;
    },
    end: () => "\n]}\n",
  };
}

function csvField(cell: ReportCell, column: ReportColumn): string {
  const text = cellText(cell, column) ?? "";
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function jsonValue(cell: ReportCell, column: ReportColumn): string {
  const text = cellText(cell, column);
  if (text === null) return "null";
  return column.kind === "hundredths" || column.kind === "flag" ? text : JSON.stringify(text);
}

/** The text of a cell; null for a missing value. */
function cellText(cell: ReportCell, { kind }: ReportColumn): string | null {
  if (cell === null) return null;
  if (typeof cell === "object") return offsetTimeText(cell.timeMs, cell.offsetMs);
  if (typeof cell !== "number") return String(cell);
  return kind === "time" ? instantText(cell) : decimalText(cell);
}

function decimalText(hundredths: number): string {
  return `${Math.floor(hundredths / 100)}.${String(hundredths % 100).padStart(2, "0")}`;
}
