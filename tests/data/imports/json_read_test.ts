import fc from "fast-check";
import { AppError } from "../../../data/app_error.ts";
import { createNdjsonReader } from "../../../data/imports/json_read.ts";
import { plainDialect, takenRows } from "./upload.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { decimalTexts, plainRows, type Row, timeLists } from "../../support/pages.ts";
import { readUpload } from "./csv_upload.ts";
import { readArray, readNdjson } from "./json_upload.ts";
import type { ReadUpload } from "./upload.ts";
import { amount } from "../../support/thorough.ts";

const METRICS = ["energy_kwh", "power_kw", "voltage_v", "current_a"];
const NEW_YEAR_MS = 1_704_067_200_000;
const GOOD = '{"timestamp":"2024-01-01T00:00:00Z","power_kw":1}';
const ONE: Row = [NEW_YEAR_MS, "", "1", "", ""];
const NOTHING: ReadUpload = { rows: [], rejectedCount: 0, rejects: [], ignored: [] };

/** The rejected lines, and why. */
function rejectedLines(body: string | Uint8Array, sizes?: number[]): [number, string][] {
  return readNdjson(body, { sizes }).rejects.map((reject): [number, string] => {
    assert("line" in reject);
    return [reject.line, reject.rule];
  });
}

function bytesOf(...parts: (string | number[])[]): Uint8Array {
  const encoder = new TextEncoder();
  return Uint8Array.from(
    parts.flatMap((part) => typeof part === "string" ? [...encoder.encode(part)] : part),
  );
}

Deno.test("each line is an object; blank lines, a byte order mark and any line end are allowed", () => {
  const expected = { ...NOTHING, rows: [ONE, ONE] };
  const bodies = [
    `${GOOD}\n${GOOD}\n`,
    `${GOOD}\r\n${GOOD}`,
    `\ufeff${GOOD}\n\n \t\n\r\n${GOOD}\r`,
    ` ${GOOD} \n\t${GOOD}`,
  ];
  for (const body of bodies) {
    for (const sizes of [[1], [7], [1_000]]) assertEquals(readNdjson(body, { sizes }), expected);
  }
});

Deno.test("an empty body, blank lines and an empty array are uploads without readings", () => {
  for (const body of ["", "\n", " \r\n\t\n", "\ufeff"]) assertEquals(readNdjson(body), NOTHING);
  for (const body of ["[]", " [ ]\n", "\ufeff[\r\n]"]) assertEquals(readArray(body), NOTHING);
});

Deno.test("an array that is empty text or cut off is refused", () => {
  for (const body of ["", " \n", `[${GOOD}`, `[${GOOD},`, `[${GOOD.slice(0, -1)}`, GOOD]) {
    assertEquals(assertThrows(() => readArray(body), AppError).code, "MALFORMED_BODY", body);
  }
});

Deno.test("a bad line is listed with its number, a bad element with its index; neither stops others", () => {
  const bad = '{"timestamp":"2024-01-01T00:00:00Z","power_kw":"much"}';
  const reject = { field: "power_kw", value: "much", rule: "a number or null" };
  assertEquals(readNdjson(`${GOOD}\n\n${bad}\n${GOOD}\n`), {
    ...NOTHING,
    rows: [ONE, ONE],
    rejectedCount: 1,
    rejects: [{ line: 3, ...reject }],
  });
  assertEquals(readArray(`[${GOOD},\n${bad},${GOOD}]`), {
    ...NOTHING,
    rows: [ONE, ONE],
    rejectedCount: 1,
    rejects: [{ index: 1, ...reject }],
  });
});

Deno.test("two objects on a line, or one over two lines, are not NDJSON", () => {
  const rule = "a JSON object";
  assertEquals(rejectedLines(`${GOOD}${GOOD}\n${GOOD}`), [[1, rule]]);
  assertEquals(rejectedLines(`${GOOD},\n${GOOD}`), [[1, rule]]);
  assertEquals(rejectedLines(`{"timestamp":\n1}\n${GOOD}`), [[1, rule], [2, rule]]);
  // An open quote does not join lines: strings of JSON have no line ends.
  assertEquals(rejectedLines(`{"a":"\n${GOOD}\n"}\n${GOOD}`), [[1, rule], [3, rule]]);
});

Deno.test("bytes that are not UTF-8, NUL bytes and lone surrogates spoil at most their own line", () => {
  const open = '{"timestamp":"2024-01-01T00:00:00Z","note":"';
  const close = '","power_kw":1}\n';
  const noted = readNdjson(bytesOf(open, [0xff, 0xc0, 0x80], close, open, "\\ud800", close));
  assertEquals([noted.rows, noted.rejectedCount], [[ONE, ONE], 0]);
  const nul = bytesOf(open, [0], close, GOOD, "\n", [0, 0, 10], GOOD);
  assertEquals(rejectedLines(nul), [[1, "a JSON object"], [3, "a JSON object"]]);
  assertEquals(readNdjson(nul).rows, [ONE, ONE]);
  assertEquals(rejectedLines(bytesOf([0xff, 10], GOOD)), [[1, "a JSON object"]]);
});

Deno.test("only a line or element of more than 65,536 bytes is rejected", () => {
  const object = (bytes: number) =>
    GOOD.slice(0, -1) + `,"x":"${"x".repeat(bytes - GOOD.length - 7)}"}`;
  const rule = "at most 65536 bytes";
  for (const sizes of [[1_000], [65_536], [1_000_000]]) {
    const lines = readNdjson(`${GOOD}\n${object(65_537)}\n${object(65_536)}\n`, { sizes });
    assertEquals(lines.rows, [ONE, ONE]);
    const value = object(65_537).slice(0, 100);
    assertEquals(lines.rejects, [{ line: 2, field: null, value, rule }]);
    const array = readArray(`[${object(65_536)},${object(65_537)},${GOOD}]`, { sizes });
    assertEquals(array.rows, [ONE, ONE]);
    assertEquals(array.rejects, [{ index: 1, field: null, value, rule }]);
  }
});

Deno.test("the first 100 rejects are listed and all of them counted", () => {
  const { rejects, rejectedCount } = readArray(`[${"0,".repeat(149)}0]`);
  assertEquals([rejects.length, rejectedCount], [100, 150]);
  assertEquals(rejects[99], { index: 99, field: null, value: "0", rule: "a JSON object" });
});

Deno.test("readings can be taken during the upload", () => {
  const profile = PROFILES.meter;
  const reader = createNdjsonReader({
    profile,
    id: "m1",
    dialect: plainDialect(profile),
    dialectOf: plainDialect,
    oldestMs: 0,
  });
  const push = (text: string) => reader.push(new TextEncoder().encode(text));
  push(`${GOOD}\n${GOOD.slice(0, 20)}`);
  assertEquals([reader.waiting(), takenRows(reader)], [1, [ONE]]);
  push(GOOD.slice(20));
  reader.end();
  assertEquals(takenRows(reader), [ONE]);
});

Deno.test("NDJSON, an array and CSV give the same readings, in any chunks", () => {
  const value = (isPositive: boolean) =>
    fc.oneof(fc.constant(""), decimalTexts({ minScale: 9, isPositive }));
  const rows = fc.array(fc.tuple(value(false), value(false), value(true), value(false)), {
    maxLength: 20,
  }).chain((rows) =>
    timeLists(rows.length).map((times) => rows.map((row, at): Row => [times[at], ...row]))
  );
  const sizes = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(
      rows,
      fc.shuffledSubarray(METRICS, { minLength: 4 }),
      sizes,
      (rows, names, sizes) => {
        const fields = rows.map(([timeMs, ...texts]) => ({
          time: new Date(timeMs).toISOString(),
          values: names.map((name) => texts[METRICS.indexOf(name)]),
        }));
        const objects = fields.map(({ time, values }) => {
          const members = names.map((name, at) =>
            `"${name}":${values[at] === "" ? null : values[at]}`
          );
          return `{${members.join()},"timestamp":"${time}"}`;
        });
        const lines = fields.map(({ time, values }) => `${values.join()},${time}\n`);
        const expected = { ...NOTHING, rows: plainRows(rows) };
        assertEquals(
          readUpload(`${names.join()},timestamp\n${lines.join("")}`, { sizes }),
          expected,
        );
        assertEquals(readNdjson(objects.join("\n"), { sizes }), expected);
        assertEquals(readArray(`[${objects.join(" , ")}]`, { sizes }), expected);
      },
    ),
    { numRuns: amount({ quick: 100, thorough: 400 }) },
  );
});

Deno.test("any text gives the same readings as lines and as elements", () => {
  const names = fc.constantFrom("timestamp", "power_kw", "POWER_KW", "__proto__", "x");
  const values = fc.oneof(
    fc.constant("2024-01-01T00:00:00Z"),
    fc.double(),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const objects = fc.array(fc.tuple(names, values), { maxLength: 5 }).map((members) =>
    // Not with JSON.stringify(): an object has no property twice.
    `{${members.map(([name, value]) => `"${name}":${JSON.stringify(value)}`).join()}}`
  );
  fc.assert(
    fc.property(fc.array(objects, { maxLength: 10 }), (texts) => {
      const lines = readNdjson(texts.join("\n"));
      const array = readArray(`[${texts.join()}]`);
      assertEquals(array.rows, lines.rows);
      assertEquals(lines.rows.length + lines.rejectedCount, texts.length);
      const places = lines.rejects.map(({ field, value, rule, ...place }) => {
        assert("line" in place);
        return { index: place.line - 1, field, value, rule };
      });
      assertEquals(array.rejects, places);
    }),
    { numRuns: amount({ quick: 125, thorough: 500 }) },
  );
});
