import { createCaller } from "../../data/access/caller.ts";
import type { JobKind } from "../../jobs/engine/job_kind.ts";
import { EXPORT } from "../../jobs/exports/export_contract.ts";
import { scheduleWork } from "../../jobs/schedules/schedule_work.ts";
import { stageNewSchedule } from "../../kv/schedules/schedules.ts";
import { assert } from "../support/assert.ts";
import { pause } from "../support/process.ts";
import { scheduleRecord } from "../support/schedule_rig.ts";
import { strictKv } from "../support/strict_kv.ts";
import { createWorkerRig } from "../support/worker_rig.ts";

const SCHEDULES = 10_000;
/** As many schedules as one commit has room for. */
const AT_ONCE = 180;

const failure = { code: "EXPORT_FAILED", message: "It failed", details: "" };

Deno.test("while 10,000 schedules are due in the same minute, a job of another account starts soon", async () => {
  const kv = strictKv(await Deno.openKv(":memory:"));
  const work = () => scheduled;
  await using rig = await createWorkerRig(kv, { hasQueue: false, crowds: () => [work().crowd] });
  const everyone = createCaller({
    owner: "anyone",
    actor: { kind: "anonymous", id: "", name: "" },
    scopes: ["export"],
  });
  const scheduled = scheduleWork({
    kv,
    jobs: rig.jobs,
    now: rig.now,
    log: () => {},
    findMaker: () => everyone,
    getKey: () => Promise.resolve(null),
  });
  const nextMs = rig.now() - 30_000;
  for (let stored = 0; stored < SCHEDULES; stored += AT_ONCE) {
    const op = kv.atomic();
    for (let i = stored; i < Math.min(stored + AT_ONCE, SCHEDULES); i++) {
      stageNewSchedule(op, scheduleRecord({ nextMs }));
    }
    assert((await op.commit()).ok);
  }
  const stored = kv.commits();
  let startedAt = 0;
  const run: JobKind["run"] = () => Promise.resolve({ artifact: null, result: null });
  await rig.addWorker("a", [{ name: EXPORT, failure, run }, {
    name: "other",
    failure,
    run(context) {
      startedAt = kv.commits();
      return run(context);
    },
  }]);
  // Some hundred runs are made and have ended.
  while (kv.commits() < stored + 1_500) await pause(5);
  const askedAt = kv.commits();
  const { id } = await rig.ask({ kind: "other", owner: "somebody else" });
  await rig.until(id, "completed");
  // A part of the crowd makes 100 jobs. Each is created, started and ended.
  assert(startedAt - askedAt < 600, `after ${startedAt - askedAt} commits`);
});
