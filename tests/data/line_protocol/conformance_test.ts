/** Line protocol case by case; see `tests/support/line_protocol_cases.ts`. */

import { ACCEPTED_TIMES } from "../../../data/time/accepted_times.ts";
import { createLineReader, type LineReader } from "../../../data/line_protocol/line_reader.ts";
import { readSeriesKey } from "../../../data/line_protocol/series_key.ts";
import { V1_PRECISIONS } from "../../../data/line_protocol/precision.ts";
import { assertEquals } from "../../support/assert.ts";
import { KEYS, NUMBERS, STRINGS, WRONG } from "../../support/line_protocol_cases.ts";

/** 2026-02-01T14:23:45Z. */
const NOW_MS = 1_769_955_825_000;

function readerOf(precision = "ns", oldestMs = ACCEPTED_TIMES.oldestMs): LineReader {
  return createLineReader({
    precision: V1_PRECISIONS[precision],
    idTags: ["device_id", "host"],
    now: () => NOW_MS,
    acceptedTimes: { ...ACCEPTED_TIMES, oldestMs },
  });
}

/** The points of a text: device, time, and values by field key. */
function pointsOf(reader: LineReader, text: string): unknown[] {
  reader.push(new TextEncoder().encode(text));
  reader.end();
  return reader.take().flatMap(({ deviceId, fields, timesMs, columns }) =>
    timesMs.map((timeMs, point) => {
      const given = fields.map(({ key }, column) =>
        [key, columns[column]?.[point] ?? NaN] as const
      );
      return [deviceId, timeMs, Object.fromEntries(given.filter(([, value]) => value === value))];
    })
  );
}

for (const [text, value] of NUMBERS) {
  Deno.test(`line protocol: the field value ${text} is stored as ${value}`, () => {
    const reader = readerOf();
    assertEquals(pointsOf(reader, `m,host=a v=${text}`), [["a", NOW_MS, { v: value }]]);
    assertEquals(reader.problems.count(), 0);
  });
}

for (const text of STRINGS) {
  Deno.test(`line protocol: the string ${JSON.stringify(text)} is counted and left out`, () => {
    for (const pair of [`s=${text},v=1`, `v=1,s=${text}`]) {
      const reader = readerOf();
      assertEquals(pointsOf(reader, `m,host=a ${pair} 1769955825000000000\nm,host=b v=2`), [
        ["a", NOW_MS, { v: 1 }],
        ["b", NOW_MS, { v: 2 }],
      ]);
      assertEquals(reader.counts(), { points: 2, strings: 1 });
      assertEquals(reader.problems.count(), 0);
    }
  });
}

for (const [line, reason] of WRONG) {
  Deno.test(`line protocol: ${JSON.stringify(line)} is dropped: ${reason}`, () => {
    // Lines before and after it are read, even after a quote that does not close.
    for (const end of ["\n", "\r\n"]) {
      const reader = readerOf();
      const text = ["m,host=b v=2", line, "m,host=c v=3", ""].join(end);
      assertEquals(pointsOf(reader, text), [["b", NOW_MS, { v: 2 }], ["c", NOW_MS, { v: 3 }]]);
      assertEquals([reader.problems.dropped(), reader.problems.first()], [1, [
        { line: 2, reason: `unable to parse '${line}': ${reason}` },
      ]]);
    }
  });
}

/** Texts of several forms, with the points that they hold. */
const TEXTS: readonly [text: string, points: readonly unknown[]][] = [
  ["", []],
  ["\n\r\n  \n", []],
  ["# m,host=a v=1\n #\n#", []],
  ["m,host=a v=1", [["a", NOW_MS, { v: 1 }]]],
  ["\uFEFFm,host=a v=1\n", [["a", NOW_MS, { v: 1 }]]],
  ["  \tm,host=a v=1  \n\n", [["a", NOW_MS, { v: 1 }]]],
  ["m,host=a   v=1   1769955825000000001   \r\n", [["a", NOW_MS, { v: 1 }]]],
  ["m,host=a v=1 \t1769955824000000000", [["a", NOW_MS - 1_000, { v: 1 }]]],
  ["m,host=a v=1,v=2", [["a", NOW_MS, { v: 2 }]]],
  ["m,host=a v=1,w=t,x=3i,y=4u", [["a", NOW_MS, { v: 1, w: 1, x: 3, y: 4 }]]],
  ["m,host=a v\\ w=1,x\\,y=2,z\\=q=3", [["a", NOW_MS, { "v w": 1, "x,y": 2, "z=q": 3 }]]],
  ['m,host=a "v"=1', [["a", NOW_MS, { '"v"': 1 }]]],
  ["m\\ x\\,y=z,host=a v=1", [["a", NOW_MS, { v: 1 }]]],
  ["🍭,host=a,t=🍭 v=1", [["a", NOW_MS, { v: 1 }]]],
  ["m,t=a\\ b\\,c\\=d,host=a v=1", [["a", NOW_MS, { v: 1 }]]],
  ['m,t="x,host=a v=1', [["a", NOW_MS, { v: 1 }]]],
  ["m,host=a v\\\nm,host=b v=1", [["b", NOW_MS, { v: 1 }]]],
];

for (const [text, points] of TEXTS) {
  Deno.test(`line protocol: the points of ${JSON.stringify(text)}`, () => {
    assertEquals(pointsOf(readerOf(), text), points);
  });
}

for (const [text, measurement, tags] of KEYS) {
  Deno.test(`line protocol: measurement and tags of ${text}`, () => {
    const bytes = new TextEncoder().encode(text);
    const result = readSeriesKey(bytes, 0, bytes.length);
    const key = "key" in result ? result.key : null;
    assertEquals([key?.measurement, Object.fromEntries(key?.tags ?? [])], [measurement, tags]);
  });
}

/** Timestamps with their precision and the time in milliseconds. */
const TIMES: readonly [precision: string, text: string, timeMs: number][] = [
  ["ns", "1556813561098000000", 1_556_813_561_098],
  ["ns", "1556813561098999999", 1_556_813_561_098],
  ["n", "1556813561098999999", 1_556_813_561_098],
  ["us", "1556813561098999", 1_556_813_561_098],
  ["u", "1556813561098999", 1_556_813_561_098],
  ["µ", "1556813561098999", 1_556_813_561_098],
  ["ms", "1556813561098", 1_556_813_561_098],
  ["s", "1556813561", 1_556_813_561_000],
  ["m", "25946892", 1_556_813_520_000],
  ["h", "432448", 1_556_812_800_000],
  ["ns", "5", 0],
  ["ns", "0", 0],
  ["ns", "-0", 0],
  ["ns", "-1", -1],
  ["ns", "-1000000", -1],
  ["us", "-1001", -2],
  ["s", "-1", -1_000],
];

for (const [precision, text, timeMs] of TIMES) {
  Deno.test(`line protocol: the timestamp ${text} in ${precision} is ${timeMs} ms`, () => {
    const reader = readerOf(precision, -Infinity);
    assertEquals(pointsOf(reader, `m,host=a v=1 ${text}\n`), [["a", timeMs, { v: 1 }]]);
  });
}
