import type { Uptime } from "../../../data/stores/uptime.ts";
import { createUptimeWriter } from "../../../data/stores/uptime_csv.ts";
import { assertEquals } from "../../support/assert.ts";

const NONE = { upMs: 0, downMs: 0, unknownMs: 0 };

function upOf(hourMs: number, dayMs: number, weekMs: number): Uptime {
  return {
    hour: { ...NONE, upMs: hourMs },
    day: { ...NONE, upMs: dayMs },
    week: { ...NONE, upMs: weekMs },
  };
}

Deno.test("a report has the columns of the contract, and three more where time may be unknown", () => {
  const columns = "store_id,uptime_last_hour,uptime_last_day,uptime_last_week," +
    "downtime_last_hour,downtime_last_day,downtime_last_week";
  assertEquals(createUptimeWriter({ hasUnknown: false }).header(), `${columns}\n`);
  assertEquals(
    createUptimeWriter({ hasUnknown: true }).header(),
    `${columns},unknown_last_hour,unknown_last_day,unknown_last_week\n`,
  );
});

Deno.test("two decimals, halves up: minutes of the hour, hours of day and week", () => {
  const { line } = createUptimeWriter({ hasUnknown: false });
  // A hundredth of a minute is 600 ms, of an hour 36,000 ms: half of them are 300 and 18,000 ms.
  assertEquals(
    line("s", upOf(299, 17_999, 35_999 + 3_600_000)),
    "s,0.00,0.00,1.01,0.00,0.00,0.00\n",
  );
  assertEquals(line("s", upOf(300, 18_000, 18_000)), "s,0.01,0.01,0.01,0.00,0.00,0.00\n");
  // 59.995 minutes are 3,599,700 ms. 1.005 hours, which a double is a little less than, 3,618,000 ms.
  assertEquals(
    line("s", upOf(3_599_700, 3_618_000, 3_617_999)),
    "s,60.00,1.01,1.00,0.00,0.00,0.00\n",
  );
  // 167.5 hours; all of the week.
  assertEquals(line("s", upOf(0, 3_600_000, 603_000_000)), "s,0.00,1.00,167.50,0.00,0.00,0.00\n");
  assertEquals(
    line("s", upOf(3_600_000, 86_400_000, 604_800_000)),
    "s,60.00,24.00,168.00,0.00,0.00,0.00\n",
  );
});

Deno.test("up, down and unknown time stand in their own columns", () => {
  const uptime: Uptime = {
    hour: { upMs: 60_000, downMs: 120_000, unknownMs: 180_000 },
    day: { upMs: 3_600_000, downMs: 7_200_000, unknownMs: 10_800_000 },
    week: { upMs: 36_000_000, downMs: 72_000_000, unknownMs: 108_000_000 },
  };
  assertEquals(
    createUptimeWriter({ hasUnknown: true }).line("s", uptime),
    "s,1.00,1.00,10.00,2.00,2.00,20.00,3.00,3.00,30.00\n",
  );
});

Deno.test("an id is quoted where it has to be", () => {
  const { line } = createUptimeWriter({ hasUnknown: false });
  const zeros = "0.00,0.00,0.00,0.00,0.00,0.00\n";
  for (
    const [id, field] of [
      ["a b", "a b"],
      ["Main St, 5", '"Main St, 5"'],
      ['the "best"', '"the ""best"""'],
      ["two\nlines", '"two\nlines"'],
    ]
  ) assertEquals(line(id, upOf(0, 0, 0)), `${field},${zeros}`);
});
