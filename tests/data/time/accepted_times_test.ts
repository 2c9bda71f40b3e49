import { ACCEPTED_TIMES, futureRule, oldestRule } from "../../../data/time/accepted_times.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("by default times are accepted from 2000 on and up to 5 minutes ahead", () => {
  assertEquals(ACCEPTED_TIMES, { oldestMs: 946_684_800_000, futureToleranceMs: 300_000 });
  assertEquals(oldestRule(ACCEPTED_TIMES), "2000-01-01T00:00:00Z or later");
  assertEquals(futureRule(ACCEPTED_TIMES), "at most 5 minutes ahead");
});

Deno.test("the rule about the future counts in minutes where they are whole, else in seconds", () => {
  const rules = [0, 1_000, 60_000, 90_000, 3_600_000].map((futureToleranceMs) =>
    futureRule({ ...ACCEPTED_TIMES, futureToleranceMs })
  );
  assertEquals(rules, [
    "at most 0 seconds ahead",
    "at most 1 second ahead",
    "at most 1 minute ahead",
    "at most 90 seconds ahead",
    "at most 60 minutes ahead",
  ]);
});
