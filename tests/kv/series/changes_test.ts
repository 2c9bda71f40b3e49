import type { Staging } from "../../../kv/budget.ts";
import { listChanges, stageChanged } from "../../../kv/series/changes.ts";
import { getRevision, stageRevision } from "../../../kv/series/revisions.ts";
import {
  clearSegmentCount,
  getSegmentCount,
  listSegmentCounts,
  migrateSegmentCounts,
  stageSegmentAdded,
} from "../../../kv/series/segment_counts.ts";
import { assert, assertEquals, assertGreater } from "../../support/assert.ts";
import { DAY, DAY_MS, METER, SITE } from "../../support/series.ts";
import { strictKv } from "../../support/strict_kv.ts";

async function commit(kv: Deno.Kv, stage: (op: Staging) => void): Promise<string> {
  const op = kv.atomic();
  stage(op);
  const result = await op.commit();
  assert(result.ok);
  return result.versionstamp;
}

Deno.test("the change feed has each changed day once, with the version of its last change", async () => {
  using kv = await Deno.openKv(":memory:");
  const first = await commit(kv, (op) => {
    stageChanged(op, METER, DAY);
    stageChanged(op, METER, DAY + DAY_MS);
  });
  const second = await commit(kv, (op) => stageChanged(op, METER, DAY));
  assertGreater(second, first);
  assertEquals(await Array.fromAsync(listChanges(kv, "meter")), [
    { ref: METER, dayMs: DAY, versionstamp: second },
    { ref: METER, dayMs: DAY + DAY_MS, versionstamp: first },
  ]);
});

Deno.test("listChanges() returns the changes after a version, of a profile or of one series", async () => {
  using kv = await Deno.openKv(":memory:");
  const other = { ...METER, id: "m10" };
  const first = await commit(kv, (op) => stageChanged(op, METER, DAY));
  const second = await commit(kv, (op) => stageChanged(op, other, DAY));
  await commit(kv, (op) => stageChanged(op, SITE, DAY));
  const ids = async (options?: { id?: string; after?: string }) =>
    (await Array.fromAsync(listChanges(kv, "meter", options))).map(({ ref }) => ref.id);
  assertEquals(await ids(), ["m1", "m10"]);
  assertEquals(await ids({ after: first }), ["m10"]);
  assertEquals(await ids({ id: "m1" }), ["m1"]);
  assertEquals(await ids({ id: "m1", after: first }), []);
  assertEquals(await ids({ after: second }), []);
});

Deno.test("a revision is 0 at first and grows with each commit that raises it", async () => {
  using kv = await Deno.openKv(":memory:");
  assertEquals(await getRevision(kv, METER), 0);
  await commit(kv, (op) => stageRevision(op, METER));
  await commit(kv, (op) => stageRevision(op, SITE));
  await commit(kv, (op) => stageRevision(op, METER));
  assertEquals([await getRevision(kv, METER), await getRevision(kv, SITE)], [2, 1]);
});

Deno.test("listSegmentCounts() returns the series with segments of every profile", async () => {
  using kv = await Deno.openKv(":memory:");
  await commit(kv, (op) => [SITE, METER, METER].forEach((ref) => stageSegmentAdded(op, ref)));
  await commit(kv, (op) => stageSegmentAdded(op, { profile: "inverter", id: "a:b" }));
  const counts = await Array.fromAsync(listSegmentCounts(kv));
  assertEquals(counts.map(({ ref, count }) => [ref, count]), [
    [{ profile: "inverter", id: "a:b" }, 1],
    [METER, 2],
    [SITE, 1],
  ]);
});

Deno.test("clearSegmentCount() only subtracts if more was ingested since the count was read", async () => {
  using kv = await Deno.openKv(":memory:");
  for (let n = 0; n < 5; n++) await commit(kv, (op) => stageSegmentAdded(op, METER));
  const [old] = await Array.fromAsync(listSegmentCounts(kv));
  for (let n = 0; n < 2; n++) await commit(kv, (op) => stageSegmentAdded(op, METER));
  await clearSegmentCount(kv, old);
  const counts = await Array.fromAsync(listSegmentCounts(kv));
  assertEquals(counts.map(({ count }) => count), [2]);
  await clearSegmentCount(kv, counts[0]);
  assertEquals(await Array.fromAsync(listSegmentCounts(kv)), []);
  await clearSegmentCount(kv, counts[0]);
  assertEquals(await Array.fromAsync(listSegmentCounts(kv)), []);
});

Deno.test("clearSegmentCount() loses no segment that is added while it subtracts", async () => {
  using below = await Deno.openKv(":memory:");
  await commit(below, (op) => stageSegmentAdded(op, METER));
  const [old] = await Array.fromAsync(listSegmentCounts(below));
  let more = 0;
  const kv = strictKv(below, {
    before: async () => {
      if (more++ < 3) await commit(below, (op) => stageSegmentAdded(op, METER));
    },
  });
  await clearSegmentCount(kv, old);
  assertEquals((await getSegmentCount(below, METER))?.count, 3);
});

Deno.test("migrateSegmentCounts() replaces the value `true` of version 1 by a count that ingest adds to", async () => {
  using kv = await Deno.openKv(":memory:");
  await kv.set(["unfolded", "meter", METER.id], true);
  assertEquals((await getSegmentCount(kv, METER))?.count, 1);
  await commit(kv, (op) => [SITE, SITE].forEach((ref) => stageSegmentAdded(op, ref)));
  for (let run = 0; run < 2; run++) await migrateSegmentCounts(kv);
  await commit(kv, (op) => stageSegmentAdded(op, METER));
  const counts = await Array.fromAsync(listSegmentCounts(kv));
  assertEquals(counts.map(({ count }) => count), [2, 2]);
});
