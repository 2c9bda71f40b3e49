import fc from "fast-check";
import { pointerPart, quoted } from "../../data/quoted.ts";
import { assert, assertEquals } from "../support/assert.ts";

Deno.test("quoted() leaves short values as they are", () => {
  const values = ["", "a".repeat(100), 5, -0.5, true, null, undefined, { a: [1] }, []];
  assertEquals(values.map(quoted), values);
});

Deno.test("quoted() cuts texts off after 100 characters, and objects as JSON", () => {
  assertEquals(quoted("a".repeat(101)), "a".repeat(100));
  assertEquals(quoted({ a: "b".repeat(200) }), `{"a":"${"b".repeat(94)}`);
});

Deno.test("quoted() names the numbers that JSON has no word for", () => {
  // JSON allows numbers of any size; no double is as large.
  assertEquals([JSON.parse("1e999"), JSON.parse("-1e999")].map(quoted), ["Infinity", "-Infinity"]);
});

Deno.test("quoted() of any JSON value is one of at most some 100 characters", () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
    const text = quoted(value);
    assert(typeof text === "string" ? text.length <= 100 : JSON.stringify(text).length <= 100);
  }));
});

Deno.test("pointerPart() escapes as RFC 6901 does, and shortens before, so no escape is cut", () => {
  assertEquals(["a/b", "m~n", "~1", ""].map(pointerPart), ["a~1b", "m~0n", "~01", ""]);
  assertEquals(pointerPart(`${"a".repeat(99)}/b`), `${"a".repeat(99)}~1`);
});
