import { type Due, listCrowd, stageDue } from "../../../kv/jobs/due.ts";
import { listOutbox } from "../../../kv/events/outbox.ts";
import { stageRun } from "../../../kv/schedules/runs.ts";
import {
  deleteSchedule,
  getSchedule,
  type ScheduleRecord,
} from "../../../kv/schedules/schedules.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { createScheduleRig, type ScheduleRig } from "../../support/schedule_rig.ts";

const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 0, 1, 12);

/** The planned times of the jobs of all schedules. */
async function plannedTimes(rig: ScheduleRig): Promise<string[]> {
  const jobs = await rig.jobsMade();
  return jobs.map(({ params }) => new Date(plannedOf(params)).toISOString().slice(0, 16));
}

function plannedOf(params: unknown): number {
  return (params as { schedule: { plannedMs: number } }).schedule.plannedMs;
}

/** A round of the duty. */
async function lookAtClock(rig: ScheduleRig): Promise<void> {
  const lease = { v: 1, owner: "a", epoch: 1, untilMs: Infinity, cursor: null } as const;
  await rig.first.duty.round({ signal: new AbortController().signal, lease });
}

async function dues(rig: ScheduleRig): Promise<Due<"schedule_run">[]> {
  return await listCrowd(rig.kv, "schedule_run", { upToMs: Infinity, limit: 100 });
}

Deno.test("a planned time makes one job, whose period counts from it and not from when it is made", async () => {
  using rig = await createScheduleRig(START_MS);
  const { id } = await rig.add();
  await rig.tick();
  assertEquals(await plannedTimes(rig), []);
  // 40 seconds late.
  rig.nowMs = Date.UTC(2026, 0, 2, 0, 0, 40);
  await rig.tick();
  await rig.tick();
  const [job, ...others] = await rig.jobsMade();
  assertEquals(others, []);
  const { fromMs, toMs } = job.params as { fromMs: number; toMs: number };
  assertEquals([fromMs, toMs], [Date.UTC(2026, 0, 1), Date.UTC(2026, 0, 2)]);
  assertEquals([job.createdMs, plannedOf(job.params)], [rig.nowMs, Date.UTC(2026, 0, 2)]);
  const schedule = await rig.read(id);
  assertEquals(schedule.lastRun, { plannedMs: Date.UTC(2026, 0, 2), jobId: job.id });
  assertEquals([schedule.nextMs, schedule.dueMs], [Date.UTC(2026, 0, 3), Date.UTC(2026, 0, 3)]);
  assertEquals(await dues(rig), [{ kind: "schedule_run", atMs: Date.UTC(2026, 0, 3), id }]);
});

Deno.test("a delay runs later, and counts from the planned time", async () => {
  using rig = await createScheduleRig(START_MS);
  await rig.add({ delay: "PT2H" });
  rig.nowMs = Date.UTC(2026, 0, 2, 1, 59, 59);
  await rig.tick();
  assertEquals(await plannedTimes(rig), []);
  rig.nowMs += 1_000;
  await rig.tick();
  assertEquals(await plannedTimes(rig), ["2026-01-02T00:00"]);
});

const MISSED = [
  // Noon of the 10th: the midnights of the 2nd to the 10th have passed.
  { catchUp: "none", made: [], missed: ["2026-01-02", "2026-01-10", 9] },
  { catchUp: "last", made: ["10"], missed: ["2026-01-02", "2026-01-09", 8] },
  { catchUp: "all", made: ["02", "03", "04", "05", "06", "07", "08", "09", "10"], missed: null },
] as const;

for (const { catchUp, made, missed } of MISSED) {
  Deno.test(`after nine days without a process, catch_up ${catchUp} makes ${made.length} jobs`, async () => {
    using rig = await createScheduleRig(START_MS);
    const { id } = await rig.add({ catchUp });
    rig.nowMs = Date.UTC(2026, 0, 10, 12);
    await rig.tick();
    const days = (await plannedTimes(rig)).map((time) => time.slice(8, 10)).toSorted();
    assertEquals(days, [...made]);
    assertEquals((await rig.read(id)).nextMs, Date.UTC(2026, 0, 11));
    const events = (await listOutbox(rig.kv, 9)).map(({ value }) => value);
    const told = events.map((
      { type, subject, data },
    ) => [type, subject.id, data.first, data.count]);
    assertEquals(
      told,
      missed === null ? [] : [["schedule.missed", id, `${missed[0]}T00:00:00Z`, missed[2]]],
    );
    for (const { sources } of events) assertEquals(sources, [{ kind: "meter", id: "123" }]);
    const [run] = (await rig.runs(id)).filter(({ value }) => value.kind === "missed");
    assertEquals(
      run?.value.missed ?? null,
      missed === null ? null : { lastMs: Date.parse(missed[1]), count: missed[2], isMore: false },
    );
  });
}

Deno.test("catch_up all makes the last 100 of 400 missed runs, in turn with other schedules", async () => {
  using rig = await createScheduleRig(START_MS);
  const { id } = await rig.add({ catchUp: "all" });
  rig.nowMs = START_MS + 400 * DAY_MS;
  const other = await rig.add({ nextMs: rig.nowMs, catchUp: "all" });
  const first = await listCrowd(rig.kv, "schedule_run", { upToMs: rig.nowMs, limit: 100 });
  await rig.first.crowd.handle(first);
  // One run of each so far.
  assertEquals([(await rig.read(id)).runCount, (await rig.read(other.id)).runCount], [2, 1]);
  await rig.tick();
  const runs = (await rig.runs(id)).filter(({ value }) => value.kind === "planned");
  assertEquals(runs.length, 100);
  // The 400th midnight after the 1st of January 2026 is that of the 5th of February 2027.
  assertEquals(runs.at(-1)?.plannedMs, Date.UTC(2027, 1, 5));
  assertEquals(runs[0].plannedMs, Date.UTC(2027, 1, 5) - 99 * DAY_MS);
});

Deno.test("two instances that handle the same due entries make one job for each planned time", async () => {
  using rig = await createScheduleRig(START_MS);
  const other = rig.addInstance();
  const ids = await Promise.all(Array.from({ length: 20 }, async () => (await rig.add()).id));
  for (let day = 2; day <= 6; day++) {
    rig.nowMs = Date.UTC(2026, 0, day);
    const due = await listCrowd(rig.kv, "schedule_run", { upToMs: rig.nowMs, limit: 100 });
    assertEquals(due.length, 20);
    await Promise.all([rig.first, other].map((instance) => instance.crowd.handle(due)));
  }
  const made = (await rig.jobsMade()).map(({ params }) => {
    const { id, plannedMs } = (params as { schedule: { id: string; plannedMs: number } }).schedule;
    return `${id} ${plannedMs}`;
  });
  assertEquals(new Set(made).size, 100);
  assertEquals(made.length, 100);
  for (const id of ids) assertEquals((await rig.runs(id)).length, 5);
});

Deno.test("a process that dies around the commit of a run leaves no job, or one and the next run", async () => {
  for (const fate of ["lost", "unanswered"] as const) {
    using rig = await createScheduleRig(START_MS);
    const { id } = await rig.add();
    rig.nowMs = Date.UTC(2026, 0, 2);
    const due = await listCrowd(rig.kv, "schedule_run", { upToMs: rig.nowMs, limit: 100 });
    // Every commit of this process fails from here on.
    rig.plan.fate = () => fate;
    await rig.first.crowd.handle(due);
    rig.plan.fate = undefined;
    const halfway = (await rig.jobsMade()).length;
    assertEquals(halfway, fate === "lost" ? 0 : 1);
    // The next process finds what the first one left.
    await rig.tick(rig.addInstance());
    assertEquals(await plannedTimes(rig), ["2026-01-02T00:00"]);
    assertEquals((await rig.read(id)).nextMs, Date.UTC(2026, 0, 3));
    assertEquals(await dues(rig), [{ kind: "schedule_run", atMs: Date.UTC(2026, 0, 3), id }]);
  }
});

Deno.test("a clock that goes three days forward and back makes no planned time twice, and none is lost", async () => {
  using rig = await createScheduleRig(START_MS);
  const { id } = await rig.add({ catchUp: "none" });
  const look = () => lookAtClock(rig);
  await look();
  // The clock jumps to the very midnight of the 5th, so that one runs.
  rig.nowMs = Date.UTC(2026, 0, 5);
  await look();
  await rig.tick();
  assertEquals(await plannedTimes(rig), ["2026-01-05T00:00"]);
  assertEquals((await rig.read(id)).nextMs, Date.UTC(2026, 0, 6));
  // Back to the 1st of January.
  rig.nowMs = START_MS + 60_000;
  await look();
  assertEquals((await rig.read(id)).nextMs, Date.UTC(2026, 0, 2));
  for (let day = 2; day <= 7; day++) {
    rig.nowMs = Date.UTC(2026, 0, day);
    await look();
    await rig.tick();
  }
  const made = await plannedTimes(rig);
  assertEquals(made.toSorted(), [2, 3, 4, 5, 6, 7].map((day) => `2026-01-0${day}T00:00`));
});

Deno.test("a planned time does not run again when its job and its run are gone and the clock goes back", async () => {
  using rig = await createScheduleRig(START_MS);
  const { id } = await rig.add();
  rig.nowMs = Date.UTC(2026, 0, 2);
  await rig.tick();
  const [job] = await rig.jobsMade();
  assert(await rig.first.jobs.cancel(job.id) && await rig.first.jobs.remove(job.id));
  for await (const { key } of rig.kv.list({ prefix: ["schedule_run", id] })) {
    await rig.kv.delete(key);
  }
  // An hour back.
  rig.nowMs = Date.UTC(2026, 0, 1, 23);
  await lookAtClock(rig);
  rig.nowMs = Date.UTC(2026, 0, 2, 0, 1);
  await rig.tick();
  assertEquals(await rig.jobsMade(), []);
  assertEquals((await rig.read(id)).nextMs, Date.UTC(2026, 0, 3));
});

Deno.test("an account at its limit runs a minute later, and its schedule says why until then", async () => {
  using rig = await createScheduleRig(START_MS);
  rig.limits = { jobsWaiting: 1, jobsRunning: null, storedReadings: null, fileBytes: null };
  const { id } = await rig.add();
  await rig.first.jobs.create({ kind: "other", params: null, owner: "anyone", slot: null });
  rig.nowMs = Date.UTC(2026, 0, 2);
  await rig.tick();
  const waiting = await rig.read(id);
  assertEquals([waiting.problem?.code, waiting.dueMs], ["JOBS_LIMITED", rig.nowMs + 60_000]);
  rig.limits = null;
  rig.nowMs += 60_000;
  await rig.tick();
  assertEquals(await plannedTimes(rig), ["2026-01-02T00:00"]);
  assertEquals((await rig.read(id)).problem, null);
});

Deno.test("10,000 schedules cost one read when none is due", async () => {
  using rig = await createScheduleRig(START_MS);
  const { id: _, ...record } = await rig.add({ nextMs: START_MS + 1 });
  for (let stored = 0; stored < 10_000; stored += 500) {
    const op = rig.kv.atomic();
    for (let at = stored; at < stored + 500; at++) {
      stageDue(op, { kind: "schedule_run", atMs: record.nextMs ?? 0, id: String(at) });
    }
    await op.commit();
  }
  const before = rig.kv.reads();
  assertEquals(
    await listCrowd(rig.kv, "schedule_run", { upToMs: START_MS, limit: 100 }),
    [],
  );
  assertEquals(rig.kv.reads() - before, 1);
});

Deno.test("a run costs one commit and at most eight reads, and 100 schedules are read ten at a time", async () => {
  using rig = await createScheduleRig(START_MS);
  for (let i = 0; i < 100; i++) await rig.add({ account: `account ${i % 10}` });
  rig.nowMs = Date.UTC(2026, 0, 2);
  const due = await listCrowd(rig.kv, "schedule_run", { upToMs: rig.nowMs, limit: 100 });
  const [reads, commits] = [rig.kv.reads(), rig.kv.commits()];
  await rig.first.crowd.handle(due);
  assertEquals(rig.kv.commits() - commits, 100);
  assert(rig.kv.reads() - reads <= 10 + 8 * 100, String(rig.kv.reads() - reads));
});

/** A schedule with 1,200 entries of missed times in its list, as of every day from 1970 on. */
async function addMissedOften(rig: ScheduleRig, changes: Partial<ScheduleRecord>): Promise<string> {
  const { id } = await rig.add(changes);
  for (let from = 0; from < 1_200; from += 400) {
    const op = rig.kv.atomic();
    for (let day = from; day < from + 400; day++) {
      const plannedMs = day * DAY_MS;
      const missed = { lastMs: plannedMs, count: 1, isMore: false };
      const run = { v: 1, kind: "missed", createdMs: 0, jobId: null, range: null, missed } as const;
      stageRun(op, { scheduleId: id, plannedMs, run });
    }
    await op.commit();
  }
  return id;
}

Deno.test("a schedule that only misses runs keeps the last ones of its list", async () => {
  using rig = await createScheduleRig(START_MS);
  const id = await addMissedOften(rig, { catchUp: "none" });
  rig.nowMs += DAY_MS;
  await rig.tick();
  // 600 at a time, as a commit is not endless.
  assertEquals((await rig.runs(id)).length, 601);
  assertEquals((await rig.runs(id))[0].plannedMs, 600 * DAY_MS);
});

Deno.test("a schedule with 1,200 missed runs is run, and is deleted with all of them", async () => {
  using rig = await createScheduleRig(START_MS);
  const id = await addMissedOften(rig, {});
  rig.nowMs = Date.UTC(2026, 0, 2);
  await rig.tick();
  assertEquals(await plannedTimes(rig), ["2026-01-02T00:00"]);
  const entry = await getSchedule(rig.kv, id);
  assert(entry !== null && await deleteSchedule(rig.kv, entry));
  assertEquals([await getSchedule(rig.kv, id), await rig.runs(id), await dues(rig)], [
    null,
    [],
    [],
  ]);
});
