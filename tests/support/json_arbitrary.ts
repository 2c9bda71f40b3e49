/**
 * Values that a JSON Schema of the OpenAPI document allows, and others near them.
 *
 * @module
 */

import fc from "fast-check";
import type { Json } from "./openapi.ts";

/** Values that a schema allows. `follow` gives what a reference names. */
export function validOf(schema: Json, follow: (value: Json) => Json): fc.Arbitrary<unknown> {
  const { const: only, enum: choices, anyOf, type, properties = {}, required = [] } = follow(
    schema,
  );
  if (anyOf !== undefined) return fc.oneof(...anyOf.map((one: Json) => validOf(one, follow)));
  if (Array.isArray(type)) {
    return fc.oneof(...type.map((one) => validOf({ ...follow(schema), type: one }, follow)));
  }
  if (type === "null") return fc.constant(null);
  if (type === "number") return fc.double({ noNaN: true, noDefaultInfinity: true });
  if (type === "array") return fc.array(validOf(follow(schema).items, follow), { maxLength: 5 });
  if (only !== undefined) return fc.constant(only);
  if (choices !== undefined) return fc.constantFrom(...choices);
  if (type === "string") return textOf(follow(schema));
  if (type === "integer") {
    const { minimum: min, maximum: max } = schema;
    return fc.integer({ min, max });
  }
  if (type !== "object") throw new TypeError(`Cannot make a value of the type: ${type}`);
  const parts = Object.entries<Json>(properties).map(([name, one]) => [name, validOf(one, follow)]);
  return fc.record(Object.fromEntries(parts), { requiredKeys: required });
}

/** Values of an object's schema with some members absent, of another type, or not known. */
export function invalidOf(schema: Json, follow: (value: Json) => Json): fc.Arbitrary<unknown> {
  const { properties = {} } = follow(schema);
  const parts = Object.entries<Json>(properties).map(([name, one]) => [
    name,
    fc.oneof(validOf(one, follow), fc.jsonValue(), strangeText()),
  ]);
  const mixed = fc.record(Object.fromEntries(parts), { requiredKeys: [] });
  const more = fc.dictionary(strangeText(), fc.jsonValue(), { maxKeys: 3 });
  return fc.oneof(
    mixed,
    fc.tuple(mixed, more).map(([one, two]) => ({ ...two, ...one })),
    fc.jsonValue(),
  );
}

/** Texts that nobody expects: empty, long, of other scripts, with marks that mean something. */
export function strangeText(): fc.Arbitrary<string> {
  return fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.string({ unit: "grapheme", maxLength: 20 }),
    fc.string({ unit: "binary", maxLength: 10 }),
    fc.constantFrom("", "0", "-1", "null", "__proto__", "%", "%E0%A4%A", "a/b", "a".repeat(300)),
    fc.constantFrom("😀", "é", "\u0000", "\u202e", "1e400", "١٢٣", "' OR 1=1 --", "../../etc"),
  );
}

function textOf({ pattern, minLength = 0, maxLength = 300 }: Json): fc.Arbitrary<string> {
  const text = pattern === undefined
    ? fc.string({ minLength, maxLength })
    : fc.stringMatching(new RegExp(pattern));
  return text.filter((one) => one.length >= minLength && one.length <= maxLength);
}
