import fc from "fast-check";
import type { MeterBatch } from "../../../data/imports/meter_rows.ts";
import { packBatches, unpackBatches } from "../../../data/imports/packed_batches.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { anyPage } from "../../support/pages.ts";

/** Batches of any pages, some with parts of readings. */
const anyBatches = fc.array(
  fc.record({
    page: anyPage({ maxCount: 40 }),
    isPart: fc.boolean(),
    profile: fc.constantFrom(PROFILES.meter, PROFILES.site),
    first: fc.nat(1_000),
  }),
  { maxLength: 8 },
).map((parts) =>
  parts.map(({ page, isPart, profile, first }, index): MeterBatch => ({
    meterId: `m${index}`,
    profile,
    batch: {
      page: isPart ? { ...page, isPartial: true } : page,
      places: Float64Array.from(page.timesMs, (_, row) => first + row),
    },
    ...isPart ? { part: index } : {},
  }))
);

Deno.test("batches come out as they went in, also after their memory has moved", () => {
  fc.assert(fc.property(anyBatches, (batches) => {
    const packed = packBatches(batches);
    const moved = structuredClone(packed, { transfer: [packed.memory.buffer] });
    assertEquals(packed.memory.length, 0);
    assertEquals(unpackBatches(moved), batches);
  }));
});

Deno.test("batches of one profile carry it once, so that it stays the same object", () => {
  const page = { timesMs: new Float64Array([1]), columns: [] };
  const batch = { page, places: new Float64Array([2]) };
  const two = ["a", "b"].map((meterId) => ({ meterId, profile: PROFILES.meter, batch }));
  const [one, other] = unpackBatches(structuredClone(packBatches(two)));
  assert(one.profile === other.profile && one.profile !== PROFILES.meter);
});

Deno.test("long batches are freed once all are packed, also if they share memory", () => {
  const timesMs = Float64Array.from({ length: 5_000 }, (_, row) => row);
  const [one, other] = [1, 2].map((value) => ({
    page: { timesMs, columns: [{ scale: 0, values: new Float64Array(5_000).fill(value) }] },
    places: timesMs,
  }));
  const batches = [one, other].map((batch) => ({ meterId: "a", profile: PROFILES.meter, batch }));
  const copy = structuredClone(batches);
  const packed = packBatches(batches);
  assertEquals(unpackBatches(packed), copy);
  assertEquals([timesMs.length, one.page.columns[0].values.length], [0, 0]);
});
