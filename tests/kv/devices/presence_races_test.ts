import fc from "fast-check";
import { lastReceivedMs } from "../../../kv/devices/last_seen.ts";
import { checkPresence, markOnline, RECHECK_AFTER_MS } from "../../../kv/devices/presence.ts";
import { changeDevice } from "../../../kv/devices/devices.ts";
import { assert, assertEquals, assertLess } from "../../support/assert.ts";
import {
  assertSound,
  createBattery,
  deviceDues,
  deviceOf,
  receive,
  RULES,
} from "../../support/devices.ts";
import { insist } from "../../support/series_rig.ts";
import { randomFates, strictKv, type StrictPlan } from "../../support/strict_kv.ts";
import { amount } from "../../support/thorough.ts";

const IDS = ["a", "b"];
const OFFLINE_AFTER_MS = 20_000;
/** Most time that passes during an operation, so that what it read is younger than the recheck. */
const DURING_MS = 3_000;
const MAX_DURING = 3;

/** What all processes share. */
interface World {
  nowMs: number;
  startedMs: number;
}

/** Something that a process does. */
type Operation = (kv: Deno.Kv, world: World) => Promise<unknown>;

/** Gives an operation the name that failures show. */
function named(name: string, operation: Operation): Operation {
  return Object.assign(operation, { [fc.toStringMethod]: () => name });
}

function newDevice(kv: Deno.Kv, device: string, nowMs: number): Promise<unknown> {
  return createBattery(kv, device, { nowMs, serviceOfflineAfterMs: OFFLINE_AFTER_MS });
}

const id = fc.constantFrom(...IDS);
const check = named("check", async (kv, { nowMs, startedMs }) => {
  const rules = { ...RULES, nowMs, startedMs, offlineAfterMs: OFFLINE_AFTER_MS };
  await checkPresence(kv, await deviceDues(kv, nowMs), rules);
});
const mark = (kv: Deno.Kv, device: string, receivedMs: number) =>
  markOnline(kv, device, { receivedMs, offlineAfterMs: OFFLINE_AFTER_MS });
/** What ingest does: it reads the record, commits the reading, then brings the device online. */
function receivesBy(writer: string): fc.Arbitrary<Operation> {
  return id.map((device) =>
    named(`receive ${device} by '${writer}'`, async (kv, { nowMs }) => {
      const { state } = await deviceOf(kv, device);
      await receive(kv, device, nowMs, writer);
      if (state === "offline") await mark(kv, device, nowMs);
    })
  );
}
/** A late call, about a receipt that has been recorded long ago. */
const lateMarks: fc.Arbitrary<Operation> = id.map((device) =>
  named(`mark ${device} late`, async (kv) => {
    const receivedMs = await lastReceivedMs(kv, device);
    if (receivedMs !== null) await mark(kv, device, receivedMs);
  })
);
const changes: fc.Arbitrary<Operation> = fc.tuple(id, fc.constantFrom(null, 5_000, 40_000)).map((
  [device, offlineAfterMs],
) =>
  named(
    `change ${device} to ${offlineAfterMs}`,
    (kv, { nowMs }) => changeDevice(kv, device, { change: () => ({ offlineAfterMs }), nowMs }),
  )
);
const restart = named("restart", (_, world) => {
  world.startedMs = world.nowMs;
  return Promise.resolve();
});
const create = named("create", (kv, { nowMs }) => newDevice(kv, "a", nowMs));
const passes = (mostMs: number): fc.Arbitrary<Operation> =>
  fc.integer({ min: 1, max: mostMs }).map((ms) =>
    named(`pass ${ms}`, (_, world) => {
      world.nowMs += ms;
      return Promise.resolve();
    })
  );
/** What a process does. Its last-seen times never go back, so no two processes share a writer. */
function actsOf(writer: string): fc.Arbitrary<Operation> {
  return fc.oneof(
    { weight: 3, arbitrary: receivesBy(writer) },
    { weight: 4, arbitrary: fc.constant(check) },
    { weight: 1, arbitrary: lateMarks },
    { weight: 1, arbitrary: changes },
    { weight: 1, arbitrary: fc.constantFrom(restart, create) },
  );
}

/** An operation, and what other processes do between its accesses to the database. */
interface Step {
  readonly operation: Operation;
  readonly during: readonly { readonly gap: number; readonly operation: Operation }[];
}

const during = fc.array(
  fc.record({ gap: fc.nat(4), operation: fc.oneof(actsOf("w"), passes(DURING_MS)) }),
  { maxLength: MAX_DURING },
);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ operation: actsOf(""), during }) },
    {
      weight: 2,
      arbitrary: passes(30_000).map((operation): Step => ({ operation, during: [] })),
    },
  ),
  { minLength: 3, maxLength: 25 },
);

/** A world of two devices at its beginning. */
async function createWorld(kv: Deno.Kv): Promise<World> {
  for (const device of IDS) await newDevice(kv, device, 0);
  return { nowMs: 0, startedMs: 0 };
}

/** Lets time pass until every check is done, then compares with what was received last. */
async function assertSettled(kv: Deno.Kv, world: World): Promise<void> {
  for (let round = 0; round < 3; round++) {
    world.nowMs += RECHECK_AFTER_MS;
    while ((await deviceDues(kv, world.nowMs)).length > 0) await check(kv, world);
  }
  for (const device of IDS) {
    await assertSound(kv, device);
    const record = await deviceOf(kv, device);
    const receivedMs = await lastReceivedMs(kv, device);
    if (record.state === "offline") assertEquals(record.lastSeenMs, receivedMs);
    else {
      const sinceMs = Math.max(receivedMs ?? 0, record.createdMs, world.startedMs);
      assertLess(world.nowMs, sinceMs + (record.offlineAfterMs ?? OFFLINE_AFTER_MS));
    }
  }
}

Deno.test("devices stay sound and settle, no matter what others do between two accesses", async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.integer(), async (script, seed) => {
      using below = await Deno.openKv(":memory:");
      const plan: StrictPlan = {};
      const kv = strictKv(below, plan);
      const world = await createWorld(below);
      for (const { operation, during } of script) {
        const waiting = [...during];
        let gap = waiting[0]?.gap ?? 0;
        plan.fate = randomFates(seed, 0.1);
        plan.before = async () => {
          while (waiting.length > 0 && gap-- === 0) {
            await waiting.shift()?.operation(below, world);
            for (const device of IDS) await assertSound(below, device);
            gap = waiting[0]?.gap ?? 0;
          }
        };
        await insist(() => operation(kv, world));
        delete plan.before;
        delete plan.fate;
        for (const device of IDS) await assertSound(below, device);
      }
      await assertSettled(below, world);
    }),
    { numRuns: amount({ quick: 25, thorough: 150 }) },
  );
});

Deno.test("devices stay sound and settle under concurrent operations on local KV", async () => {
  const rounds = fc.array(
    fc.record({
      pass: passes(30_000),
      together: fc.array(fc.oneof(actsOf(""), actsOf("w")), { minLength: 2, maxLength: 6 }),
    }),
    { minLength: 2, maxLength: 10 },
  );
  await fc.assert(
    fc.asyncProperty(rounds, async (script) => {
      using kv = await Deno.openKv(":memory:");
      const world = await createWorld(kv);
      for (const { pass, together } of script) {
        await pass(kv, world);
        await Promise.all(together.map((operation) => operation(kv, world)));
        for (const device of IDS) await assertSound(kv, device);
      }
      await assertSettled(kv, world);
    }),
    { numRuns: amount({ quick: 20, thorough: 60 }) },
  );
});

Deno.test("of many checks and readings at once each transition is recorded once", async () => {
  using kv = await Deno.openKv(":memory:");
  const world = await createWorld(kv);
  for (let round = 0; round < 10; round++) {
    world.nowMs += OFFLINE_AFTER_MS;
    await Promise.all(Array.from({ length: 4 }, () => check(kv, world)));
    for (const device of IDS) assertEquals((await deviceOf(kv, device)).state, "offline");
    const { nowMs } = world;
    for (const device of IDS) await receive(kv, device, nowMs + 1);
    const moved = await Promise.all(
      Array.from({ length: 6 }, (_, n) => mark(kv, IDS[n % 2], nowMs + 1)),
    );
    assertEquals(moved.filter((isMoved) => isMoved).length, 2);
    world.nowMs += 1;
  }
  for (const device of IDS) {
    await assertSound(kv, device);
    const events = await Array.fromAsync(kv.list({ prefix: ["device_event", device] }));
    assert(events.length === 20, `${events.length} events`);
  }
});
