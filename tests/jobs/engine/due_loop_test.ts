import { createDueLoop, type DueLoop } from "../../../jobs/engine/due_loop.ts";
import { ALWAYS_ACTIVE } from "../../../kv/activity.ts";
import { stageDue, stageDueDelete, stageTurn } from "../../../kv/jobs/due.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { FakeTime } from "../../support/fake_time.ts";
import { pause } from "../../support/process.ts";
import { type StrictKv, strictKv } from "../../support/strict_kv.ts";

/** A database in which 800 accounts wait, and one job is due at the time 5. */
async function crowdedKv(): Promise<StrictKv> {
  const kv = await Deno.openKv(":memory:");
  const op = kv.atomic();
  for (let turn = 0; turn < 800; turn++) stageTurn(op, { turn, account: `a${turn}` });
  stageDue(op, { atMs: 5, kind: "job_keep", id: "j" });
  await op.commit();
  return strictKv(kv);
}

/** A loop in a process whose slots are all taken. `handled` gets what it handles. */
function fullLoop(kv: Deno.Kv, handled: string[]): DueLoop {
  const handle = ({ id }: { id: string }) => Promise.resolve(void handled.push(id));
  return createDueLoop({
    kv,
    now: () => 10,
    log: () => {},
    handlers: { job_wait: handle, job_lease: handle, job_keep: handle, series_purge: handle },
    onTurns: () => Promise.resolve(),
    hasRoom: () => false,
  });
}

Deno.test("while no job can start, a scan reads what is due but no turns, and a poke reads nothing", async () => {
  using kv = await crowdedKv();
  const handled: string[] = [];
  const loop = fullLoop(kv, handled);
  loop.start();
  while (loop.lastScanMs() === 0) await pause(1);
  const ofScan = kv.reads();
  assertEquals(handled[0], "j");
  for (let poke = 0; poke < 50; poke++) {
    loop.poke();
    await pause(0);
  }
  await loop.stop();
  // A busy machine may take so long that further full scans come, one a second: each is one read.
  assert(ofScan <= 3 && kv.reads() - ofScan <= 10, `${ofScan} and ${kv.reads()} reads`);
});

Deno.test("a crowd of 250 due entries is handled 100 at a time, and jobs are started in between", async () => {
  using kv = await Deno.openKv(":memory:");
  const op = kv.atomic();
  for (let i = 0; i < 250; i++) {
    stageDue(op, { kind: "schedule_run", atMs: 1_000 + i, id: String(i) });
  }
  await op.commit();
  const steps: string[] = [];
  const ignore = () => Promise.resolve();
  const loop = createDueLoop({
    kv,
    now: () => 5_000,
    log: () => {},
    hasRoom: () => true,
    onTurns: (_next, lane = "main") =>
      Promise.resolve(void (lane === "main" && steps.push("jobs"))),
    handlers: { job_wait: ignore, job_lease: ignore, job_keep: ignore, series_purge: ignore },
    crowds: [{
      kind: "schedule_run",
      async handle(dues) {
        steps.push(`${dues.length} from ${dues[0].id}`);
        const op = kv.atomic();
        for (const due of dues) stageDueDelete(op, due);
        await op.commit();
      },
    }],
  });
  loop.start();
  while (steps.length < 6) await pause(5);
  await loop.stop();
  assertEquals(steps.slice(0, 6), [
    "jobs",
    "100 from 0",
    "jobs",
    "100 from 100",
    "jobs",
    "50 from 200",
  ]);
});

const NOTHING = () => Promise.resolve();
const HANDLERS = {
  job_wait: NOTHING,
  job_lease: NOTHING,
  job_keep: NOTHING,
  series_purge: NOTHING,
};

/** Rests until `end` is called, if the loop knows when it has work again. */
function endlessRests() {
  let resting = Promise.withResolvers<void>();
  return {
    end() {
      resting.resolve();
      resting = Promise.withResolvers<void>();
    },
    activity: {
      ...ALWAYS_ACTIVE,
      async rest(_everyMs: number, signal: AbortSignal, untilNext?: () => Promise<number>) {
        const { promise, resolve } = resting;
        signal.addEventListener("abort", () => resolve());
        await untilNext?.();
        await promise;
      },
    },
  };
}

Deno.test("the age of the last scan counts from the end of a rest, and grows while a scan hangs", async () => {
  using kv = await Deno.openKv(":memory:");
  const rests = endlessRests();
  let nowMs = 1_000, scans = 0;
  const hanging = Promise.withResolvers<void>();
  const loop = createDueLoop({
    kv,
    now: () => nowMs,
    log: () => {},
    handlers: HANDLERS,
    onTurns: () => ++scans < 3 ? Promise.resolve() : hanging.promise,
    hasRoom: () => true,
    activity: rests.activity,
  });
  loop.start();
  while (!loop.isResting()) await pause(1);
  assertEquals(loop.lastScanMs(), 1_000);
  nowMs = 61_000;
  rests.end();
  // The first scan has made a call for jobs and one for deliveries; the second one hangs.
  while (scans < 3) await pause(1);
  nowMs = 90_000;
  assertEquals([loop.isResting(), loop.lastScanMs()], [false, 61_000]);
  hanging.resolve();
  await loop.stop();
});

Deno.test("a loop that cannot read what is due does not rest", async () => {
  using kv = await Deno.openKv(":memory:");
  const rests = endlessRests();
  const logged: string[] = [];
  const loop = createDueLoop({
    kv,
    now: () => 1_000,
    log: (_, event) => logged.push(event),
    handlers: HANDLERS,
    onTurns: () => Promise.reject(new Error("away")),
    hasRoom: () => true,
    activity: rests.activity,
  });
  loop.start();
  while (logged.length < 2) await pause(1);
  await pause(5);
  assertEquals([loop.isResting(), loop.lastScanMs()], [false, 0]);
  await loop.stop();
});

Deno.test("a loop that rests over a shared database finds jobs of a process without a pulse in 10 s", async () => {
  using time = new FakeTime();
  using kv = strictKv(await Deno.openKv(":memory:"));
  const found: string[] = [];
  const loop = createDueLoop({
    kv,
    now: () => time.now(),
    log: () => {},
    handlers: HANDLERS,
    onTurns: async (nextTurn, lane = "main") => {
      const turn = await nextTurn();
      if (turn !== null) found.push(`${lane} ${turn.account}`);
    },
    hasRoom: () => true,
    activity: endlessRests().activity,
    isShared: true,
  });
  /** Lets the database answer while time stands still. */
  const settled = async (isSettled: () => boolean) => {
    for (let turn = 0; turn < 2_000 && !isSettled(); turn++) await time.pass(0);
  };
  loop.start();
  await settled(loop.isResting);
  const before = kv.reads();
  await time.pass(10_000);
  await settled(() => kv.reads() - before >= 2 && !loop.isScanning());
  assertEquals([loop.isResting(), found, kv.reads() - before], [true, [], 2]);
  await kv.set(["due", "job_turn", 1, "anyone"], true);
  await kv.set(["due", "job_lane_turn", "delivery", 1, "webhook"], true);
  await time.pass(10_000);
  await settled(() => found.length === 2);
  assertEquals(found, ["main anyone", "delivery webhook"]);
  const stopped = loop.stop();
  await time.pass(0);
  await stopped;
});
