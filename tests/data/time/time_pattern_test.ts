import { compileTimeFormat } from "../../../data/time/time_format.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";

const FIELDS = "yyyy yy MMM MM M dd d HH H hh h a nn n mm m ss s " +
  "S SS SSS SSSS SSSSS SSSSSS SSSSSSS SSSSSSSS SSSSSSSSS X XX XXX";

/** The error about a pattern, without its fixed words and the pattern itself. */
function refusal(pattern: string): string {
  const { message } = assertThrows(() => compileTimeFormat(pattern), SyntaxError, "", pattern);
  const [before, after] = ["Cannot use as a time format as ", `: ${pattern.slice(0, 100)}`];
  assert(message.startsWith(before) && message.endsWith(after), message);
  return message.slice(before.length, -after.length);
}

Deno.test("a pattern must have a year, a month and a day", () => {
  assertEquals(refusal("dd/MM HH:mm"), "it must have a year (yyyy or yy)");
  assertEquals(refusal("dd/yyyy"), "it must have a month (MM, M or MMM)");
  assertEquals(refusal("MM/yy"), "it must have a day (dd or d)");
});

Deno.test("a pattern must have each field once, in any form", () => {
  assertEquals(refusal("yyyy-MM-dd yy"), "y must occur once");
  assertEquals(refusal("yyyy-MM-dd MMM"), "M must occur once");
  assertEquals(refusal("yyyy-MM-dd d"), "d must occur once");
  assertEquals(refusal("yyyy-MM-dd HH h a"), "H or h must occur once");
  assertEquals(refusal("yyyy-MM-dd HH:mm:ss:s"), "s must occur once");
  assertEquals(refusal("yyyy-MM-dd HH:mm X XXX"), "X must occur once");
});

Deno.test("a pattern must have the fields that its other fields need", () => {
  assertEquals(refusal("yyyy-MM-dd hh:mm"), "h needs a");
  assertEquals(refusal("yyyy-MM-dd HH:mm a"), "a needs h");
  assertEquals(refusal("yyyy-MM-dd mm"), "m needs H or h");
  assertEquals(refusal("yyyy-MM-dd HH.SSS"), "S needs s");
  const rule = "n, the number of an interval, must not be with a clock";
  assertEquals(refusal("yyyy-MM-dd n HH"), rule);
  assertEquals(refusal("yyyy-MM-dd nnXXX"), rule);
});

Deno.test("a pattern must not let two numbers touch if they can be separated in two ways", () => {
  const rule = "a number of 1 or 2 digits must not touch the next number";
  assertEquals(refusal("yyyyMd"), rule);
  assertEquals(refusal("yyyy-MM-dd Hmm"), rule);
  // A letter or a fixed number of digits separates them.
  for (const pattern of ["yyyyMMdd", "dMMMyyyy", "yyyyMM d", "yyyy-MM-dd ha"]) {
    compileTimeFormat(pattern);
  }
});

Deno.test("a pattern must have known fields, other letters in quotes, quotes closed", () => {
  assertEquals(refusal("yyyy-MM-dd'T"), "each quote must be closed");
  assertEquals(refusal("yyyy-MM-dd'T'HH 'o''clock"), "each quote must be closed");
  const rule = `T must be among ${FIELDS} or be in quotes`;
  assertEquals(refusal("yyyy-MM-ddTHH"), rule);
  assertEquals(refusal("yyyy-MM-dd HH:mm:ss.SSSSSSSSSS").slice(0, 24), "SSSSSSSSSS must be among");
});

Deno.test("every fault of a pattern is listed at once", () => {
  assertEquals(
    refusal("YYYY-mm-DD"),
    "it must have a year (yyyy or yy), it must have a month (MM, M or MMM), " +
      "it must have a day (dd or d), m needs H or h, " +
      `YYYY and DD must be among ${FIELDS} or be in quotes`,
  );
  assertEquals(refusal("").split(", ").length, 4);
});

Deno.test("a pattern has at most 100 characters, and no more are quoted", () => {
  const rest = "yyyy-MM-dd";
  const text = `${rest}${".".repeat(90)}`;
  compileTimeFormat(text);
  const { message } = assertThrows(() => compileTimeFormat(`${text}.`), SyntaxError);
  assertEquals(
    message,
    `Cannot use as a time format as it must have at most 100 characters: ${text}`,
  );
});

Deno.test("named forms are accepted only exactly", () => {
  for (const name of ["iso", "unix", "unix_ms"]) compileTimeFormat(name);
  for (const name of ["ISO", "unix_s", "unix ", "__proto__", "constructor"]) refusal(name);
});
