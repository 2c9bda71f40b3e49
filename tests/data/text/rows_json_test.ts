import fc from "fast-check";
import { FLOAT } from "../../../data/readings/decimal.ts";
import { emptyPage, type Page } from "../../../data/readings/page.ts";
import { sortPage } from "../../../data/readings/page_merge.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import { createRowsJsonWriter } from "../../../data/text/rows_json.ts";
import { assertEquals } from "../../support/assert.ts";
import { anyPage, pageOf, type Row } from "../../support/pages.ts";

const DAY_START_MS = 1_704_067_200_000;
const BATTERY_NAMES = ["soc_percent", "voltage_v", "current_a", "temp_c"];

/** The parsed rows of a page of a battery. */
function objectsOf({ timesMs, columns }: Page): unknown[] {
  return Array.from(timesMs, (timeMs, row) => {
    const values = columns.map(({ scale, values }) => {
      if (Number.isNaN(values[row])) return null;
      return Number(scale === FLOAT ? values[row] : `${values[row]}e-${scale}`);
    });
    const timestamp = new Date(timeMs).toISOString().replace(".000Z", "Z");
    return {
      timestamp,
      ...Object.fromEntries(values.map((value, at) => [BATTERY_NAMES[at], value])),
    };
  });
}

Deno.test("rows() writes an object for each reading, null for a missing value, commas between", () => {
  const page = pageOf([
    [DAY_START_MS, "67.5", "", "-45.30", "28.4"],
    [DAY_START_MS + 60_001, "0", "385.2", "", "-0.5"],
  ]);
  assertEquals(
    createRowsJsonWriter(PROFILES.battery).rows(page),
    '{"timestamp":"2024-01-01T00:00:00Z",' +
      '"soc_percent":67.5,"voltage_v":null,"current_a":-45.3,"temp_c":28.4},' +
      '{"timestamp":"2024-01-01T00:01:00.001Z",' +
      '"soc_percent":0,"voltage_v":385.2,"current_a":null,"temp_c":-0.5}',
  );
});

Deno.test("rows() of a profile with one metric has only that metric", () => {
  const page = pageOf([[DAY_START_MS, "1"], [DAY_START_MS + 86_400_000, ""]]);
  assertEquals(
    createRowsJsonWriter(PROFILES.site).rows(page),
    '{"timestamp":"2024-01-01T00:00:00Z","status":1},' +
      '{"timestamp":"2024-01-02T00:00:00Z","status":null}',
  );
});

Deno.test("rows() of several pages join to one list, even with empty pages among them", () => {
  const writer = createRowsJsonWriter(PROFILES.site);
  const pages = [emptyPage(1), pageOf([[0, "1"]]), emptyPage(1), pageOf([[1_000, "0"]])];
  const texts = pages.map((page) => writer.rows(page));
  assertEquals([texts[0], texts[2]], ["", ""]);
  assertEquals(JSON.parse(`[${texts.join("")}]`), [
    { timestamp: "1970-01-01T00:00:00Z", status: 1 },
    { timestamp: "1970-01-01T00:00:01Z", status: 0 },
  ]);
});

Deno.test("rows() writes the largest and smallest doubles without an exponent", () => {
  const rows = ["1e300", "-5e-324", "1.7976931348623157e308"].map((text, at): Row => [at, text]);
  const text = createRowsJsonWriter(PROFILES.site).rows(pageOf(rows));
  assertEquals(/\d[eE]/.test(text), false);
  const values = JSON.parse(`[${text}]`).map(({ status }: { status: number }) => status);
  assertEquals(values, [1e300, -5e-324, Number.MAX_VALUE]);
});

Deno.test("JSON.parse() reads any pages from their rows", () => {
  const pages = fc.array(anyPage({ columnCounts: [4], maxCount: 200 }).map(sortPage), {
    maxLength: 3,
  });
  fc.assert(
    fc.property(pages, (given) => {
      const writer = createRowsJsonWriter(PROFILES.battery);
      const text = given.map((page) => writer.rows(page)).join("");
      assertEquals(JSON.parse(`[${text}]`), given.flatMap(objectsOf));
    }),
    { numRuns: 60 },
  );
});
