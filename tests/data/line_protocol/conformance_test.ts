/**
 * Line protocol case by case. What is right comes from InfluxDB's reference of the syntax
 * (https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/) and its grammar
 * (influxdata/line-protocol, line-protocol.ebnf). An InfluxDB 1.6.7 drops the lines that are dropped
 * here and stores the same values of the others, except where the grammar is newer: `\r\n` ends a line,
 * and `u` a number.
 */

import { ACCEPTED_TIMES } from "../../../data/time/accepted_times.ts";
import { createLineReader, type LineReader } from "../../../data/line_protocol/line_reader.ts";
import { readSeriesKey } from "../../../data/line_protocol/series_key.ts";
import { V1_PRECISIONS } from "../../../data/line_protocol/precision.ts";
import { assertEquals } from "../../support/assert.ts";

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

/** Values of a field as lines write them, and the number that is stored. */
const NUMBERS: readonly [text: string, value: number][] = [
  ["1", 1],
  ["1.0", 1],
  ["1.", 1],
  [".5", 0.5],
  ["-.5", -0.5],
  ["-1", -1],
  ["-0", 0],
  ["-0.0", 0],
  ["01", 1],
  ["1e5", 100_000],
  ["1E+5", 100_000],
  ["1e-5", 0.00001],
  ["1.5e-3", 0.0015],
  ["-1.234456e+78", -1.234456e78],
  ["1.7976931348623157e308", Number.MAX_VALUE],
  ["0.1234567890123456789", 0.1234567890123456789],
  ["123456789012345678901234567890", 123456789012345678901234567890],
  ["1i", 1],
  ["-12485903i", -12_485_903],
  ["-01i", -1],
  ["9223372036854775807i", 9223372036854775807],
  ["-9223372036854775808i", -9223372036854775808],
  ["0u", 0],
  ["12485903u", 12_485_903],
  ["18446744073709551615u", 18446744073709551615],
  ...["t", "T", "true", "True", "TRUE"].map((text) => [text, 1] as const),
  ...["f", "F", "false", "False", "FALSE"].map((text) => [text, 0] as const),
].map(([text, value]) => [String(text), Number(value)]);

for (const [text, value] of NUMBERS) {
  Deno.test(`line protocol: the field value ${text} is stored as ${value}`, () => {
    const reader = readerOf();
    assertEquals(pointsOf(reader, `m,host=a v=${text}`), [["a", NOW_MS, { v: value }]]);
    assertEquals(reader.problems.count(), 0);
  });
}

/** Strings, which are skipped: what they hold ends nothing. */
const STRINGS: readonly string[] = [
  `""`,
  `"x"`,
  `"a b,c=d 5"`,
  `"a\\"b"`,
  `"a\\\\"`,
  `"\\\\\\""`,
  `"a\\b"`,
  `"a\nb"`,
  `"m,host=b v=9\n\n# no\n"`,
  `"Launch 🚀"`,
  `"don't"`,
];

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

/** Lines that are wrong, and why. */
const WRONG: readonly [line: string, reason: string][] = [
  ["m", "missing fields"],
  ["m ", "missing fields"],
  ["m,host=a", "missing fields"],
  ["m,host=a ", "missing fields"],
  [",host=a v=1", "missing measurement"],
  [", v=1", "missing measurement"],
  ["m, v=1", "missing tag key"],
  ["m,=b v=1", "missing tag key"],
  ["m,host= v=1", "missing tag value"],
  ["m,host v=1", "missing tag value"],
  ["m,host=a,c v=1", "missing tag value"],
  ["m,host=a=b v=1", "invalid tag format"],
  ["m,host=a,host=b v=1", "duplicate tags"],
  ["m,host=a v", "invalid field format"],
  ["m,host=a v =1", "invalid field format"],
  ["m,host=a ,v=1", "invalid field format"],
  ["m,host=a v=1,", "invalid field format"],
  ["m,host=a v=1,w", "invalid field format"],
  ["m,host=a v=1,,w=2", "invalid field format"],
  ["m,host=a v=1, w=2", "invalid field format"],
  ['m,host=a v="a"b', "invalid field format"],
  ["m,host=a =1", "missing field key"],
  ["m,host=a v=", "missing field value"],
  ["m,host=a v= 1", "missing field value"],
  ["m,host=a v=1,w=", "missing field value"],
  ["m,host=a v=-", "invalid number"],
  ["m,host=a v=.", "invalid number"],
  ["m,host=a v=+1", "invalid number"],
  ["m,host=a v=--1", "invalid number"],
  ["m,host=a v=1-", "invalid number"],
  ["m,host=a v=1e", "invalid number"],
  ["m,host=a v=1e+", "invalid number"],
  ["m,host=a v=1e400", "invalid number"],
  ["m,host=a v=1.2.3", "invalid number"],
  ["m,host=a v=1.5i", "invalid number"],
  ["m,host=a v=1i5", "invalid number"],
  ["m,host=a v=-i", "invalid number"],
  ["m,host=a v=-1u", "invalid number"],
  ["m,host=a v=9223372036854775808i", "invalid number"],
  ["m,host=a v=-9223372036854775809i", "invalid number"],
  ["m,host=a v=18446744073709551616u", "invalid number"],
  ["m,host=a v=0x10", "invalid number"],
  ["m,host=a v=1_000", "invalid number"],
  ["m,host=a v=1=2", "invalid number"],
  ["m,host=a v=nan", "invalid number"],
  ["m,host=a v=NaN", "invalid number"],
  ["m,host=a v=Inf", "invalid number"],
  ["m,host=a v=1\t5", "invalid number"],
  ["m,host=a v=tr", "invalid boolean"],
  ["m,host=a v=tRUE", "invalid boolean"],
  ["m,host=a v=abc", "invalid boolean"],
  ["m,host=a v='a'", "invalid boolean"],
  ['m,host=a v=a"', "invalid boolean"],
  ["m,host=a v==1", "invalid boolean"],
  ['m,host=a v="a', "unbalanced quotes"],
  ['m,host=a v="a\\"', "unbalanced quotes"],
  ["m,host=a v=1 +5", "bad timestamp"],
  ["m,host=a v=1 5i", "bad timestamp"],
  ["m,host=a v=1 1.5", "bad timestamp"],
  ["m,host=a v=1 x", "bad timestamp"],
  ["m,host=a v=1 -", "bad timestamp"],
  ["m,host=a v=1 # c", "bad timestamp"],
  ["m,host=a v=1 ,w=2", "bad timestamp"],
  ["m,host=a v=1 5 6", "bad timestamp"],
  ["m,host=a v=1 99999999999999999999", "bad timestamp"],
];

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

/** Keys, as InfluxDB 1.6.7 shows them after it stored them. */
const KEYS: readonly [key: string, measurement: string, tags: Record<string, string>][] = [
  ["m", "m", {}],
  ["m,a=b", "m", { a: "b" }],
  ["m\\ x,a\\ b=c\\ d", "m x", { "a b": "c d" }],
  ["m\\,x,a\\,b=c\\,d", "m,x", { "a,b": "c,d" }],
  ["m=x,a\\=b=c\\=d", "m=x", { "a=b": "c=d" }],
  ["m\\x,a=\\b", "m\\x", { a: "\\b" }],
  ['"m","a"="b\\ c"', '"m"', { '"a"': '"b c"' }],
  ["🍭,t=🍭", "🍭", { t: "🍭" }],
];

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
