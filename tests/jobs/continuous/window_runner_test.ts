import { startPlan } from "../../../data/continuous/window.ts";
import type { WrittenFile } from "../../../data/files/file_store.ts";
import { createPutGate } from "../../../jobs/continuous/put_gate.ts";
import { runOrder } from "../../../jobs/continuous/window_runner.ts";
import { DeadWorkerError, type ThreadTask } from "../../../jobs/engine/thread.ts";
import type { Threads } from "../../../jobs/engine/threads.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { openContinuousRig } from "../../support/continuous_rig.ts";
import { never } from "../../support/file_store_box.ts";
import { gridPage } from "../../support/series.ts";

const HOUR_MS = 3_600_000;
const FROM_MS = Date.UTC(2026, 1, 1);
const SPAN = { fromMs: FROM_MS, toMs: FROM_MS + HOUR_MS };

/** A worker that asks for something and then dies, before it has got an answer. */
function dyingThreads(ask: (task: ThreadTask) => void): Threads {
  return {
    run(task) {
      ask(task);
      return Promise.reject(new DeadWorkerError("it was shot"));
    },
    [Symbol.dispose]() {},
  };
}

for (const call of ["put", "report"] as const) {
  for (const fate of ["done", "failed"] as const) {
    Deno.test(`a run whose worker dies ends only after its last ${call} is ${fate}`, async () => {
      await using rig = await openContinuousRig(HOUR_MS, SPAN.toMs);
      await rig.addDevice("D1");
      const page = gridPage({ fromMs: FROM_MS, stepMs: 60_000, count: 60 });
      await rig.series.write({ profile: "battery", id: "D1" }, page);
      const answer = Promise.withResolvers<WrittenFile & boolean>();
      const events: string[] = [];
      const slow = async () => {
        try {
          return await answer.promise;
        } finally {
          // It says so some turns later, as a real one does.
          await new Promise((resolve) => setTimeout(resolve));
          events.push(`${call} is ${fate}`);
        }
      };
      const { style, encoder, source, isSourceComplete } = rig.deps;
      const asked = Promise.withResolvers<void>();
      const threads = dyingThreads((task) => {
        const what = call === "put" ? { key: "a", bytes: new Uint8Array(1) } : [];
        // The worker is not there any more to get the failure.
        task.answer(call, what).catch(() => {});
        asked.resolve();
      });
      const deps = {
        source,
        encoder,
        threads,
        destination: { ...rig.destination, put: slow },
        gate: createPutGate(),
        dueCount: () => 1_000,
      };
      const plan = startPlan(HOUR_MS);
      const run = { deviceId: "D1", span: SPAN, plan, style, known: [], isForced: false };
      const running = runOrder(deps, {
        run: { ...run, isSourceComplete, sharedMs: null },
        read: SPAN,
        signal: never,
        isTimeUp: () => false,
        report: slow,
      });
      const failing = assertRejects(() => running, DeadWorkerError)
        .then(() => events.push("the run has failed"));
      await asked.promise;
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve));
      if (fate === "done") answer.resolve(true as WrittenFile & boolean);
      else answer.reject(new Error("S3 is away"));
      await failing;
      assertEquals(events, [`${call} is ${fate}`, "the run has failed"]);
    });
  }
}
