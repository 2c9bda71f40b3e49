import { createBucketRows } from "../../../data/exports/bucket_rows.ts";
import type { Output } from "../../../data/exports/outputs.ts";
import type { AggregateName } from "../../../data/exports/spec.ts";
import { DAY_MS, MINUTE_MS } from "../../../data/limits.ts";
import type { Page, Span } from "../../../data/readings/page.ts";
import { type BucketLength, createCalendarBuckets } from "../../../data/time/calendar_buckets.ts";
import { localDaySpan } from "../../../data/time/zone.ts";
import { assert, assertEquals } from "../../support/assert.ts";

/** The local days of the clock changes of 2024, as in pandas_totals.py. */
const CHANGES: Record<string, readonly string[]> = {
  "Europe/Berlin": ["2024-03-31", "2024-10-27"],
  "America/New_York": ["2024-03-10", "2024-11-03"],
  "America/St_Johns": ["2024-03-10", "2024-11-03"],
  "Australia/Adelaide": ["2024-04-07", "2024-10-06"],
  "Australia/Lord_Howe": ["2024-04-07", "2024-10-06"],
  "Pacific/Chatham": ["2024-04-07", "2024-09-29"],
};

/** energy_kwh at scale 4 and power_kw at scale 3, as pandas_totals.csv has them. */
const ENERGY = 0, POWER = 1;

function output(metric: number, aggregate: AggregateName): Output {
  return { name: aggregate, metric, aggregate };
}

const OUTPUTS = [
  output(POWER, "count"),
  output(ENERGY, "sum"),
  output(POWER, "mean"),
  output(POWER, "min"),
  output(POWER, "last"),
];

/** The readings of pandas_totals.py, in pages of uneven length and scale. */
function* readings({ fromMs, toMs }: Span, stepMinutes: number): Generator<Page> {
  const minutes: number[] = [];
  for (
    let at = Math.floor(fromMs / MINUTE_MS);
    at < Math.floor(toMs / MINUTE_MS);
    at += stepMinutes
  ) {
    if (at % 97 !== 0) minutes.push(at);
  }
  for (let at = 0, page = 0; at < minutes.length; page++) {
    const part = minutes.slice(at, at += 100 + 37 * page % 1_000);
    // Every third page has a decimal more.
    const factor = page % 3 === 0 ? 10 : 1;
    yield {
      timesMs: Float64Array.from(part, (minute) => minute * MINUTE_MS),
      columns: [
        {
          scale: page % 3 === 0 ? 5 : 4,
          values: Float64Array.from(
            part,
            (minute) => minute % 13 === 0 ? NaN : minute * 7_919 % 10_007 * factor,
          ),
        },
        {
          scale: 3,
          values: Float64Array.from(part, (minute) => minute * 104_729 % 99_991 - 20_000),
        },
      ],
    };
  }
}

/** The rows of a span as pandas_totals.csv has them, except for the mean, in full. */
function rowsOf(zone: string, interval: BucketLength, span: Span, stepMinutes: number): number[][] {
  const rows = createBucketRows({
    outputs: OUTPUTS,
    bucketAt: createCalendarBuckets(zone, interval),
    span,
    cadenceMs: null,
    isFilled: false,
  });
  for (const page of readings(span, stepMinutes)) rows.add(page);
  rows.end();
  return rows.take().flatMap(({ timesMs, columns }) => {
    const [count, sum, mean, min, last] = columns;
    return Array.from(timesMs, (timeMs, row) => [
      timeMs,
      count.values[row],
      sum.values[row] / 10 ** (sum.scale - 4),
      mean.values[row] / 10 ** (mean.scale - 3),
      min.values[row],
      last.values[row],
    ]);
  });
}

function spansOf(zone: string, interval: BucketLength): [span: Span, stepMinutes: number][] {
  if (interval === "1mo" || interval === "1y") {
    const fromMs = localDaySpan(zone, "2023-11-15")?.fromMs ?? NaN;
    const toMs = localDaySpan(zone, "2025-02-10")?.fromMs ?? NaN;
    return [[{ fromMs, toMs }, 30]];
  }
  return CHANGES[zone].map((date) => {
    const day = localDaySpan(zone, date) ?? { fromMs: NaN, toMs: NaN };
    if (interval !== "1d" && interval !== "1w") return [day, 1];
    return [{ fromMs: day.fromMs - 20 * DAY_MS, toMs: day.toMs + 20 * DAY_MS }, 5];
  });
}

const EXPECTED = (await Deno.readTextFile(new URL("./pandas_totals.csv", import.meta.url)))
  .trimEnd().split("\n").slice(1).map((line) => line.split(","));
const KINDS = new Set(EXPECTED.map(([zone, interval]) => `${zone},${interval}`));

for (const kind of KINDS) {
  Deno.test(`totals of ${kind.replace(",", " by ")} are those of pandas over both clock changes`, () => {
    const [zone, interval] = kind.split(",");
    const expected = EXPECTED.filter((row) => row[0] === zone && row[1] === interval)
      .map((row) => row.slice(2).map((text) => text === "" ? NaN : Number(text)));
    // The names of the file are those of intervals.
    const rows = spansOf(zone, interval as BucketLength)
      .flatMap(([span, step]) => rowsOf(zone, interval as BucketLength, span, step));
    const exact = ([timeMs, count, sum, , min, last]: number[]) => [timeMs, count, sum, min, last];
    assertEquals(rows.map(exact), expected.map(exact));
    rows.forEach((row, index) => {
      // Means have nine decimals; the numbers here are thousandths.
      assert(Math.abs(row[3] - expected[index][3]) < 6e-7, `${row} is not ${expected[index]}`);
    });
  });
}
