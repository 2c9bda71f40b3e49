import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { guessTimes } from "../../../data/inspect/time_guess.ts";
import { clock, dayFirst, doubt, foundIn, rows } from "./found.ts";

Deno.test("forms of times by their texts", () => {
  const cases: [string[], string[]][] = [
    [["2024-05-01T00:00:00Z", "2024-05-01T00:15:00Z"], ["iso"]],
    [["2024-05-01 00:00", "2024-05-01 24:00"], ["iso"]],
    [["2024/05/01 01:00"], ["yyyy/MM/dd HH:mm"]],
    [["27.10.2024 00:00", "01.02.2024 09:15"], ["dd.MM.yyyy HH:mm"]],
    [["27/10/2024 1:05 PM", "1/9/2024 11:05 AM"], ["d/M/yyyy h:mm a"]],
    [["10/27/2024 01:05:09"], ["M/d/yyyy HH:mm:ss"]],
    [["01/02/2024 00:00"], ["dd/MM/yyyy HH:mm", "MM/dd/yyyy HH:mm"]],
    [["01-May-2024 00:00", "31-Dec-2024 23:30"], ["dd-MMM-yyyy HH:mm"]],
    [["24-Jan-23 23:00", "25-Jan-23 24:00"], ["d-MMM-yy H:mm"]],
    [["01.05.24 00:00", "27.10.24 00:00"], ["dd.MM.yy HH:mm"]],
    [["20240501"], ["yyyyMMdd"]],
    [["202405010015"], ["yyyyMMddHHmm"]],
    [["20240501001500"], ["yyyyMMddHHmmss"]],
    [["01/05/2024T00:00:00+02:00", "13/05/2024T00:00:00+02:00"], ["dd/MM/yyyy'T'HH:mm:ssXXX"]],
    [["1717200000", "1717200060"], ["unix"]],
    [["1717200000000"], ["unix_ms"]],
  ];
  for (const [texts, patterns] of cases) {
    assertEquals(guessTimes(texts)?.patterns, patterns, texts[0]);
  }
  for (const texts of [["12", "14"], ["hello"], ["1.5", "2.5"], ["31.02.2024 00:00"]]) {
    assertEquals(guessTimes(texts), null, texts[0]);
  }
});

Deno.test("day and month: a number above 12 anywhere proves the order", () => {
  const lines = rows(40, (index) => `${dayFirst("2024-01-03T00:00", index * 480)},${index % 7}.5`);
  const inspected = foundIn("Time,kWh", ...lines);
  assertEquals(inspected.time?.formats, ["dd/MM/yyyy HH:mm"]);
  assertEquals(doubt(inspected, "timestamp_format"), "");
});

Deno.test("day and month: rows that go on over midnight prove the order", () => {
  // 3 February and the day after: read as months, a month would lie between two quarters of an hour.
  const lines = rows(200, (index) => `${dayFirst("2024-02-03T00:00", index * 15)},${index % 7}.5`);
  const inspected = foundIn("Time,kWh", ...lines);
  assertEquals(inspected.time?.formats, ["dd/MM/yyyy HH:mm"]);
});

Deno.test("day and month of one day cannot be told apart: a doubt with both readings", () => {
  const lines = rows(96, (index) => `${dayFirst("2024-02-03T00:00", index * 15)},${index % 7}.5`);
  const inspected = foundIn("Time,kWh", ...lines);
  assertEquals(inspected.time?.formats, ["dd/MM/yyyy HH:mm", "MM/dd/yyyy HH:mm"]);
  assertMatch(
    doubt(inspected, "timestamp_format"),
    /2024-02-03 as dd.* and 2024-03-02 as MM.* → timestamp_format=MM\/dd\/yyyy HH:mm/,
  );
});

Deno.test("the interval is the usual step of one meter, in any order of rows", () => {
  const up = rows(10, (index) => `${clock("2024-05-01T00:00", index * 30)},1.${index}`);
  assertEquals(foundIn("Time,kWh", ...up).interval, "30m");
  assertEquals(foundIn("Time,kWh", ...up.toReversed()).interval, "30m");
  const two = rows(
    20,
    (index) => `${clock("2024-05-01T00:00", (index >> 1) * 15)},m${index % 2},1.${index}`,
  );
  assertEquals(foundIn("Time,meter,kWh", ...two).interval, "15m");
});

Deno.test("times of an interval: its start and its end by two columns, whichever comes first", () => {
  const lines = rows(
    4,
    (index) =>
      `${clock("2024-05-01T10:00", index * 15 + 15)},${
        clock("2024-05-01T10:00", index * 15)
      },1.${index}`,
  );
  const inspected = foundIn("A,B,kWh", ...lines);
  assertEquals([inspected.stamp, inspected.time?.columns], ["start", ["B"]]);
  assertEquals(inspected.columns.map(({ role }) => role), ["end", "time", "metric"]);
  assertEquals(doubt(inspected, "stamp"), "");
});

Deno.test("the end of an interval: by the column's name, by 24:00, or by whole days", () => {
  const named = foundIn(
    "End,kWh",
    ...rows(4, (index) => `${clock("2024-05-01T10:00", index * 15)},1.${index}`),
  );
  assertEquals(named.parameters.stamp, ["end"]);
  assertEquals(named.parameters.interval, ["15m"]);
  const last = foundIn(
    "Time,kWh",
    "2024-05-01 22:00,1.5",
    "2024-05-01 23:00,2.5",
    "2024-05-01 24:00,3.5",
  );
  assertEquals([last.stamp, doubt(last, "stamp")], ["end", ""]);
  const whole = foundIn(
    "Time,kWh",
    ...rows(96, (index) => `${clock("2024-05-01T00:15", index * 15)},1.${index % 10}`),
  );
  assertEquals([whole.stamp, doubt(whole, "stamp")], ["end", ""]);
});

Deno.test("start or end that nothing shows is taken as the start, with a doubt", () => {
  const inspected = foundIn("Time,kWh", "2024-05-01 10:00,1.5", "2024-05-01 10:15,2.5");
  assertEquals([inspected.stamp, inspected.parameters.stamp], ["start", undefined]);
  assertMatch(doubt(inspected, "stamp"), /taken as the start → stamp=end/);
});

Deno.test("whole days of starts prove themselves", () => {
  const inspected = foundIn(
    "Time,kWh",
    ...rows(24, (index) => `${clock("2024-05-01T00:00", index * 60)},1.${index % 10}`),
  );
  assertEquals([inspected.stamp, doubt(inspected, "stamp")], ["start", ""]);
});

Deno.test("times without a zone are a doubt; an offset, Unix time or UTC in the name are not", () => {
  const row = (time: string) => [`${time},1.5`, `${time},2.5`];
  const zoneless = foundIn("Time,kWh", ...row("2024-05-01 10:00"));
  assert(zoneless.isZoneNeeded);
  assertMatch(doubt(zoneless, "timezone"), /no zone.*as UTC.* → timezone=/);
  for (
    const [name, time] of [["Time", "2024-05-01T10:00:00+02:00"], ["unix time", "1717200000"]]
  ) {
    const inspected = foundIn(`${name},kWh`, ...row(time));
    assertEquals([inspected.isZoneNeeded, doubt(inspected, "timezone")], [false, ""], name);
  }
  const utc = foundIn("timestamp (UTC),kWh", ...row("2024-05-01 10:00"));
  assertEquals([utc.isZoneNeeded, utc.parameters.timezone], [false, ["UTC"]]);
});

Deno.test("an hour that occurs twice or not at all shows where clocks change", () => {
  // 27 October 2024 in Central Europe: the hour from 02:00 comes twice.
  const autumn = foundIn(
    "Time,kWh",
    ...rows(
      100,
      (index) =>
        `${clock("2024-10-27T00:00", (index < 12 ? index : index - 4) * 15)},0.${index % 10}`,
    ),
  );
  assertMatch(doubt(autumn, "timezone"), /2024-10-27 02:00 occurs twice.*Europe\/Paris/);
  // 10 March 2024 in the United States: the hour from 02:00 is left out.
  const spring = foundIn(
    "Time,kWh",
    ...rows(
      23,
      (index) =>
        `${clock("2024-03-10T00:00", (index < 2 ? index : index + 1) * 60)},0.${index % 10}`,
    ),
  );
  assertMatch(doubt(spring, "timezone"), /2024-03-10 02:00 is left out.*America\/New_York/);
});

Deno.test("a date and the number of its interval: 1 to 24, or 25 in autumn", () => {
  const inspected = foundIn(
    "Fecha;Hora;kWh",
    ...rows(
      48,
      (index) => `${index < 24 ? "09" : "10"}/07/2024;${index % 24 + 1};0,${index % 7 + 1}`,
    ),
  );
  assertEquals(inspected.time?.format, "dd/MM/yyyy n");
  assertEquals([inspected.interval, inspected.stamp], ["1h", "start"]);
});

Deno.test("the time of a reading is told from that of a revision", () => {
  const inspected = foundIn(
    "DATE,REVISION_DATE,START,END,KWH",
    ...rows(
      4,
      (index) => `06/15/2024,06/16/2024 11:18:06,0${index}:00,0${index + 1}:00,0.${index + 1}`,
    ),
  );
  assertEquals(inspected.time?.columns, ["DATE", "START"]);
  assertEquals(inspected.columns.map(({ role }) => role), [
    "time",
    "other",
    "time",
    "end",
    "metric",
  ]);
});

Deno.test("next to local times without an offset, a column of the same times in UTC is read", () => {
  const inspected = foundIn(
    "timestamp;utc;energy_kwh",
    ...rows(
      4,
      (index) => `13.06.2024 0${index + 2}:00:00;13.06.2024 0${index}:00:00;0,${index + 1}`,
    ),
  );
  assertEquals(inspected.parameters.timestamp, ["utc"]);
  assertEquals(inspected.parameters.timezone, ["UTC"]);
  assertEquals([inspected.stamp, inspected.isZoneNeeded], [null, false]);
});
