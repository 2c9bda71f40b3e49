import fc from "fast-check";
import { createRecordSplitter } from "../../../data/text/records.ts";
import { assertEquals } from "../../support/assert.ts";
import { chunksOf } from "../imports/upload.ts";
import { amount } from "../../support/thorough.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Records as `line: text`, too long ones as `line! ` and the first 5 characters. */
function recordsOf(csv: string, { maxBytes = 100, sizes = [1_000_000] } = {}): string[] {
  const found: string[] = [];
  const splitter = createRecordSplitter({
    maxBytes,
    delimiter: ",",
    onRecord: (bytes, { start, end }, line) =>
      found.push(`${line}: ${decoder.decode(bytes.subarray(start, end))}`),
    onTooLong: (beginning, line) => found.push(`${line}! ${beginning.slice(0, 5)}`),
  });
  for (const chunk of chunksOf(new TextEncoder().encode(csv), sizes)) splitter.push(chunk);
  splitter.end();
  return found;
}

Deno.test("a record ends at a line feed and keeps its CR", () => {
  assertEquals(recordsOf("a,b\nc\r\nd\n"), ["1: a,b", "2: c\r", "3: d"]);
});

Deno.test("the last record may lack its line feed, and a final line feed adds no record", () => {
  assertEquals(recordsOf("a\nb"), ["1: a", "2: b"]);
  assertEquals(recordsOf("a\nb\n"), ["1: a", "2: b"]);
  assertEquals(recordsOf(""), []);
  assertEquals(recordsOf("a\n"), ["1: a"], "shorter than a byte order mark");
});

Deno.test("a blank line is an empty record with its own number", () => {
  assertEquals(recordsOf("a\n\n\nb"), ["1: a", "2: ", "3: ", "4: b"]);
});

Deno.test("a byte order mark is skipped only at the beginning", () => {
  const expected = ["1: \ufeffa", "2: \ufeffb"];
  for (const sizes of [[1], [2], [3], [4], [100]]) {
    const found = recordsOf("\ufeff\ufeffa\n\ufeffb", { sizes });
    assertEquals(found, expected, `chunks of ${sizes}`);
  }
  assertEquals(recordsOf("\ufeff"), []);
});

Deno.test("the memory of a chunk may be reused after push()", () => {
  const found: string[] = [];
  const splitter = createRecordSplitter({
    maxBytes: 100,
    delimiter: ",",
    onRecord: (bytes, { start, end }) => found.push(decoder.decode(bytes.subarray(start, end))),
    onTooLong: () => {},
  });
  const chunk = new Uint8Array(4);
  for (const text of ["ab\nc", "def\n", "ghij"]) {
    new TextEncoder().encodeInto(text, chunk);
    splitter.push(chunk);
  }
  splitter.end();
  assertEquals(found, ["ab", "cdef", "ghij"]);
});

Deno.test("a line end inside quotes belongs to the field, as in RFC 4180, 2.6 and 2.7", () => {
  assertEquals(recordsOf('"aaa","b CRLF\r\nbb","ccc"\r\nzzz,yyy,xxx\r\n'), [
    '1: "aaa","b CRLF\r\nbb","ccc"\r',
    "3: zzz,yyy,xxx\r",
  ]);
  assertEquals(recordsOf('"aaa","b""b\nb","ccc"\nz'), ['1: "aaa","b""b\nb","ccc"', "3: z"]);
});

Deno.test("a quote that never closes spoils only its own line", () => {
  assertEquals(recordsOf('a\n"b\nc\nd'), ["1: a", '2: "b', "3: c", "4: d"]);
  const many = "x\n".repeat(60);
  const expected = ['1: "b', ...Array.from({ length: 60 }, (_, index) => `${index + 2}: x`)];
  assertEquals(recordsOf(`"b\n${many}`), expected);
  assertEquals(recordsOf(`"b\n${many}`, { sizes: [3] }), expected);
});

Deno.test("a quote that closes beyond the longest record spoils only its own line", () => {
  const csv = `"b\n${"x\n".repeat(60)}c"\n`;
  const expected = [
    '1: "b',
    ...Array.from({ length: 60 }, (_, index) => `${index + 2}: x`),
    '62: c"',
  ];
  assertEquals(recordsOf(csv, { sizes: [3] }), expected);
  assertEquals(recordsOf(csv), expected);
});

Deno.test("a line of exactly the longest length is a record, one byte more is too long", () => {
  const csv = `a\n${"x".repeat(10)}\n${"y".repeat(11)}\nb\n${"z".repeat(11)}`;
  const expected = ["1: a", "2: xxxxxxxxxx", "3! yyyyy", "4: b", "5! zzzzz"];
  for (const sizes of [[1], [5], [11], [1_000]]) {
    assertEquals(recordsOf(csv, { maxBytes: 10, sizes }), expected, `chunks of ${sizes}`);
  }
});

Deno.test("a line that is too long is quoted with its first 100 bytes", () => {
  const told: string[] = [];
  const splitter = createRecordSplitter({
    maxBytes: 500,
    delimiter: ",",
    onRecord: () => {},
    onTooLong: (beginning) => told.push(beginning),
  });
  splitter.push(new TextEncoder().encode("x".repeat(900)));
  assertEquals(told, ["x".repeat(100)]);
});

Deno.test("the records of any text are the same in any chunks", () => {
  const part = fc.constantFrom("a", ",", '"', '""', "\n", "\r\n", '"x\ny"', "é", "xxxxxxxxxxxx\n");
  const texts = fc.array(part, { maxLength: 40 }).map((parts) => parts.join(""));
  const lengths = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(texts, lengths, (text, sizes) => {
      const whole = recordsOf(text, { maxBytes: 12 });
      assertEquals(recordsOf(text, { maxBytes: 12, sizes }), whole);
    }),
    { numRuns: amount({ quick: 250, thorough: 1_000 }) },
  );
});

Deno.test("the records of any text without quotes are its lines", () => {
  const part = fc.constantFrom("a", "b,c", "é", "\n", "\r\n");
  const parts = fc.array(part, { maxLength: 30 }).map((list) => ["abc", ...list]);
  const lengths = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 });
  fc.assert(fc.property(parts, lengths, (list, sizes) => {
    const lines = list.join("").split("\n");
    if (lines.at(-1) === "") lines.pop();
    const expected = lines.map((text, index) => `${index + 1}: ${text}`);
    assertEquals(recordsOf(list.join(""), { sizes }), expected);
  }));
});

Deno.test("a million quotes that never close each spoil only their line, without a search for each", () => {
  // With a search from each line this would take minutes.
  const lines = 1_000_000;
  let records = 0, spanning = 0;
  const splitter = createRecordSplitter({
    maxBytes: 65_536,
    delimiter: ",",
    onRecord: (_bytes, { start, end }) => {
      records++;
      if (end - start > 4) spanning++;
    },
    onTooLong: () => {},
  });
  splitter.push(new TextEncoder().encode('a","\n'.repeat(lines)));
  splitter.end();
  assertEquals([records, spanning], [lines, 0]);
});
