import fc from "fast-check";
import { type Due, listDue } from "../../../kv/jobs/due.ts";
import {
  commitJob,
  deleteJob,
  dropStaleDue,
  getJob,
  type JobEntry,
  type JobRecord,
  stageJob,
} from "../../../kv/jobs/jobs.ts";
import { withKnownJobs } from "../../../kv/jobs/known_jobs.ts";
import { migrateJobHistory } from "../../../kv/jobs/migrate_jobs.ts";
import { listHistory } from "../../../kv/jobs/history.ts";
import { getSlot, stageSlot } from "../../../kv/jobs/slots.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { randomFates, strictKv } from "../../support/strict_kv.ts";
import { amount } from "../../support/thorough.ts";

const JOB: JobRecord = {
  v: 1,
  id: "j1",
  kind: "export",
  params: { meter: "m1" },
  owner: "me",
  slot: "key",
  state: "pending",
  epoch: 0,
  attempt: 1,
  abandoned: 0,
  lease: null,
  due: { kind: "job_wait", atMs: 100 },
  createdMs: 100,
  updatedMs: 100,
  endedMs: null,
  fileExpiresMs: null,
  progress: { done: 0, total: null, percent: 0 },
  artifact: null,
  result: null,
  error: null,
  isCancelRequested: false,
  history: [],
};

/** A database with a job, which owns the slot that it names. */
async function kvWithJob(job: JobRecord = JOB): Promise<Deno.Kv> {
  const kv = await Deno.openKv(":memory:");
  const op = kv.atomic();
  stageJob(op, job);
  if (job.slot !== null) stageSlot(op, { owner: job.owner, slot: job.slot }, job.id);
  await op.commit();
  return kv;
}

async function readJob(kv: Deno.Kv): Promise<JobEntry> {
  const entry = await getJob(kv, "j1");
  assert(entry !== null);
  return entry;
}

function allDue(kv: Deno.Kv): Promise<Due[]> {
  return Array.fromAsync(listDue(kv, { upToMs: 1e12 }));
}

/** The job with a different due time and state. */
function moved(
  job: JobRecord,
  atMs: number,
  kind: JobRecord["due"]["kind"] = "job_lease",
): JobRecord {
  return { ...job, updatedMs: job.updatedMs + 1, due: { kind, atMs } };
}

Deno.test("a job is read as it was written, with its one due entry and its slot", async () => {
  using kv = await kvWithJob();
  assertEquals((await readJob(kv)).value, JOB);
  assertEquals(await allDue(kv), [{ kind: "job_wait", atMs: 100, id: "j1" }]);
  assertEquals((await getSlot(kv, { owner: "me", slot: "key" })).jobId, "j1");
  assertEquals((await getSlot(kv, { owner: "you", slot: "key" })).jobId, null);
  assertEquals(await getJob(kv, "j2"), null);
});

Deno.test("getJob() rejects a record of an unknown form", async () => {
  using kv = await kvWithJob();
  const { key } = await readJob(kv);
  await kv.set(key, { ...JOB, v: 2 });
  await assertRejects(() => getJob(kv, "j1"));
  await kv.set(key, { ...JOB, state: "asleep" });
  await assertRejects(() => getJob(kv, "j1"));
});

Deno.test("one of two concurrent moves of a job is refused and writes nothing", async () => {
  using kv = await kvWithJob();
  const from = await readJob(kv);
  const results = await Promise.all(
    [200, 300].map((atMs) => commitJob(kv, from, moved(JOB, atMs))),
  );
  assertEquals(results.toSorted(), [false, true]);
  const { due } = (await readJob(kv)).value;
  assertEquals(due.atMs, results[0] ? 200 : 300);
  assertEquals(await allDue(kv), [{ ...due, id: "j1" }]);
});

Deno.test("commitJob() of a deleted job is refused and does not restore it", async () => {
  using kv = await kvWithJob();
  const from = await readJob(kv);
  assert(await deleteJob(kv, from));
  assertEquals(await commitJob(kv, from, moved(JOB, 200)), false);
  assertEquals([await getJob(kv, "j1"), await allDue(kv)], [null, []]);
});

Deno.test("deleteJob() deletes the record, the due entry and the slot", async () => {
  using kv = await kvWithJob();
  await commitJob(kv, await readJob(kv), moved(JOB, 200));
  assert(await deleteJob(kv, await readJob(kv)));
  const left = await Array.fromAsync(kv.list({ prefix: [] }));
  assertEquals(left.map(({ key, value }) => [key, value]), [
    [["job_account", "me", "waiting"], new Deno.KvU64(0n)],
  ]);
});

Deno.test("deleteJob() is refused if the job has moved meanwhile", async () => {
  using kv = await kvWithJob();
  const from = await readJob(kv);
  await commitJob(kv, from, moved(JOB, 200));
  assertEquals(await deleteJob(kv, from), false);
  assertEquals((await readJob(kv)).value.due.atMs, 200);
  assertEquals((await getSlot(kv, { owner: "me", slot: "key" })).jobId, "j1");
});

Deno.test("deleteJob() of a job without a slot leaves other slots alone", async () => {
  using kv = await kvWithJob({ ...JOB, slot: null });
  await kv.set(["job_slot", "me", "other"], { v: 1, jobId: "j2" });
  assert(await deleteJob(kv, await readJob(kv)));
  assertEquals((await getSlot(kv, { owner: "me", slot: "other" })).jobId, "j2");
});

function isDue({ value: { due } }: JobEntry, atMs: number, kind: Due["kind"]): boolean {
  return due.atMs === atMs && due.kind === kind;
}

const steps = fc.array(
  fc.record({
    atMs: fc.constantFrom(100, 200, 300),
    kind: fc.constantFrom("job_wait" as const, "job_lease" as const, "job_keep" as const),
    isStale: fc.boolean(),
  }),
  { minLength: 1, maxLength: 12 },
);

Deno.test("a job has exactly one due entry, its own, after any moves that succeed or fail", async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.integer(), async (list, seed) => {
      using below = await kvWithJob();
      const kv = strictKv(below, { fate: randomFates(seed, 0.3) });
      let old = await readJob(below);
      for (const { atMs, kind, isStale } of list) {
        const from = isStale ? old : await readJob(below);
        old = await readJob(below);
        await commitJob(kv, from, moved(from.value, atMs, kind)).catch(() => {});
        if (isDue(old, atMs, kind)) continue;
        await dropStaleDue(kv, { atMs, kind, id: "j1" }, old).catch(() => {});
        const { due } = (await readJob(below)).value;
        assertEquals(await allDue(below), [{ ...due, id: "j1" }]);
      }
    }),
    { numRuns: amount({ quick: 40, thorough: 200 }) },
  );
});

Deno.test("dropStaleDue() deletes an entry that is not the job's", async () => {
  using kv = await kvWithJob();
  await kv.set(["due", 50, "job_lease", "j1"], true);
  await kv.set(["due", 60, "job_lease", "gone"], true);
  await dropStaleDue(kv, { atMs: 50, kind: "job_lease", id: "j1" }, await readJob(kv));
  await dropStaleDue(kv, { atMs: 60, kind: "job_lease", id: "gone" }, null);
  assertEquals(await allDue(kv), [{ kind: "job_wait", atMs: 100, id: "j1" }]);
});

Deno.test("dropStaleDue() keeps an entry that became the job's after the read", async () => {
  using kv = await kvWithJob();
  const stale = { atMs: 200, kind: "job_lease", id: "j1" } as const;
  const seen = await readJob(kv);
  await commitJob(kv, seen, moved(JOB, 200));
  await dropStaleDue(kv, stale, seen);
  assertEquals(await allDue(kv), [stale]);
});

Deno.test("dropStaleDue() keeps the entry of a job that was created meanwhile", async () => {
  using kv = await kvWithJob();
  await dropStaleDue(kv, { ...JOB.due, id: "j1" }, null);
  assertEquals(await allDue(kv), [{ ...JOB.due, id: "j1" }]);
});

Deno.test("a job that is remembered is checked once, and a damaged one each time", async () => {
  using database = await kvWithJob();
  const kv = withKnownJobs(database);
  const seen = await readJob(kv);
  assertEquals(seen.value, JOB);
  assert((await readJob(kv)).value === seen.value);
  assert(await commitJob(kv, seen, moved(JOB, 200)));
  assertEquals((await readJob(kv)).value, moved(JOB, 200));
  assertEquals(seen.value, JOB);
  await database.set(["job", "damaged"], { v: 1 });
  for (let read = 0; read < 2; read++) await assertRejects(() => getJob(kv, "damaged"));
});

Deno.test("the migration adds the jobs of an older version to the history, and may run again", async () => {
  using kv = await Deno.openKv(":memory:");
  for (let i = 0; i < 450; i++) {
    const id = `j${String(i).padStart(3, "0")}`;
    await kv.set(["job", id], { ...JOB, id, createdMs: 1_000 - i });
  }
  await kv.set(["job", "damaged"], { v: 1 });
  for (let run = 0; run < 2; run++) {
    await migrateJobHistory(kv, await kv.get(["meta", "schema"]));
    const history = await Array.fromAsync(listHistory(kv, "export"));
    assertEquals(history.length, 450);
    assertEquals(history[0], { createdMs: 1_000, id: "j000" });
    assertEquals(history[449], { createdMs: 551, id: "j449" });
  }
});
