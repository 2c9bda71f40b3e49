/**
 * CSV: a header, then a line for each row, with an empty field for a missing value.
 *
 * Lines are made of prepared words (`data/text/csv_write.ts`).
 *
 * @module
 */

import { tablesOf } from "./column_words.ts";
import { csvText } from "./csv_text.ts";
import { type HourTexts, writeDayLines } from "../text/csv_write.ts";
import type { FileHead, SourcePage, TextEncoding, TextEnd } from "./encoder.ts";
import { createRowClock } from "./row_clock.ts";
import { readTimeForm, type TimeForm } from "./time_form.ts";

/** Writes lines into memory of the caller. */
export interface CsvLines {
  /** The header line. */
  header(): string;
  /**
   * Writes the lines of some rows and returns where they end. With `hours`, the rows have no columns for
   * what the hour of a time alone says: `hours` gives the texts of the day that a time is in.
   */
  write(rows: SourcePage, into: TextEnd, hours?: (timeMs: number) => HourTexts): number;
}

/** An encoder of CSV. */
export function createCsvEncoder(head: FileHead): TextEncoding {
  const lines = createCsvLines(head);
  return {
    start: () => (head.csv.bom ? "\uFEFF" : "") + lines.header(),
    write: (rows, into) => lines.write(rows, into),
    end: () => "",
  };
}

/** Lines of CSV, for files that are assembled elsewhere. */
export function createCsvLines(head: FileHead): CsvLines {
  const { csv, sources, columns, zone, hasUtc } = head;
  const plainForm = readTimeForm(csv.dateFormat, csv.decimal);
  const quote = mustQuote(plainForm, csv.delimiter) ? '"' : "";
  const form = quote === "" ? plainForm : quotedForm(plainForm);
  const clock = createRowClock({ zone, hasUtc, form });
  const delimiter = csv.delimiter.charCodeAt(0);
  const hasCr = csv.lineEnd === "\r\n";

  function textsAfterTime({ source, labels = [] }: SourcePage): string {
    const id = head.idColumn === null ? [] : [sources[source]];
    return [...id, ...labels].map((text) => csv.delimiter + csvText(text, csv)).join("");
  }

  return {
    header: () =>
      headerNames(head).map((name) => csvText(name, csv)).join(csv.delimiter) + csv.lineEnd,
    write(rows, { text, at: firstAt }, hoursAt) {
      const around = {
        before: quote,
        between: hasUtc ? quote + csv.delimiter + quote : null,
        after: quote + textsAfterTime(rows) + csv.delimiter,
      };
      let at = firstAt;
      for (const page of clock.cut(rows.page)) {
        const start = clock.start(page, around);
        const hours = hoursAt === undefined ? null : hoursAt(page.timesMs[0]);
        const ofHours = columns.length - page.columns.length;
        const own = hours === null ? columns : columns.toSpliced(hours.after, ofHours);
        const tables = tablesOf(page, own, csv.decimal);
        at = writeDayLines(page, { text, at, start, tables, delimiter, hasCr, hours });
      }
      return at;
    },
  };
}

/** Whether times in a form have characters for which a field needs quotes. */
function mustQuote({ parts }: TimeForm, delimiter: string): boolean {
  return parts.some(({ isField, text }) =>
    !isField && (text.includes(delimiter) || /["\r\n]/.test(text))
  );
}

/** The form of times inside quotes. */
function quotedForm(form: TimeForm): TimeForm {
  const parts = form.parts.map(({ isField, text }) => ({
    isField,
    text: isField ? text : text.replaceAll('"', '""'),
  }));
  return { ...form, parts };
}

/** The names of all columns of a table, in order. */
export function headerNames({ hasUtc, idColumn, labels, columns }: FileHead): string[] {
  return [
    "timestamp",
    ...(hasUtc ? ["utc"] : []),
    ...(idColumn === null ? [] : [idColumn]),
    ...labels,
    ...columns.map(({ name }) => name),
  ];
}
