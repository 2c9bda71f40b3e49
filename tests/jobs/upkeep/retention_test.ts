import { PROFILES } from "../../../data/readings/profile.ts";
import type { Page } from "../../../data/readings/page.ts";
import type { RetentionSettings } from "../../../data/retention_settings.ts";
import { type RetentionDeps, retentionDuty } from "../../../jobs/upkeep/retention.ts";
import { createAudit } from "../../../kv/audit/audit.ts";
import { listAudit } from "../../../kv/audit/audit_log.ts";
import { openProfiles } from "../../../kv/profiles/profiles.ts";
import { listChanges } from "../../../kv/series/changes.ts";
import { createIngest } from "../../../kv/series/ingest.ts";
import type { SeriesRef } from "../../../kv/series/ref.ts";
import { createSeriesStore } from "../../../kv/series/store.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { randomFates, strictKv, type StrictPlan } from "../../support/strict_kv.ts";

const DAY_MS = 86_400_000, HOUR_MS = 3_600_000, SWEEP_MS = 900_000;
const YEAR_MS = Date.UTC(2025, 0, 1);
const M1: SeriesRef = { profile: "meter", id: "M1" };

/** One reading of a store at each of some times. */
function polls(...timesMs: number[]): Page {
  return {
    timesMs: Float64Array.from(timesMs),
    columns: [{ scale: 0, values: new Float64Array(timesMs.length).fill(1) }],
  };
}

/** One reading of a meter at each of some times. */
function energy(...timesMs: number[]): Page {
  const column = polls(...timesMs).columns[0];
  return { ...polls(...timesMs), columns: PROFILES.meter.metrics.map(() => column) };
}

/** A database with strict limits, a clock, and the duty of one process or of several. */
async function openRig(
  retention: Partial<RetentionSettings>,
  { plan = {}, gate }: { plan?: StrictPlan; gate?: RetentionDeps["gate"] } = {},
) {
  const kv = strictKv(await Deno.openKv(":memory:"), plan);
  const clock = { nowMs: YEAR_MS };
  const now = () => clock.nowMs;
  const profiles = await openProfiles({ kv, isExclusive: true });
  const series = createSeriesStore({ kv, now, profiles });
  const logged: { event: string; fields?: Record<string, unknown> }[] = [];
  const log: RetentionDeps["log"] = (_level, event, fields) => logged.push({ event, fields });
  const audit = createAudit({ kv, owner: "p", now, log });
  const startDuty = () =>
    retentionDuty({
      kv,
      series,
      profiles,
      retention: { days: null, daysByProfile: new Map(), auditDays: 365, ...retention },
      gate: gate ?? ((_ref, wantedMs) => Promise.resolve(wantedMs)),
      audit,
      now,
      log,
    });
  const duty = startDuty();
  return {
    kv,
    clock,
    profiles,
    series,
    logged,
    startDuty,
    /** One round of a duty, under an epoch of its lease. */
    round: (of = duty, epoch = 1, signal = new AbortController().signal) =>
      of.round({ signal, lease: { v: 1, owner: "me", epoch, untilMs: 0, cursor: null } }),
    entries: async () => await Array.fromAsync(listAudit(kv, { isNewestFirst: false })),
    [Symbol.dispose]: () => kv.close(),
  };
}

Deno.test("over a year, each day is deleted when it has been over for as long as readings are kept", async () => {
  using rig = await openRig({ days: 30 });
  const { series, clock } = rig;
  let revision = 0;
  for (let day = 0; day < 365; day++) {
    const startMs = YEAR_MS + day * DAY_MS;
    // Every six hours, at 0, 6, 12 and 18 o'clock.
    await series.write(M1, energy(...[0, 6, 12, 18].map((hour) => startMs + hour * HOUR_MS)));
    clock.nowMs = startMs + DAY_MS - 1;
    await rig.round();
    // At the last moment of day 30, day 0 has been over for 30 days less a millisecond.
    const keptDays = Math.min(day + 1, 31);
    const info = await series.describe(M1);
    assertEquals(info, {
      id: "M1",
      count: 4 * keptDays,
      firstMs: startMs - (keptDays - 1) * DAY_MS,
      lastMs: startMs + 18 * HOUR_MS,
    });
    const now = await series.revision(M1);
    // One more for the write, and one more for the deletion.
    assertEquals(now - revision, day <= 30 ? 1 : 2);
    revision = now;
  }
  const all = { fromMs: 0, toMs: clock.nowMs };
  const pages = await Array.fromAsync(series.read(M1, all, new AbortController().signal));
  assertEquals(pages.flatMap((page) => [...page.timesMs]).length, 4 * 31);
  // 365 days, of which the last 31 are left.
  const expired = rig.logged.filter(({ event }) => event === "readings expired");
  assertEquals(expired.length, 365 - 31);
});

Deno.test("a day is deleted at the midnight when its time is over, not a millisecond before", async () => {
  using rig = await openRig({ days: 1 });
  const lastMs = YEAR_MS + DAY_MS - 1;
  await rig.series.write(M1, energy(YEAR_MS, lastMs));
  rig.clock.nowMs = YEAR_MS + 2 * DAY_MS - 1;
  await rig.round();
  assertEquals((await rig.series.describe(M1))?.count, 2);
  rig.clock.nowMs += SWEEP_MS;
  await rig.round();
  assertEquals(await rig.series.describe(M1), null);
});

Deno.test("a profile's own days count more than those of its setting, and these more than all others", async () => {
  const daysByProfile = new Map([["meter", null], ["pump", 5], ["site", 2]]);
  using rig = await openRig({ days: 3, daysByProfile });
  const metrics = [{ name: "a", unit: "1", min: 0, max: 9, aggregate: "mean" } as const];
  await rig.profiles.put("pump", { metrics, retentionDays: 7 });
  await rig.profiles.put("fan", { metrics });
  const ten = Array.from({ length: 10 }, (_, day) => YEAR_MS + day * DAY_MS);
  for (const profile of ["pump", "fan", "site"]) {
    await rig.series.write({ profile, id: "X" }, polls(...ten));
  }
  await rig.series.write(M1, energy(...ten));
  // Day 10 begins, so day 9 ends.
  rig.clock.nowMs = YEAR_MS + 10 * DAY_MS;
  await rig.round();
  const left = async (profile: string, id = "X") =>
    (await rig.series.describe({ profile, id }))?.count;
  assertEquals(
    [await left("meter", "M1"), await left("pump"), await left("fan"), await left("site")],
    [10, 7, 3, 2],
  );
  await rig.profiles.put("pump", { metrics });
  rig.clock.nowMs += SWEEP_MS;
  await rig.round();
  assertEquals(await left("pump"), 5);
});

Deno.test("readings that are uploaded too late are deleted by the next sweep", async () => {
  using rig = await openRig({ days: 30 });
  rig.clock.nowMs = YEAR_MS + 100 * DAY_MS;
  await rig.series.write(M1, energy(rig.clock.nowMs));
  await rig.round();
  await rig.series.write(M1, energy(YEAR_MS, YEAR_MS + 80 * DAY_MS));
  await rig.round();
  assertEquals((await rig.series.describe(M1))?.count, 3);
  rig.clock.nowMs += SWEEP_MS;
  await rig.round();
  const info = await rig.series.describe(M1);
  assertEquals([info?.count, info?.firstMs], [2, YEAR_MS + 80 * DAY_MS]);
});

Deno.test("live readings that no one has folded yet are deleted with the others of their day", async () => {
  using rig = await openRig({ days: 1 });
  await rig.series.write(M1, energy(YEAR_MS));
  const ingest = createIngest({ kv: rig.kv, writer: "w" });
  await ingest.add(M1, energy(YEAR_MS + 1));
  rig.clock.nowMs = YEAR_MS + 5 * DAY_MS;
  await rig.round();
  assertEquals(await rig.series.describe(M1), null);
});

Deno.test("nothing is read and nothing deleted where readings are kept for ever", async () => {
  using rig = await openRig({ daysByProfile: new Map([["meter", null]]) });
  await rig.series.write(M1, energy(0));
  const before = rig.kv.reads();
  await rig.round();
  // The profiles are looked up; they may have days of their own.
  assert(rig.kv.reads() - before <= 2);
  assertEquals((await rig.series.describe(M1))?.count, 1);
});

Deno.test("the days that expire leave the change feed", async () => {
  using rig = await openRig({ days: 1 });
  await rig.series.write(M1, energy(YEAR_MS, YEAR_MS + 4 * DAY_MS));
  rig.clock.nowMs = YEAR_MS + 5 * DAY_MS;
  await rig.round();
  const changes = await Array.fromAsync(listChanges(rig.kv, "meter"));
  assertEquals(changes.map(({ dayMs }) => dayMs), [YEAR_MS + 4 * DAY_MS]);
});

Deno.test("the audit has one entry for each profile of a sweep, and none if nothing expired", async () => {
  using rig = await openRig({ days: 1 });
  for (const id of ["M1", "M2"]) {
    await rig.series.write({ ...M1, id }, energy(YEAR_MS, YEAR_MS + 1, YEAR_MS + 4 * DAY_MS));
  }
  rig.clock.nowMs = YEAR_MS + 5 * DAY_MS;
  await rig.round();
  rig.clock.nowMs += SWEEP_MS;
  await rig.round();
  const entries = await rig.entries();
  assertEquals(
    entries.map(({ record: { action, outcome, actor, subject, details } }) => ({
      action,
      outcome,
      actor: actor.kind,
      subject,
      details,
    })),
    [{
      action: "retention.drop",
      outcome: "done",
      actor: "service",
      subject: { kind: "profile", id: "meter" },
      details: { before: "2025-01-05T00:00:00Z", series: 2, readings: 4 },
    }],
  );
  assertEquals(rig.logged.map(({ event, fields }) => [event, fields]), [
    ["readings expired", { profile: "meter", series: 2, readings: 4 }],
  ]);
});

Deno.test("a sweep reads the series of a profile a few at a time, and finds each", async () => {
  using rig = await openRig({ days: 1 });
  const ids = Array.from({ length: 450 }, (_, index) => `S${String(index).padStart(3, "0")}`);
  await rig.series.writeMany("site", ids, () => polls(YEAR_MS));
  rig.clock.nowMs = YEAR_MS + 5 * DAY_MS;
  await rig.round();
  assertEquals(await rig.series.list("site", { afterId: "", limit: 1 }), []);
});

Deno.test("a sweep that the stop interrupts is completed by another process", async () => {
  using rig = await openRig({ days: 1 });
  for (const id of ["M1", "M2"]) await rig.series.write({ ...M1, id }, energy(YEAR_MS));
  rig.clock.nowMs = YEAR_MS + 5 * DAY_MS;
  await rig.round(undefined, 1, AbortSignal.abort());
  assertEquals((await rig.series.list("meter", { afterId: "", limit: 9 })).length, 2);
  await rig.round(rig.startDuty(), 2);
  assertEquals(await rig.series.list("meter", { afterId: "", limit: 9 }), []);
});

Deno.test("commits that fail delay the end, but nothing inside the limit is ever missing", async () => {
  const plan: StrictPlan = {};
  using rig = await openRig({ days: 10 }, { plan });
  const hundred = Array.from({ length: 100 }, (_, day) => YEAR_MS + day * DAY_MS);
  for (const id of ["M1", "M2", "M3"]) await rig.series.write({ ...M1, id }, energy(...hundred));
  rig.clock.nowMs = YEAR_MS + 100 * DAY_MS;
  plan.fate = randomFates(7, 0.4);
  for (let time = 0; time < 30; time++) {
    await rig.round().catch(() => {});
    rig.clock.nowMs += SWEEP_MS;
    for (const info of await rig.series.list("meter", { afterId: "", limit: 9 })) {
      assert(info.count >= 10 && info.lastMs === YEAR_MS + 99 * DAY_MS);
    }
  }
  delete plan.fate;
  await rig.round();
  assertEquals(
    (await rig.series.list("meter", { afterId: "", limit: 9 })).map(({ count }) => count),
    [10, 10, 10],
  );
});

Deno.test("two processes that sweep at the same time delete each day once", async () => {
  using rig = await openRig({ days: 10 });
  const hundred = Array.from({ length: 100 }, (_, day) => YEAR_MS + day * DAY_MS);
  await rig.series.write(M1, energy(...hundred));
  rig.clock.nowMs = YEAR_MS + 100 * DAY_MS;
  await Promise.all([rig.round(rig.startDuty()), rig.round(rig.startDuty(), 2)]);
  const info = await rig.series.describe(M1);
  assertEquals([info?.count, info?.firstMs], [10, YEAR_MS + 90 * DAY_MS]);
});

Deno.test("readings that the gate holds back stay, and are reported once", async () => {
  const until = { ms: 0 };
  const gate = (_ref: SeriesRef, wantedMs: number) => Promise.resolve(Math.min(until.ms, wantedMs));
  using rig = await openRig({ days: 10 }, { gate });
  const hundred = Array.from({ length: 100 }, (_, day) => YEAR_MS + day * DAY_MS);
  await rig.series.write(M1, energy(...hundred));
  rig.clock.nowMs = YEAR_MS + 100 * DAY_MS;
  for (let time = 0; time < 3; time++) {
    await rig.round();
    rig.clock.nowMs += SWEEP_MS;
  }
  assertEquals((await rig.series.describe(M1))?.count, 100);
  assertEquals(rig.logged, [{
    event: "readings wait for their export",
    fields: { profile: "meter", waiting: 1 },
  }]);
  assertEquals(await rig.entries(), []);
  until.ms = YEAR_MS + 50 * DAY_MS;
  await rig.round();
  assertEquals((await rig.series.describe(M1))?.count, 50);
});
