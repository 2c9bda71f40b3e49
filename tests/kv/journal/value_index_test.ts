import * as fc from "fast-check";
import { createValueIndex, type ValueLocation } from "../../../kv/journal/value_index.ts";
import { assertEquals } from "../../support/assert.ts";

function placeOf(record: number, start: number): ValueLocation {
  const source = { number: record, bytes: new Uint8Array(0), versionstamp: String(record) };
  return { source, start, length: start + 1 };
}

/** Sets in any order of numbers, or takes them away; half of the numbers come again. */
const STEPS = fc.array(
  fc.record({
    isSet: fc.boolean(),
    number: fc.integer({ min: 0, max: 200 }),
    record: fc.integer({ min: 1, max: 9 }),
  }),
  { maxLength: 1_000 },
);

Deno.test("a run of numbers in any order, with gaps, is a map that is listed ascending", () => {
  fc.assert(fc.property(STEPS, (steps) => {
    const run = createValueIndex();
    const model = new Map<number, ValueLocation>();
    for (const [index, { isSet, number, record }] of steps.entries()) {
      if (isSet) {
        run.set(number, placeOf(record, index));
        model.set(number, placeOf(record, index));
      } else {
        run.remove(number);
        model.delete(number);
      }
      assertEquals(run.size(), model.size);
      assertEquals(run.get(number), model.get(number));
    }
    const ascending = [...model].toSorted(([one], [other]) => one - other);
    assertEquals(run.list(Infinity), ascending);
    assertEquals(run.list(4), ascending.filter(([, { source }]) => source.number <= 4));
  }));
});

Deno.test("a run of which all was taken away holds nothing, and takes the same numbers again", () => {
  const run = createValueIndex();
  for (let number = 1; number <= 1_000; number++) run.set(number, placeOf(1, number));
  for (let number = 1; number <= 1_000; number++) run.remove(number);
  assertEquals([run.size(), run.list(Infinity), run.get(500)], [0, [], undefined]);
  run.set(500, placeOf(2, 7));
  run.remove(501);
  assertEquals([run.size(), run.list(Infinity)], [1, [[500, placeOf(2, 7)]]]);
});
