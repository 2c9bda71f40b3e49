import {
  giveUpLease,
  isLeaseHeld,
  keepCursor,
  type Lease,
  type LeaseRequest,
  takeLease,
} from "../../../kv/jobs/leases.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { CommitFault, strictKv } from "../../support/strict_kv.ts";

/** Takes the lease "sweep" for 30 milliseconds, by default as owner a at 1,000. */
function take(kv: Deno.Kv, request: Partial<LeaseRequest> = {}): Promise<Lease | null> {
  const nowMs = request.nowMs ?? 1_000;
  const defaults = { name: "sweep", owner: "a", nowMs, untilMs: nowMs + 30, isExclusive: false };
  return takeLease(kv, { ...defaults, ...request });
}

/** Takes it, and fails the test if that is refused. */
async function taken(kv: Deno.Kv, request: Partial<LeaseRequest> = {}): Promise<Lease> {
  const lease = await take(kv, request);
  assert(lease !== null);
  return lease;
}

Deno.test("a free lease is taken under epoch 1, without a cursor", async () => {
  using kv = await Deno.openKv(":memory:");
  assertEquals(await take(kv), { v: 1, owner: "a", epoch: 1, untilMs: 1_030, cursor: null });
});

Deno.test("the owner renews a lease under the same epoch, even after it has expired", async () => {
  using kv = await Deno.openKv(":memory:");
  await take(kv);
  for (const nowMs of [1_010, 5_000]) {
    const { epoch, untilMs } = await taken(kv, { nowMs });
    assertEquals([epoch, untilMs], [1, nowMs + 30]);
  }
});

Deno.test("another owner is refused until the lease expires; then the epoch grows", async () => {
  using kv = await Deno.openKv(":memory:");
  await take(kv);
  assertEquals(await take(kv, { owner: "b", nowMs: 1_029 }), null);
  const { owner, epoch } = await taken(kv, { owner: "b", nowMs: 1_030 });
  assertEquals([owner, epoch], ["b", 2]);
  assertEquals(await take(kv, { nowMs: 1_031 }), null);
});

Deno.test("a lease is taken at once, under the next epoch, if all others are dead", async () => {
  using kv = await Deno.openKv(":memory:");
  await take(kv);
  assertEquals((await taken(kv, { owner: "b", isExclusive: true })).epoch, 2);
  assertEquals((await taken(kv, { owner: "b", isExclusive: true })).epoch, 2);
});

Deno.test("one of many that take a lease at the same time gets it", async () => {
  using kv = await Deno.openKv(":memory:");
  for (let round = 0; round < 20; round++) {
    const nowMs = 1_000 + 30 * round;
    const owners = Array.from({ length: 8 }, (_, index) => `${round}.${index}`);
    const leases = await Promise.all(owners.map((owner) => take(kv, { owner, nowMs })));
    const winners = leases.filter((lease) => lease !== null);
    assertEquals(winners.map(({ epoch }) => epoch), [round + 1]);
  }
});

Deno.test("leases with different names are independent", async () => {
  using kv = await Deno.openKv(":memory:");
  await take(kv);
  const { owner, epoch } = await taken(kv, { name: "compaction", owner: "b" });
  assertEquals([owner, epoch], ["b", 1]);
});

Deno.test("a cursor is kept for the next owner of the lease", async () => {
  using kv = await Deno.openKv(":memory:");
  const lease = await taken(kv);
  assert(await keepCursor(kv, "sweep", { ...lease, cursor: { dayMs: 5, ids: ["x"] } }));
  assertEquals((await taken(kv, { nowMs: 1_010 })).cursor, { dayMs: 5, ids: ["x"] });
  assertEquals((await taken(kv, { owner: "b", nowMs: 9_000 })).cursor, { dayMs: 5, ids: ["x"] });
});

Deno.test("keepCursor() does not undo a renewal that happened meanwhile", async () => {
  using kv = await Deno.openKv(":memory:");
  const lease = await taken(kv);
  await take(kv, { nowMs: 1_020 });
  assert(await keepCursor(kv, "sweep", { ...lease, cursor: 1 }));
  assertEquals(await isLeaseHeld(kv, "sweep", 1_049), true);
});

Deno.test("a cursor of an old epoch, of another owner or without a lease is refused", async () => {
  using kv = await Deno.openKv(":memory:");
  const old = await taken(kv);
  assertEquals(await keepCursor(kv, "unknown", old), false);
  const lease = await taken(kv, { owner: "b", nowMs: 2_000 });
  assertEquals(await keepCursor(kv, "sweep", { ...old, cursor: 1 }), false);
  assertEquals(await keepCursor(kv, "sweep", { ...lease, owner: "a", cursor: 1 }), false);
  const again = await taken(kv, { nowMs: 3_000 });
  assertEquals([again.epoch, again.cursor], [3, null]);
  assertEquals(await keepCursor(kv, "sweep", { ...old, cursor: 1 }), false);
});

Deno.test("a released lease is free at once, under the next epoch for any owner", async () => {
  using kv = await Deno.openKv(":memory:");
  await keepCursor(kv, "sweep", { ...await taken(kv), cursor: "here" });
  await giveUpLease(kv, "sweep", "a");
  assertEquals(await isLeaseHeld(kv, "sweep", 1_001), false);
  const { epoch, cursor } = await taken(kv);
  assertEquals([epoch, cursor], [2, "here"]);
});

Deno.test("releasing another owner's lease, or none, changes nothing", async () => {
  using kv = await Deno.openKv(":memory:");
  await giveUpLease(kv, "sweep", "a");
  assertEquals(await isLeaseHeld(kv, "sweep", 0), false);
  await take(kv);
  await giveUpLease(kv, "sweep", "b");
  assertEquals(await isLeaseHeld(kv, "sweep", 1_029), true);
  assertEquals(await isLeaseHeld(kv, "sweep", 1_030), false);
});

Deno.test("an owner whose answer got lost gets the lease by taking it again", async () => {
  using below = await Deno.openKv(":memory:");
  const kv = strictKv(below, { fate: ({ number }) => number === 1 ? "unanswered" : "happens" });
  await assertRejects(() => take(kv), CommitFault);
  assertEquals(await take(kv, { owner: "b" }), null);
  assertEquals((await taken(kv)).epoch, 1);
});
