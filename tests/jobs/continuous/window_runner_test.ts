import { openFolderDestination } from "../../../data/continuous/folder_destination.ts";
import { startPlan } from "../../../data/continuous/window.ts";
import type { WrittenFile } from "../../../data/files/file_store.ts";
import { createPutGate } from "../../../jobs/continuous/put_gate.ts";
import { createRunPlaces } from "../../../jobs/continuous/run_places.ts";
import type { ThreadWindows } from "../../../jobs/continuous/thread_contract.ts";
import {
  runOrder,
  type WindowOrder,
  type WindowRunnerDeps,
} from "../../../jobs/continuous/window_runner.ts";
import { DeadWorkerError, type ThreadTask } from "../../../jobs/engine/thread.ts";
import type { Threads } from "../../../jobs/engine/threads.ts";
import { createWorkerThreads } from "../../../jobs/threads.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { type ContinuousRig, openContinuousRig } from "../../support/continuous_rig.ts";
import { listFiles } from "../../support/continuous_service.ts";
import { never } from "../../support/file_store_box.ts";
import { gridPage } from "../../support/series.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";

const HOUR_MS = 3_600_000;
const FROM_MS = Date.UTC(2026, 1, 1);
const SPAN = { fromMs: FROM_MS, toMs: FROM_MS + HOUR_MS };

/** A worker that asks for something and then dies, before it has got an answer. */
function dyingThreads(ask: (task: ThreadTask) => void): Threads {
  return {
    count: 1,
    run(task) {
      ask(task);
      return Promise.reject(new DeadWorkerError("it was shot"));
    },
    [Symbol.dispose]() {},
  };
}

/** A rig with one device. */
interface HourRig extends Omit<ContinuousRig, "deps"> {
  readonly deps: WindowRunnerDeps;
  readonly order: WindowOrder;
}

/** An hour of minutes of a device, which is due, and what runs it in a worker. */
async function openHour(): Promise<HourRig> {
  const rig = await openContinuousRig(HOUR_MS, SPAN.toMs);
  await rig.addDevice("D1");
  const page = gridPage({ fromMs: FROM_MS, stepMs: 60_000, count: 60 });
  await rig.series.write({ profile: "battery", id: "D1" }, page);
  const { style, encoder, source, isSourceComplete } = rig.deps;
  const run = {
    deviceId: "D1",
    span: SPAN,
    plan: startPlan(HOUR_MS),
    style,
    known: [],
    isForced: false,
    isSourceComplete,
    sharedMs: null,
  };
  const { destination } = rig;
  return {
    ...rig,
    deps: {
      source,
      encoder,
      destination,
      gate: createPutGate(),
      places: createRunPlaces(1),
      dueCount: () => 1_000,
    },
    order: {
      run,
      read: SPAN,
      signal: never,
      isTimeUp: () => false,
      report: () => Promise.resolve(true),
    },
  };
}

for (const call of ["put", "report"] as const) {
  for (const fate of ["done", "failed"] as const) {
    Deno.test(`a run whose worker dies ends only after its last ${call} is ${fate}`, async () => {
      await using rig = await openHour();
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
      const asked = Promise.withResolvers<void>();
      const threads = dyingThreads((task) => {
        const what = call === "put" ? { key: "a", bytes: new Uint8Array(1) } : [];
        // The worker is not there any more to get the failure.
        task.answer(call, what).catch(() => {});
        asked.resolve();
      });
      const destination = { ...rig.destination, put: slow };
      const deps = { ...rig.deps, threads, destination };
      const running = runOrder(deps, { ...rig.order, report: slow });
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

Deno.test("the unfinished files of a worker that dies are deleted, and no others", async () => {
  await using folder = await makeTempFolder();
  await using rig = await openHour();
  const unfinished = `${folder.path}/.unfinished`;
  const threads = dyingThreads(({ input }) => {
    const { mark } = input as ThreadWindows;
    Deno.mkdirSync(unfinished);
    for (const name of [`${mark}1`, `${mark}2`, "3"]) {
      Deno.writeTextFileSync(`${unfinished}/${name}.part`, "");
    }
  });
  const destination = openFolderDestination(folder.path);
  await assertRejects(
    () => runOrder({ ...rig.deps, threads, destination }, rig.order),
    DeadWorkerError,
  );
  assertEquals(await listFiles(folder.path), [".unfinished/3.part"]);
});

Deno.test("a worker marks the files that it has not finished", async () => {
  await using folder = await makeTempFolder();
  await using rig = await openHour();
  using workers = createWorkerThreads({ count: 1, keepMs: 600_000, log: () => {} });
  const unfinished = `${folder.path}/.unfinished`;
  await Deno.mkdir(unfinished);
  const marks: string[] = [];
  const threads: Threads = {
    ...workers,
    run(task) {
      marks.push((task.input as ThreadWindows).mark);
      return workers.run(task);
    },
  };
  using watcher = Deno.watchFs(unfinished);
  const destination = openFolderDestination(folder.path);
  await runOrder({ ...rig.deps, threads, destination }, rig.order);
  for await (const { kind, paths: [path] } of watcher) {
    if (kind !== "create") continue;
    assertEquals(path.slice(0, unfinished.length + 1 + 36), `${unfinished}/${marks[0]}`);
    break;
  }
  assertEquals((await listFiles(folder.path)).length, 1);
});
