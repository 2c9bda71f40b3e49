import fc from "fast-check";
import type { FileHead, SourcePage } from "../../../data/encoders/encoder.ts";
import { createDecimalsMeter } from "../../../data/encoders/decimals.ts";
import { createEspiEncoder } from "../../../data/encoders/espi.ts";
import { createEspiReader } from "../../../data/meter_files/espi_read.ts";
import { type Page, slicePage } from "../../../data/readings/page.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import { encodedParts, fileHead, metricColumns } from "../../support/encoded.ts";
import { pageOf, type Row, rowsOf } from "../../support/pages.ts";
import { readFile } from "../meter_files/read_file.ts";

const [ENERGY, POWER] = metricColumns(PROFILES.meter);

function espiOf(parts: Partial<FileHead>, pages: readonly SourcePage[]): string {
  const bytes = encodedParts(createEspiEncoder(fileHead(parts)), pages);
  return bytes.map((part) => new TextDecoder().decode(part)).join("");
}

/** The head of a file with pages of all metrics, with their decimals. */
function headFor(pages: readonly Page[], parts: Partial<FileHead> = {}): FileHead {
  const meter = createDecimalsMeter(4);
  for (const page of pages) meter.add(page);
  const decimals = meter.decimals();
  const columns = metricColumns(PROFILES.meter)
    .map((column, index) => ({ ...column, decimals: decimals[index] }));
  return fileHead({ columns, ...parts });
}

/** The content of entries that have an element. */
function contents(feed: string, element: string): string[] {
  return [...feed.matchAll(/<content>(.*?)<\/content>/g)].map(([, content]) => content)
    .filter((content) => content.startsWith(`<${element} `));
}

Deno.test("a feed has the clock, a type for each metric and a block of each day, with integers", () => {
  const columns = [
    { ...ENERGY, decimals: 3, aggregate: "sum" },
    { ...POWER, decimals: 1, aggregate: "max" },
  ];
  const feed = espiOf({ zone: "Europe/Berlin", interval: "15m", intervalMs: 900_000, columns }, [
    // 23:45 and 00:00 in Berlin.
    { source: 0, page: pageOf([[1_704_062_700_000, "0.25", "-1.5"]]) },
    {
      source: 0,
      page: pageOf([[1_704_063_600_000, "1234567.001", ""], [1_704_064_500_250, "", "0"]]),
    },
  ]);
  const xmlns = 'xmlns="http://naesb.org/espi"';
  assertEquals(contents(feed, "LocalTimeParameters"), [
    `<LocalTimeParameters ${xmlns}><dstEndRule>AE0E3000</dstEndRule><dstOffset>3600</dstOffset>` +
    "<dstStartRule>3E0E2000</dstStartRule><tzOffset>3600</tzOffset></LocalTimeParameters>",
  ]);
  // kWh with 3 decimals are Wh; kW with one decimal are hundreds of W. 8 is the highest value.
  const type = (fields: string) => `<ReadingType ${xmlns}>${fields}</ReadingType>`;
  assertEquals(contents(feed, "ReadingType"), [
    type(
      "<accumulationBehaviour>4</accumulationBehaviour><commodity>1</commodity>" +
        "<dataQualifier>12</dataQualifier><flowDirection>1</flowDirection>" +
        "<intervalLength>900</intervalLength><kind>12</kind>" +
        "<powerOfTenMultiplier>0</powerOfTenMultiplier><uom>72</uom>",
    ),
    type(
      "<accumulationBehaviour>6</accumulationBehaviour><commodity>1</commodity>" +
        "<dataQualifier>8</dataQualifier><flowDirection>0</flowDirection>" +
        "<intervalLength>900</intervalLength><kind>37</kind>" +
        "<powerOfTenMultiplier>2</powerOfTenMultiplier><uom>38</uom>",
    ),
  ]);
  const interval = (duration: number, start: number) =>
    `<interval><duration>${duration}</duration><start>${start}</start></interval>`;
  const reading = (start: number, value: number) =>
    `<IntervalReading><timePeriod><duration>900</duration><start>${start}</start></timePeriod>` +
    `<value>${value}</value></IntervalReading>`;
  const block = (content: string) => `<IntervalBlock ${xmlns}>${content}</IntervalBlock>`;
  assertEquals(contents(feed, "IntervalBlock"), [
    block(interval(900, 1_704_062_700) + reading(1_704_062_700, 250)),
    block(interval(900, 1_704_062_700) + reading(1_704_062_700, -15)),
    block(interval(900, 1_704_063_600) + reading(1_704_063_600, 1_234_567_001)),
    block(interval(900, 1_704_064_500) + reading(1_704_064_500, 0)),
  ]);
});

Deno.test("blocks belong to the meter reading of their metric and meter, each with its own id", () => {
  const page = pageOf([[1_704_067_200_000, "1", "2"]]);
  const columns = [ENERGY, POWER].map((column) => ({ ...column, decimals: 0 }));
  const feed = espiOf({ sources: ["a:1", "b"], columns }, [
    { source: 0, page },
    { source: 1, page },
    { source: 1, page: pageOf([[1_704_153_600_000, "3", ""]]) },
  ]);
  const ups = [
    ...feed.matchAll(
      /rel="self" href="[^"]*IntervalBlock\/(\d+)"\/><link rel="up" href="([^"]*)"/g,
    ),
  ]
    .map(([, number, up]) => `${up.replace(/.*UsagePoint/, "")} ${number}`);
  assertEquals(ups, [
    "/a%3A1/MeterReading/1/IntervalBlock 1",
    "/a%3A1/MeterReading/2/IntervalBlock 1",
    "/b/MeterReading/1/IntervalBlock 1",
    "/b/MeterReading/2/IntervalBlock 1",
    "/b/MeterReading/1/IntervalBlock 2",
  ]);
  const ids = [...feed.matchAll(/<id>(.*?)<\/id>/g)].map(([, id]) => id);
  assertEquals(new Set(ids).size, ids.length);
  // The feed, the clock, 2 types, 2 usage points, 4 meter readings and 5 blocks.
  assertEquals(ids.length, 15);
});

Deno.test("days of 23 and 25 hours have their length, and weeks theirs", () => {
  const columns = [{ ...ENERGY, decimals: 0 }];
  const durations = (interval: string, ...days: string[]) => {
    const rows = days.map((day): Row => [Date.parse(day), "1"]);
    const feed = espiOf({ zone: "Europe/Berlin", interval, intervalMs: null, columns }, [
      { source: 0, page: pageOf(rows) },
    ]);
    return [...feed.matchAll(/<timePeriod><duration>(\d+)/g)].map(([, text]) =>
      Number(text) / 3600
    );
  };
  assertEquals(durations("1d", "2024-03-30T23:00Z", "2024-03-31T22:00Z", "2024-10-26T22:00Z"), [
    23,
    24,
    25,
  ]);
  assertEquals(durations("1w", "2024-03-24T23:00Z", "2024-10-20T22:00Z"), [167, 169]);
});

Deno.test("a value that does not fit into 48 bits is refused, not cut", () => {
  const columns = [{ ...ENERGY, decimals: 12 }];
  const page = pageOf([[1_704_067_200_000, "141.5"]]);
  assertThrows(() => espiOf({ columns }, [{ source: 0, page }]), RangeError, "more than 47 bits");
});

/** The rows of a meter as our own import reads them, its metrics side by side. */
function imported(feed: string, id: string): Row[] {
  const { meters, error, rejectedCount } = readFile(
    (given) => createEspiReader({ ...given, zone: null }),
    feed,
  );
  assertEquals([error, rejectedCount], [null, 0]);
  const rows = new Map<number, string[]>();
  for (const [timeMs, ...texts] of meters[id] ?? []) {
    const before = rows.get(timeMs) ?? [];
    rows.set(timeMs, texts.map((text, metric) => text === "" ? before[metric] ?? "" : text));
  }
  return [...rows].toSorted(([a], [b]) => a - b).map(([timeMs, texts]): Row => [timeMs, ...texts]);
}

Deno.test("our own import reads the readings of any meters back, however they were cut into pages", () => {
  // Within the range of every metric of a meter.
  const decimal = fc.tuple(fc.nat(999_999), fc.nat(4))
    .map(([digits, scale]) => `${digits}e-${scale}`);
  const value = fc.oneof(
    { weight: 1, arbitrary: fc.constant("") },
    { weight: 5, arbitrary: decimal },
  );
  const minutes = fc.uniqueArray(fc.nat(4_000), { minLength: 1, maxLength: 40 });
  const rows = minutes.chain((times) =>
    fc.array(fc.tuple(value, value, value, value), {
      minLength: times.length,
      maxLength: times.length,
    })
      .map((values) =>
        times.toSorted((a, b) => a - b).map((minute, index): Row => [
          1_711_760_400_000 + minute * 60_000,
          ...values[index],
        ])
      )
  );
  fc.assert(
    fc.property(rows, fc.nat(40), (rows, at) => {
      const page = pageOf(rows, 4);
      const cut = Math.min(at, rows.length);
      const pages = [slicePage(page, 0, cut), slicePage(page, cut, rows.length)]
        .map((page) => ({ source: 0, page }));
      const head = headFor([page], { zone: "Europe/Berlin" });
      const feed = espiOf(head, pages);
      assertEquals(feed, espiOf(head, [{ source: 0, page }]));
      const expected = rowsOf(page).filter(([, ...texts]) => texts.some((text) => text !== ""));
      assertEquals(imported(feed, "123"), expected);
    }),
    { numRuns: 12 },
  );
});
