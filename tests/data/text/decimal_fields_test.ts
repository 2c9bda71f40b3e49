import fc from "fast-check";
import {
  createDecimalScanner,
  parseDecimal,
  parseGroupedDecimal,
} from "../../../data/text/decimal_fields.ts";
import { FLOAT } from "../../../data/readings/decimal.ts";
import { assertEquals } from "../../support/assert.ts";
import { decimalTexts, readDecimal } from "../../support/pages.ts";
import { amount } from "../../support/thorough.ts";

const encoder = new TextEncoder();

/** What a scanner of decimals with a point finds in a field between `xx` and a comma. */
function scanned(text: string): { end: number; value: number; scale: number } {
  const into = { value: NaN, scale: NaN };
  const end = createDecimalScanner(".")(encoder.encode(`xx${text},7`), 2, into);
  return { end: end < 0 ? end : end - 2, ...into };
}

Deno.test("parseDecimal() reads mantissa and scale without trailing zeros", () => {
  const table: [text: string, value: number, scale: number][] = [
    ["0", 0, 0],
    ["-0", 0, 0],
    ["-0.0", 0, 0],
    ["230.1", 2301, 1],
    ["+230.1", 2301, 1],
    ["-12.50", -125, 1],
    ["007", 7, 0],
    ["1.", 1, 0],
    [".5", 5, 1],
    ["-.5", -5, 1],
    [".0", 0, 0],
    ["-.0", 0, 0],
    ["1.000000000000000000", 1, 0],
    ["0000000000000000000012.5", 125, 1],
    ["1.5e-3", 15, 4],
    ["15E-01", 15, 1],
    ["0.15e1", 15, 1],
    ["999999999999999", 999999999999999, 0],
    ["0.999999999999999", 999999999999999, 15],
    ["1e-15", 1, 15],
    ["-1e-15", -1, 15],
  ];
  for (const [text, value, scale] of table) {
    assertEquals(parseDecimal(text), { value, scale }, text);
  }
});

Deno.test("parseDecimal() returns the nearest double if there is no short fixed form", () => {
  const table: [text: string, value: number][] = [
    ["1e3", 1000],
    ["1.5e+2", 150],
    ["1e-16", 1e-16],
    ["1234567890123456", 1234567890123456],
    ["0.1234567890123456", 0.1234567890123456],
    ["1e308", 1e308],
    ["-1e-400", 0],
    ["100000000000000000000", 1e20],
  ];
  for (const [text, value] of table) {
    assertEquals(parseDecimal(text), { value, scale: FLOAT }, text);
  }
});

Deno.test("parseDecimal() refuses text that is not a decimal number with a point", () => {
  const wrong = [
    "",
    " ",
    "+",
    "-",
    ".",
    "-.",
    "e5",
    ".e5",
    "1e",
    "1e+",
    "1e1.5",
    "1,5",
    "1 000",
    " 1",
    "1 ",
    "1_000",
    "0x10",
    "1n",
    "--1",
    "++1",
    "+-1",
    "-+1",
    "1+",
    "1-",
    "1.2.3",
    "NaN",
    "Infinity",
    "-Infinity",
    "null",
    "1e400",
    "1e9999",
    "١٢",
    "１",
    "1\n",
  ];
  assertEquals(wrong.filter((text) => parseDecimal(text) !== null), []);
});

Deno.test("parseDecimal() returns the number that JavaScript reads from the text", () => {
  const exponents = fc.option(fc.integer({ min: -30, max: 30 }), { nil: "" });
  fc.assert(
    fc.property(decimalTexts(), exponents, (digits, exponent) => {
      const text = exponent === "" ? digits : `${digits}e${exponent}`;
      const { value, scale } = parseDecimal(text) ?? { value: NaN, scale: 0 };
      assertEquals(scale === FLOAT ? value : Number(`${value}e-${scale}`), Number(text) + 0);
    }),
    { numRuns: amount({ quick: 125, thorough: 500 }) },
  );
});

Deno.test("a decimal scanner stops after a plain decimal", () => {
  const table: [text: string, end: number, value: number, scale: number][] = [
    ["230.1", 5, 2301, 1],
    ["-12.50", 6, -1250, 2],
    ["+12.50", 6, 1250, 2],
    ["+0", 2, 0, 0],
    ["+123456789012345", 16, 123456789012345, 0],
    ["0", 1, 0, 0],
    ["-0", 2, 0, 0],
    ["7.", 2, 7, 0],
    ["1e5", 1, 1, 0],
    ["1 ", 1, 1, 0],
    ["1.2.3", 3, 12, 1],
    ["123456789012345", 15, 123456789012345, 0],
    ["0.12345678901234", 16, 12345678901234, 14],
  ];
  for (const [text, end, value, scale] of table) {
    assertEquals(scanned(text), { end, value, scale }, text);
  }
});

Deno.test("a decimal scanner leaves everything except plain decimals of 15 digits to parseDecimal()", () => {
  const other = [
    "",
    "+",
    "++1",
    "+-1",
    "-+1",
    "-",
    ".5",
    "-.5",
    " 1",
    '"1"',
    "x",
    "1234567890123456",
    "-1.234567890123456",
  ];
  assertEquals(other.filter((text) => scanned(text).end !== -1), []);
});

Deno.test("a decimal scanner finds the mantissa and scale of any plain decimal", () => {
  fc.assert(fc.property(decimalTexts({ maxScale: 14 }), (text) => {
    const { value, scale } = readDecimal(text);
    const digits = text.replace(/[^0-9]/g, "").length;
    assertEquals(scanned(text), { end: text.length, value: value + 0, scale }, `${digits} digits`);
  }));
});

Deno.test("with a decimal comma, a point is not part of a decimal", () => {
  const scan = createDecimalScanner(",");
  const ends = ["230,1;", "-0,5;", "7;", "1.234,5;", ",5;"].map((text) => {
    const into = { value: NaN, scale: NaN };
    const end = scan(encoder.encode(text), 0, into);
    return end < 0 ? [end] : [end, into.value, into.scale];
  });
  assertEquals(ends, [[5, 2301, 1], [4, -5, 1], [1, 7, 0], [1, 1, 0], [-1]]);
  assertEquals(parseDecimal("230,1", ","), { value: 2301, scale: 1 });
  assertEquals(parseDecimal("-1,5e-3", ","), { value: -15, scale: 4 });
  for (const text of ["1.234,5", "1.5", "1,2,3", "1.234"]) {
    assertEquals(parseDecimal(text, ","), null, text);
  }
});

const SPACES = " \u00a0\u2009\u202f";

Deno.test("parseGroupedDecimal() reads digits in groups", () => {
  const table: [text: string, point: string, thousands: string, value: number, scale: number][] = [
    ["1.234", ",", ".", 1234, 0],
    ["1.234.567,89", ",", ".", 123456789, 2],
    ["-1,234.5", ".", ",", -12345, 1],
    ["+12,34,567.8", ".", ",", 12345678, 1],
    ["1 234,5", ",", SPACES, 12345, 1],
    ["1\u00a0234,5", ",", SPACES, 12345, 1],
    ["1\u202f234\u202f567", ",", SPACES, 1234567, 0],
    ["1'234.5", ".", "'\u2019", 12345, 1],
    ["1\u2019234.5", ".", "'\u2019", 12345, 1],
    ["12345.6", ".", ",", 123456, 1],
    ["0.5", ".", ",", 5, 1],
    ["\u22122.5", ".", "", -25, 1],
  ];
  for (const [text, point, thousands, value, scale] of table) {
    assertEquals(parseGroupedDecimal(text, { point, thousands }), { value, scale }, text);
  }
});

Deno.test("parseGroupedDecimal() refuses groups that are not of a number", () => {
  const wrong = ["1,23", "1,2345", "1234,567", "1,,234", ",123", "1,234,", "1,2,345", "1,234'567"];
  for (const text of wrong) {
    assertEquals(parseGroupedDecimal(text, { point: ".", thousands: ",'" }), null, text);
  }
  // Nothing groups the digits after the point.
  assertEquals(parseGroupedDecimal("0.123,456", { point: ".", thousands: "," }), null);
  assertEquals(parseGroupedDecimal("1 234", { point: ".", thousands: "" }), null);
});
