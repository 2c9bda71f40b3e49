import {
  intervalMsOf,
  readTimeOptions,
  type TimeOptions,
} from "../../../data/imports/time_options.ts";
import { assertEquals } from "../../support/assert.ts";

const MINUTE_MS = 60_000;

/** The wrong options, each with its sentence. */
function problems(options: TimeOptions): string[] {
  const found: string[] = [];
  readTimeOptions(options, (option, value, detail) => found.push(`${option} ${value}: ${detail}`));
  return found;
}

Deno.test("a length is a number and a unit, or as in ISO 8601", () => {
  const table: [text: string, minutes: number | null][] = [
    ["15m", 15],
    ["15min", 15],
    ["900s", 15],
    ["1h", 60],
    ["1d", 1_440],
    ["PT15M", 15],
    ["PT1H", 60],
    ["P1D", 1_440],
    ["pt900s", 15],
    ["366d", 366 * 1_440],
    ["367d", null],
    ["0m", null],
    ["15", null],
    ["m", null],
    ["1.5h", null],
    ["-1h", null],
    ["P1H", null],
    ["PT1D", null],
    ["15 m", null],
    ["", null],
  ];
  for (const [text, minutes] of table) {
    assertEquals(intervalMsOf(text), minutes === null ? null : minutes * MINUTE_MS, text);
  }
});

Deno.test("every wrong option about times is named with its value and its rule", () => {
  assertEquals(
    problems({
      timestampFormat: "dd",
      timezone: "Mars",
      stamp: "middle",
      interval: "a day",
      ambiguous: "both",
      nonexistent: "ignore",
    }).map((text) => text.replace(/^(timestampFormat dd: timestamp_format: )[^]*/, "$1…")),
    [
      "timestampFormat dd: timestamp_format: …",
      "timezone Mars: timezone must be an IANA time zone or an offset such as +01:00",
      "stamp middle: stamp must be start or end",
      "ambiguous both: ambiguous must be sequence, first or second",
      "nonexistent ignore: nonexistent must be reject or shift",
      "interval a day: interval must be a length such as 15m, 1h or 1d",
    ],
  );
});

Deno.test("plain times in UTC need no rules; what only the rows can show is unseen", () => {
  const seen = (options: TimeOptions) => {
    const times = readTimeOptions(options, () => {});
    return [times?.rules === null, times?.unseen.timeFormat, times?.unseen.interval];
  };
  assertEquals(seen({}), [true, false, false]);
  assertEquals(seen({ timestampFormat: "unix", interval: "15m" }), [true, false, false]);
  assertEquals(seen({ timezone: "Europe/Paris" }), [false, false, false]);
  assertEquals(seen({ timestampFormat: "auto" }), [false, true, false]);
  assertEquals(seen({ stamp: "end" }), [false, false, true]);
  assertEquals(seen({ stamp: "end", interval: "1h" }), [false, false, false]);
  assertEquals(seen({ timestampFormat: "yyyy-MM-dd n" }), [false, false, true]);
});
