import {
  dayStartMs,
  DEVICE_ID_PATTERN,
  END_OF_TIME_MS,
  EXPORT_MAX_RANGE_MS,
  METER_ID_PATTERN,
  STORE_ID_PATTERN,
} from "../../data/limits.ts";
import { assert, assertEquals } from "../support/assert.ts";

Deno.test("time ends with the year 9999, which RFC 3339 can still write", () => {
  assertEquals(new Date(END_OF_TIME_MS - 1).toISOString(), "9999-12-31T23:59:59.999Z");
  assertEquals(new Date(END_OF_TIME_MS).toISOString(), "+010000-01-01T00:00:00.000Z");
});

Deno.test("every calendar year fits one export", () => {
  assert(Date.UTC(2025, 0, 1) - Date.UTC(2024, 0, 1) <= EXPORT_MAX_RANGE_MS);
});

Deno.test("dayStartMs() goes back to midnight UTC, before 1970 too", () => {
  const noon = Date.UTC(2024, 1, 29, 12);
  assertEquals(dayStartMs(noon), Date.UTC(2024, 1, 29));
  assertEquals(dayStartMs(dayStartMs(noon)), Date.UTC(2024, 1, 29));
  assertEquals(dayStartMs(Date.UTC(2024, 2, 1) - 1), Date.UTC(2024, 1, 29));
  assertEquals(dayStartMs(-1), Date.UTC(1969, 11, 31));
});

Deno.test("ids of meters and devices have 1 to 64 plain characters", () => {
  const right = [
    ...["1", "a", "-1", ".a", "_", ":", "...", "..a", "DE-00.meter_7:1", ".a.", "a."],
    ...["x", ".x", "..", "..x"].map((start) => start.padEnd(64, ".")),
    "x".repeat(64),
  ];
  const wrong = [
    "",
    ".",
    "..",
    ...["x", ".x", "..", "..x"].map((start) => start.padEnd(65, ".")),
    "a b",
    "a/b",
    "a,b",
    "é",
    "x".repeat(65),
    "a\n",
    "a\0",
  ];
  for (const pattern of [METER_ID_PATTERN, DEVICE_ID_PATTERN]) {
    assertEquals([...right, ...wrong].filter((id) => pattern.test(id)), right);
  }
});

Deno.test("a store's id begins with a letter or digit", () => {
  const ids = ["1", "a:b", "-1", ".a", "_a", ":a", "a/b", "x".repeat(65)];
  assertEquals(ids.filter((id) => STORE_ID_PATTERN.test(id)), ["1", "a:b"]);
});
