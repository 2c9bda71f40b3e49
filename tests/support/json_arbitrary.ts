/**
 * Generates values that a JSON Schema of the OpenAPI document allows, and values close to those.
 *
 * @module
 */

import fc from "fast-check";
import type { Json } from "./openapi.ts";

/** Values that a schema allows. `follow` resolves references. */
export function validOf(schema: Json, follow: (value: Json) => Json): fc.Arbitrary<unknown> {
  const { const: only, enum: choices, anyOf, type, properties = {}, required = [] } = follow(
    schema,
  );
  if (anyOf !== undefined) return fc.oneof(...anyOf.map((one: Json) => validOf(one, follow)));
  if (Array.isArray(type)) {
    return fc.oneof(...type.map((one) => validOf({ ...follow(schema), type: one }, follow)));
  }
  if (type === "null") return fc.constant(null);
  if (type === "boolean") return fc.boolean();
  if (type === "number") return numberOf(follow(schema));
  if (type === "array") return fc.array(validOf(follow(schema).items, follow), { maxLength: 5 });
  if (only !== undefined) return fc.constant(only);
  if (choices !== undefined) return fc.constantFrom(...choices);
  if (type === "string") return textOf(follow(schema));
  if (type === "integer") {
    const { minimum: min, maximum: max } = follow(schema);
    return fc.integer({ min, max });
  }
  // A schema without a type allows anything.
  if (type === undefined) return fc.jsonValue();
  if (type !== "object") throw new TypeError(`Cannot make a value of the type: ${type}`);
  const parts = Object.entries<Json>(properties).map(([name, one]) => [name, validOf(one, follow)]);
  return fc.record(Object.fromEntries(parts), { requiredKeys: required });
}

/** Objects that mostly break their schema: properties are missing, unknown or of another type. */
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

/** Unusual texts: empty, long, in other scripts, with special characters. */
export function strangeText(): fc.Arbitrary<string> {
  return fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.string({ unit: "grapheme", maxLength: 20 }),
    fc.string({ unit: "binary", maxLength: 10 }),
    fc.constantFrom("", "0", "-1", "null", "__proto__", "%", "%E0%A4%A", "a/b", "a".repeat(300)),
    fc.constantFrom("😀", "é", "\u0000", "\u202e", "1e400", "١٢٣", "' OR 1=1 --", "../../etc"),
  );
}

function numberOf({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }: Json) {
  const min = exclusiveMinimum ?? minimum, max = exclusiveMaximum ?? maximum;
  return fc.double({
    noNaN: true,
    noDefaultInfinity: true,
    ...(min === undefined ? {} : { min, minExcluded: exclusiveMinimum !== undefined }),
    ...(max === undefined ? {} : { max, maxExcluded: exclusiveMaximum !== undefined }),
  });
}

function textOf({ pattern, format, minLength = 0, maxLength = 300 }: Json): fc.Arbitrary<string> {
  if (pattern === undefined && (format === "date-time" || format === "date")) {
    // Years that RFC 3339 can write.
    const times = fc.date({ min: new Date("0001-01-01"), max: new Date("9999-12-31") });
    return times.filter((time) => !isNaN(time.getTime()))
      .map((time) => time.toISOString().slice(0, format === "date" ? 10 : undefined));
  }
  const text = pattern === undefined
    ? fc.string({ minLength, maxLength })
    : fc.stringMatching(new RegExp(pattern));
  return text.filter((one) => one.length >= minLength && one.length <= maxLength);
}
