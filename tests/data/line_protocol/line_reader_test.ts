import fc from "fast-check";
import { LINE_MAX_BYTES, PROFILE_METRICS_MAX } from "../../../data/limits.ts";
import { createLineReader, type LineReader } from "../../../data/line_protocol/line_reader.ts";
import { problemsText } from "../../../data/line_protocol/line_problems.ts";
import { PRECISIONS } from "../../../data/line_protocol/precision.ts";
import { ACCEPTED_TIMES } from "../../../data/time/accepted_times.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { amount } from "../../support/thorough.ts";

/** 2026-02-01T14:23:45Z. */
const NOW_MS = 1_769_955_825_000;
const encoder = new TextEncoder();

function readerOf(idTags = ["device_id", "entity_id", "host", "id"]): LineReader {
  const acceptedTimes = ACCEPTED_TIMES;
  return createLineReader({ precision: PRECISIONS.s, idTags, now: () => NOW_MS, acceptedTimes });
}

function read(reader: LineReader, ...lines: string[]): unknown {
  reader.push(encoder.encode(lines.join("\n")));
  reader.end();
  return taken(reader);
}

/** All points: profile, device, seconds before now, and the values of the columns. */
function taken(reader: LineReader): unknown {
  return reader.take().flatMap(({ profile, deviceId, fields, timesMs, columns }) =>
    timesMs.map((timeMs, point) => [
      profile,
      deviceId,
      (NOW_MS - timeMs) / 1_000,
      ...fields.map((_, column) => columns[column]?.[point] ?? NaN),
    ])
  );
}

Deno.test("the first of the tags that a line has names the device", () => {
  const points = read(
    readerOf(),
    "m,id=i,host=h,device_id=d v=1",
    "m,host=h,entity_id=e,id=i v=2",
    "m,id=i v=3",
  );
  assertEquals(points, [["m", "d", 0, 1], ["m", "e", 0, 2], ["m", "i", 0, 3]]);
});

Deno.test("a line without such a tag, or with an id that is not valid, is dropped with the rule", () => {
  const reader = readerOf(["device_id", "host"]);
  assertEquals(read(reader, "m,room=a v=1", "m,host=living\\ room v=1", "m v=1"), []);
  const none = "no tag names the device: one of device_id, host must";
  const [first, second, third] = reader.problems.first();
  assertEquals([first, third], [{ line: 1, reason: none }, { line: 3, reason: none }]);
  assert(/^tag host must be 1 to 64 characters of .*: 'living room'$/.test(second.reason));
  assertEquals(reader.problems.dropped(), 3);
});

Deno.test("a text in pieces of any length has the same points and problems as the whole", () => {
  const text = [
    '\uFEFFm,host=a v=1,s="x\\"\ny" 1769955824',
    "bad",
    "# c",
    "m\\ n,host=b v=2i,w=t 1769955823\r",
    'm,host=a s="open',
    "m,host=a v=-1.5e3 1769955822",
    "m,host=é v=1",
    "m,host=a v=3",
  ].join("\n");
  const bytes = encoder.encode(text);
  const resultOf = (cuts: readonly number[]) => {
    const reader = readerOf();
    const ends = [...cuts, bytes.length];
    ends.forEach((end, index) => reader.push(bytes.subarray(cuts[index - 1] ?? 0, end)));
    reader.end();
    return [taken(reader), reader.problems.first(), reader.counts()];
  };
  const whole = resultOf([]);
  assertEquals(whole[0], [
    ["m", "a", 1, 1],
    ["m", "a", 3, -1500],
    ["m", "a", 0, 3],
    ["m_n", "b", 2, 2, 1],
  ]);
  for (let cut = 1; cut < bytes.length; cut++) {
    assertEquals(resultOf([cut]), whole);
    assertEquals(resultOf([cut, Math.min(cut + 3, bytes.length)]), whole);
  }
  assertEquals(resultOf([...bytes.keys()]), whole);
});

Deno.test("any text is read to its end, in pieces as in one", () => {
  const part = fc.constantFrom(
    ...'m,=" \\\n\r#1tiu.-e\t',
    "m,host=a v=",
    'm,host=a s="x\n"',
    ",v=1\n",
  );
  const texts = fc.array(part, { maxLength: 40 }).map((parts) => encoder.encode(parts.join("")));
  fc.assert(
    fc.property(texts, fc.nat(), (bytes, number) => {
      const cut = number % (bytes.length + 1);
      const [whole, pieces] = [readerOf(), readerOf()];
      whole.push(bytes);
      pieces.push(bytes.subarray(0, cut));
      pieces.push(bytes.subarray(cut));
      for (const reader of [whole, pieces]) reader.end();
      assertEquals(pieces.counts(), whole.counts());
      assertEquals(pieces.problems.first(), whole.problems.first());
      assertEquals(taken(pieces), taken(whole));
    }),
    { numRuns: amount({ quick: 100, thorough: 300 }) },
  );
});

Deno.test("lines of one series and time make up one point; the later value of a field holds", () => {
  const points = read(
    readerOf(),
    "m,host=a v=1,w=2 1769955800",
    "m,host=a x=3 1769955800",
    "m,host=a v=4 1769955810",
    "m,host=a w=5 1769955800",
  );
  assertEquals(points, [["m", "a", 25, 1, 5, 3], ["m", "a", 15, 4, NaN, NaN]]);
});

Deno.test("lines without a time of one request and series make up one point", () => {
  assertEquals(read(readerOf(), "m,host=a v=1", "m,host=a w=2"), [["m", "a", 0, 1, 2]]);
});

Deno.test("another series cannot overwrite a value of the same device and time", () => {
  const reader = readerOf();
  const points = read(
    reader,
    "cpu,host=a,cpu=cpu0 usage=1",
    "cpu,host=a,cpu=cpu1 usage=2",
    "cpu,host=a,cpu=cpu2 usage=1,temp_c=50",
  );
  // The third line gives the value that is there and one that is missing.
  assertEquals(points, [["cpu", "a", 0, 1, 50]]);
  const reason = "device a has another value of usage at the same time, from a line with other " +
    "tags; give each its own device_id";
  assertEquals(reader.problems.first(), [{ line: 2, reason }]);
});

Deno.test("times out of bounds are dropped with the rule, and reported for their device", () => {
  const reader = readerOf();
  const points = read(
    reader,
    "m,host=a v=1 946684799",
    "m,host=a v=2 946684800",
    "m,host=a v=3 1769956125",
    "m,host=a v=4 1769956126",
  );
  assertEquals(points, [["m", "a", NOW_MS / 1_000 - 946_684_800, 2], ["m", "a", -300, 3]]);
  const ahead = "the time must be at most 5 minutes ahead of the service's clock";
  assertEquals(reader.problems.first(), [
    { line: 1, reason: "the time must be 2000-01-01T00:00:00Z or later" },
    { line: 4, reason: ahead },
  ]);
  assertEquals(reader.takeDropped(), [{ deviceId: "a", count: 2, reason: ahead }]);
  assertEquals(reader.takeDropped(), []);
});

Deno.test("a line feed behind a backslash in a string is one of the string", () => {
  const reader = readerOf();
  // Nothing follows the string's own line feed yet that could end the line.
  reader.push(encoder.encode('m,host=a s="x\\\ny",v'));
  assertEquals(read(reader, "=1", "bad"), [["m", "a", 0, 1]]);
  assertEquals(reader.problems.first().map(({ line }) => line), [3]);
});

Deno.test("a line with strings only is no point, and not wrong", () => {
  const reader = readerOf();
  assertEquals(read(reader, 'state,entity_id=light state="on"'), []);
  assertEquals([reader.counts(), reader.problems.count()], [{ points: 0, strings: 1 }, 0]);
});

Deno.test("fields that would be the same metric are not mixed up in a line", () => {
  const reader = readerOf();
  assertEquals(read(reader, "m,host=a Power=1,power=2", "m,host=a power=3"), [["m", "a", 0, 3]]);
  assertEquals(reader.problems.first(), [{
    line: 1,
    reason: "unable to parse 'm,host=a Power=1,power=2': the fields Power and power are both the " +
      "metric power",
  }]);
});

Deno.test("fields beyond those of a profile are left out; the others of the line are stored", () => {
  const reader = readerOf();
  const fields = Array.from(
    { length: PROFILE_METRICS_MAX + 1 },
    (_, index) => `f${index}=${index}`,
  );
  const points = read(reader, `m,host=a ${fields.join(",")}`);
  assertEquals(points, [["m", "a", 0, ...Array(PROFILE_METRICS_MAX).keys()]]);
  assertEquals([reader.problems.dropped(), reader.problems.first()], [0, [{
    line: 1,
    reason:
      `field f${PROFILE_METRICS_MAX} is left out: a profile has at most ${PROFILE_METRICS_MAX} metrics`,
  }]]);
});

Deno.test("a line that is too long is dropped and no other, wherever it is cut", () => {
  const long = `m,host=a s="${"x".repeat(LINE_MAX_BYTES)}",v=1`;
  const bytes = encoder.encode(`m,host=a v=2\n${long}\nm,host=b v=3\n`);
  for (const length of [65_536, bytes.length]) {
    const reader = readerOf();
    for (let at = 0; at < bytes.length; at += length) reader.push(bytes.subarray(at, at + length));
    reader.end();
    assertEquals(taken(reader), [["m", "a", 0, 2], ["m", "b", 0, 3]]);
    assertEquals(reader.problems.first(), [
      { line: 2, reason: "a line must have at most 1048576 bytes" },
    ]);
  }
});

Deno.test("many quotes that do not close are read in a time that grows with their number", () => {
  const reader = readerOf();
  const lines = Array.from({ length: 40_000 }, (_, index) => `m,host=a v="${index}`);
  const startedMs = performance.now();
  assertEquals(read(reader, ...lines), []);
  assertEquals(reader.problems.dropped(), 40_000);
  // Read to the end of the text for each, it would be 9 GB.
  assert(performance.now() - startedMs < 5_000);
});

Deno.test("points that were taken are not returned again", () => {
  const reader = readerOf();
  reader.push(encoder.encode("m,host=a v=1 1769955800\n"));
  assertEquals(reader.waiting(), 1);
  assertEquals(taken(reader), [["m", "a", 25, 1]]);
  reader.push(encoder.encode("m,host=a v=2 1769955800\n"));
  assertEquals([reader.waiting(), taken(reader)], [1, [["m", "a", 25, 2]]]);
});

Deno.test("a text in UTF-16 is refused with the name of the encoding", () => {
  const error = assertThrows(() => readerOf().push(Uint8Array.of(0xff, 0xfe, 109, 0, 44, 0)));
  assert(error instanceof Error && error.message.includes("UTF-16LE"));
});

Deno.test("the text of problems names the first 20 by line, and counts the others", () => {
  const reader = readerOf();
  assertEquals(problemsText(reader.problems), null);
  read(reader, "m", "m,host=a v=1", "n v=1,");
  assertEquals(
    problemsText(reader.problems),
    "partial write: line 1: unable to parse 'm': missing fields; " +
      "line 3: unable to parse 'n v=1,': invalid field format; dropped=2",
  );
  const many = readerOf();
  read(many, ...Array.from({ length: 25 }, () => "m"));
  const text = problemsText(many.problems) ?? "";
  assert(text.includes("line 20: "));
  assert(text.endsWith("missing fields; 5 more; dropped=25"));
});
