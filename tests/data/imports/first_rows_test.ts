import { AppError } from "../../../data/app_error.ts";
import { createDialect, type DialectOptions } from "../../../data/imports/dialect_options.ts";
import type { Dialect } from "../../../data/imports/dialect.ts";
import { seeTimes } from "../../../data/imports/first_rows.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

const MINUTE_MS = 60_000;

/** The dialect that rows with these times complete. */
function seen(options: DialectOptions, texts: readonly string[], series = [""]): Dialect {
  const result = createDialect(PROFILES.meter, options);
  if ("problems" in result) throw new Error(JSON.stringify(result.problems));
  const rows = texts.map((timeText, at) => ({ timeText, series: series[at % series.length] }));
  return seeTimes(result.dialect, rows)(result.dialect);
}

/** The error about rows: its sentence, the option and the quoted value. */
function refusal(options: DialectOptions, texts: readonly string[]): unknown[] {
  const { code, message, errors } = assertThrows(() => seen(options, texts), AppError);
  assertEquals([code, errors.length], ["INVALID_REQUEST", 1]);
  return [message, errors[0].pointer, errors[0].value];
}

const AUTO = { timestampFormat: "auto" }, ENDS = { stamp: "end" };

Deno.test("the form of times is the one that all of them fit", () => {
  const { timeFormat, unseen } = seen(AUTO, ["01/02/2024 00:15", "31/01/2024 00:30"]);
  assertEquals(timeFormat.rule, "a time as dd/MM/yyyy HH:mm");
  assertEquals(unseen, { timeFormat: false, interval: false });
  assertEquals(seen(AUTO, ["2024-01-01T00:00Z"]).timeFormat.rule, "a date and time as in ISO 8601");
});

Deno.test("lines without a time, and a total with a digit, do not disturb", () => {
  const texts = ["27.10.2024 00:15", "27.10.2024 00:30", "Total", "", "2 days"];
  assertEquals(seen(AUTO, texts).timeFormat.rule, "a time as dd.MM.yyyy HH:mm");
});

Deno.test("day and month that cannot be told apart are refused, and both readings are shown", () => {
  assertEquals(refusal(AUTO, ["01/02/2024 00:15", "01/02/2024 00:30"]), [
    "timestamp_format=auto cannot tell how times are written: 01/02/2024 00:15 is " +
    "2024-02-01T00:15 as dd/MM/yyyy HH:mm and 2024-01-02T00:15 as MM/dd/yyyy HH:mm; send " +
    "timestamp_format= with the right one",
    "#timestamp_format",
    "01/02/2024 00:15",
  ]);
});

Deno.test("times of no known form are refused", () => {
  const [message, ...rest] = refusal(AUTO, ["1st of May 2024"]);
  assertEquals(
    message,
    "timestamp_format=auto found no form that all of the first times have; " +
      "send timestamp_format= with their pattern",
  );
  assertEquals(rest, ["#timestamp_format", "1st of May 2024"]);
  assertEquals(refusal(AUTO, [])[0], "timestamp_format=auto needs a row with a time");
});

Deno.test("the interval is the step that most rows have", () => {
  const quarter = ["2024-01-01 00:15", "2024-01-01 00:30", "2024-01-01 00:45", "2024-01-01 02:00"];
  assertEquals(seen(ENDS, quarter).rules?.intervalMs, 15 * MINUTE_MS);
  assertEquals(seen(ENDS, quarter.toReversed()).intervalMs, 15 * MINUTE_MS);
  assertEquals(seen({ ...ENDS, interval: "30m" }, quarter).intervalMs, 30 * MINUTE_MS);
});

Deno.test("rows of other series do not stand between the rows of one", () => {
  const texts = ["00:15", "00:20", "00:45", "00:50", "01:15", "01:20"].map((at) =>
    `2024-01-01 ${at}`
  );
  assertEquals(seen(ENDS, texts, ["a", "b"]).intervalMs, 30 * MINUTE_MS);
});

Deno.test("an interval that the rows do not show is asked for", () => {
  const message = "stamp=end needs the length of an interval, and the first rows do not show it; " +
    "send interval= with it, for example interval=15m";
  const one = ["2024-01-01 00:15"];
  assertEquals(refusal(ENDS, one), [message, "#interval", one[0]]);
  const uneven = ["00:15", "00:30", "01:30", "01:37"].map((at) => `2024-01-01 ${at}`);
  assertEquals(refusal(ENDS, uneven)[0], message);
});

Deno.test("numbered intervals are as long as a day has so many of them", () => {
  const numbered = { timestampFormat: "yyyy-MM-dd n" };
  const days = (count: number) => Array.from({ length: count }, (_, at) => `2024-01-01 ${at + 1}`);
  for (const [count, minutes] of [[24, 60], [25, 60], [23, 60], [48, 30], [50, 30], [96, 15]]) {
    assertEquals(seen(numbered, days(count)).intervalMs, minutes * MINUTE_MS, `${count} a day`);
  }
  assertEquals(
    refusal(numbered, days(10))[0],
    "Numbered intervals need their length, and the first rows do not show a whole day; " +
      "send interval= with it, for example interval=15m",
  );
});
