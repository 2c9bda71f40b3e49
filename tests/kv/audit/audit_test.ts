import type { AuditEvent } from "../../../data/audit/event.ts";
import { type Audit, createAudit } from "../../../kv/audit/audit.ts";
import { type AuditEntry, deleteAuditBefore, listAudit } from "../../../kv/audit/audit_log.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { FakeTime } from "../../support/fake_time.ts";
import { CommitFault, strictKv, type StrictPlan } from "../../support/strict_kv.ts";

const KEY = { kind: "key", id: "k1", name: "Provisioning" } as const;

/** A change of device D1 by a key. */
function deviceChange(changes: Partial<AuditEvent> = {}): AuditEvent {
  return {
    caller: { actor: KEY },
    address: "203.0.113.7",
    action: "device.change",
    subject: { kind: "device", id: "D1" },
    outcome: "done",
    ...changes,
  };
}

/** A wrong key from an address. */
function wrongKey(address: string): AuditEvent {
  return {
    caller: { actor: { kind: "anonymous", id: "", name: "" } },
    address,
    action: "sign_in.refuse",
    subject: null,
    outcome: "refused",
    code: "UNAUTHENTICATED",
  };
}

/** A trail in an empty database with strict limits, at a time that the test moves. */
async function openTrail(plan: StrictPlan = {}) {
  const kv = strictKv(await Deno.openKv(":memory:"), plan);
  const clock = { nowMs: 1_000 };
  const events: string[] = [];
  const audit: Audit = createAudit({
    kv,
    owner: "p1",
    now: () => clock.nowMs,
    log: (_level, event) => events.push(event),
  });
  return {
    kv,
    clock,
    audit,
    events,
    entries: () => entriesOf(kv),
    async [Symbol.asyncDispose]() {
      await audit.stop();
      kv.close();
    },
  };
}

async function entriesOf(
  kv: Pick<Deno.Kv, "list">,
  range: Partial<Parameters<typeof listAudit>[1]> = {},
): Promise<AuditEntry[]> {
  return await Array.fromAsync(listAudit(kv, { isNewestFirst: false, ...range }));
}

Deno.test("an entry has who, what, when, from where, the outcome and the details", async () => {
  await using trail = await openTrail();
  const details = { changes: { location: { from: null, to: "Roof" } } };
  await trail.audit.record(deviceChange({ details }));
  assertEquals(await trail.entries(), [{
    atMs: 1_000,
    id: "00000000-p1",
    record: {
      v: 1,
      action: "device.change",
      outcome: "done",
      actor: KEY,
      address: "203.0.113.7",
      subject: { kind: "device", id: "D1" },
      code: null,
      count: 1,
      lastMs: 1_000,
      details,
    },
  }]);
});

Deno.test("what begins is stored as unknown; its end replaces the entry", async () => {
  await using trail = await openTrail();
  const { outcome: _outcome, ...event } = deviceChange({ subject: null });
  const started = await trail.audit.begin(event);
  assertEquals((await trail.entries()).map(({ record }) => record.outcome), ["unknown"]);
  trail.clock.nowMs = 9_000;
  await started.end({
    outcome: "done",
    subject: { kind: "device", id: "D2" },
    details: { rows: 5 },
  });
  const [{ atMs, record }, ...others] = await trail.entries();
  assertEquals(
    [atMs, record.outcome, record.subject?.id, record.details, others.length],
    [1_000, "done", "D2", { rows: 5 }, 0],
  );
});

Deno.test("a change must not begin if its entry cannot be stored", async () => {
  await using trail = await openTrail({ fate: () => "lost" });
  await assertRejects(() => trail.audit.begin(deviceChange()), CommitFault);
});

Deno.test("an outcome that cannot be stored is logged, and the entry stays unknown", async () => {
  await using trail = await openTrail({ fate: ({ number }) => number === 2 ? "lost" : "happens" });
  const started = await trail.audit.begin(deviceChange());
  await started.end({ outcome: "done" });
  assertEquals((await trail.entries()).map(({ record }) => record.outcome), ["unknown"]);
  assertEquals(trail.events, ["audit not stored"]);
});

Deno.test("what was refused after it had begun is only counted", async () => {
  await using trail = await openTrail();
  for (let time = 0; time < 3; time++) {
    const started = await trail.audit.begin(deviceChange());
    await started.end({ outcome: "refused", code: "INVALID_REQUEST" });
  }
  await trail.audit.flush();
  const entries = await trail.entries();
  assertEquals(
    entries.map(({ record: { outcome, code, count } }) => [outcome, code, count]),
    [["refused", "INVALID_REQUEST", 3]],
  );
});

Deno.test("an event can be part of the commit that makes the change", async () => {
  await using trail = await openTrail();
  const stage = trail.audit.stage(deviceChange());
  const lost = trail.kv.atomic().check({ key: ["change"], versionstamp: "0".repeat(20) });
  stage(lost.set(["change"], 1));
  assertEquals([(await lost.commit()).ok, await trail.entries()], [false, []]);
  const made = trail.kv.atomic().set(["change"], 1);
  stage(made);
  await made.commit();
  assertEquals((await trail.entries()).length, 1);
});

Deno.test("the first of equal refusals is stored at once, later ones with the next flush", async () => {
  await using trail = await openTrail();
  await trail.audit.record(wrongKey("198.51.100.1"));
  assertEquals((await trail.entries()).map(({ record }) => record.count), [1]);
  const before = trail.kv.commits();
  trail.clock.nowMs = 5_000;
  for (let time = 0; time < 999; time++) await trail.audit.record(wrongKey("198.51.100.1"));
  assertEquals(trail.kv.commits() - before, 0);
  await trail.audit.stop();
  const [{ atMs, record }, ...others] = await trail.entries();
  assertEquals([atMs, record.count, record.lastMs, others.length], [1_000, 1_000, 5_000, 0]);
});

Deno.test("counts that could not be stored are stored later", async () => {
  await using trail = await openTrail({ fate: ({ number }) => number === 2 ? "lost" : "happens" });
  await trail.audit.record(wrongKey("198.51.100.1"));
  await trail.audit.record(wrongKey("198.51.100.1"));
  await assertRejects(() => trail.audit.flush(), CommitFault);
  await trail.audit.flush();
  assertEquals((await trail.entries()).map(({ record }) => record.count), [2]);
});

Deno.test("counts that could not be stored are stored by themselves some seconds later", async () => {
  using time = new FakeTime();
  await using trail = await openTrail({ fate: ({ number }) => number === 2 ? "lost" : "happens" });
  const counts = async () => (await trail.entries()).map(({ record }) => record.count);
  await trail.audit.record(wrongKey("198.51.100.1"));
  await trail.audit.record(wrongKey("198.51.100.1"));
  await time.pass(5_000);
  assertEquals([await counts(), trail.events], [[1], ["audit not stored"]]);
  await time.pass(5_000);
  assertEquals(await counts(), [2]);
});

Deno.test("a day of wrong keys from 20,000 addresses takes at most 501 entries an hour", async () => {
  await using trail = await openTrail();
  const hour = 3_600_000;
  for (let index = 0; index < 20_000; index++) {
    trail.clock.nowMs = 1_000 + Math.floor(index / 10_000) * hour;
    await trail.audit.record(wrongKey(`10.0.${index >> 8}.${index & 255}`));
  }
  await trail.audit.flush();
  const entries = await trail.entries();
  // Two hours: 500 different ones each, and one for all others.
  assertEquals(entries.length, 2 * 501);
  assertEquals(entries.reduce((sum, { record }) => sum + record.count, 0), 20_000);
  const others = entries.filter(({ record }) => record.actor.kind === "several");
  assertEquals(
    others.map(({ record: { address, code, count } }) => [address, code, count]),
    [[null, "UNAUTHENTICATED", 9_500], [null, "UNAUTHENTICATED", 9_500]],
  );
});

Deno.test("fields that are named like secrets are not recorded, and long details are cut", async () => {
  await using trail = await openTrail();
  const from = "ow_k1_abc", inner = [{ secret_hash: "abc", name: "x" }];
  await trail.audit.record(
    deviceChange({ details: { changes: { token: { from, to: null }, keys: inner } } }),
  );
  await trail.audit.record(deviceChange({ details: { rows: "x".repeat(100_000) } }));
  const [first, second] = await trail.entries();
  assertEquals(first.record.details, {
    changes: { token: "(not shown)", keys: [{ secret_hash: "(not shown)", name: "x" }] },
  });
  assertEquals(second.record.details, { left_out: "100011 characters of details" });
});

Deno.test("entries are listed from either end, in a span, after a place", async () => {
  await using trail = await openTrail();
  // Two of the four are of the same millisecond.
  for (const nowMs of [10, 20, 20, 30]) {
    trail.clock.nowMs = nowMs;
    await trail.audit.record(deviceChange());
  }
  const numbers = async (range: Partial<Parameters<typeof listAudit>[1]>) =>
    (await entriesOf(trail.kv, range)).map(({ id }) => Number(id[7]));
  assertEquals(await numbers({}), [0, 1, 2, 3]);
  assertEquals(await numbers({ isNewestFirst: true }), [3, 2, 1, 0]);
  assertEquals(await numbers({ fromMs: 20, toMs: 30 }), [1, 2]);
  assertEquals(await numbers({ fromMs: 30, toMs: 20 }), []);
  const after = { atMs: 20, id: "00000001-p1" };
  assertEquals(await numbers({ after }), [2, 3]);
  assertEquals(await numbers({ after, isNewestFirst: true }), [0]);
  assertEquals(await numbers({ after, fromMs: 25 }), [3]);
  assertEquals(await numbers({ after, fromMs: 25, isNewestFirst: true }), []);
  assertEquals(await numbers({ after, toMs: 20 }), []);
  assertEquals(await numbers({ after, toMs: 15, isNewestFirst: true }), [0]);
});

Deno.test("old entries are deleted some per commit, up to the time and not beyond", async () => {
  await using trail = await openTrail();
  for (let nowMs = 0; nowMs < 1_000; nowMs++) {
    trail.clock.nowMs = nowMs;
    await trail.audit.record(deviceChange());
  }
  const { signal } = new AbortController();
  assertEquals(await deleteAuditBefore(trail.kv, 990, signal), 990);
  assertEquals((await trail.entries()).map(({ atMs }) => atMs), [
    990,
    991,
    992,
    993,
    994,
    995,
    996,
    997,
    998,
    999,
  ]);
  assertEquals(await deleteAuditBefore(trail.kv, 2_000, AbortSignal.abort()), 0);
});
