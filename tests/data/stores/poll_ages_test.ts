import { createPollAgeCounter } from "../../../data/stores/poll_ages.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("ages are counted up to 1 hour, 24 hours, 168 hours, and beyond", () => {
  const ages = createPollAgeCounter();
  assertEquals(ages.counts(), { withinHour: 0, withinDay: 0, withinWeek: 0, older: 0 });
  // 1 hour is 3,600,000 ms, 24 hours are 86,400,000 ms, 168 hours are 604,800,000 ms.
  for (const ms of [0, 3_600_000]) ages.add(ms);
  for (const ms of [3_600_001, 7_200_000, 86_400_000]) ages.add(ms);
  for (const ms of [86_400_001, 100_000_000, 200_000_000, 604_800_000]) ages.add(ms);
  ages.add(604_800_001);
  assertEquals(ages.counts(), { withinHour: 2, withinDay: 3, withinWeek: 4, older: 1 });
});
