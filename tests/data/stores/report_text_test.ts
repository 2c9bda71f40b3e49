import type { Uptime } from "../../../data/stores/uptime.ts";
import { uptimeCells, uptimeColumns } from "../../../data/stores/report_table.ts";
import { createReportCsv } from "../../../data/stores/report_text.ts";
import { assertEquals } from "../../support/assert.ts";

const NONE = { upMs: 0, downMs: 0, unknownMs: 0 };

function upOf(hourMs: number, dayMs: number, weekMs: number): Uptime {
  return {
    hour: { ...NONE, upMs: hourMs },
    day: { ...NONE, upMs: dayMs },
    week: { ...NONE, upMs: weekMs },
  };
}

/** The line of a store in a report, by default with the columns of the contract. */
function lineOf(
  id: string,
  uptime: Uptime,
  { lastPollMs = 0, isStale = false, hasUnknown = false, hasStale = false } = {},
): string {
  const shape = { hasUnknown, hasStale };
  const cells = uptimeCells(shape, { id, lastPollMs, isStale }, uptime);
  return createReportCsv(uptimeColumns(shape)).rows([cells]);
}

Deno.test("a report has the columns of the contract, and more only on request", () => {
  const columns = "store_id,uptime_last_hour,uptime_last_day,uptime_last_week," +
    "downtime_last_hour,downtime_last_day,downtime_last_week";
  const unknown = ",unknown_last_hour,unknown_last_day,unknown_last_week";
  const stale = ",last_poll,stale";
  const header = (hasUnknown: boolean, hasStale: boolean) =>
    createReportCsv(uptimeColumns({ hasUnknown, hasStale })).start();
  assertEquals(header(false, false), `${columns}\n`);
  assertEquals(header(true, false), `${columns}${unknown}\n`);
  assertEquals(header(false, true), `${columns}${stale}\n`);
  assertEquals(header(true, true), `${columns}${unknown}${stale}\n`);
});

Deno.test("last_poll and stale are the last columns of a row", () => {
  const uptime = upOf(60_000, 0, 0);
  const lastPollMs = Date.UTC(2024, 4, 6, 7, 8, 9, 10);
  const zeros = "1.00,0.00,0.00,0.00,0.00,0.00";
  assertEquals(
    lineOf("s", uptime, { lastPollMs, isStale: true, hasStale: true }),
    `s,${zeros},2024-05-06T07:08:09.010Z,true\n`,
  );
  assertEquals(
    lineOf("s", uptime, { lastPollMs, hasUnknown: true, hasStale: true }),
    `s,${zeros},0.00,0.00,0.00,2024-05-06T07:08:09.010Z,false\n`,
  );
});

Deno.test("two decimals, halves up: minutes of the hour, hours of day and week", () => {
  // A hundredth of a minute is 600 ms, of an hour 36,000 ms: half of that is 300 and 18,000 ms.
  assertEquals(
    lineOf("s", upOf(299, 17_999, 35_999 + 3_600_000)),
    "s,0.00,0.00,1.01,0.00,0.00,0.00\n",
  );
  assertEquals(lineOf("s", upOf(300, 18_000, 18_000)), "s,0.01,0.01,0.01,0.00,0.00,0.00\n");
  // 59.995 minutes are 3,599,700 ms. 1.005 hours, which a double is a little less than, 3,618,000 ms.
  assertEquals(
    lineOf("s", upOf(3_599_700, 3_618_000, 3_617_999)),
    "s,60.00,1.01,1.00,0.00,0.00,0.00\n",
  );
  // 167.5 hours; all of the week.
  assertEquals(lineOf("s", upOf(0, 3_600_000, 603_000_000)), "s,0.00,1.00,167.50,0.00,0.00,0.00\n");
  assertEquals(
    lineOf("s", upOf(3_600_000, 86_400_000, 604_800_000)),
    "s,60.00,24.00,168.00,0.00,0.00,0.00\n",
  );
});

Deno.test("up, down and unknown time have their own columns", () => {
  const uptime: Uptime = {
    hour: { upMs: 60_000, downMs: 120_000, unknownMs: 180_000 },
    day: { upMs: 3_600_000, downMs: 7_200_000, unknownMs: 10_800_000 },
    week: { upMs: 36_000_000, downMs: 72_000_000, unknownMs: 108_000_000 },
  };
  assertEquals(
    lineOf("s", uptime, { hasUnknown: true }),
    "s,1.00,1.00,10.00,2.00,2.00,20.00,3.00,3.00,30.00\n",
  );
});

Deno.test("an id is quoted if it needs to be", () => {
  const zeros = "0.00,0.00,0.00,0.00,0.00,0.00\n";
  for (
    const [id, field] of [
      ["a b", "a b"],
      ["Main St, 5", '"Main St, 5"'],
      ['the "best"', '"the ""best"""'],
      ["two\nlines", '"two\nlines"'],
    ]
  ) assertEquals(lineOf(id, upOf(0, 0, 0)), `${field},${zeros}`);
});
