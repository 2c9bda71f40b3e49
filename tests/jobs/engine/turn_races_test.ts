import { claimed, newJob } from "../../../jobs/engine/transitions.ts";
import { readAccount } from "../../../kv/jobs/accounts.ts";
import { listTurns } from "../../../kv/jobs/due.ts";
import { commitTurn, getJob, type JobEntry, lineUpJob, stageJob } from "../../../kv/jobs/jobs.ts";
import { endTurn, readTurn, type TurnAhead } from "../../../kv/jobs/turns.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { createWorkerRig, textKind, type WorkerRig } from "../../support/worker_rig.ts";

const ACCOUNT = "anyone";

/** A job that waits by time, like one that was retried, handed back, or left by an older release. */
async function addTimedJob(rig: WorkerRig): Promise<JobEntry> {
  const id = crypto.randomUUID();
  const op = rig.kv.atomic();
  stageJob(op, newJob({ id, kind: "test", params: "", owner: ACCOUNT, slot: null }, rig.now()));
  await op.commit();
  return await entryOf(rig, id);
}

async function entryOf(rig: WorkerRig, id: string): Promise<JobEntry> {
  const entry = await getJob(rig.kv, id);
  assert(entry !== null);
  return entry;
}

async function turnAhead(rig: WorkerRig): Promise<TurnAhead> {
  const [turn] = await Array.fromAsync(listTurns(rig.kv));
  return await readTurn(rig.kv, turn);
}

/** Starts the first job in line. */
async function take(rig: WorkerRig, turn: TurnAhead): Promise<boolean> {
  assert(turn.first !== null);
  const from = await entryOf(rig, turn.first.id);
  const to = claimed(from.value, "a process", rig.now());
  return await commitTurn(rig.kv, { from, to, turn, checks: [] });
}

Deno.test("the last job of a line does not end the turn of a job that joins while it starts", async () => {
  await using rig = await createWorkerRig();
  await rig.ask();
  const timed = await addTimedJob(rig);
  const turn = await turnAhead(rig);
  assert(await lineUpJob(rig.kv, timed));
  assertEquals(await take(rig, turn), false);
  assert(await take(rig, await turnAhead(rig)));
  const next = await turnAhead(rig);
  assertEquals([next.first?.id, next.hasMore], [timed.value.id, false]);
});

Deno.test("a line that was found empty keeps its turn if a job joins it meanwhile", async () => {
  await using rig = await createWorkerRig();
  const { id } = await rig.ask();
  const timed = await addTimedJob(rig);
  await rig.jobs.cancel(id);
  const turn = await turnAhead(rig);
  assertEquals(turn.first, null);
  assert(await lineUpJob(rig.kv, timed));
  await endTurn(rig.kv, turn.account);
  assertEquals((await turnAhead(rig)).first?.id, timed.value.id);
});

Deno.test("a worker that starts gives a turn to every line without one, and only to those", async () => {
  await using rig = await createWorkerRig();
  const jobs = [];
  for (const owner of ["A", "B", "C"]) {
    jobs.push(await rig.ask({ owner }), await rig.ask({ owner }));
  }
  // What a race of an earlier release left behind: jobs in line, and an account that does not wait.
  await rig.kv.delete(["job_account", "B", "in_turn"]);
  await rig.kv.delete(["due", "job_turn", (await readAccount(rig.kv, "B")).turn, "B"]);
  await rig.addWorker("w", [textKind(rig.files, () => Promise.resolve("x"))]);
  for (const { id } of jobs) await rig.until(id, "completed");
  assertEquals(await Array.fromAsync(listTurns(rig.kv)), []);
});
