import { type HourRows, passesOf } from "../../../data/imports/repeated_hour.ts";
import { assertEquals } from "../../support/assert.ts";

const MINUTE_MS = 60_000;

/** The time of a text such as 02:15, local milliseconds; NaN for null. */
function wall(text: string | null): number {
  return text === null ? NaN : Date.parse(`2024-10-27T${text}Z`);
}

/** The passes of rows of the hour from 02:00 to 03:00: 1, 2 or ? for each. */
function passes(
  texts: string,
  around: { before?: string; last?: string; next?: string; minutes?: number } = {},
): string {
  const { before = null, last = null, next = null, minutes = 0 } = around;
  const rows: HourRows = {
    fromMs: wall("02:00"),
    endMs: wall("03:00"),
    wallsMs: texts.split(" ").map(wall),
    lastMs: wall(last),
    beforeLastMs: wall(before),
    nextMs: wall(next),
    intervalMs: minutes * MINUTE_MS,
  };
  return Array.from(passesOf(rows), (pass) => "12?"[pass]).join("");
}

const QUARTERS = "02:00 02:15 02:30 02:45";
const DOWN = "02:45 02:30 02:15 02:00";
const UP = { before: "01:30", last: "01:45", next: "03:00" };
const NEWEST_FIRST = { before: "03:15", last: "03:00", next: "01:45" };

Deno.test("rows that go back once belong to the first pass before, to the second from there on", () => {
  assertEquals(passes(`${QUARTERS} ${QUARTERS}`, UP), "11112222");
  assertEquals(passes("02:00 02:00", { before: "00:00", last: "01:00", next: "03:00" }), "12");
  assertEquals(passes("02:30 02:45 02:15", UP), "112");
  assertEquals(passes("02:15 02:15", UP), "12");
});

Deno.test("rows with the newest first show the second pass first", () => {
  assertEquals(passes(`${DOWN} ${DOWN}`, NEWEST_FIRST), "22221111");
  assertEquals(passes("02:00 02:00", { before: "04:00", last: "03:00", next: "01:00" }), "21");
  assertEquals(passes("02:15 02:00 02:45 02:30", NEWEST_FIRST), "2211");
});

Deno.test("the order of the rows inside tells the direction if there are none around them", () => {
  assertEquals(passes(`${QUARTERS} ${QUARTERS}`), "11112222");
  assertEquals(passes(`${DOWN} ${DOWN}`), "22221111");
  assertEquals(passes("02:00 02:00"), "12");
});

Deno.test("one pass that only joins the rows after the hour is the second one", () => {
  assertEquals(passes(QUARTERS, { next: "03:00" }), "2222");
  assertEquals(passes("02:30 02:45", { next: "03:00" }), "22");
  assertEquals(passes("02:00", { next: "03:00" }), "2");
  // Half an hour a row, after a gap of some hours.
  assertEquals(passes("02:30", { before: "00:00", last: "00:30", next: "03:00" }), "2");
  assertEquals(passes(DOWN, { before: "03:15", last: "03:00" }), "2222");
});

Deno.test("one pass that only joins the rows before the hour is the first one", () => {
  assertEquals(passes(QUARTERS, { before: "01:30", last: "01:45" }), "1111");
  assertEquals(passes("02:00", { before: "00:00", last: "01:00" }), "1");
  assertEquals(passes(DOWN, { next: "01:45" }), "1111");
});

Deno.test("one pass that joins the rows on both sides, or on none, is not known", () => {
  assertEquals(passes(QUARTERS, UP), "????");
  assertEquals(passes(DOWN, NEWEST_FIRST), "????");
  assertEquals(passes("02:30", { last: "00:10", next: "06:00", minutes: 15 }), "?");
  assertEquals(passes("02:30"), "?");
});

Deno.test("a step that fits only one of the two passes tells which it is", () => {
  // An hour a row from 01:00 on the clock; half an hour is repeated from 01:30 on (Lord Howe).
  const rows = {
    fromMs: wall("01:30"),
    endMs: wall("02:00"),
    wallsMs: [wall("01:30")],
    lastMs: wall("01:00"),
    beforeLastMs: wall("00:00"),
    nextMs: wall("02:30"),
    intervalMs: 0,
  };
  assertEquals([...passesOf(rows)], [1]);
});

Deno.test("times that are there twice in a row are a first and a second one", () => {
  assertEquals(passes("02:00 02:00 02:30 02:30", UP), "1212");
  assertEquals(passes("02:30 02:30 02:00 02:00", NEWEST_FIRST), "2121");
});

Deno.test("a row that is there twice does not count as a way back if another one does", () => {
  assertEquals(passes("02:00 02:15 02:15 02:30 02:00 02:15", UP), "111122");
});

Deno.test("rows in no order are not known", () => {
  assertEquals(passes("02:00 02:30 02:15 02:45 02:00", UP), "?????");
  assertEquals(passes(QUARTERS, { before: "04:00", last: "01:00", next: "03:00" }), "????");
  // Each time is there twice outside the hour too, so twice shows nothing.
  assertEquals(passes("02:00 02:00", { before: "01:00", last: "01:00", next: "03:00" }), "??");
  assertEquals(passes("02:30", { before: "05:00", last: "01:00", next: "00:00" }), "?");
});

Deno.test("the end of the hour is the end of an interval of either pass", () => {
  // What the clock shows at each end, and each start with 15 minutes more.
  assertEquals(passes("02:00 02:15 02:30 02:45 02:00 02:15 02:30 02:45 03:00", UP), "111122222");
  assertEquals(passes("02:00 02:15 02:30 02:45 03:00 02:15 02:30 02:45 03:00", UP), "111112222");
  assertEquals(passes("02:00 03:00 03:00", { last: "01:00", next: "04:00" }), "112");
  assertEquals(passes("02:00 02:00 03:00", { last: "01:00", next: "04:00" }), "122");
});

Deno.test("the end of the hour is after the hour if the rows go through it once", () => {
  assertEquals(passes("02:15 02:30 02:45 03:00", { next: "03:15" }), "2222");
  assertEquals(passes("02:00 03:00", { before: "00:00", last: "01:00", next: "04:00" }), "?2");
  assertEquals(passes("03:00", { last: "01:00", next: "04:00" }), "2");
});
