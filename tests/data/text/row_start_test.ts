import { asciiString, createAsciiText } from "../../../data/text/ascii_text.ts";
import { emptyPage } from "../../../data/readings/page.ts";
import { createRowStart, pagesByDay, writeRowStart } from "../../../data/text/row_start.ts";
import { assertEquals } from "../../support/assert.ts";
import { pageOf, type Row } from "../../support/pages.ts";

const DAY_START_MS = Date.UTC(2024, 1, 29);

Deno.test("writeRowStart() writes the time between its two texts, with milliseconds if there are any", () => {
  const text = createAsciiText(100);
  const start = createRowStart(DAY_START_MS, { before: "at ", after: "Z;" });
  const first = writeRowStart(text, 0, { start, timeMs: DAY_START_MS + 86_399_000 });
  const second = writeRowStart(text, first, { start, timeMs: DAY_START_MS + 7 });
  const end = writeRowStart(text, second, { start, timeMs: DAY_START_MS });
  assertEquals(
    asciiString(text, end),
    "at 2024-02-29T23:59:59Z;at 2024-02-29T00:00:00.007Z;at 2024-02-29T00:00:00Z;",
  );
});

Deno.test("pagesByDay() cuts at midnight UTC", () => {
  const ofDayMs = [-1, 0, 86_399_999, 86_400_000, 300_000_000];
  const days = pagesByDay(pageOf(ofDayMs.map((milli): Row => [DAY_START_MS + milli, "1"])));
  assertEquals(
    days.map(({ timesMs }) => Array.from(timesMs, (timeMs) => timeMs - DAY_START_MS)),
    [[-1], [0, 86_399_999], [86_400_000], [300_000_000]],
  );
  assertEquals(pagesByDay(emptyPage(1)), []);
});
