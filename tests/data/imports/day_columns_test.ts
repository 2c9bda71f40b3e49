import { dayColumnsOf } from "../../../data/imports/day_columns.ts";
import { assertEquals } from "../../support/assert.ts";

const HOUR_MS = 3_600_000;

function found(names: readonly string[]): unknown {
  const columns = dayColumnsOf(names, [...names.keys()]);
  if (columns === null) return null;
  const { indexes, stepMs, clockMs, areEnds } = columns;
  return {
    count: indexes.length,
    minutes: stepMs / 60_000,
    first: clockMs?.[0] ?? null,
    last: clockMs?.at(-1) ?? null,
    areEnds,
  };
}

/** Names by a clock: one for each `minutes` from `from` on. */
function clocks(
  minutes: number,
  from: number,
  name: (hour: string, minute: string) => string,
): string[] {
  return Array.from({ length: 1_440 / minutes }, (_, at) => {
    const ofDay = from + at * minutes;
    return name(
      String(Math.floor(ofDay / 60)).padStart(2, "0"),
      String(ofDay % 60).padStart(2, "0"),
    );
  });
}

Deno.test("columns of a day are found by the times in their names, in many forms", () => {
  const forms: ((hour: string, minute: string) => string)[] = [
    (hour, minute) => `${hour}:${minute}`,
    (hour, minute) => `${hour}${minute}`,
    (hour, minute) => `kWh_${hour}${minute}`,
    (hour, minute) => `${Number(hour)}:${minute}`,
    (hour, minute) => `${hour}:${minute}:00`,
    (hour, minute) => `${hour}:${minute} - ${hour}:${minute}`,
    (hour, minute) => `${Number(hour) % 12 || 12}:${minute} ${Number(hour) < 12 ? "AM" : "PM"}`,
  ];
  for (const name of forms) {
    for (const minutes of [60, 30, 15, 10, 5]) {
      const names = clocks(minutes, 0, name);
      const last = 24 * HOUR_MS - minutes * 60_000;
      const expected = { count: 1_440 / minutes, minutes, first: 0, last, areEnds: false };
      assertEquals(found(names), expected, names[1]);
      assertEquals(found(["MPAN", "Date", ...names, "Total"]), expected, names[1]);
    }
  }
});

Deno.test("times from the first interval's end to 24:00 or 00:00 are ends", () => {
  const names = clocks(30, 30, (hour, minute) => `${hour}:${minute}`);
  const expected = {
    count: 48,
    minutes: 30,
    first: HOUR_MS / 2,
    last: 24 * HOUR_MS,
    areEnds: true,
  };
  assertEquals(found(names), expected);
  assertEquals(found([...names.slice(0, -1), "00:00"]), expected);
});

Deno.test("columns with numbers from 1 on are intervals by their number, also one hour more", () => {
  const numbered = (count: number, name: (number: number) => string) =>
    Array.from({ length: count }, (_, at) => name(at + 1));
  const expected = (count: number, minutes: number) => (
    { count, minutes, first: null, last: null, areEnds: false }
  );
  assertEquals(found(numbered(24, (one) => `H${one}`)), expected(24, 60));
  assertEquals(found(numbered(25, (one) => `H${String(one).padStart(2, "0")}`)), expected(25, 60));
  assertEquals(found(["Fecha", ...numbered(96, (one) => `V${one}`)]), expected(96, 15));
  assertEquals(found(numbered(100, String)), expected(100, 15));
  assertEquals(found(numbered(50, (one) => `Period ${one}`)), expected(50, 30));
});

Deno.test("without such names, the count of the columns must be that of a day", () => {
  const letters = (count: number) => Array.from({ length: count }, (_, at) => `v${"x".repeat(at)}`);
  assertEquals(found(letters(48)), {
    count: 48,
    minutes: 30,
    first: null,
    last: null,
    areEnds: false,
  });
  assertEquals([found(letters(47)), found([]), found(["00:00", "00:30"])], [null, null, null]);
});
