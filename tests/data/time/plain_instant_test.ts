import fc from "fast-check";
import { plainInstant } from "../../../data/time/plain_instant.ts";
import { parseInstant } from "../../../data/time/time_text.ts";
import { assertEquals } from "../../support/assert.ts";
import { amount } from "../../support/thorough.ts";

const YEAR_1000_MS = Date.UTC(1000, 0, 1);
const YEAR_9999_END_S = 253_402_300_799;

Deno.test("plainInstant() reads what Date writes, whole seconds of the years 1000 to 9999", () => {
  const seconds = fc.integer({ min: YEAR_1000_MS / 1000, max: YEAR_9999_END_S });
  fc.assert(fc.property(seconds, (second) => {
    const text = new Date(second * 1000).toISOString().replace(".000Z", "Z");
    assertEquals(plainInstant(text), second * 1000, text);
  }));
});

Deno.test("plainInstant() knows how many days months have", () => {
  const days = ["2024-02-29", "2023-02-29", "2100-02-29", "2000-02-29", "2024-04-31", "2024-12-31"];
  assertEquals(days.map((day) => plainInstant(`${day}T00:00:00Z`)), [
    1_709_164_800_000,
    NaN,
    NaN,
    951_782_400_000,
    NaN,
    1_735_603_200_000,
  ]);
});

Deno.test("plainInstant() returns NaN for every other form", () => {
  const others = [
    "",
    "2026-02-01T14:23:45",
    "2026-02-01T14:23:45z",
    "2026-02-01 14:23:45Z",
    "2026-02-01t14:23:45Z",
    "2026-02-01T14:23:45.0Z",
    "2026-02-01T14:23+00:00",
    "2026-02-01T14:23:45Z ",
    "2026-02-01T14.23.45Z",
    "2026/02/01T14:23:45Z",
    "0999-12-31T23:59:59Z",
    "2026-00-01T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-01-00T00:00:00Z",
    "2026-01-01T24:00:00Z",
    "2026-01-01T00:60:00Z",
    "2026-01-01T00:00:60Z",
    "2026-01-01T00:00:6 Z",
    "-026-01-01T00:00:00Z",
    "２026-01-01T00:00:00Z",
  ];
  assertEquals(others.filter((text) => !Number.isNaN(plainInstant(text))), []);
});

Deno.test("plainInstant() accepts nothing that parseInstant() refuses, and agrees with it", () => {
  const part = (max: number) => fc.nat(max).map((value) => String(value).padStart(2, "0"));
  const mark = fc.constantFrom("-", "-", ":", ":", "T", "Z", " ", "1");
  const form = fc.tuple(part(9999), mark, part(13), mark, part(32), fc.constantFrom("T", " "));
  const clock = fc.tuple(part(25), mark, part(61), mark, part(61), fc.constantFrom("Z", "z", ""));
  const texts = fc.tuple(form, clock).map(([day, time]) => [...day, ...time].join(""));
  fc.assert(
    fc.property(texts, (text) => {
      const timeMs = plainInstant(text);
      if (!Number.isNaN(timeMs)) assertEquals(timeMs, parseInstant(text), text);
    }),
    { numRuns: amount({ quick: 500, thorough: 2_000 }) },
  );
});
