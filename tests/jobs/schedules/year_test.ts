import type { Timing } from "../../../data/schedules/run_times.ts";
import { createCaller } from "../../../data/access/caller.ts";
import { exportParamsOf, exportSpecOf } from "../../../jobs/exports/export_contract.ts";
import { listCrowd } from "../../../kv/jobs/due.ts";
import { deleteSchedule, getSchedule } from "../../../kv/schedules/schedules.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { createScheduleRig, scheduleRecord, type ScheduleRig } from "../../support/schedule_rig.ts";

/** A monthly export of the month before on the clock of a zone. */
function monthly(zone: string) {
  const { request } = scheduleRecord();
  const spec = exportSpecOf(request.params);
  const params = exportParamsOf({ ...spec, period: "last_month", zone });
  return { kind: "export" as const, params };
}

/** Moves the clock from one due entry to the next until a time. */
async function liveUntil(rig: ScheduleRig, endMs: number): Promise<void> {
  for (;;) {
    const [next] = await listCrowd(rig.kv, "schedule_run", { upToMs: Infinity, limit: 1 });
    if (next === undefined || next.atMs >= endMs) break;
    rig.nowMs = Math.max(rig.nowMs, next.atMs);
    await rig.tick();
  }
  rig.nowMs = endMs;
}

/** The offsets of the zones at the start of 2026. Lord Howe Island has summer then. */
const ZONES = [
  ["Europe/Berlin", "+01:00"],
  ["America/New_York", "-05:00"],
  ["Australia/Lord_Howe", "+11:00"],
  ["Asia/Kathmandu", "+05:45"],
] as const;

for (const [zone, offset] of ZONES) {
  Deno.test(`a year of runs in ${zone}: 52 Mondays, and 12 months that join without a gap`, async () => {
    const [startMs, endMs] = [2026, 2027].map((year) => Date.parse(`${year}-01-01T00:00${offset}`));
    using rig = await createScheduleRig(startMs - 1);
    const weekly: Timing = { zone, cron: "30 2 * * MON" };
    const months: Timing = { zone, every: "P1M", anchorMs: startMs };
    const { id: weeklyId } = await rig.add({ timing: weekly });
    const { id } = await rig.add({ timing: months, request: monthly(zone) });
    await liveUntil(rig, endMs);
    assertEquals((await rig.runs(weeklyId)).length, 52);
    const runs = await rig.runs(id);
    assertEquals(runs.length, 12);
    const ranges = runs.map(({ value }) => value.range);
    for (const [index, range] of ranges.entries()) {
      // A month ends where the run of the next month begins to count.
      assertEquals(range?.toMs, runs[index].plannedMs);
      if (index > 0) assertEquals(range?.fromMs, ranges[index - 1]?.toMs);
    }
    // December 2025 to November 2026.
    assertEquals(ranges[0]?.fromMs, Date.parse(`2025-12-01T00:00${offset}`));
    const jobs = await rig.jobsMade();
    assertEquals(jobs.length, 64);
    assertEquals(new Set(jobs.map(({ slot }) => slot)).size, 64);
    assertEquals((await rig.read(id)).handled, [[startMs, runs[11].plannedMs]]);
  });
}

Deno.test("of 560 runs the last 500 or some more are kept, and a schedule with them is deleted in one commit", async () => {
  using rig = await createScheduleRig(0);
  const { id } = await rig.add({ timing: { zone: "UTC", every: "PT1H", anchorMs: 0 } });
  await liveUntil(rig, 560 * 3_600_000 + 1);
  const runs = await rig.runs(id);
  assert(runs.length >= 500 && runs.length <= 552, String(runs.length));
  assertEquals(runs.at(-1)?.plannedMs, 560 * 3_600_000);
  const entry = await getSchedule(rig.kv, id);
  const commits = rig.kv.commits();
  assert(entry !== null && await deleteSchedule(rig.kv, entry));
  assertEquals(rig.kv.commits() - commits, 1);
  const left = await Array.fromAsync(rig.kv.list({ prefix: [] }, { batchSize: 500 }));
  const spaces = new Set(left.map(({ key }) => key[0]));
  assertEquals([spaces.has("schedule"), spaces.has("schedule_run")], [false, false]);
  // The jobs stay.
  assertEquals(left.filter(({ key }) => key[0] === "job").length, 560);
});

Deno.test("a schedule made with a token keeps the ids that the token had", async () => {
  using rig = await createScheduleRig(Date.UTC(2026, 0, 1, 12));
  const linked = createCaller({
    owner: "link",
    actor: { kind: "link", id: "link", name: "link" },
    scopes: ["export", "manage"],
  });
  rig.findMaker = () => linked;
  const owner = "oidc:0123456789abcdef:alice";
  const own = { meter: ["1*"], device: [], store: [] };
  const other = { ...own, meter: ["2*"] };
  const allowed = await rig.add({ owner, account: owner, patterns: own });
  const refused = await rig.add({ owner, account: owner, patterns: other });
  rig.nowMs = Date.UTC(2026, 0, 2);
  await rig.tick();
  const jobs = await rig.jobsMade();
  assertEquals(jobs.map((job) => job.owner), [owner]);
  assertEquals((await rig.read(allowed.id)).state, "active");
  const { state, stopReason, nextMs } = await rig.read(refused.id);
  assertEquals([state, stopReason, nextMs], [
    "stopped",
    "Its key may not touch the meter '123' any more",
    null,
  ]);
});

Deno.test("schedules made without a key stop when the service asks for keys", async () => {
  using rig = await createScheduleRig(Date.UTC(2026, 0, 1, 12));
  const { id } = await rig.add();
  rig.findMaker = () => null;
  rig.nowMs = Date.UTC(2026, 0, 2);
  await rig.tick();
  assertEquals(await rig.jobsMade(), []);
  const { state, stopReason } = await rig.read(id);
  assertEquals([state, stopReason], [
    "stopped",
    "It was made without a key, which the service asks for now",
  ]);
  assertEquals(await listCrowd(rig.kv, "schedule_run", { upToMs: Infinity, limit: 9 }), []);
});

Deno.test("a restricted owner's report is about the stores that its key may touch when it runs", async () => {
  using rig = await createScheduleRig(Date.UTC(2026, 0, 1, 12));
  const key = (stores: string[]) =>
    createCaller({
      owner: "key:a",
      actor: { kind: "key", id: "a", name: "A" },
      scopes: ["export"],
      patterns: { meter: null, device: null, store: stores },
    });
  rig.findMaker = () => key(["1*"]);
  const params = { asOfMs: null, maxHoldMs: null, visible: ["1*"] };
  await rig.add({ owner: "key:a", request: { kind: "report", params } });
  rig.findMaker = () => key(["10*"]);
  rig.nowMs = Date.UTC(2026, 0, 2);
  await rig.tick();
  const { jobs: [job] } = await rig.first.jobs.list({ kind: "store_report", limit: 1 });
  const { visible, asOfMs } = job.params as { visible: string[]; asOfMs: number };
  assertEquals([visible, asOfMs], [["10*"], Date.UTC(2026, 0, 2)]);
});

Deno.test("a damaged schedule does not keep the others from running", async () => {
  using rig = await createScheduleRig(Date.UTC(2026, 0, 1, 12));
  const damaged = await rig.add();
  await rig.kv.set(["schedule", damaged.id], { v: 1 });
  await rig.add();
  rig.nowMs = Date.UTC(2026, 0, 2);
  const due = await listCrowd(rig.kv, "schedule_run", { upToMs: rig.nowMs, limit: 100 });
  assertEquals(due.length, 2);
  await rig.first.crowd.handle(due);
  assertEquals((await rig.jobsMade()).length, 1);
  assert(rig.logged.includes("schedule not run"));
  assertEquals(
    await listCrowd(rig.kv, "schedule_run", { upToMs: rig.nowMs, limit: 9 }),
    [],
  );
});
