import { createFormats } from "../../../routes/assets/format.js";
import { fill } from "../../../routes/assets/text.js";
import { DE } from "../../../routes/pages/texts/de.ts";
import { EN } from "../../../routes/pages/texts/en.ts";
import { assertEquals } from "../../support/assert.ts";

const german = createFormats({ locale: "de-DE", language: "de", zone: "Europe/Berlin" });
const english = createFormats({ locale: "en-GB", language: "en", zone: "UTC" });

Deno.test("numbers and sizes are written as the locale writes them", () => {
  assertEquals(german.number(1234567.891), "1.234.567,89");
  assertEquals(english.number(1234567.891, 0), "1,234,568");
  assertEquals([0, 999, 1_000, 1_540, 12_345_678].map(english.size), [
    "0 bytes",
    "999 bytes",
    "1 kB",
    "1.5 kB",
    "12 MB",
  ]);
});

Deno.test("times are written in their zone, which springs forward at 01:00 UTC", () => {
  const before = Date.UTC(2024, 2, 31, 0, 59), after = Date.UTC(2024, 2, 31, 1, 0);
  assertEquals([before, after].map(german.clock), ["01:59", "03:00"]);
  assertEquals(german.dateTime(after), "31.03.2024, 03:00");
  assertEquals(english.dateTime(after), "31/03/2024, 01:00");
});

Deno.test("spans have their two largest units, and distances the largest one", () => {
  assertEquals(english.span(0), "0 sec");
  assertEquals(english.span(59_499), "59 sec");
  assertEquals(english.span(3_600_000), "1 hr");
  assertEquals(english.span(2 * 86_400_000 + 3 * 3_600_000 + 59_000), "2 days 3 hr");
  const nowMs = Date.UTC(2024, 0, 2);
  assertEquals(english.ago(nowMs - 150_000, nowMs), "2 minutes ago");
  assertEquals(german.ago(nowMs - 86_400_000, nowMs), "gestern");
  assertEquals(english.ago(nowMs + 7_200_000, nowMs), "in 2 hours");
});

Deno.test("intervals are written in words, also those of the calendar", () => {
  const codes = ["15m", "1h", "1d", "1mo", "1y"];
  assertEquals(codes.map(english.interval), ["15 minutes", "1 hour", "1 day", "1 month", "1 year"]);
  assertEquals(codes.map(german.interval), [
    "15 Minuten",
    "1 Stunde",
    "1 Tag",
    "1 Monat",
    "1 Jahr",
  ]);
  assertEquals(english.interval("irregular"), "irregular");
});

Deno.test("texts get their values, and the word that goes with a number", () => {
  const text = "{count} {count#device|devices} of {name}";
  assertEquals(fill(text, { count: 1, name: "a" }, "en"), "1 device of a");
  assertEquals(fill(text, { count: 0, name: "$&" }, "en"), "0 devices of $&");
  assertEquals(fill("{count} {other}", { count: 2 }, "en"), "2 {other}");
});

Deno.test("both languages have the same texts with the same places", () => {
  assertEquals(Object.keys(DE), Object.keys(EN));
  const placesOf = (text: string) =>
    [...new Set([...text.matchAll(/\{(\w+)/g)].map(([, name]) => name))].toSorted();
  for (const [key, text] of Object.entries(EN)) {
    assertEquals(placesOf(DE[key as keyof typeof DE]), placesOf(text), key);
  }
});
