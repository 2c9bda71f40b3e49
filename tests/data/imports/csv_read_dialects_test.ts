import fc from "fast-check";
import { assertEquals } from "../../support/assert.ts";
import { decimalTexts, type Row, timeLists } from "../../support/pages.ts";
import {
  isMistaken,
  optionsOf,
  type RandomDialect,
  randomDialects,
  textOf,
  writable,
} from "./csv_dialects.ts";
import { readUpload } from "./csv_upload.ts";
import { amount } from "../../support/thorough.ts";

/** Two columns share a time at its space, so its form must have one. */
const dialects = randomDialects().filter(({ timeNames, clock }) =>
  timeNames.length === 1 || clock.pattern === undefined && clock.unit === "minute" ||
  clock.pattern?.includes(" ") === true
);

function meterRows(maxCount: number): fc.Arbitrary<Row[]> {
  const value = (isPositive: boolean) =>
    fc.oneof(fc.constant(""), decimalTexts({ minScale: 9, isPositive }));
  const texts = fc.tuple(value(false), value(false), value(true), value(false));
  return fc.array(texts, { maxLength: maxCount }).chain((rows) =>
    timeLists(rows.length).map((times) => rows.map((row, at): Row => [times[at], ...row]))
  );
}

/** The rows read from rows written in a dialect. */
function readable(rows: readonly Row[], dialect: RandomDialect): Row[] {
  return rows.map(([timeMs, ...texts]): Row => [
    timeMs,
    ...texts.map((text, metric) => isMistaken(text, metric, dialect) ? "" : text),
  ]);
}

Deno.test("a page written in any dialect reads back as the same readings, in any chunks", () => {
  const sizes = fc.oneof(
    fc.constantFrom([1], [1_000_000]),
    fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 8 }),
  );
  fc.assert(
    fc.property(meterRows(20), dialects, sizes, (given, dialect, sizes) => {
      const rows = given.map((row) => writable(row, dialect));
      const text = textOf(rows, dialect);
      const upload = readUpload(text, { dialect: optionsOf(dialect), sizes });
      assertEquals(upload, {
        rows: readable(rows, dialect),
        rejectedCount: 0,
        rejects: [],
        ignored: dialect.order.filter((name) => name === "note"),
      }, text);
    }),
    { numRuns: amount({ quick: 150, thorough: 600 }) },
  );
});
