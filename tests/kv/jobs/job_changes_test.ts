import { claimed, completedWithoutFile, newJob } from "../../../jobs/engine/transitions.ts";
import { commitChanges, type JobChange } from "../../../kv/jobs/job_changes.ts";
import { commitJob, getJobEntries, type JobEntry, stageJob } from "../../../kv/jobs/jobs.ts";
import { readAccount } from "../../../kv/jobs/accounts.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { type StrictKv, strictKv, type StrictPlan } from "../../support/strict_kv.ts";

/** A database with running jobs. */
async function kvWithRunning(count: number): Promise<{ kv: StrictKv; plan: StrictPlan }> {
  const plan: StrictPlan = {};
  const kv = strictKv(await Deno.openKv(":memory:"), plan);
  for (const id of ids(count)) {
    const op = kv.atomic();
    stageJob(
      op,
      claimed(newJob({ id, kind: "k", params: "", owner: "o", slot: null }, 1), "me", 2),
    );
    await op.commit();
  }
  return { kv, plan };
}

function ids(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `j${index}`);
}

async function entriesOf(kv: Deno.Kv, count: number): Promise<JobEntry[]> {
  return (await getJobEntries(kv, ids(count))).filter((entry) => entry !== null);
}

function end(from: JobEntry): JobChange {
  const to = completedWithoutFile(from.value, 5, { result: null, keptUntilMs: 9 });
  return { from, to, more: { checks: [], stage: (op) => op.set(["more", to.id], true) } };
}

function thrown(error: Error): never {
  throw error;
}

async function states(kv: Deno.Kv, count: number): Promise<string[]> {
  return (await getJobEntries(kv, ids(count))).map((entry) => entry?.value.state ?? "gone");
}

Deno.test("the ends of nine jobs are one commit, with what goes with each, and those of ten are two", async () => {
  for (const [count, commits] of [[9, 1], [10, 2]]) {
    const { kv } = await kvWithRunning(count);
    using _ = kv;
    const before = kv.commits();
    const versions = await commitChanges(kv, (await entriesOf(kv, count)).map(end));
    assertEquals(kv.commits() - before, commits);
    assertEquals(await states(kv, count), ids(count).map(() => "completed"));
    const more = await Array.fromAsync(kv.list({ prefix: ["more"] }));
    assertEquals(more.map(({ key }) => key[1]), ids(count));
    assertEquals((await readAccount(kv, "o")).running, 0);
    // The versions are those of the records, so that the next change needs no read.
    const stored = (await entriesOf(kv, count)).map(({ versionstamp }) => versionstamp);
    assertEquals(versions, stored.map((value) => ({ status: "fulfilled", value })));
  }
});

Deno.test("a job that has changed meanwhile is left, and the others end", async () => {
  const { kv } = await kvWithRunning(4);
  using _ = kv;
  const entries = await entriesOf(kv, 4);
  await commitJob(kv, entries[1], { ...entries[1].value, isCancelRequested: true });
  const results = await commitChanges(kv, entries.map(end));
  assertEquals(
    results.map((result) => result.status === "fulfilled" && result.value !== null),
    [true, false, true, true],
  );
  assertEquals(await states(kv, 4), ["completed", "running", "completed", "completed"]);
  assertEquals((await readAccount(kv, "o")).running, 1);
});

Deno.test("a change that no commit can hold fails alone, and a deletion goes with others", async () => {
  const { kv } = await kvWithRunning(3);
  using _ = kv;
  const [first, second, third] = await entriesOf(kv, 3);
  const large = new Uint8Array(70_000);
  const results = await commitChanges(kv, [
    { from: first, to: null },
    { ...end(second), more: { checks: [], stage: (op) => op.set(["large"], large) } },
    end(third),
  ]);
  assertEquals(results.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
  assertEquals(await states(kv, 3), ["gone", "running", "completed"]);
  assertEquals((await readAccount(kv, "o")).running, 1);
});

Deno.test("a change that cannot even be staged fails alone, wherever it is among others", async () => {
  for (const odd of [0, 1, 2]) {
    const { kv } = await kvWithRunning(3);
    using _ = kv;
    const before = kv.commits();
    const changes = (await entriesOf(kv, 3)).map(end);
    const fault = new RangeError("too long");
    changes[odd] = { ...changes[odd], more: { checks: [], stage: () => thrown(fault) } };
    const results = await commitChanges(kv, changes);
    for (const [index, result] of results.entries()) {
      if (index === odd) assertEquals(result, { status: "rejected", reason: fault });
      else assert(result.status === "fulfilled" && result.value !== null);
    }
    const expected = ids(3).map((_, index) => index === odd ? "running" : "completed");
    assertEquals(await states(kv, 3), expected);
    assertEquals(kv.commits() - before, odd === 1 ? 2 : 1);
  }
});

Deno.test("if the answer to a commit of several is lost, none of them is made twice", async () => {
  const { kv, plan } = await kvWithRunning(3);
  using _ = kv;
  const changes = (await entriesOf(kv, 3)).map(end);
  let commits = 0;
  plan.fate = () => commits++ === 0 ? "unanswered" : "happens";
  const results = await commitChanges(kv, changes);
  // Each looks as if another process had changed it, so that whoever asked reads it again.
  assertEquals(results, changes.map(() => ({ status: "fulfilled", value: null })));
  assertEquals(await states(kv, 3), ["completed", "completed", "completed"]);
  const { running } = await readAccount(kv, "o");
  assert(running === 0, `${running} still counted`);
});
