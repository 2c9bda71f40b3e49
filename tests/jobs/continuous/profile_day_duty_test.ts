import type { Duty } from "../../../jobs/engine/duty_loop.ts";
import { listDirtyDays, stageMember } from "../../../kv/continuous/profile_days.ts";
import { takeLease } from "../../../kv/jobs/leases.ts";
import { assertEquals } from "../../support/assert.ts";
import { finishRounds, SHARE, writeBattery } from "../../support/compacted_days.ts";
import { createContinuousReference } from "../../support/continuous_reference.ts";
import { type ContinuousRig, openContinuousRig } from "../../support/continuous_rig.ts";
import { FakeTime } from "../../support/fake_time.ts";

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 1, 7, 12, 0, 5);
const DAY = { profile: "battery", dayMs: Date.UTC(2026, 1, 6) };

/** A rig with a day that is outdated. */
async function openOutdated(): Promise<ContinuousRig> {
  const rig = await openContinuousRig(HOUR_MS, START_MS);
  await rig.addDevice("D1");
  await writeBattery(rig, createContinuousReference(), [[DAY.dayMs, 1]]);
  await finishRounds(rig, SHARE);
  const op = rig.kv.atomic();
  const change = { ...DAY, state: "pending", isInObject: true, rows: 1, nowMs: START_MS } as const;
  stageMember(op, "D1", change);
  await op.commit();
  return rig;
}

/** The timer that {@link FakeTime} replaces. */
const realTimeout = setTimeout;

/** Lets time pass, and gives the database real time for what is due then. */
async function pass(time: FakeTime, ms: number): Promise<void> {
  await time.pass(ms);
  await new Promise((resolve) => realTimeout(resolve, 10));
}

/** Starts a round whose object takes a minute to put; `signals` has the signal of each put. */
async function startRound(
  rig: ContinuousRig,
  time: FakeTime,
  signals: AbortSignal[],
  stop: AbortSignal = new AbortController().signal,
): Promise<{ round: Promise<void> }> {
  const started = time.now(), startedMs = rig.clock.nowMs;
  const now = () => startedMs + time.now() - started;
  const duties = await rig.startDuties({
    ...SHARE,
    now,
    destination: {
      ...rig.destination,
      async putStream(key, object, signal) {
        signals.push(signal);
        await new Promise<void>((resolve, reject) => {
          setTimeout(resolve, 60_000);
          signal.addEventListener("abort", () => reject(signal.reason));
        });
        return await rig.destination.putStream(key, object, signal);
      },
    },
  });
  const [duty] = duties.filter(({ name }) => name === "lake-profile-days");
  const round = roundOf(duty, now(), stop);
  while (signals.length === 0) await pass(time, 0);
  return { round };
}

function roundOf(duty: Duty, nowMs: number, signal: AbortSignal): Promise<void> {
  const untilMs = nowMs + 30_000;
  const lease = { v: 1 as const, owner: "one", epoch: 1, untilMs, cursor: null };
  return duty.round({ signal, lease });
}

function takeAsOther(rig: ContinuousRig, nowMs: number, ms = 30_000) {
  const name = "lake-profile-days";
  return takeLease(rig.kv, { name, owner: "two", nowMs, untilMs: nowMs + ms, isExclusive: false });
}

Deno.test("while an object is written for longer than a lease holds, no other process gets the lease", async () => {
  await using rig = await openOutdated();
  using time = new FakeTime();
  const signals: AbortSignal[] = [];
  let isEnded = false;
  const nowMs = rig.clock.nowMs;
  const { round } = await startRound(rig, time, signals);
  for (let seconds = 2; seconds <= 58; seconds += 2) {
    await pass(time, 2_000);
    assertEquals(await takeAsOther(rig, nowMs + seconds * 1_000), null, `after ${seconds} s`);
  }
  assertEquals(signals.map(({ aborted }) => aborted), [false]);
  for (let turn = 0; turn < 20 && !isEnded; turn++) {
    await pass(time, 1_000);
    isEnded = (await listDirtyDays(rig.kv)).length === 0;
  }
  assertEquals([isEnded, signals.length], [true, 1]);
  await round;
});

Deno.test("a process that another one has replaced stops writing, and the day stays outdated", async () => {
  await using rig = await openOutdated();
  using time = new FakeTime();
  const signals: AbortSignal[] = [];
  const nowMs = rig.clock.nowMs;
  const objects = [...rig.destination.objects];
  const { round } = await startRound(rig, time, signals);
  await pass(time, 4_000);
  assertEquals(signals.length, 1);
  // As if this process had stood still for longer than its lease held.
  assertEquals((await takeAsOther(rig, nowMs + 600_000, 600_000))?.owner, "two");
  for (let turn = 0; turn < 6; turn++) await pass(time, 2_000);
  assertEquals(signals.map(({ aborted }) => aborted), [true]);
  await round;
  assertEquals((await listDirtyDays(rig.kv)).length, 1);
  assertEquals([...rig.destination.objects], objects);
});

Deno.test("a stop ends a round that writes an object, and the day stays outdated", async () => {
  await using rig = await openOutdated();
  using time = new FakeTime();
  const signals: AbortSignal[] = [];
  const stop = new AbortController();
  const { round } = await startRound(rig, time, signals, stop.signal);
  assertEquals(signals[0].aborted, false);
  const reason = new Error("the service stops");
  stop.abort(reason);
  await round;
  assertEquals([signals.length, signals[0].reason], [1, reason]);
  assertEquals((await listDirtyDays(rig.kv)).length, 1);
});
