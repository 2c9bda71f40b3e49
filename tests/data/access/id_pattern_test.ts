import fc from "fast-check";
import { isPattern, matchesEverything, matchesPattern } from "../../../data/access/id_pattern.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { amount } from "../../support/thorough.ts";

Deno.test("* stands for any run of characters, all others for themselves", () => {
  const table: [pattern: string, yes: string[], no: string[]][] = [
    ["site-a.*", ["site-a.", "site-a.roof", "site-a.roof.1"], ["site-ax", "site-a", "xsite-a.1"]],
    ["*", ["", "a", "a.b:c"], []],
    ["roof-1", ["roof-1"], ["roof-12", "Roof-1", "roof-"]],
    ["*-meter", ["a-meter", "-meter", "a-meter-meter"], ["a-meters", "meter"]],
    ["a*b*c", ["abc", "a1b2c", "abcbc"], ["acb", "ab", "abcd"]],
    ["a.c", ["a.c"], ["abc"]],
    ["a**", ["a", "ab"], ["b"]],
  ];
  for (const [pattern, yes, no] of table) {
    for (const id of yes) assert(matchesPattern(pattern, id), `${pattern} ${id}`);
    for (const id of no) assert(!matchesPattern(pattern, id), `${pattern} ${id}`);
  }
});

Deno.test("matchesPattern() agrees with a regular expression", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", ".", "*"), maxLength: 8 });
  const id = fc.string({ unit: fc.constantFrom("a", "b", "."), maxLength: 12 });
  const property = fc.property(text, id, (pattern, one) => {
    const source = pattern.replaceAll(".", "\\.").replaceAll(/\*+/g, ".*");
    assertEquals(matchesPattern(pattern, one), new RegExp(`^${source}$`).test(one));
  });
  fc.assert(property, { numRuns: amount({ quick: 1_000, thorough: 50_000 }) });
});

Deno.test("a pattern that a regular expression would try in vain for years is decided at once", () => {
  assertEquals(matchesPattern("*a".repeat(32), "a".repeat(63) + "b"), false);
});

Deno.test("patterns have 1 to 64 characters of ids and *", () => {
  for (const text of ["*", "A-z_0.:*", "a".repeat(64)]) assert(isPattern(text), text);
  for (const text of ["", "a".repeat(65), "a?", "[a]", "a b", "é"]) assert(!isPattern(text), text);
  assertEquals([["*"], ["a", "**"], ["a*"], []].map(matchesEverything), [true, true, false, false]);
});
