import { STORE_SPANS_MAX } from "../../../data/limits.ts";
import { collectHours, collectZones, weeklySpans } from "../../../data/stores/settings_rows.ts";
import { assertEquals } from "../../support/assert.ts";
import { readAll } from "./uploads.ts";

const HOUR_MS = 3_600_000;

Deno.test("scattered rows of hours are grouped by store, sorted and without duplicates", () => {
  const { reader, byStore, accepted } = collectHours();
  readAll(
    reader,
    "store_id,dayOfWeek,start_time_local,end_time_local\n" +
      "b,1,10:00:00,22:00:00\n" +
      "a,6,00:00:00,00:00:00\n" +
      'b,0,"09:30:00",17:00:00\n' +
      "b,1,10:00:00,22:00:00\n" +
      "a,0,22:00:00,02:00:00\n" +
      "b,1,10:00:00,23:59:59\n",
  );
  assertEquals([accepted(), reader.rejected().count, [...byStore.keys()]], [6, 0, ["b", "a"]]);
  assertEquals(weeklySpans(byStore.get("b") ?? []), [
    { day: 0, startMs: 9.5 * HOUR_MS, endMs: 17 * HOUR_MS },
    { day: 1, startMs: 10 * HOUR_MS, endMs: 22 * HOUR_MS },
    { day: 1, startMs: 10 * HOUR_MS, endMs: 24 * HOUR_MS },
  ]);
  assertEquals(weeklySpans(byStore.get("a") ?? []), [
    { day: 0, startMs: 22 * HOUR_MS, endMs: 2 * HOUR_MS },
    { day: 6, startMs: 0, endMs: 24 * HOUR_MS },
  ]);
});

for (const header of ["end,day,start,store_id", "END_TIME , Weekday,startTimeLocal,Store ID"]) {
  Deno.test(`hours are recognised with the header ${header}`, () => {
    const { reader, byStore } = collectHours();
    readAll(reader, `${header}\n17:00:00,4,09:00:00,s\n`);
    assertEquals(byStore.get("s"), [4, 9 * HOUR_MS, 17 * HOUR_MS]);
  });
}

Deno.test("a wrong row of hours is listed with the documented name of its column", () => {
  const { reader, byStore } = collectHours();
  readAll(
    reader,
    "store_id,day,start,end\n" +
      "s,7,09:00:00,17:00:00\n" +
      "s,0,9 am,17:00:00\n" +
      "s,0,09:00:00,\n" +
      "s,0,09:00:00,09:00:00\n" +
      "a b,0,09:00:00,17:00:00\n",
  );
  const rejected = reader.rejected().first.map(({ field, value }) => [field, value]);
  assertEquals(rejected, [
    ["day_of_week", "7"],
    ["start_time_local", "9 am"],
    ["end_time_local", ""],
    ["end_time_local", "09:00:00"],
    ["store_id", "a b"],
  ]);
  assertEquals(byStore.size, 0);
});

Deno.test("a store has at most 1,000 rows of hours; more are rejected", () => {
  const { reader, byStore, accepted } = collectHours();
  const rows = Array.from({ length: STORE_SPANS_MAX + 2 }, () => "s,0,09:00:00,17:00:00\n");
  readAll(reader, `store_id,day,start,end\n${rows.join("")}t,1,09:00:00,17:00:00\n`);
  const { count, first } = reader.rejected();
  assertEquals([accepted(), count], [STORE_SPANS_MAX + 1, 2]);
  // Line 1 is the header.
  const rule = "at most 1000 rows a store";
  assertEquals(first[0], { line: STORE_SPANS_MAX + 2, field: null, value: "s", rule });
  assertEquals(byStore.get("t")?.length, 3);
});

Deno.test("a store is without hours if all of its rows are rejected, wherever they stand", () => {
  const { reader, byStore, rejectedStores } = collectHours();
  readAll(
    reader,
    "store_id,day,start,end\n" +
      "none,0,9 am,17:00\n" +
      "late,0,9 am,17:00\n" +
      "early,0,09:00,17:00\n" +
      "none,8,09:00,17:00\n" +
      "late,1,09:00,17:00\n" +
      "early,1,9 am,17:00\n" +
      // Rows that belong to no store: a wrong id, and a field too few.
      "a b,0,9 am,17:00\n" +
      "short,0,09:00\n",
  );
  assertEquals([...byStore.keys()], ["early", "late"]);
  const rule = "a time of day such as 09:00:00 or 9:00";
  assertEquals([...rejectedStores()], [
    ["none", { rows: 2, first: { field: "start_time_local", value: "9 am", rule } }],
  ]);
});

Deno.test("if a store has several zones, the last one wins; an unknown zone is rejected", () => {
  const { reader, byStore, accepted } = collectZones();
  readAll(
    reader,
    "timezone_str,store_id\nAsia/Kolkata,a\nMars/Base,b\nEurope/Berlin,a\n,c\nMars/Base,a\n",
  );
  assertEquals([accepted(), [...byStore]], [2, [["a", "Europe/Berlin"]]]);
  const rule = "an IANA time zone; the store keeps the zone it has, or counts as in " +
    "America/Chicago if it has none";
  assertEquals(reader.rejected(), {
    count: 3,
    first: [
      { line: 3, field: "timezone_str", value: "Mars/Base", rule },
      { line: 5, field: "timezone_str", value: "", rule },
      { line: 6, field: "timezone_str", value: "Mars/Base", rule },
    ],
  });
});
