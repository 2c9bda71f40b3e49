import fc from "fast-check";
import { AppError } from "../../../data/app_error.ts";
import { createElementSplitter } from "../../../data/text/json_elements.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { chunksOf } from "../imports/upload.ts";
import { amount } from "../../support/thorough.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const CUTS = [[1], [2], [3], [7], [1_000_000]];

/** Elements as `index: text`, too long ones as `index! ` and their beginning. */
function elementsOf(
  text: string,
  { maxBytes = 1_000, sizes = [1_000_000], mayBeEnveloped = false } = {},
): string[] {
  const found: string[] = [];
  const splitter = createElementSplitter({
    maxBytes,
    mayBeEnveloped,
    onElement: (bytes, { start, end }, index) =>
      found.push(`${index}: ${decoder.decode(bytes.subarray(start, end))}`),
    onTooLong: (beginning, index) => found.push(`${index}! ${beginning}`),
  });
  for (const chunk of chunksOf(encoder.encode(text), sizes)) splitter.push(chunk);
  splitter.end();
  return found;
}

/** Checks the elements of a body in chunks of several sizes. */
function assertElements(text: string, expected: readonly string[], maxBytes?: number): void {
  for (const sizes of CUTS) {
    assertEquals(elementsOf(text, { sizes, maxBytes }), [...expected], `${text} by ${sizes}`);
  }
}

/** Checks the error about a body in chunks of several sizes. */
function assertMalformed(
  text: string,
  expected: { at: string; says: string; value?: string },
): void {
  for (const sizes of CUTS) {
    const error = assertThrows(() => elementsOf(text, { sizes }), AppError, "", text);
    assertEquals([error.code, error.message], ["MALFORMED_BODY", expected.says], text);
    const value = expected.value === undefined ? {} : { value: expected.value };
    assertEquals(error.errors, [{ pointer: expected.at, detail: expected.says, ...value }], text);
  }
}

Deno.test("an array is cut into its elements, of any kind", () => {
  assertElements('[{"a":1},[2,[3]],"four",5,-6.5e-7,true,false,null]', [
    '0: {"a":1}',
    "1: [2,[3]]",
    '2: "four"',
    "3: 5",
    "4: -6.5e-7",
    "5: true",
    "6: false",
    "7: null",
  ]);
  assertElements("[]", []);
  assertElements("[[]]", ["0: []"]);
  assertElements('[""]', ['0: ""']);
});

Deno.test("white space around elements is skipped, inside them it is kept", () => {
  assertElements(' \t\r\n[ 1 ,\n{ "a" :\t2 }\r, "b c" ] \n', [
    "0: 1",
    '1: { "a" :\t2 }',
    '2: "b c"',
  ]);
  assertElements(" [ \n ] ", []);
});

Deno.test("brackets, commas, quotes and backslashes inside strings are text", () => {
  const texts = [
    '"]"',
    '"[{"',
    '","',
    '"\\""',
    '"\\\\"',
    '"\\\\\\"]"',
    '{"}":"{"}',
    '["\\"]"]',
    '"é😀"',
  ];
  assertElements(`[${texts.join(",")}]`, texts.map((text, index) => `${index}: ${text}`));
});

Deno.test("a byte order mark is skipped only at the beginning", () => {
  assertElements("\ufeff[1]", ["0: 1"]);
  assertElements("\ufeff [1]", ["0: 1"]);
  const says = "The body must be an array that begins with [";
  assertMalformed("\ufeff\ufeff[1]", { at: "/0", says });
  assertMalformed(" \ufeff[1]", { at: "/0", says });
  // U+FEC0 begins with two bytes of the mark, U+F000 with one.
  assertMalformed("\ufec0[1]", { at: "/0", says });
  assertMalformed("\uf000[1]", { at: "/0", says });
});

Deno.test("a cut-off byte order mark is not white space", () => {
  const body = Uint8Array.of(0xef, 0xbb, 0x20, 0x5b, 0x5d);
  for (const sizes of CUTS) {
    const splitter = createElementSplitter({
      maxBytes: 9,
      onElement: () => {},
      onTooLong: () => {},
    });
    assertThrows(
      () => {
        for (const chunk of chunksOf(body, sizes)) splitter.push(chunk);
      },
      AppError,
      "The body must be an array that begins with [",
    );
  }
});

Deno.test("a body that is not an array is refused", () => {
  const says = "The body must be an array that begins with [";
  assertMalformed('{"a":[1]}', { at: "/0", says, value: "{" });
  assertMalformed("1", { at: "/0", says, value: "1" });
  assertMalformed("]", { at: "/0", says, value: "]" });
  assertMalformed("é", { at: "/0", says });
});

Deno.test("a list of objects inside an object is read if that is wanted, its other members are not", () => {
  const around = [
    '{"results":[{"a":1}, {"b":[{}]}]}',
    '{"count":2,"next":null,"tags":["{",1],"head":{"columns":[{"c":0}]},"rows": [\n{"a":1}, {"b":[{}]}],"z":[{}]}\n',
    '\ufeff {"a[{":"\\"[{","none":[],"rows":[{"a":1}, {"b":[{}]}]',
  ];
  for (const sizes of CUTS) {
    const read = (text: string) => elementsOf(text, { sizes, mayBeEnveloped: true });
    for (const body of around) assertEquals(read(body), ['0: {"a":1}', '1: {"b":[{}]}'], body);
    assertEquals(read('{"rows":[ ],"count":0}'), []);
    assertEquals(read('[{"a":1}]'), ['0: {"a":1}']);
    const says = "The object must have a list of readings: an array of objects";
    for (const body of ['{"a":[1]}', "{}", '{"a":{"b":[{}]}}', '{"a":"[{}]"', "{"]) {
      assertThrows(() => read(body), AppError, says, body);
    }
    const comma = "There must be no comma before the ]";
    assertThrows(() => read('{"rows":[{"a":1},]}'), AppError, comma);
  }
});

Deno.test("elements without a comma between them are refused at the second one", () => {
  const says = "A comma or ] must follow the element at index 1";
  const seconds = ["2", '"2"', "{}", "[]", "true"];
  for (const second of seconds) {
    const value = second[0];
    assertMalformed(`[0,{"a":1} ${second}]`, { at: "/2", says, value });
    assertMalformed(`[0,"a"${second}]`, { at: "/2", says, value });
    assertMalformed(`[0,1\n${second}]`, { at: "/2", says, value });
  }
  assertMalformed("[0,1{}]", { at: "/2", says, value: "{" });
  assertMalformed('[0,1"a"]', { at: "/2", says, value: '"' });
  assertMalformed("[0,{}}]", { at: "/2", says, value: "}" });
});

Deno.test("commas without an element are refused", () => {
  const before = "There must be an element before each comma";
  assertMalformed("[,1]", { at: "/0", says: before, value: "," });
  assertMalformed("[1,,2]", { at: "/1", says: before, value: "," });
  assertMalformed("[1,2, ]", { at: "/2", says: "There must be no comma before the ]", value: "]" });
});

Deno.test("text after the array is refused, white space is not", () => {
  const says = "Nothing may follow the ] that closes the array";
  for (const value of ["]", ",", "[", "x"]) {
    assertMalformed(`[1] ${value}`, { at: "/1", says, value });
  }
  assertMalformed("[][]", { at: "/0", says, value: "[" });
});

Deno.test("an array that is not closed is refused, wherever it ends", () => {
  const says = "The array must be closed by ], and the body ends before that";
  assertMalformed("[", { at: "/0", says });
  assertMalformed("[1", { at: "/0", says });
  assertMalformed("[1 ", { at: "/1", says });
  assertMalformed("[1,", { at: "/1", says });
  assertMalformed('[1,"a]', { at: "/1", says });
  assertMalformed('[1,"a\\"]', { at: "/1", says });
  assertMalformed('[1,{"a":[]', { at: "/1", says });
  const none = "The array must begin with [ and end with ], and the body ends before that";
  for (const text of ["", " \n", "\ufeff"]) assertMalformed(text, { at: "/0", says: none });
  const splitter = createElementSplitter({ maxBytes: 9, onElement: () => {}, onTooLong: () => {} });
  splitter.push(Uint8Array.of(0xef, 0xbb));
  assertThrows(() => splitter.end(), AppError, none);
});

Deno.test("an element that is not JSON is handed on, and the ones after it are found", () => {
  assertElements("[nul, 1e, }, :, \u0001, {a], [1}, 7]", [
    "0: nul",
    "1: 1e",
    "2: }",
    "3: :",
    "4: \u0001",
    "5: {a]",
    "6: [1}",
    "7: 7",
  ]);
  assertElements('["a\nb", "\\x", {"a" 1}, 7]', ['0: "a\nb"', '1: "\\x"', '2: {"a" 1}', "3: 7"]);
});

Deno.test("brackets that do not match end somewhere and are reported there", () => {
  const says = "A comma or ] must follow the element at index 0";
  assertMalformed("[{]}]", { at: "/1", says, value: "}" });
});

Deno.test("an element of exactly the longest length is accepted, one byte more is too long", () => {
  const ten = '"12345678"';
  const rest = ["1: 7", "2: 8"];
  assertElements(`[${ten},7,8]`, [`0: ${ten}`, ...rest], 10);
  assertElements('["123456789",7,8]', ['0! "123456789', ...rest], 10);
  assertElements("[1234567890,7,8]", ["0: 1234567890", ...rest], 10);
  assertElements("[12345678901,7,8]", ["0! 1234567890", ...rest], 10);
  assertElements('[{"a":[1,2,"]"]},7,8]', ['0! {"a":[1,2,', ...rest], 10);
  assertElements(`[7,8,"${"x".repeat(5_000)}"]`, ["0: 7", "1: 8", '2! "xxxxxxxxx'], 10);
});

Deno.test("an element that is too long is quoted with its first 100 bytes of whole characters", () => {
  const text = `["${"é".repeat(300)}"]`;
  // A quote and 49 letters of 2 bytes are 99 bytes; half a letter is left out.
  assertElements(text, [`0! "${"é".repeat(49)}`], 500);
});

Deno.test("never more than the longest length is kept of an element", () => {
  const texts = [
    '"a"',
    "7",
    `"${"b".repeat(98)}"`,
    `"${"c".repeat(5_000)}"`,
    `{"d":[${"1,".repeat(30)}1]}`,
  ];
  const lengths: number[] = [];
  const splitter = createElementSplitter({
    maxBytes: 100,
    onElement: (bytes) => lengths.push(bytes.byteLength, bytes.buffer.byteLength),
    onTooLong: () => {},
  });
  const body = `[${Array.from({ length: 20 }, () => texts.join()).join()}]`;
  for (const chunk of chunksOf(encoder.encode(body), [1])) splitter.push(chunk);
  splitter.end();
  assertEquals(lengths.length, 20 * 4 * 2);
  assert(Math.max(...lengths) <= 100);
});

Deno.test("the memory of a chunk may be reused after push()", () => {
  const found: string[] = [];
  const splitter = createElementSplitter({
    maxBytes: 100,
    onElement: (bytes, { start, end }) => found.push(decoder.decode(bytes.subarray(start, end))),
    onTooLong: () => {},
  });
  const chunk = new Uint8Array(4);
  for (const text of ["[12,", '"abc', 'de",', "3456", "78 ]"]) {
    encoder.encodeInto(text, chunk);
    splitter.push(chunk);
  }
  splitter.end();
  assertEquals(found, ["12", '"abcde"', "345678"]);
});

Deno.test("the elements of any array with any white space are those of JSON.parse(), in any chunks", () => {
  const values = fc.array(fc.jsonValue(), { maxLength: 8 });
  const gaps = fc.array(fc.constantFrom("", " ", "\n", "\t", "\r\n", "  "), { minLength: 1 });
  const lengths = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(values, gaps, lengths, (list, between, sizes) => {
      let count = 0;
      // Outside strings, each of these may have white space on either side.
      const body = JSON.stringify(list).replace(
        /"(?:[^"\\]|\\.)*"|[\[\]{},:]/g,
        (token) => between[count++ % between.length] + token + between[count++ % between.length],
      );
      const found = elementsOf(body, { maxBytes: 1_000_000, sizes })
        .map((text) => text.slice(text.indexOf(" ") + 1));
      assertEquals(found.map((text) => text.trim()), found);
      assertEquals(found.map((text): unknown => JSON.parse(text)), JSON.parse(body));
    }),
    { numRuns: amount({ quick: 250, thorough: 1_000 }) },
  );
});

Deno.test("an element that is too long is quoted the same in any chunks", () => {
  const text = "[\\true\ufeff\ufeff]";
  const whole = elementsOf(text, { maxBytes: 8 });
  assertEquals(whole, ["0! \\true\ufeff"]);
  assertEquals(elementsOf(text, { maxBytes: 8, sizes: [2, 4, 4] }), whole);
});

Deno.test("any text is cut or refused the same in any chunks", () => {
  const part = fc.constantFrom("[", "]", "{", "}", ",", '"', "\\", " ", "1", "é", "\ufeff", "true");
  const texts = fc.array(part, { maxLength: 25 }).map((parts) => `[${parts.join("")}`);
  const lengths = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 6 });
  const outcome = (text: string, sizes?: number[]) => {
    try {
      return elementsOf(text, { maxBytes: 8, sizes });
    } catch (error) {
      assert(error instanceof AppError);
      return [error.message, ...error.errors.map(({ pointer }) => pointer)];
    }
  };
  fc.assert(
    fc.property(texts, lengths, (text, sizes) => {
      const found = outcome(text, sizes);
      assertEquals(found, outcome(text));
      if (isArray(text)) assertEquals(found.length, JSON.parse(text).length);
    }),
    { numRuns: amount({ quick: 750, thorough: 3_000 }) },
  );
});

function isArray(text: string): boolean {
  try {
    return Array.isArray(JSON.parse(text));
  } catch {
    return false;
  }
}
