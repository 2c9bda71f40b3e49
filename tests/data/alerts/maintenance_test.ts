import {
  type MaintenanceWindow,
  mutedUntilMs,
  nextSpans,
  type RepeatedTimes,
  spanAt,
} from "../../../data/alerts/maintenance.ts";
import { EVERY_ID } from "../../../data/access/caller.ts";
import { HOUR_MS, MINUTE_MS } from "../../../data/limits.ts";
import { assertEquals } from "../../support/assert.ts";

function clock(zone: string, start: number, end: number, more: Partial<RepeatedTimes> = {}) {
  const times: RepeatedTimes = {
    type: "repeated",
    zone,
    startMs: start * MINUTE_MS,
    endMs: end * MINUTE_MS,
    weekdays: null,
    monthDays: null,
    fromMs: null,
    untilMs: null,
    ...more,
  };
  return times;
}

function nextText(times: RepeatedTimes, after: string): string | undefined {
  const [span] = nextSpans(times, Date.parse(after), 1);
  if (span === undefined) return undefined;
  return [span.fromMs, span.toMs].map((ms) => new Date(ms).toISOString().slice(0, 16)).join("/");
}

Deno.test("a window begins and ends by the clock of its zone, on the days when clocks change", () => {
  const half = 30;
  // 02:30 is shown twice, first at +02:00; 03:30 is at +01:00.
  const berlin = clock("Europe/Berlin", 2 * 60 + half, 3 * 60 + half);
  assertEquals(nextText(berlin, "2024-10-27T00:00Z"), "2024-10-27T00:30/2024-10-27T02:30");
  // 02:30 to 03:30 begins in the hour that is skipped: 03:30 would be its end, too.
  assertEquals(nextText(berlin, "2024-03-31T00:00Z"), "2024-04-01T00:30/2024-04-01T01:30");
  // Lord Howe goes back by half an hour at 02:00, from +11:00 to +10:30.
  const howe = clock("Australia/Lord_Howe", 60 + 45, 2 * 60 + 15);
  assertEquals(nextText(howe, "2024-04-06T12:00Z"), "2024-04-06T14:45/2024-04-06T15:45");
  // Kathmandu is at +05:45.
  const kathmandu = clock("Asia/Kathmandu", 22 * 60, 4 * 60);
  assertEquals(nextText(kathmandu, "2024-05-01T12:00Z"), "2024-05-01T16:15/2024-05-01T22:15");
});

Deno.test("days of the week and of the month count where a window begins, -1 is the last day", () => {
  const last = clock("UTC", 23 * 60, 60, { monthDays: [-1] });
  assertEquals(nextText(last, "2024-02-10T00:00Z"), "2024-02-29T23:00/2024-03-01T01:00");
  assertEquals(spanAt(last, Date.parse("2024-03-01T00:59Z")) !== null, true);
  // The 13th on a Friday; 4 is Friday.
  const friday = clock("UTC", 0, 60, { monthDays: [13], weekdays: [4] });
  assertEquals(nextText(friday, "2024-01-01T00:00Z"), "2024-09-13T00:00/2024-09-13T01:00");
  const leap = clock("UTC", 0, 60, { monthDays: [30], weekdays: null, untilMs: 0 });
  assertEquals(nextText(leap, "2024-01-01T00:00Z"), undefined);
});

Deno.test("windows that overlap or follow each other are one maintenance", () => {
  const own = { name: "w", scopes: null, alerts: null, owner: "anyone", patterns: EVERY_ID };
  const window = (fromHour: number, toHour: number): MaintenanceWindow => ({
    ...own,
    id: String(fromHour),
    createdMs: 0,
    changedMs: 0,
    times: { type: "once", fromMs: fromHour * HOUR_MS, toMs: toHour * HOUR_MS },
  });
  const alert = { id: "a", owner: "anyone" };
  const subject = {
    kind: "store",
    id: "s",
    profile: "site",
    deviceType: null,
    location: null,
  } as const;
  const windows = [window(1, 3), window(3, 4), window(2, 5), window(6, 7)];
  const until = (hour: number) => mutedUntilMs(windows, { alert, subject }, hour * HOUR_MS);
  assertEquals([until(0.5), until(1), until(5), until(6.5)], [
    null,
    5 * HOUR_MS,
    null,
    7 * HOUR_MS,
  ]);
  const others = windows.map((one) => ({ ...one, alerts: ["b"] }));
  assertEquals(mutedUntilMs(others, { alert, subject }, HOUR_MS), null);
});
