import { createDueLoop, type DueLoop } from "../../../jobs/engine/due_loop.ts";
import { stageDue, stageDueDelete, stageTurn } from "../../../kv/jobs/due.ts";
import { assert, assertEquals } from "../../support/assert.ts";
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
