import { assert, assertEquals, assertStringIncludes } from "../../support/assert.ts";
import fc from "fast-check";
import { AppError } from "../../../data/app_error.ts";
import type { UploadZone } from "../../../data/imports/time_options.ts";
import { createEspiReader } from "../../../data/meter_files/espi_read.ts";
import type { TimeRules } from "../../../data/imports/time_sequence.ts";
import { createLocalClock } from "../../../data/time/zone.ts";
import { caseFile, expectedRows } from "./case_rows.ts";
import {
  block,
  entry,
  feed,
  lateEntry,
  meterReading,
  point,
  type Reading,
  reading,
  readingType,
  series,
  usagePoint,
} from "./espi_file.ts";
import { type ReadFile, readFile, type ReadFileOptions } from "./read_file.ts";

/** 2024-01-01T00:00:00Z. */
const START = 1_704_067_200;
const HOUR = 3_600;

function read(
  body: string | Uint8Array,
  options?: ReadFileOptions,
  zone: UploadZone | null = null,
): ReadFile {
  return readFile((given) => createEspiReader({ ...given, zone }), body, options);
}

/** `count` hourly readings whose values are their index plus `first`. */
function hours(count: number, first = 100, from = START): Reading[] {
  return Array.from({ length: count }, (_, index): Reading => [from + index * HOUR, first + index]);
}

/** The first value of each meter and how many readings it has. */
function summary({ meters }: ReadFile): Record<string, [number, ...string[]]> {
  return Object.fromEntries(
    Object.entries(meters).map((
      [id, rows],
    ) => [id, [rows.length, ...(rows[0].slice(1) as string[])]]),
  );
}

function leftOut({ notes }: ReadFile): [string, number, string][] {
  return notes.leftOut.map(({ name, readings, reason }) => [name, readings, reason]);
}

Deno.test("a Green Button download gives the kWh of each hour and leaves the cost alone", () => {
  const { meters, rejectedCount, error } = read(caseFile("05_green_button.xml"));
  assertEquals([error, rejectedCount], [null, 0]);
  assertEquals(meters, { "01": expectedRows("05_expected.csv") });
});

Deno.test("units and powers of ten are exact; what a meter has no metric for is left out", () => {
  const rowOf = (uom: number, powerOfTenMultiplier: number) => {
    const one = series({ type: { uom, powerOfTenMultiplier }, blocks: [[[START, 12345]]] });
    return read(feed(point(), one.reading, one.type, ...one.blocks));
  };
  const table: [uom: number, power: number, column: number, value: string][] = [
    [72, 0, 1, "12.345"],
    [72, -3, 1, "0.012345"],
    [72, 3, 1, "12345"],
    [38, 0, 2, "12.345"],
    [38, -2, 2, "0.12345"],
    [29, -2, 3, "123.45"],
    [5, -3, 4, "12.345"],
  ];
  for (const [uom, power, column, value] of table) {
    const { meters } = rowOf(uom, power);
    const texts = [1, 2, 3, 4].map((at) => at === column ? value : "");
    assertEquals(meters, { "01": [[START * 1000, texts[0], texts[1], texts[2], texts[3]]] });
  }
  for (
    const [uom, name] of [[73, "varh"], [71, "VAh"], [169, "therms"], [999, "this unit"]] as const
  ) {
    const file = rowOf(uom, 0);
    assertEquals(file.meters, {});
    assertEquals(leftOut(file), [["01", 1, `a meter has no metric in ${name} (uom ${uom})`]]);
  }
});

Deno.test("received energy, phases and longer intervals are series of their own", () => {
  const all = [
    series({ id: "1", blocks: [hours(3)] }),
    series({ id: "2", type: { flowDirection: 19 }, blocks: [hours(2, 200)] }),
    series({
      id: "3",
      type: { uom: 29, phase: 64, powerOfTenMultiplier: -1 },
      blocks: [hours(1, 2301)],
    }),
    series({ id: "4", type: { intervalLength: 86_400 }, blocks: [hours(1, 9000)] }),
    series({ id: "5", type: { accumulationBehaviour: 3 }, blocks: [hours(4, 9000)] }),
    series({ point: "02", id: "1", blocks: [hours(1, 7)] }),
  ];
  const file = read(
    feed(point("01"), point("02"), ...all.flatMap((one) => [one.reading, one.type, ...one.blocks])),
  );
  assertEquals(summary(file), {
    "01": [3, "0.1", "", "", ""],
    "01_received": [2, "0.2", "", "", ""],
    "01_b": [1, "", "", "230.1", ""],
    "01_86400s": [1, "9", "", "", ""],
    "02": [1, "0.007", "", "", ""],
  });
  assertEquals(leftOut(file), [["01", 4, "reads of a register (accumulationBehaviour 3)"]]);
});

Deno.test("entries may come in any order, with their links before or after the content", () => {
  const one = series({ blocks: [hours(2), hours(2, 300, START + 86_400)] });
  const two = series({ id: "02", type: { flowDirection: 19 }, blocks: [hours(3, 500)] });
  const expected = read(
    feed(point(), one.reading, one.type, two.reading, two.type, ...one.blocks, ...two.blocks),
  );
  assertEquals(summary(expected), {
    "01": [4, "0.1", "", "", ""],
    "01_received": [3, "0.5", "", "", ""],
  });
  const orders = [
    [point(), one.reading, two.reading, one.type, two.type, ...two.blocks, ...one.blocks],
    [...one.blocks, ...two.blocks, one.reading, two.reading, one.type, two.type, point()],
    [two.type, one.type, ...one.blocks, two.reading, one.reading, ...two.blocks],
    [one.blocks[0], two.blocks[0], two.type, one.reading, one.type, one.blocks[1], two.reading],
  ];
  for (const order of orders) assertEquals(summary(read(feed(...order))), summary(expected));
  const late = [
    lateEntry({ self: "https://a.example/UsagePoint/01" }, usagePoint),
    lateEntry({ self: "/UsagePoint/01/MeterReading/02", related: "/ReadingType/2" }, meterReading),
    lateEntry({ self: "/UsagePoint/01/MeterReading/01", related: "/ReadingType/1/" }, meterReading),
    lateEntry({ self: "http://a.example/ReadingType/1?x=1" }, readingType()),
    lateEntry({ self: "/ReadingType/2" }, readingType({ flowDirection: 19 })),
    lateEntry({ up: "/UsagePoint/01/MeterReading/02/IntervalBlock" }, block(hours(3, 500))),
    lateEntry(
      { self: "/UsagePoint/01/MeterReading/01/IntervalBlock/9" },
      block([...hours(2), ...hours(2, 300, START + 86_400)]),
    ),
  ];
  assertEquals(summary(read(feed(...late))), summary(expected));
});

Deno.test("links that are ids lead from a usage point to its meter readings", () => {
  const file = read(feed(
    entry({ self: "urn:uuid:up-1", related: "urn:uuid:mr-1" }, usagePoint),
    entry({ self: "urn:uuid:up-2", related: "urn:uuid:mr-2" }, usagePoint),
    entry({ self: "urn:uuid:mr-1", related: "urn:uuid:rt" }, meterReading),
    entry({ self: "urn:uuid:mr-2", related: "urn:uuid:rt" }, meterReading),
    entry({ self: "urn:uuid:rt" }, readingType()),
    entry({ self: "urn:uuid:b1", up: "urn:uuid:mr-1" }, block(hours(1))),
    entry({ self: "urn:uuid:b2", up: "urn:uuid:mr-2" }, block(hours(2))),
  ));
  assertEquals(summary(file), { "1": [1, "0.1", "", "", ""], "2": [2, "0.1", "", "", ""] });
});

Deno.test("without links, a block belongs to what comes before it, in a feed and alone", () => {
  const parts = (wrap: (content: string) => string) =>
    [
      usagePoint,
      meterReading,
      readingType(),
      block(hours(2)),
      usagePoint,
      readingType({ powerOfTenMultiplier: 3 }),
      block(hours(1)),
      readingType({ flowDirection: 19 }),
      block(hours(3)),
    ].map(wrap);
  const expected: ReturnType<typeof summary> = {
    "1": [2, "0.1", "", "", ""],
    "2": [1, "100", "", "", ""],
    "2_received": [3, "0.1", "", "", ""],
  };
  assertEquals(
    summary(read(feed(...parts((content) => `<entry><content>${content}</content></entry>`)))),
    expected,
  );
  assertEquals(
    summary(read(`<ServiceStatus>${parts((content) => content).join("\n")}</ServiceStatus>`)),
    expected,
  );
  assertEquals(summary(read(`<Usage>${block(hours(2))}${readingType()}</Usage>`)), {
    "1": [2, "0.1", "", "", ""],
  });
});

Deno.test("prefixes, white space, comments, CDATA and references change nothing", () => {
  const one = series({ blocks: [hours(30)] });
  const plain = feed(point(), one.reading, one.type, ...one.blocks);
  const expected = read(plain).meters;
  const prefixed = plain.replaceAll(
    /<(\/?)(IntervalReading|IntervalBlock|interval|timePeriod|duration|start|value)\b/g,
    "<$1espi:$2",
  )
    .replaceAll('xmlns="http://naesb.org/espi"', 'xmlns:espi="http://naesb.org/espi"');
  const variants = [
    prefixed,
    plain.replaceAll("><", ">\r\n\t <"),
    plain.replaceAll("<value>", "<!-- <value>9</value> --><value>"),
    plain.replaceAll(/<value>(\d+)</g, "<value><![CDATA[$1]]><"),
    plain.replaceAll(/<value>1(\d+)</g, "<value> &#49;$1 <"),
    plain.replaceAll("<IntervalReading>", '<IntervalReading id="x">'),
    plain.replaceAll(
      /<duration>3600<\/duration>(<start>\d+<\/start>)/g,
      "$1<duration>3600</duration>",
    ),
    plain.replaceAll("IntervalBlock", "IntervalBLock"),
    plain.replaceAll(
      "</timePeriod>",
      "</timePeriod><cost>12</cost><unknown><value>5</value></unknown>",
    ),
    plain.replace("<IntervalReading>", "<!-- > </interval><IntervalReading> --><IntervalReading>"),
  ];
  for (const [index, variant] of variants.entries()) {
    const file = read(variant);
    assertEquals([file.error, file.rejectedCount], [null, 0], String(index));
    assertEquals(file.meters, expected, String(index));
  }
});

Deno.test("a document may be in UTF-16 or in the encoding that its declaration names", () => {
  const one = series({ blocks: [hours(3)] });
  const text = feed(
    point(),
    one.reading.replace("<title/>", "<title>Zähler é</title>"),
    one.type,
    ...one.blocks,
  );
  const expected = read(text).meters;
  assertEquals(expected["01"].length, 3);
  const units = (isLittle: boolean) => {
    const view = new DataView(new ArrayBuffer(2 * text.length + 2));
    view.setUint16(0, 0xfeff, isLittle);
    for (let i = 0; i < text.length; i++) view.setUint16(2 + 2 * i, text.charCodeAt(i), isLittle);
    return new Uint8Array(view.buffer);
  };
  const latin = Uint8Array.from(text.replace("UTF-8", "ISO-8859-1"), (char) => char.charCodeAt(0));
  for (
    const bytes of [
      units(true),
      units(false),
      units(true).slice(2),
      latin,
      new TextEncoder().encode(`\ufeff${text}`),
    ]
  ) {
    const file = read(bytes, { sizes: [1, 300, 7] });
    assertEquals([file.error, file.meters], [null, expected]);
  }
  const { error } = read(text.replace("UTF-8", "KLINGON"));
  assert(error instanceof AppError);
  assertStringIncludes(error.message, "encoding KLINGON of the XML is not supported");
});

Deno.test("a wrong reading is rejected with its line; the others are read", () => {
  const table: [wrong: string, field: string, value: string][] = [
    [reading([START, "abc"]), "value", "abc"],
    [reading([START, 5]).replace(/<value>.*<\/value>/, ""), "value", ""],
    [reading([START, 5]).replace(/<timePeriod>.*<\/timePeriod>/, ""), "start", ""],
    [
      reading([START, 5]).replace(String(START), "2019-07-18 17:00:00"),
      "start",
      "2019-07-18 17:00:00",
    ],
    [reading([-1, 5]), "start", "-1"],
    [reading([START, "9".repeat(15)]), "value", "9".repeat(15)],
  ];
  for (const [wrong, field, value] of table) {
    const content = block([...hours(2)]).replace("</interval>", `</interval>\n\n${wrong}\n`);
    const one = series({ blocks: [] });
    const file = read(
      feed(
        point(),
        one.reading,
        one.type,
        entry({ up: "/espi/1_1/resource/UsagePoint/01/MeterReading/01/IntervalBlock" }, content),
      ),
    );
    assertEquals(file.error, null);
    assertEquals([
      file.rejects.map((
        reject,
      ) => [reject.field, reject.value, "line" in reject && reject.line, reject.meterId]),
      file.rejectedCount,
    ], [[[field, value, 8, "01"]], 1]);
    assertEquals(file.meters["01"].length, 2);
  }
});

Deno.test("qualities are counted by name", () => {
  const quality = (code: number) => `<ReadingQuality><quality>${code}</quality></ReadingQuality>`;
  const one = series({
    blocks: [[
      [START, 1, quality(0)],
      [START + HOUR, 2, quality(8)],
      [START + 2 * HOUR, 3, quality(8)],
      [START + 3 * HOUR, 4],
      [START + 4 * HOUR, 4, quality(99)],
    ]],
  });
  const file = read(feed(point(), one.reading, one.type, ...one.blocks));
  assertEquals(file.notes.quality, { valid: 1, estimated_by_reference_day: 2, code_99: 1 });
  assertEquals(file.meters["01"].length, 5);
});

Deno.test("documents that try to define entities, or that are too deep or long, are refused", () => {
  const laughs = '<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>';
  const external = '<!DOCTYPE feed [<!ENTITY x SYSTEM "file:///etc/passwd">]>';
  const table: [body: string, message: string][] = [
    [`<?xml version="1.0"?>${laughs}<feed>&b;</feed>`, "must not have a DOCTYPE"],
    [`${external}<feed>&x;</feed>`, "must not have a DOCTYPE"],
    ['<!DOCTYPE feed SYSTEM "http://a.example/x.dtd"><feed/>', "must not have a DOCTYPE"],
    [`<!DOCTYPE feed [${"<!-- x -->".repeat(120_000)}`, "at most 1048576 characters"],
    [`<feed>${"x".repeat(1_200_000)}</feed>`, "at most 1048576 characters"],
    [`<feed><!-- ${"x".repeat(1_200_000)}`, "at most 1048576 characters"],
    ["<a>".repeat(101), "at most 100 elements"],
    [
      feed(...Array(10_001).fill(entry({ self: "/UsagePoint/1" }, usagePoint))),
      "at most 10000 usage points",
    ],
    ["<feed>&unknown;</feed>", "not well-formed at line 1"],
    ["<feed>\n<a></b></feed>", "not well-formed at line 2"],
    [feed(), "no IntervalBlock"],
    ["<html><body>Please log in</body></html>", "no IntervalBlock"],
    ["", "no IntervalBlock"],
  ];
  for (const [body, message] of table) {
    const { error, meters } = read(body, { sizes: [65_536] });
    assert(error instanceof AppError, message);
    assertStringIncludes(error.message, message);
    assertEquals(meters, {});
  }
});

Deno.test("an upload for one meter takes the series with its id, or else the first", () => {
  const all = [
    series({ id: "1", blocks: [hours(3)] }),
    series({ id: "2", type: { flowDirection: 19 }, blocks: [hours(2, 200)] }),
  ];
  const body = feed(point(), ...all.flatMap((one) => [one.reading, one.type, ...one.blocks]));
  const home = read(body, { meterId: "home" });
  assertEquals(summary(home), { home: [3, "0.1", "", "", ""] });
  assertEquals(leftOut(home).map(([id, count]) => [id, count]), [["01_received", 2]]);
  assertEquals(summary(read(body, { meterId: "01_received" })), {
    "01_received": [2, "0.2", "", "", ""],
  });
});

Deno.test("times that an exporter wrote as if local time were UTC are read in the zone", () => {
  const localTime = entry(
    { self: "/LocalTimeParameters/1" },
    '<LocalTimeParameters xmlns="http://naesb.org/espi"><dstOffset>3600</dstOffset><tzOffset>-18000</tzOffset></LocalTimeParameters>',
  );
  // New York springs forward on 2024-03-10; 02:00 does not exist.
  const from = Date.UTC(2024, 2, 10) / 1000;
  const one = series({ blocks: [hours(24, 100, from)] });
  const body = feed(localTime, point(), one.reading, one.type, ...one.blocks);
  assertEquals(read(body).notes.doubts.map((doubt) => doubt.slice(0, 30)), [
    "The days begin at 00:00 UTC al",
  ]);
  const clock = createLocalClock("America/New_York");
  const zone = { name: "America/New_York", clock };
  const timeRules: TimeRules = {
    clock,
    ambiguous: "sequence",
    nonexistent: "reject",
    stamp: "start",
    intervalMs: 0,
  };
  const { meters, rejects } = read(body, { timeRules }, zone);
  const times = meters["01"].map(([timeMs]) => timeMs);
  assertEquals(times.slice(0, 3), [5, 6, 7].map((hour) => Date.UTC(2024, 2, 10, hour)));
  assertEquals(times.length, 23);
  assertEquals(rejects.map(({ field, value, rule }) => [field, value, rule]), [
    ["start", String(from + 2 * HOUR), "a time that the clocks of America/New_York show"],
  ]);
  // It falls back on 2024-11-03: 01:00 comes twice, and both are kept in their order.
  const autumn = Date.UTC(2024, 10, 3) / 1000;
  const wall = [0, 1, 1, 2, 3].map((hour, index): Reading => [autumn + hour * HOUR, 100 + index]);
  const two = series({ blocks: [wall] });
  const twice = read(feed(point(), two.reading, two.type, ...two.blocks), { timeRules }, zone);
  assertEquals(
    twice.meters["01"].map(([timeMs]) => timeMs),
    [4, 5, 6, 7, 8].map((hour) => Date.UTC(2024, 10, 3, hour)),
  );
});

/** Two meter readings with blocks that alternate, and one reading that is wrong. */
const MIXED = (() => {
  const one = series({ blocks: [hours(5), hours(5, 300, START + 86_400)] });
  const two = series({
    id: "02",
    type: { uom: 38 },
    blocks: [hours(5, 500), [[START, "x"], ...hours(2, 9)]],
  });
  return feed(
    point(),
    one.reading,
    one.type,
    one.blocks[0],
    two.reading,
    two.type,
    two.blocks[0],
    one.blocks[1],
    two.blocks[1],
  );
})();

Deno.test("a document that is cut anywhere keeps an exact beginning of each meter and says so", () => {
  const whole = read(MIXED).parts;
  assertEquals(Object.entries(whole).map(([part, rows]) => [part, rows.length]), [["01 0", 10], [
    "01 1",
    7,
  ]]);
  for (let end = 1; end < MIXED.trimEnd().length; end += 7) {
    const { error, parts } = read(MIXED.slice(0, end));
    assert(error instanceof AppError);
    for (const [part, rows] of Object.entries(parts)) {
      assertEquals(rows, whole[part].slice(0, rows.length), `cut at ${end}`);
    }
  }
  const { error } = read(MIXED.trimEnd().slice(0, -1));
  assert(error instanceof AppError);
  assertEquals([error.code, error.message], [
    "MALFORMED_BODY",
    "The XML ends before its last element: it was cut",
  ]);
});

Deno.test("the boundaries of chunks do not matter", () => {
  const bodies = [MIXED, MIXED.replaceAll("><", ">\n  <"), MIXED.replaceAll("<value>", "<value >")];
  for (const body of bodies) {
    const whole = read(body);
    assertEquals(whole.error, null);
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 6 }),
        (sizes) => {
          assertEquals(read(body, { sizes }), whole);
        },
      ),
      { numRuns: 30 },
    );
  }
});
