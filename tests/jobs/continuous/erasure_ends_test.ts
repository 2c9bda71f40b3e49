import { eraseFromLake } from "../../../jobs/deletions/erase.ts";
import { cancelled, failed, newJob } from "../../../jobs/engine/transitions.ts";
import { getExportCheckpoint } from "../../../kv/continuous/checkpoints.ts";
import {
  changeExportControls,
  type Erasure,
  getExportControls,
  withdrawErasures,
} from "../../../kv/continuous/controls.ts";
import type { JobRecord } from "../../../kv/jobs/jobs.ts";
import { wrapKv } from "../../../kv/wrapped_kv.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { finishRounds, writeBattery } from "../../support/compacted_days.ts";
import { createContinuousReference } from "../../support/continuous_reference.ts";
import { type ContinuousRig, openContinuousRig } from "../../support/continuous_rig.ts";
import { pause } from "../../support/process.ts";

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 1, 7, 12, 0, 5);
const D1 = { profile: "battery", id: "D1" } as const;
const ERROR = { code: "STORAGE_UNAVAILABLE", message: "It is away", details: "" };

/** The erasure of a whole device. */
function erasureOf(jobId: string, changes: Partial<Erasure> = {}): Erasure {
  const counts = { days: 0, daysDone: 0, deleted: 0, rewritten: 0 };
  const span = { fromMs: 0, toMs: START_MS + HOUR_MS, reachedMs: 0 };
  return { jobId, ...span, ...counts, state: "waiting", ...changes };
}

async function putJob(
  { kv }: ContinuousRig,
  id: string,
  move: (job: JobRecord) => JobRecord = (job) => job,
): Promise<void> {
  const request = { kind: "delete_device", params: {}, owner: "anyone", slot: null };
  await kv.set(["job", id], move(newJob({ id, ...request }, START_MS)));
}

const fail = (job: JobRecord) => failed(job, START_MS, { error: ERROR, keptUntilMs: START_MS });
const cancel = (job: JobRecord) => cancelled(job, START_MS, START_MS);

/** A rig with an exported reading of D1, which is then deleted. */
async function openErased(): Promise<ContinuousRig> {
  const rig = await openContinuousRig(HOUR_MS, START_MS);
  await rig.addDevice("D1");
  await writeBattery(rig, createContinuousReference(), [[START_MS - 2 * HOUR_MS, 1]], "D1");
  await finishRounds(rig, {});
  assertEquals(rig.destination.objects.size, 1);
  const span = { fromMs: 0, toMs: START_MS };
  await rig.series.removeSpan(D1, span, { signal: new AbortController().signal });
  return rig;
}

async function addErasures({ kv }: ContinuousRig, more: readonly Erasure[]): Promise<void> {
  await changeExportControls(kv, "D1", (controls) => ({
    ...controls,
    isPaused: true,
    erasures: [...controls.erasures, ...more],
  }));
}

async function erasuresOf({ kv }: ContinuousRig, id = "D1"): Promise<readonly Erasure[]> {
  return (await getExportControls(kv, id)).erasures;
}

/** Requests an erasure that nobody carries out, and ends the wait as the process does that stops. */
async function request(rig: ContinuousRig, ids: readonly string[]): Promise<void> {
  const deps = { kv: rig.kv, isExporting: true, now: () => rig.clock.nowMs };
  const controller = new AbortController();
  const { signal } = controller;
  const erasing = eraseFromLake(deps, { jobId: "job", ids, span: null, signal, onShare: () => {} });
  let isOver = false;
  erasing.catch(() => isOver = true);
  const isStored = async (id: string) =>
    (await erasuresOf(rig, id)).some(({ jobId }) => jobId === "job");
  for (const id of ids) while (!isOver && !await isStored(id)) await pause(2);
  controller.abort(new DOMException("stopping", "AbortError"));
  await erasing.catch((error) => {
    if (error.message !== "stopping") throw error;
  });
}

Deno.test("the files of a failed deletion follow, and nothing stays of its request", async () => {
  for (const isGone of [false, true]) {
    await using rig = await openErased();
    if (!isGone) await putJob(rig, "failed", fail);
    await addErasures(rig, [erasureOf("failed")]);
    await rig.round(await rig.startDuties());
    assertEquals([rig.destination.objects.size, await erasuresOf(rig)], [0, []]);
  }
});

Deno.test("a deletion that still runs finds what became of its request", async () => {
  await using rig = await openErased();
  await addErasures(rig, [erasureOf("job")]);
  await rig.round(await rig.startDuties());
  const [{ state, deleted }] = await erasuresOf(rig);
  assertEquals([state, deleted], ["done", 1]);
});

Deno.test("a request that a cancelled deletion left is not carried out", async () => {
  await using rig = await openErased();
  await putJob(rig, "cancelled", cancel);
  await addErasures(rig, [erasureOf("cancelled")]);
  await rig.round(await rig.startDuties());
  assertEquals([rig.destination.objects.size, await erasuresOf(rig)], [1, []]);
});

Deno.test("withdrawing removes the requests of one job, and touches nothing else", async () => {
  await using rig = await openErased();
  await addErasures(rig, [erasureOf("one"), erasureOf("other")]);
  await withdrawErasures(rig.kv, { jobId: "one", ids: ["D1", "D2"] });
  assertEquals((await erasuresOf(rig)).map(({ jobId }) => jobId), ["other"]);
});

Deno.test("a new request takes the place of those of ended deletions that are done, or that it covers", async () => {
  await using rig = await openErased();
  const many = Array.from({ length: 99 }, (_, index) => `job-${index}`);
  for (const id of many) await putJob(rig, id, fail);
  await putJob(rig, "running");
  const states = ["done", "refused", "waiting"] as const;
  await addErasures(rig, many.map((id, index) => erasureOf(id, { state: states[index % 3] })));
  await addErasures(rig, [erasureOf("running")]);
  await request(rig, ["D1"]);
  assertEquals((await erasuresOf(rig)).map(({ jobId }) => jobId), ["running", "job"]);
});

Deno.test("at most 100 deletions wait for the files of a device, so that its record stays small", async () => {
  await using rig = await openErased();
  const many = Array.from({ length: 100 }, (_, index) => `job-${index}`);
  for (const id of many) await putJob(rig, id);
  await addErasures(rig, many.map((id) => erasureOf(id)));
  const error = await assertRejects(() => request(rig, ["D1"]), Error);
  assertEquals(error.message, "Too many deletions wait for the objects of a device");
  assertEquals((await erasuresOf(rig)).length, 100);
});

Deno.test("a request for a device that was never exported leaves no checkpoint", async () => {
  await using rig = await openErased();
  await request(rig, ["D2"]);
  await rig.round(await rig.startDuties());
  const [{ state }] = await erasuresOf(rig, "D2");
  assertEquals([state, await getExportCheckpoint(rig.kv, "D2")], ["done", null]);
});

Deno.test("waiting for shared files reads the members of a day once, and then the one that is late", async () => {
  await using rig = await openContinuousRig(HOUR_MS, START_MS);
  const { kv } = rig;
  const ids = Array.from({ length: 8 }, (_, index) => `D${index}`);
  const day = ["battery", Date.UTC(2026, 1, 6)] as const;
  const member = { v: 1, state: "written", isInObject: true, rows: 1 };
  for (const id of ids) await kv.set(["lake_profile_member", ...day, id], member);
  const late = ["lake_profile_member", ...day, "D7"];
  await kv.set(late, { ...member, state: "leaving" });
  await kv.set(["lake_profile_dirty", ...day], { v: 1, atMs: START_MS });
  let reads = 0, looks = 0;
  const counting = wrapKv(kv, {
    list(selector, options) {
      if ("prefix" in selector && selector.prefix[0] === "lake_profile_dirty") looks++;
      return kv.list(selector, options);
    },
    get(key, options) {
      if (key[0] === "lake_profile_member") reads++;
      return kv.get(key, options);
    },
  });
  for (const id of ids) {
    await changeExportControls(kv, id, (controls) => ({
      ...controls,
      erasures: [erasureOf("job", { state: "done" })],
    }));
  }
  const deps = { kv: counting, isExporting: true, now: () => rig.clock.nowMs };
  const { signal } = new AbortController();
  const request = { jobId: "job", ids, span: null, signal, onShare: () => {} };
  const erasing = eraseFromLake(deps, request);
  while (looks < 4) await pause(5);
  await kv.delete(late);
  await kv.delete(["lake_profile_dirty", ...day]);
  await erasing;
  // Eight at the first look, and one at each further one; eight again if a look falls between the two
  // deletions above. Reading all of them at each look would be 32 and more.
  assert(reads >= 8 && reads <= 16 + looks, `${reads} reads in ${looks} looks`);
});
