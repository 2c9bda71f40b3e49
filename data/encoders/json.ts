/**
 * JSON: one object with a header, which says what the rows are, and the rows, each on a line of its
 * own.
 *
 * @module
 */

import type { FileEncoder, FileHead } from "./encoder.ts";
import { createJsonRows, jsonClock } from "./json_rows.ts";

/** An encoder of JSON. */
export function createJsonEncoder(head: FileHead): FileEncoder<string> {
  const { rows } = createJsonRows(head, { before: ",\n", after: "" });
  let isFirst = true;
  return {
    start: () => `{"header":${JSON.stringify(headerOf(head))},"rows":[`,
    rows(page) {
      const text = rows(page);
      if (!isFirst || text === "") return text;
      isFirst = false;
      return text.slice(1);
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
