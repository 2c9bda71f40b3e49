import * as fc from "fast-check";
import { createValueIndex, type ValueLocation } from "../../../kv/journal/value_index.ts";
import { assertEquals } from "../../support/assert.ts";

function locationOf(record: number, start: number): ValueLocation {
  const source = { number: record, bytes: new Uint8Array(0), versionstamp: String(record) };
  return { source, start, length: start + 1 };
}

/** Sets or removes numbers in any order. Many numbers occur more than once. */
const STEPS = fc.array(
  fc.record({
    isSet: fc.boolean(),
    number: fc.integer({ min: 0, max: 200 }),
    record: fc.integer({ min: 1, max: 9 }),
  }),
  { maxLength: 1_000 },
);

Deno.test("a value index behaves like a map that is listed in ascending order", () => {
  fc.assert(fc.property(STEPS, (steps) => {
    const index = createValueIndex();
    const model = new Map<number, ValueLocation>();
    for (const [step, { isSet, number, record }] of steps.entries()) {
      if (isSet) {
        index.set(number, locationOf(record, step));
        model.set(number, locationOf(record, step));
      } else {
        index.remove(number);
        model.delete(number);
      }
      assertEquals(index.size(), model.size);
      assertEquals(index.get(number), model.get(number));
    }
    const ascending = [...model].toSorted(([one], [other]) => one - other);
    assertEquals(index.list(), ascending);
    assertEquals(
      index.list({ from: 50, to: 120 }),
      ascending.filter(([number]) => number >= 50 && number <= 120),
    );
    assertEquals(
      index.list({ upToRecord: 4 }),
      ascending.filter(([, { source }]) => source.number <= 4),
    );
  }));
});

Deno.test("a value index is empty after every number was removed, and accepts the same numbers again", () => {
  const index = createValueIndex();
  for (let number = 1; number <= 1_000; number++) index.set(number, locationOf(1, number));
  for (let number = 1; number <= 1_000; number++) index.remove(number);
  assertEquals([index.size(), index.list(), index.get(500)], [0, [], undefined]);
  index.set(500, locationOf(2, 7));
  index.remove(501);
  assertEquals([index.size(), index.list()], [1, [[500, locationOf(2, 7)]]]);
});
