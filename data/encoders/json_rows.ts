/**
 * Rows as JSON objects: the time with its offset, the id, then the values, `null` for a missing one.
 *
 * @module
 */

import { tablesOf } from "./column_words.ts";
import type { FileHead, SourcePage, TextEnd } from "./encoder.ts";
import { createRowClock, type RowClock } from "./row_clock.ts";
import { type FixedText, fixedText, writeJsonRows } from "../text/rows_json.ts";
import { readTimeForm } from "./time_form.ts";

/** Writes rows. */
export interface JsonRowsEncoder {
  /** Writes the rows of a page and returns where they end. */
  write(rows: SourcePage, into: TextEnd): number;
}

/** A clock that shows times as RFC 3339 in the zone of a file. */
export function jsonClock({ zone, hasUtc }: Pick<FileHead, "zone" | "hasUtc">): RowClock {
  return createRowClock({ zone, hasUtc, form: readTimeForm("iso") });
}

/** An encoder of rows, each between two texts. */
export function createJsonRows(
  head: FileHead,
  { before, after }: { before: string; after: string },
): JsonRowsEncoder {
  const { columns, hasUtc, idColumn, labels, sources } = head;
  const clock = jsonClock(head);
  const names = columns.map(({ name }) => `,${JSON.stringify(name)}:`);
  const afterValues: FixedText[] = [...names.slice(1), `}${after}`].map(fixedText);

  function textsAfterTime({ source, labels: values = [] }: SourcePage): string {
    const id = idColumn === null ? [] : [[idColumn, sources[source]] as const];
    return [...id, ...labels.map((name, index) => [name, values[index] ?? null] as const)]
      .map(([name, value]) => `,${JSON.stringify(name)}:${JSON.stringify(value)}`).join("");
  }

  return {
    write(rows, { text, at: firstAt }) {
      const around = {
        before: `${before}{"timestamp":"`,
        between: hasUtc ? '","utc":"' : null,
        after: `"${textsAfterTime(rows)}${names[0]}`,
      };
      let at = firstAt;
      for (const page of clock.cut(rows.page)) {
        const start = clock.start(page, around);
        at = writeJsonRows(page, { text, at, start, tables: tablesOf(page, columns), afterValues });
      }
      return at;
    },
  };
}
