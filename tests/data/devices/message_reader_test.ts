import { BUILT_IN_PROFILES } from "../../../data/readings/profiles.ts";
import fc from "fast-check";
import { AppError } from "../../../data/app_error.ts";
import { placesOf } from "../../../data/devices/message_groups.ts";
import { createTelemetryReader } from "../../../data/devices/message_reader.ts";
import { ACCEPTED_TIMES } from "../../../data/time/accepted_times.ts";
import { slicePage } from "../../../data/readings/page.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import { linesOf as pageLines } from "../../support/series.ts";
import { APPLIANCE, BATTERY, linesOf, message } from "../../support/telemetry.ts";

const NOW_MS = Date.UTC(2026, 1, 2);
const RULES = { acceptedTimes: ACCEPTED_TIMES, profiles: BUILT_IN_PROFILES };
const DEPS = { now: () => NOW_MS, ...RULES };
const TIME_MS = Date.UTC(2026, 1, 1, 14, 23, 45);
const MESSAGES = [
  message(),
  message({ device_id: "fridge", metrics: APPLIANCE }),
  "wrong",
  message({ metrics: { ...BATTERY, temp_c: null } }),
  message({ metrics: APPLIANCE }),
];

/** The result of reading a text in chunks of a length. */
function readText(form: "array" | "lines", text: string, chunkBytes = Infinity) {
  const reader = createTelemetryReader(form, DEPS);
  const bytes = new TextEncoder().encode(text);
  const step = Math.min(chunkBytes, Math.max(1, bytes.length));
  for (let at = 0; at < bytes.length; at += step) reader.push(bytes.subarray(at, at + step));
  reader.end();
  const waiting = reader.waiting();
  const groups = reader.take().map((group) => ({
    name: `${group.id} ${group.profile.name}`,
    lines: pageLines(slicePage(group.page, group.rows.start, group.rows.end)),
    places: placesOf(group),
  }));
  return { waiting, left: reader.waiting(), groups, rejected: reader.rejected() };
}

for (const form of ["array", "lines"] as const) {
  const place = (number: number) => form === "array" ? { index: number } : { line: number + 1 };
  const text = form === "array" ? JSON.stringify(MESSAGES) : linesOf(MESSAGES);
  const expected = {
    waiting: 4,
    left: 0,
    groups: [
      {
        name: "test-001 battery",
        lines: [`${TIME_MS} 67.5,385.2,-45.3,28.4`, `${TIME_MS} 67.5,385.2,-45.3,`],
        places: [place(0), place(3)],
      },
      { name: "fridge appliance", lines: [`${TIME_MS} 229.8,0.61,131.5,21`], places: [place(1)] },
      { name: "test-001 appliance", lines: [`${TIME_MS} 229.8,0.61,131.5,21`], places: [place(4)] },
    ],
    rejected: {
      count: 1,
      first: [{ ...place(2), pointer: "", value: "wrong", rule: "a JSON object" }],
    },
  };

  Deno.test(`messages of ${form} are grouped by device and profile, in their order`, () => {
    assertEquals(readText(form, text), expected);
  });

  Deno.test(`messages of ${form} do not depend on where chunks end`, () => {
    const property = fc.property(fc.integer({ min: 1, max: text.length }), (chunkBytes) => {
      assertEquals(readText(form, text, chunkBytes), expected);
    });
    fc.assert(property, { numRuns: 50 });
  });

  Deno.test(`a message of ${form} longer than 65,536 bytes is rejected, and the next one is read`, () => {
    const long = { note: "x".repeat(65_536) };
    const all = [long, message()];
    const { waiting, rejected } = readText(
      form,
      form === "array" ? JSON.stringify(all) : linesOf(all),
    );
    assertEquals([waiting, rejected.count], [1, 1]);
    const [{ pointer, rule }] = rejected.first;
    assertEquals([pointer, rule], ["", "at most 65536 bytes"]);
  });
}

Deno.test("only the first problem of a message is listed", () => {
  const { rejected } = readText("lines", '{"device_id":"a b","timestamp":"x","metrics":{}}');
  const rule = "1 to 64 characters of A-Z a-z 0-9 _ . : - except . and .. alone";
  assertEquals(rejected, {
    count: 1,
    first: [{ line: 1, pointer: "/device_id", value: "a b", rule }],
  });
});

Deno.test("messages that the caller rejects are counted with the others", () => {
  const reader = createTelemetryReader("lines", DEPS);
  reader.push(new TextEncoder().encode("x\n"));
  reader.end();
  reader.reject({ line: 7 }, { pointer: "/device_id", value: "a", rule: "rate_limit" });
  assertEquals(reader.rejected(), {
    count: 2,
    first: [
      { line: 1, pointer: "", value: "x", rule: "valid JSON" },
      { line: 7, pointer: "/device_id", value: "a", rule: "rate_limit" },
    ],
  });
});

for (const text of ["", "{}", "[1,", "[1] x", "5"]) {
  Deno.test(`the text '${text}' is not an array`, () => {
    const error = assertThrows(() => readText("array", text), AppError);
    assertEquals(error.code, "MALFORMED_BODY");
  });
}
