import type { JobKind } from "../../../jobs/engine/job_kind.ts";
import { LEASE_MS } from "../../../jobs/engine/transitions.ts";
import { readAccount } from "../../../kv/jobs/accounts.ts";
import { deliveryAccount } from "../../../kv/jobs/lanes.ts";
import { assertEquals } from "../../support/assert.ts";
import { pause } from "../../support/process.ts";
import { createGate, createWorkerRig, textKind, type WorkerRig } from "../../support/worker_rig.ts";

const SENDING = "sending";

/** A kind of the lane of deliveries, whose runs end when the gate opens. */
function sendingKind(until: () => Promise<void>, starts: string[] = []): JobKind {
  return {
    name: SENDING,
    failure: { code: "EXPORT_FAILED", message: "It failed", details: "" },
    isTransient: true,
    async run({ params }) {
      starts.push(String(params));
      await until();
      return { artifact: null, result: null };
    },
  };
}

function askSending(rig: WorkerRig, target: string, isFailing = false) {
  return rig.ask({ kind: SENDING, params: target, owner: deliveryAccount(target, isFailing) });
}

/** The keys under a prefix of the database. */
async function keysOf(kv: Deno.Kv, ...prefix: Deno.KvKey): Promise<Deno.KvKey[]> {
  return await Array.fromAsync(kv.list({ prefix }), ({ key }) => key);
}

Deno.test("a job of the main lane starts although deliveries to 100 targets hang and others wait", async () => {
  await using rig = await createWorkerRig();
  const held = createGate();
  const starts: string[] = [];
  const kinds = [
    textKind(rig.files, () => Promise.resolve("a")),
    sendingKind(() => held.passed, starts),
  ];
  await rig.addWorker("w", kinds, 1);
  for (let number = 0; number < 100; number++) await askSending(rig, `webhook:${number}`);
  rig.advance(0);
  while (starts.length < 32) await pause(1);
  const job = await rig.ask();
  await rig.until(job.id, "completed");
  assertEquals(starts.length, 32);
  held.open();
});

Deno.test("mails and failing webhooks that hang leave places to other webhooks", async () => {
  await using rig = await createWorkerRig();
  const held = createGate();
  const starts: string[] = [];
  for (let number = 0; number < 40; number++) await askSending(rig, `email:${number}`);
  for (let number = 0; number < 40; number++) await askSending(rig, `webhook:bad${number}`, true);
  await askSending(rig, "webhook:good");
  await rig.addWorker("w", [sendingKind(() => held.passed, starts)]);
  rig.advance(0);
  while (!starts.includes("webhook:good")) await pause(1);
  await pause(10);
  assertEquals(starts.filter((target) => target.startsWith("email:")).length, 8);
  assertEquals(starts.filter((target) => target.startsWith("webhook:bad")).length, 16);
  held.open();
  while (starts.length < 81) await pause(1);
});

Deno.test("deliveries start although jobs of the main lane take all of its room", async () => {
  await using rig = await createWorkerRig();
  const held = createGate();
  const starts: string[] = [];
  const blocked = textKind(rig.files, () => held.passed.then(() => "a"));
  await rig.addWorker("w", [blocked, sendingKind(() => Promise.resolve(), starts)], 1);
  const jobs = [await rig.ask(), await rig.ask()];
  await rig.until(jobs[0].id, "running");
  const sending = await askSending(rig, "webhook:1");
  rig.advance(0);
  while (starts.length === 0 || await rig.jobs.get(sending.id) !== null) await pause(1);
  assertEquals((await rig.jobs.get(jobs[1].id))?.state, "pending");
  held.open();
});

Deno.test("targets take turns: one with one delivery does not wait for 50 of another one", async () => {
  await using rig = await createWorkerRig();
  const starts: string[] = [];
  for (let number = 0; number < 50; number++) await askSending(rig, "webhook:busy");
  await askSending(rig, "webhook:calm");
  // All of one moment, so that only turns decide; the lane runs 32 at the same time.
  await rig.addWorker("w", [sendingKind(() => Promise.resolve(), starts)]);
  while (starts.length < 51) await pause(1);
  assertEquals(starts.indexOf("webhook:calm") <= 1, true);
});

Deno.test("a transient job leaves nothing when it has ended", async () => {
  await using rig = await createWorkerRig();
  await rig.addWorker("w", [sendingKind(() => Promise.resolve())]);
  const job = await askSending(rig, "webhook:1");
  rig.advance(0);
  while (await rig.jobs.get(job.id) !== null) await pause(1);
  assertEquals(await keysOf(rig.kv, "job_history"), []);
  assertEquals(await keysOf(rig.kv, "job_owned"), []);
  assertEquals(await keysOf(rig.kv, "due"), []);
  const { waiting, running, isWaiting } = await readAccount(rig.kv, deliveryAccount("webhook:1"));
  assertEquals({ waiting, running, isWaiting }, { waiting: 0, running: 0, isWaiting: false });
});

Deno.test("a delivery whose process died is taken over, as any other job", async () => {
  await using rig = await createWorkerRig();
  const starts: string[] = [];
  const held = createGate();
  const dead = await rig.addWorker("dead", [sendingKind(() => held.passed, starts)]);
  const job = await askSending(rig, "webhook:1");
  rig.advance(0);
  while (starts.length < 1) await pause(1);
  await rig.addWorker("alive", [sendingKind(() => Promise.resolve(), starts)]);
  rig.advance(LEASE_MS + 1);
  while (await rig.jobs.get(job.id) !== null) await pause(1);
  assertEquals(starts, ["webhook:1", "webhook:1"]);
  held.open();
  await dead.stop(0);
});
