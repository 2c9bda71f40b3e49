/**
 * JSON: one object with a header, which says what the rows are, and the rows, each on a line of its
 * own.
 *
 * @module
 */

import type { FileHead, TextEncoding } from "./encoder.ts";
import { createJsonRows, jsonClock } from "./json_rows.ts";

/** An encoder of JSON. */
export function createJsonEncoder(head: FileHead): TextEncoding {
  const { write } = createJsonRows(head, { before: ",\n", after: "" });
  let isFirst = true;
  return {
    start: () => `{"header":${JSON.stringify(headerOf(head))},"rows":[`,
    write(rows, into) {
      const end = write(rows, into);
      if (!isFirst || end === into.at) return end;
      isFirst = false;
      // No comma before the first row.
      into.text.bytes.copyWithin(into.at, into.at + 1, end);
      return end - 1;
    },
    end: () => "\n]}\n",
    goOn: (rowsBefore) => void (isFirst = rowsBefore === 0),
  };
}

/** What the header says. The span is half-open: `to` is the first moment after it. */
function headerOf(head: FileHead): Record<string, unknown> {
  const { text } = jsonClock(head);
  return {
    profile: head.profile,
    sources: head.sources,
    from: text(head.span.fromMs),
    to: text(head.span.toMs),
    timezone: head.zone,
    interval: head.interval,
    columns: head.columns.map(({ name, unit, aggregate, source }) => ({
      name,
      unit,
      ...(aggregate === null ? {} : { aggregate }),
      ...(source === null ? {} : { source }),
    })),
  };
}
