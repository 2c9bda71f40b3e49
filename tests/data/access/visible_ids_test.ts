import fc from "fast-check";
import { matchesPattern } from "../../../data/access/id_pattern.ts";
import { coversPatterns, nextVisiblePlace } from "../../../data/access/visible_ids.ts";
import { assert, assertEquals } from "../../support/assert.ts";

/** Ids and patterns of few characters, so that they often match. */
const id = fc.string({
  unit: fc.constantFrom("a", "b", ".", "-", "z"),
  minLength: 1,
  maxLength: 4,
});
const pattern = fc.string({
  unit: fc.constantFrom("a", "b", ".", "z", "*"),
  minLength: 1,
  maxLength: 4,
});

Deno.test("nextVisiblePlace() jumps to the first place where a pattern can match again", () => {
  // By hand: "a." is after "a" and "a-", before "a.1"; "/" is the character before "0".
  assertEquals(nextVisiblePlace(["*"], ""), "");
  assertEquals(nextVisiblePlace(["*"], "m7"), "m7");
  assertEquals(nextVisiblePlace(["site-b.*"], ""), "site-b-\u{10ffff}");
  assertEquals(nextVisiblePlace(["site-b.*"], "site-b.07"), "site-b.07");
  assertEquals(nextVisiblePlace(["site-b.*", "x0"], "site-c"), "x/\u{10ffff}");
  assertEquals(nextVisiblePlace(["site-b.*", "x0"], "x0"), null);
  assertEquals(nextVisiblePlace([], ""), null);
});

Deno.test("walking from place to place finds exactly the ids that a pattern matches", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(id, { maxLength: 30 }),
      fc.array(pattern, { maxLength: 4 }),
      (ids, patterns) => {
        const sorted = ids.toSorted();
        const found: string[] = [];
        for (let place = nextVisiblePlace(patterns, ""); place !== null;) {
          const after: string = place;
          const next = sorted.find((one) => one > after);
          if (next === undefined) break;
          if (patterns.some((one) => matchesPattern(one, next))) found.push(next);
          place = nextVisiblePlace(patterns, next);
          // Never back, or a list would not end.
          assert(place === null || place >= next);
        }
        assertEquals(
          found,
          sorted.filter((one) => patterns.some((each) => matchesPattern(each, one))),
        );
      },
    ),
  );
});

Deno.test("coversPatterns() says yes only if no id matches the inner pattern alone", () => {
  assert(coversPatterns(null, null));
  assert(coversPatterns(null, ["a*"]));
  assert(!coversPatterns(["a*"], null));
  assert(coversPatterns(["*"], null));
  assert(coversPatterns(["a*"], ["a.b*", "a", "a*c"]));
  assert(!coversPatterns(["a.*"], ["a*"]));
  assert(!coversPatterns(["ab"], ["a*"]));
  fc.assert(
    fc.property(pattern, pattern, id, (outer, inner, one) => {
      if (!coversPatterns([outer], [inner]) || !matchesPattern(inner, one)) return;
      assert(matchesPattern(outer, one), `${outer} ${inner} ${one}`);
    }),
    { numRuns: 500 },
  );
});
