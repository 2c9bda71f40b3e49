import fc from "fast-check";
import { timestampForm, timestampMs } from "../../../data/devices/timestamp.ts";
import { assertEquals } from "../../support/assert.ts";

const NOW_MS = 1_769_955_900_000;
/** 2026-02-01T14:23:45.123Z by `date -d @1769955825`. */
const TIME_MS = 1_769_955_825_123;

Deno.test("Unix time is recognized by its size: seconds, milliseconds, microseconds", () => {
  const times: [value: number, form: string, timeMs: number][] = [
    [1_769_955_825, "epoch_seconds", 1_769_955_825_000],
    [1_769_955_825.123, "epoch_seconds", TIME_MS],
    [TIME_MS, "epoch_milliseconds", TIME_MS],
    [TIME_MS + 0.999, "epoch_milliseconds", TIME_MS],
    [1_769_955_825_123_999, "epoch_microseconds", TIME_MS],
    // The first and the last second that systems with 32 bits have.
    [0, "epoch_seconds", 0],
    [2_147_483_647, "epoch_seconds", 2_147_483_647_000],
  ];
  for (const [value, form, timeMs] of times) {
    assertEquals([timestampForm(value), timestampMs(value, NOW_MS)], [form, timeMs], `${value}`);
  }
});

Deno.test("every millisecond of 2000 to 2100 survives in seconds, milliseconds and microseconds", () => {
  const times = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2100, 0, 1) });
  fc.assert(fc.property(times, (timeMs) => {
    assertEquals(
      [timeMs / 1000, timeMs, timeMs * 1000].map((value) => timestampMs(value, NOW_MS)),
      [timeMs, timeMs, timeMs],
    );
  }));
});

Deno.test("nanoseconds and what is no time are no timestamp", () => {
  for (const value of [1_769_955_825_123_000_000, NaN, Infinity, true, [], {}, "", "1769955825"]) {
    assertEquals(timestampMs(value, NOW_MS), NaN, String(value));
  }
});

Deno.test("a timestamp that is missing or null is the time of receipt", () => {
  for (const value of [undefined, null]) {
    assertEquals([timestampForm(value), timestampMs(value, NOW_MS)], ["server", NOW_MS]);
  }
});

Deno.test("ISO 8601 comes in the extended and the basic format, and with a leap second", () => {
  const times: [text: string, timeMs: number][] = [
    ["2026-02-01T14:23:45Z", 1_769_955_825_000],
    ["2026-02-01T14:23:45.123Z", TIME_MS],
    ["20260201T142345Z", 1_769_955_825_000],
    ["20260201T152345.123+0100", TIME_MS],
    ["2016-12-31T23:59:60Z", Date.UTC(2017, 0, 1)],
  ];
  for (const [text, timeMs] of times) {
    assertEquals([timestampForm(text), timestampMs(text, NOW_MS)], ["iso8601", timeMs], text);
  }
});
