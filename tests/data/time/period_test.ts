import { periodSpan } from "../../../data/time/period.ts";
import { assertEquals } from "../../support/assert.ts";

// 2026-11-01T00:00+01:00, the first moment of a day and of a month in Berlin.
const MIDNIGHT_MS = Date.UTC(2026, 9, 31, 23);

for (const period of ["today", "this_month"] as const) {
  Deno.test(`${period} is never empty: at its start it is a millisecond long`, () => {
    const zone = "Europe/Berlin";
    const millisecond = { fromMs: MIDNIGHT_MS, toMs: MIDNIGHT_MS + 1 };
    assertEquals(periodSpan(period, zone, MIDNIGHT_MS), millisecond);
    assertEquals(periodSpan(period, zone, MIDNIGHT_MS + 1), millisecond);
    const minute = { fromMs: MIDNIGHT_MS, toMs: MIDNIGHT_MS + 60_000 };
    assertEquals(periodSpan(period, zone, MIDNIGHT_MS + 60_000), minute);
  });
}
