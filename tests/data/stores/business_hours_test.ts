import { Temporal } from "../../support/temporal.ts";
import fc from "fast-check";
import {
  createBusinessHours,
  readWeeklySpan,
  type WeeklySpan,
} from "../../../data/stores/business_hours.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const MONDAY = 0, SATURDAY = 5, SUNDAY = 6;

/** A weekly span from valid texts. */
function weekly(day: number, start: string, end: string): WeeklySpan {
  const read = readWeeklySpan({ day: String(day), start, end });
  assert("span" in read, `${day} ${start} ${end}`);
  return read.span;
}

/** The open spans between two UTC minutes, as texts. */
function open(
  zone: string,
  hours: readonly WeeklySpan[] | null,
  [from, to]: readonly [string, string],
): string[] {
  const span = { fromMs: Date.parse(`${from}Z`), toMs: Date.parse(`${to}Z`) };
  return createBusinessHours(zone).openSpans(hours, span).map(({ fromMs, toMs }) =>
    [fromMs, toMs].map((timeMs) => new Date(timeMs).toISOString().slice(5, 16)).join(" ")
  );
}

Deno.test("readWeeklySpan() reads a day and two clocks", () => {
  // 09:30 is 34,200 s after midnight, 17:15:30.5 is 62,130.5 s.
  assertEquals(readWeeklySpan({ day: "2", start: "09:30:00", end: "17:15:30.500" }), {
    span: { day: 2, startMs: 34_200_000, endMs: 62_130_500 },
  });
  assertEquals(readWeeklySpan({ day: "6", start: "22:00", end: "02:00" }), {
    span: { day: 6, startMs: 79_200_000, endMs: 7_200_000 },
  });
});

Deno.test("readWeeklySpan() opens the whole day from 00:00:00 to 00:00:00 and to 23:59:59", () => {
  const wholeDay = { span: { day: 0, startMs: 0, endMs: DAY_MS } };
  assertEquals(readWeeklySpan({ day: "0", start: "00:00:00", end: "00:00:00" }), wholeDay);
  assertEquals(readWeeklySpan({ day: "0", start: "00:00:00", end: "23:59:59" }), wholeDay);
  assertEquals(readWeeklySpan({ day: "0", start: "10:00:00", end: "23:59:59" }), {
    span: { day: 0, startMs: 10 * HOUR_MS, endMs: DAY_MS },
  });
  // One second earlier means just that: 23:59:58 is 86,398 s.
  assertEquals(readWeeklySpan({ day: "0", start: "00:00:00", end: "23:59:58" }), {
    span: { day: 0, startMs: 0, endMs: 86_398_000 },
  });
});

Deno.test("readWeeklySpan() accepts hours of one digit and without seconds", () => {
  // 9 h is 32,400 s after midnight; 9:05:07 is 32,707 s.
  for (const start of ["9:00", "09:00", "9:00:00", "09:00:00", "9:00:00.000"]) {
    assertEquals(readWeeklySpan({ day: "1", start, end: "17:30" }), {
      span: { day: 1, startMs: 32_400_000, endMs: 63_000_000 },
    }, start);
  }
  assertEquals(readWeeklySpan({ day: "1", start: "0:00", end: "9:05:07" }), {
    span: { day: 1, startMs: 0, endMs: 32_707_000 },
  });
});

Deno.test("readWeeklySpan() accepts 24:00 as the end of the day, and only as an end", () => {
  for (const end of ["24:00", "24:00:00", "24:00:00.000"]) {
    for (const [start, startMs] of [["00:00:00", 0], ["18:00", 18 * HOUR_MS]] as const) {
      assertEquals(readWeeklySpan({ day: "5", start, end }), {
        span: { day: 5, startMs, endMs: DAY_MS },
      }, `${start} to ${end}`);
    }
  }
  for (const end of ["24:01", "24:00:01", "24:00:00.001", "24", "024:00"]) {
    assert("problems" in readWeeklySpan({ day: "5", start: "18:00", end }), end);
  }
  assertEquals(readWeeklySpan({ day: "5", start: "24:00", end: "24:00" }), {
    problems: [
      { field: "start", value: "24:00", rule: "a time of day such as 09:00:00 or 9:00" },
    ],
  });
});

Deno.test("readWeeklySpan() lists everything that is wrong at once", () => {
  assertEquals(readWeeklySpan({ day: "7", start: "24:00:00", end: "noon" }), {
    problems: [
      { field: "day", value: "7", rule: "a day of the week, 0 (Monday) to 6 (Sunday)" },
      { field: "start", value: "24:00:00", rule: "a time of day such as 09:00:00 or 9:00" },
      { field: "end", value: "noon", rule: "a time of day such as 09:00:00 or 9:00, or 24:00" },
    ],
  });
  for (const clock of ["09:00:00", "23:59:59"]) {
    assertEquals(readWeeklySpan({ day: "1", start: clock, end: clock }), {
      problems: [{
        field: "end",
        value: clock,
        rule: "a time other than the start, except 00:00:00 to 00:00:00, which is the whole day",
      }],
    });
  }
  for (const day of ["", "-1", "1.5", "Monday", "01"]) {
    assert("problems" in readWeeklySpan({ day, start: "09:00:00", end: "10:00:00" }), day);
  }
  for (const start of ["", "9", "9:0", ":00", "09:60:00", "09:00:60", "09:00:00Z", " 09:00:00"]) {
    assert("problems" in readWeeklySpan({ day: "1", start, end: "10:00:00" }), start);
  }
});

Deno.test("openSpans() returns local spans in UTC, clipped to the span it is called with", () => {
  // 2024-05-06 is a Monday; Chicago is at UTC-5 in May.
  const hours = [weekly(MONDAY, "09:00:00", "17:00:00")];
  const week = ["2024-05-04T00:00", "2024-05-11T00:00"] as const;
  assertEquals(open("America/Chicago", hours, week), ["05-06T14:00 05-06T22:00"]);
  const part = ["2024-05-06T15:30", "2024-05-06T16:30"] as const;
  assertEquals(open("America/Chicago", hours, part), ["05-06T15:30 05-06T16:30"]);
  assertEquals(open("America/Chicago", hours, ["2024-05-07T00:00", "2024-05-08T00:00"]), []);
});

Deno.test("openSpans() returns everything if hours are unknown, and nothing for an empty list", () => {
  const day = ["2024-05-06T10:00", "2024-05-07T10:00"] as const;
  assertEquals(open("Asia/Tokyo", null, day), ["05-06T10:00 05-07T10:00"]);
  assertEquals(open("Asia/Tokyo", [], day), []);
  assertEquals(open("Asia/Tokyo", null, ["2024-05-06T10:00", "2024-05-06T10:00"]), []);
});

Deno.test("openSpans() joins spans that overlap or touch, and keeps gaps", () => {
  const hours = [
    weekly(MONDAY, "13:00:00", "15:00:00"),
    weekly(MONDAY, "09:00:00", "11:00:00"),
    weekly(MONDAY, "10:30:00", "12:00:00"),
    weekly(MONDAY, "12:00:00", "12:30:00"),
    weekly(MONDAY, "09:30:00", "10:00:00"),
  ];
  // Tokyo is at UTC+9: 09:00 to 12:30 is 00:00 to 03:30 UTC, 13:00 to 15:00 is 04:00 to 06:00 UTC.
  assertEquals(open("Asia/Tokyo", hours, ["2024-05-05T00:00", "2024-05-08T00:00"]), [
    "05-06T00:00 05-06T03:30",
    "05-06T04:00 05-06T06:00",
  ]);
});

Deno.test("openSpans() includes spans over midnight, even from the day before", () => {
  // 2024-05-05 is a Sunday; Berlin is at UTC+2: 22:00 to 02:00 is 20:00 to 00:00 UTC.
  const hours = [weekly(SUNDAY, "22:00:00", "02:00:00")];
  assertEquals(open("Europe/Berlin", hours, ["2024-05-01T00:00", "2024-05-08T00:00"]), [
    "05-05T20:00 05-06T00:00",
  ]);
  // 00:30 on Monday is 22:30 UTC on Sunday.
  assertEquals(open("Europe/Berlin", hours, ["2024-05-05T22:30", "2024-05-08T00:00"]), [
    "05-05T22:30 05-06T00:00",
  ]);
  const toMidnight = [weekly(SUNDAY, "22:00:00", "00:00:00")];
  assertEquals(open("Europe/Berlin", toMidnight, ["2024-05-01T00:00", "2024-05-08T00:00"]), [
    "05-05T20:00 05-05T22:00",
  ]);
});

Deno.test("seven whole days join into one span", () => {
  const hours = [0, 1, 2, 3, 4, 5, 6].map((day) => weekly(day, "00:00:00", "23:59:59"));
  const twoWeeks = ["2024-10-25T12:00", "2024-11-08T12:00"] as const;
  assertEquals(open("America/Chicago", hours, twoWeeks), ["10-25T12:00 11-08T12:00"]);
});

/** A Sunday on which clocks change. */
interface ChangeCase {
  readonly zone: string;
  readonly date: string;
  /** Weekly spans of the Sunday, and when each one is open on that day. */
  readonly spans: readonly [start: string, end: string, open: string | null][];
}

const CHANGES: readonly ChangeCase[] = [
  // 02:00 CST (UTC-6) becomes 03:00 CDT (UTC-5) at 08:00 UTC: the day has 23 hours.
  {
    zone: "America/Chicago",
    date: "2024-03-10",
    spans: [
      ["00:00:00", "00:00:00", "03-10T06:00 03-11T05:00"],
      ["01:00:00", "04:00:00", "03-10T07:00 03-10T09:00"],
      // 02:30 is skipped, so it counts as 03:30 CDT, 08:30 UTC.
      ["02:30:00", "04:00:00", "03-10T08:30 03-10T09:00"],
      ["01:00:00", "02:30:00", "03-10T07:00 03-10T08:30"],
      // Nothing is left from 03:30 CDT to 03:15 CDT.
      ["02:30:00", "03:15:00", null],
    ],
  },
  // 02:00 CDT becomes 01:00 CST at 07:00 UTC: 25 hours. 01:30 is first 06:30 UTC, then 07:30.
  {
    zone: "America/Chicago",
    date: "2024-11-03",
    spans: [
      ["00:00:00", "00:00:00", "11-03T05:00 11-04T06:00"],
      ["01:30:00", "03:00:00", "11-03T06:30 11-03T09:00"],
      ["00:00:00", "01:30:00", "11-03T05:00 11-03T06:30"],
    ],
  },
  // 02:00 CET (UTC+1) becomes 03:00 CEST (UTC+2) at 01:00 UTC.
  {
    zone: "Europe/Berlin",
    date: "2024-03-31",
    spans: [
      ["00:00:00", "00:00:00", "03-30T23:00 03-31T22:00"],
      ["01:00:00", "04:00:00", "03-31T00:00 03-31T02:00"],
      ["02:30:00", "04:00:00", "03-31T01:30 03-31T02:00"],
    ],
  },
  // 03:00 CEST becomes 02:00 CET at 01:00 UTC. 02:30 is first 00:30 UTC.
  {
    zone: "Europe/Berlin",
    date: "2024-10-27",
    spans: [
      ["00:00:00", "00:00:00", "10-26T22:00 10-27T23:00"],
      ["02:30:00", "04:00:00", "10-27T00:30 10-27T03:00"],
    ],
  },
  // 02:00 LHST (UTC+10:30) becomes 02:30 LHDT (UTC+11) at 15:30 UTC the day before: 23.5 hours.
  {
    zone: "Australia/Lord_Howe",
    date: "2024-10-06",
    spans: [
      ["00:00:00", "00:00:00", "10-05T13:30 10-06T13:00"],
      // 02:15 is skipped, so it counts as 02:45 LHDT, 15:45 UTC.
      ["02:15:00", "04:00:00", "10-05T15:45 10-05T17:00"],
    ],
  },
  // 02:00 LHDT becomes 01:30 LHST at 15:00 UTC the day before: 24.5 hours. 01:45 is first 14:45 UTC.
  {
    zone: "Australia/Lord_Howe",
    date: "2024-04-07",
    spans: [
      ["00:00:00", "00:00:00", "04-06T13:00 04-07T13:30"],
      ["01:45:00", "03:00:00", "04-06T14:45 04-06T16:30"],
    ],
  },
];

for (const { zone, date, spans } of CHANGES) {
  Deno.test(`openSpans() follows the clocks of ${zone} over their change on ${date}`, () => {
    const dayMs = Date.parse(date);
    const around = [dayMs - 3 * DAY_MS, dayMs + 3 * DAY_MS]
      .map((timeMs) => new Date(timeMs).toISOString().slice(0, 16));
    const [from, to] = around;
    for (const [start, end, expected] of spans) {
      const found = open(zone, [weekly(SUNDAY, start, end)], [from, to]);
      assertEquals(found, expected === null ? [] : [expected], `${start} to ${end}`);
    }
  });
}

Deno.test("a span over midnight keeps its local times in the night of a clock change", () => {
  // Saturday 22:00 CST is 04:00 UTC, Sunday 04:00 CDT is 09:00 UTC: 5 hours, not 6.
  const hours = [weekly(SATURDAY, "22:00:00", "04:00:00")];
  assertEquals(open("America/Chicago", hours, ["2024-03-07T00:00", "2024-03-14T00:00"]), [
    "03-10T04:00 03-10T09:00",
  ]);
});

Deno.test("a span in Phoenix, which has no clock changes, has the same UTC times all year", () => {
  const hours = [weekly(SUNDAY, "09:00:00", "10:00:00")];
  for (const date of ["2024-03-03", "2024-03-10", "2024-07-07", "2024-11-03", "2024-11-10"]) {
    const [from, to] = [`${date}T00:00`, `${date}T23:00`];
    assertEquals(open("America/Phoenix", hours, [from, to]), [
      `${date.slice(5)}T16:00 ${date.slice(5)}T17:00`,
    ]);
  }
});

Deno.test("a day that a zone skipped has no business hours", () => {
  // Apia went from Thursday 2011-12-29 (UTC-10) to Saturday 12-31 (UTC+14) at 10:00 UTC of the 30th.
  const FRIDAY = 4;
  const days = ["2011-12-28T00:00", "2012-01-03T00:00"] as const;
  assertEquals(open("Pacific/Apia", [weekly(FRIDAY, "09:00:00", "17:00:00")], days), []);
  // Saturday 09:00 to 17:00 at UTC+14 is 19:00 to 03:00 UTC.
  assertEquals(open("Pacific/Apia", [weekly(SATURDAY, "09:00:00", "17:00:00")], days), [
    "12-30T19:00 12-31T03:00",
  ]);
});

Deno.test("openSpans() can be called for another span and for the first one again", () => {
  const { openSpans } = createBusinessHours("America/Chicago");
  const hours = [weekly(MONDAY, "09:00:00", "17:00:00")];
  const may = { fromMs: Date.UTC(2024, 4, 6), toMs: Date.UTC(2024, 4, 7) };
  const december = { fromMs: Date.UTC(2024, 11, 2), toMs: Date.UTC(2024, 11, 3) };
  for (let round = 0; round < 2; round++) {
    // UTC-5 in May, UTC-6 in December.
    assertEquals(openSpans(hours, may), [
      { fromMs: Date.UTC(2024, 4, 6, 14), toMs: Date.UTC(2024, 4, 6, 22) },
    ]);
    assertEquals(openSpans(hours, december), [
      { fromMs: Date.UTC(2024, 11, 2, 15), toMs: Date.UTC(2024, 11, 2, 23) },
    ]);
  }
});

Deno.test("createBusinessHours() throws if the zone does not exist", () => {
  assertThrows(() => createBusinessHours("America/Gotham"), RangeError, "America/Gotham");
});

const zoneNames = fc.constantFrom(...Intl.supportedValuesOf("timeZone"));
const minuteMs = fc.integer({ min: 0, max: 1_439 }).map((minute) => minute * 60_000);
const weeklySpan = fc.record({
  day: fc.integer({ min: 0, max: 6 }),
  startMs: minuteMs,
  endMs: minuteMs,
})
  .filter(({ startMs, endMs }) => startMs !== endMs);

Deno.test("a time is open if the local clock lies within a span, away from clock changes", () => {
  const times = fc.integer({ min: Date.UTC(1990, 0, 1), max: Date.UTC(2037, 0, 1) });
  fc.assert(fc.property(zoneNames, fc.array(weeklySpan), times, (zone, hours, timeMs) => {
    const zoned = Temporal.Instant.fromEpochMilliseconds(timeMs).toZonedDateTimeISO(zone);
    // If offsets differ, the clocks change within two days.
    const isPlain = [-2, -1, 1, 2].every((days) =>
      zoned.add({ days }).offsetNanoseconds === zoned.offsetNanoseconds
    );
    fc.pre(isPlain);
    const found = createBusinessHours(zone)
      .openSpans(hours, { fromMs: timeMs, toMs: timeMs + 1 }).length === 1;
    const clockMs = zoned.hour * HOUR_MS + zoned.minute * 60_000 + zoned.second * 1_000 +
      zoned.millisecond;
    const today = zoned.dayOfWeek - 1;
    const isOpen = hours.some(({ day, startMs, endMs }) =>
      endMs > startMs
        ? day === today && clockMs >= startMs && clockMs < endMs
        : day === today && clockMs >= startMs || (day + 1) % 7 === today && clockMs < endMs
    );
    assertEquals(found, isOpen);
  }));
});

Deno.test("open spans are ascending, with time between them, within the requested span", () => {
  const starts = fc.integer({ min: Date.UTC(1990, 0, 1), max: Date.UTC(2037, 0, 1) });
  const lengths = fc.integer({ min: 0, max: 9 * DAY_MS });
  fc.assert(
    fc.property(zoneNames, fc.array(weeklySpan), fc.tuple(starts, lengths), (zone, hours, at) => {
      const span = { fromMs: at[0], toMs: at[0] + at[1] };
      let lastMs = span.fromMs - 1;
      for (const { fromMs, toMs } of createBusinessHours(zone).openSpans(hours, span)) {
        assert(fromMs > lastMs && toMs > fromMs && toMs <= span.toMs);
        lastMs = toMs;
      }
    }),
  );
});
