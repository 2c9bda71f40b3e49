import { measureUptime } from "../../../data/stores/uptime.ts";
import { assertEquals } from "../../support/assert.ts";
import { pollsPage, rowOf, type UptimeCase, uptimeOf, utcMs } from "./uptime_case.ts";

/** 2024-05-06 is a Monday, day 0. */
const MORNING = ["0 09:00:00 12:00:00"];

Deno.test("polls at 10:14 and 11:15 within 09:00 to 12:00: the first one covers the time before it", () => {
  const given: UptimeCase = {
    hours: MORNING,
    polls: ["2024-05-06T10:14 active", "2024-05-06T11:15 inactive"],
    asOf: "2024-05-06T12:30",
  };
  // Hour from 11:30: open to 12:00, inactive since 11:15: 30 minutes down.
  // Day and week: active from 09:00 to 11:15 is 2.25 h, inactive to 12:00 is 0.75 h.
  assertEquals(rowOf(given), "0.00,2.25,2.25,30.00,0.75,0.75");
  const HOUR_MS = 3_600_000;
  assertEquals(uptimeOf(given), {
    hour: { upMs: 0, downMs: HOUR_MS / 2, unknownMs: 0 },
    day: { upMs: 2.25 * HOUR_MS, downMs: 0.75 * HOUR_MS, unknownMs: 0 },
    week: { upMs: 2.25 * HOUR_MS, downMs: 0.75 * HOUR_MS, unknownMs: 0 },
  });
});

Deno.test("if a window has no poll, the last one before it holds", () => {
  // Inactive since two weeks earlier. The one Monday of the week is open for 3 h.
  assertEquals(
    rowOf({
      hours: MORNING,
      polls: ["2024-04-20T10:00 active", "2024-04-22T10:00 inactive"],
      asOf: "2024-05-06T12:00",
    }),
    "0.00,0.00,0.00,60.00,3.00,3.00",
  );
});

Deno.test("a store polled for the first time just now has that status all week", () => {
  // Open always: 60 minutes, 24 h, 168 h.
  assertEquals(
    rowOf({ polls: ["2024-05-06T12:00 active"], asOf: "2024-05-06T12:00" }),
    "60.00,24.00,168.00,0.00,0.00,0.00",
  );
});

Deno.test("polls on the edges of business hours and windows count from their time on", () => {
  assertEquals(
    rowOf({
      hours: MORNING,
      polls: [
        "2024-05-06T09:00 active",
        "2024-05-06T11:00 inactive",
        "2024-05-06T12:00 active",
      ],
      asOf: "2024-05-06T12:00",
    }),
    // Hour from 11:00: all inactive. Day: 09:00 to 11:00 up, 11:00 to 12:00 down.
    "0.00,2.00,2.00,60.00,1.00,1.00",
  );
  // A poll at the start of the hour, within the windows of day and week.
  assertEquals(
    rowOf({
      polls: ["2024-05-06T10:00 active", "2024-05-06T11:00 inactive"],
      asOf: "2024-05-06T12:00",
    }),
    // 24 - 1 h of the day are up, 168 - 1 h of the week.
    "0.00,23.00,167.00,60.00,1.00,1.00",
  );
});

Deno.test("polls outside business hours set the status at opening time", () => {
  // Inactive since 06:00, before the store opens. The poll at 12:00 comes after it closes.
  assertEquals(
    rowOf({
      hours: MORNING,
      polls: [
        "2024-05-05T20:00 active",
        "2024-05-06T06:00 inactive",
        "2024-05-06T12:00 active",
      ],
      asOf: "2024-05-06T13:00",
    }),
    "0.00,0.00,0.00,0.00,3.00,3.00",
  );
});

Deno.test("a span over midnight counts in the windows of both days", () => {
  // Sunday 22:00 to Monday 02:00, active until 01:00. At 01:30 the hour goes back to 00:30.
  assertEquals(
    rowOf({
      hours: ["6 22:00:00 02:00:00"],
      polls: ["2024-05-05T12:00 active", "2024-05-06T01:00 inactive"],
      asOf: "2024-05-06T01:30",
    }),
    // 00:30 to 01:00 up, 01:00 to 01:30 down. 22:00 to 01:00 is 3 h. The week began on Monday at
    // 01:30, within the span of the night before: 01:30 to 02:00 adds half an hour.
    "30.00,3.00,3.50,30.00,0.50,0.50",
  );
});

Deno.test("overlapping and adjacent spans count once", () => {
  assertEquals(
    rowOf({
      // 09:00 to 12:00, 12:00 to 13:00, 14:00 to 15:00: 3 + 1 + 1 h.
      hours: [
        "0 09:00:00 11:00:00",
        "0 10:00:00 12:00:00",
        "0 12:00:00 13:00:00",
        "0 14:00:00 15:00:00",
        "0 14:15:00 14:45:00",
      ],
      polls: ["2024-05-06T11:30 active", "2024-05-06T14:30 inactive"],
      asOf: "2024-05-06T15:00",
    }),
    // Hour 14:00 to 15:00: half and half. Day: 09:00 to 13:00 and 14:00 to 14:30 up.
    "30.00,4.50,4.50,30.00,0.50,0.50",
  );
});

Deno.test("polls after the end do not count, a poll at the end does", () => {
  const given = {
    polls: ["2024-05-06T08:00 active", "2024-05-06T10:00 inactive", "2024-05-06T11:00 active"],
  };
  assertEquals(
    rowOf({ ...given, asOf: "2024-05-06T10:30" }),
    // Inactive from 10:00: 30 minutes.
    "30.00,23.50,167.50,30.00,0.50,0.50",
  );
  const later = pollsPage([[utcMs("2024-05-06T10:00"), true]]);
  const asOfMs = utcMs("2024-05-06T10:00");
  const open = [{ fromMs: asOfMs - 7 * 86_400_000, toMs: asOfMs }];
  assertEquals(measureUptime(later, open, { asOfMs: asOfMs - 1, maxHoldMs: null }), null);
  assertEquals(
    measureUptime(later, open, { asOfMs, maxHoldMs: null })?.week.upMs,
    7 * 86_400_000,
  );
  assertEquals(measureUptime(pollsPage([]), open, { asOfMs, maxHoldMs: null }), null);
});

Deno.test("if polls hold for a limited time, time further away is unknown", () => {
  assertEquals(
    rowOf({
      hours: MORNING,
      polls: ["2024-05-06T10:14 active", "2024-05-06T11:15 inactive"],
      asOf: "2024-05-06T12:30",
      maxHoldHours: 0.5,
    }),
    // Known: 09:44 to 10:44 up (1 h), 11:15 to 11:45 down (0.5 h). 1.5 h of the 3 h are left.
    // Hour from 11:30: 15 minutes down, 11:45 to 12:00 unknown.
    "0.00,1.00,1.00,15.00,0.50,0.50,15.00,1.50,1.50",
  );
  assertEquals(
    rowOf({ polls: ["2024-05-01T00:00 active"], asOf: "2024-05-06T00:00", maxHoldHours: 24 }),
    // 120 h ago: the day before it and the day after it, 48 of 168 h.
    "0.00,0.00,48.00,0.00,0.00,0.00,60.00,24.00,120.00",
  );
  assertEquals(
    rowOf({
      polls: ["2024-05-05T00:00 active", "2024-05-05T23:00 inactive"],
      asOf: "2024-05-06T00:00",
      maxHoldHours: 24,
    }),
    // The first poll holds for 23 h until the next, and 24 h back: 47 h up, 1 h down, 120 h unknown.
    "0.00,23.00,47.00,60.00,1.00,1.00,0.00,0.00,120.00",
  );
});

Deno.test("on the day of a clock change, hours follow the local clock", () => {
  // Chicago, Sunday 2024-03-10, open 00:00 to 06:00 local: 06:00 to 11:00 UTC, 5 h of 6.
  const hours = ["6 00:00:00 06:00:00"];
  const spring: UptimeCase = {
    zone: "America/Chicago",
    hours,
    // Inactive from 03:00 CDT on, right after the change.
    polls: ["2024-03-10T06:00 active", "2024-03-10T08:00 inactive"],
    asOf: "2024-03-10T12:00",
  };
  assertEquals(rowOf(spring), "0.00,2.00,2.00,0.00,3.00,3.00");
  // Sunday 2024-11-03: 05:00 to 12:00 UTC, 7 h. 01:30 occurs twice, at 06:30 and 07:30 UTC.
  const autumn: UptimeCase = {
    zone: "America/Chicago",
    hours,
    polls: ["2024-11-03T06:30 active", "2024-11-03T07:30 inactive"],
    asOf: "2024-11-03T12:00",
  };
  assertEquals(rowOf(autumn), "0.00,2.50,2.50,60.00,4.50,4.50");
  // Berlin 2024-10-27, open all Sunday: 22:00 UTC the day before to 23:00 UTC, 25 h. The week
  // starts on Sunday 23:00 UTC, so it has nothing of the Sunday before.
  const berlin: UptimeCase = {
    zone: "Europe/Berlin",
    hours: ["6 00:00:00 00:00:00"],
    polls: ["2024-10-27T00:00 active"],
    asOf: "2024-10-27T23:00",
  };
  assertEquals(rowOf(berlin), "60.00,24.00,25.00,0.00,0.00,0.00");
  // Lord Howe 2024-10-06, open 00:00 to 04:00: 13:30 to 17:00 UTC the day before, 3.5 h.
  const howe: UptimeCase = {
    zone: "Australia/Lord_Howe",
    hours: ["6 00:00:00 04:00:00"],
    polls: ["2024-10-05T13:30 active", "2024-10-05T15:30 inactive"],
    asOf: "2024-10-05T17:30",
  };
  // Hour from 16:30: open to 17:00, 30 minutes down. Up 13:30 to 15:30, down 15:30 to 17:00.
  assertEquals(rowOf(howe), "0.00,2.00,2.00,30.00,1.50,1.50");
});
