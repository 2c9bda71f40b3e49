import { AppError } from "../../../data/app_error.ts";
import { openFolderDestination } from "../../../data/continuous/folder_destination.ts";
import { openWindowEncoder } from "../../../data/continuous/window_encoder.ts";
import { NO_THREADS, type Threads } from "../../../jobs/engine/threads.ts";
import { createWorkerThreads } from "../../../jobs/threads.ts";
import { getExportCheckpoint } from "../../../kv/continuous/checkpoints.ts";
import { changeExportControls } from "../../../kv/continuous/controls.ts";
import { listManifests } from "../../../kv/continuous/manifests.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { type ContinuousRig, openContinuousRig } from "../../support/continuous_rig.ts";
import { listFiles } from "../../support/continuous_service.ts";
import { gridPage } from "../../support/series.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";
import { isThorough } from "../../support/thorough.ts";

const HOUR_MS = 3_600_000, DAY_MS = 24 * HOUR_MS;
const NOW_MS = Date.UTC(2026, 1, 9, 0, 30);
const FROM_MS = Date.UTC(2026, 1, 1);
const REF = { profile: "battery", id: "D1" } as const;

/** Workers that count what they ran. */
function openThreads() {
  const workers = createWorkerThreads({ count: 1, keepMs: 600_000, log: () => {} });
  let ran = 0;
  const threads: Threads = {
    ...workers,
    async run(task) {
      const ended = await workers.run(task);
      if (ended !== null) ran++;
      return ended;
    },
  };
  return { threads, ran: () => ran, [Symbol.dispose]: () => workers[Symbol.dispose]() };
}

/** A week of minutes of a device, with a gap, which is exported by the hour. */
async function openWeek(): Promise<ContinuousRig> {
  const rig = await openContinuousRig(HOUR_MS, NOW_MS);
  await rig.addDevice("D1");
  await rig.series.write(REF, gridPage({ fromMs: FROM_MS, stepMs: 60_000, count: 4 * 1_440 }));
  const restMs = FROM_MS + 5 * DAY_MS;
  await rig.series.write(REF, gridPage({ fromMs: restMs, stepMs: 60_000, count: 2 * 1_440 }));
  return rig;
}

async function recordOf({ kv }: ContinuousRig) {
  const checkpoint = (await getExportCheckpoint(kv, "D1"))?.value;
  const manifests = await listManifests(kv, "D1", { fromMs: 0, toMs: NOW_MS });
  const last = checkpoint?.last;
  return {
    manifests,
    nextMs: checkpoint?.nextMs,
    pendingMs: checkpoint?.pendingMs,
    totals: checkpoint?.totals,
    last: last && { ...last, writtenMs: 0 },
  };
}

for (const format of ["csv", "parquet"] as const) {
  for (const layout of ["plain", "hive"] as const) {
    // Each format and each layout once, unless the whole proof runs.
    if (!isThorough && (format === "csv") === (layout === "plain")) continue;
    Deno.test(`a worker writes the same files and checkpoint as this thread: ${format}, ${layout}`, async () => {
      await using folder = await makeTempFolder();
      using workers = openThreads();
      const style = { prefix: "", layout, format };
      const encoder = await openWindowEncoder(style);
      const made: unknown[] = [];
      const pending: unknown[] = [];
      for (const threads of [undefined, workers.threads]) {
        await using rig = await openWeek();
        const path = `${folder.path}/${made.length}`;
        const destination = openFolderDestination(path);
        const duties = await rig.startDuties({ destination, encoder, style, threads });
        await rig.round(duties);
        // Late readings of the first day, which are not folded, and some of a window that has not ended.
        const late = gridPage({ fromMs: FROM_MS + 30_000, stepMs: 60_000, count: 90 });
        await rig.series.write(REF, late);
        await rig.series.write(REF, gridPage({ fromMs: NOW_MS, stepMs: 60_000, count: 5 }));
        rig.clock.nowMs += 61_000;
        await rig.round(duties);
        const names = await listFiles(path);
        const files = await Promise.all(names.map((name) => Deno.readTextFile(`${path}/${name}`)));
        const record = await recordOf(rig);
        made.push({ names, files, ...record });
        pending.push(record.pendingMs);
        assertEquals(rig.logged, []);
        assertEquals(names.length, 6 * 24);
      }
      assertEquals(made[0], made[1]);
      assertEquals(pending, [NOW_MS, NOW_MS]);
      // On a busy machine, a round may end before its run does.
      assert(workers.ran() >= 2);
    });
  }
}

Deno.test("a worker hands objects over where it cannot write by itself", async () => {
  using workers = openThreads();
  const made: unknown[] = [];
  for (const threads of [undefined, workers.threads]) {
    await using rig = await openWeek();
    await rig.round(await rig.startDuties({ threads }));
    made.push({ objects: [...rig.destination.objects].sort(), ...await recordOf(rig) });
    assertEquals(rig.destination.objects.size, 6 * 24);
  }
  assertEquals(made[0], made[1]);
  assertEquals(workers.ran(), 1);
});

Deno.test("an object that a worker cannot put stops the checkpoint before its window", async () => {
  await using rig = await openWeek();
  using workers = openThreads();
  let puts = 0;
  const put: typeof rig.destination.put = (key, object, signal) =>
    ++puts === 100
      ? Promise.reject(new AppError("STORAGE_FULL", "It is full"))
      : rig.destination.put(key, object, signal);
  const destination = { ...rig.destination, put };
  const duties = await rig.startDuties({ destination, threads: workers.threads });
  await rig.round(duties);
  assertEquals(rig.logged, ["device not exported"]);
  const { nextMs, totals } = await recordOf(rig);
  // The hundredth window is the third of the day after the gap, which begins with the 97th.
  assertEquals([nextMs, totals?.objects], [FROM_MS + 5 * DAY_MS + 3 * HOUR_MS, 99]);
  assertEquals((await getExportCheckpoint(rig.kv, "D1"))?.value.fault?.message, "It is full");
  rig.clock.nowMs += 61_000;
  await rig.round(duties);
  assertEquals(rig.destination.objects.size, 6 * 24);
});

Deno.test("a pass whose worker dies is tried again on this thread", async () => {
  await using rig = await openWeek();
  using workers = createWorkerThreads({ count: 1, keepMs: 600_000, log: () => {} });
  const deaths: string[] = [];
  const threads: Threads = {
    ...workers,
    async run(task) {
      const answer: typeof task.answer = async (...asked) => {
        workers[Symbol.dispose]();
        return await task.answer(...asked);
      };
      try {
        return await workers.run({ ...task, answer });
      } catch (error) {
        deaths.push(error instanceof Error ? error.name : "");
        throw error;
      }
    },
  };
  const duties = await rig.startDuties({ threads });
  await rig.round(duties);
  rig.clock.nowMs += 61_000;
  await rig.round(duties);
  assertEquals(rig.destination.objects.size, 6 * 24);
  assertEquals((await recordOf(rig)).totals?.objects, 6 * 24);
  assertEquals(deaths, ["DeadWorkerError"]);
});

Deno.test("readings that are damaged fail the device in a worker, and are reported", async () => {
  await using rig = await openWeek();
  using workers = openThreads();
  const from = ["block", "battery", "D1", FROM_MS + 2 * DAY_MS];
  const blocks = rig.kv.list<Uint8Array>({ prefix: from.slice(0, 3), start: from });
  const [third] = await Array.fromAsync(blocks);
  await rig.kv.set(third.key, third.value.slice(0, 20));
  const reported: string[] = [];
  const { source } = rig.deps;
  const readPacked: typeof source.readPacked = async (...args) => {
    const device = await source.readPacked?.(...args) ?? null;
    return device && { ...device, damaged: (error) => void reported.push(error.message) };
  };
  const duties = await rig.startDuties({
    source: { ...source, readPacked },
    threads: workers.threads,
  });
  await rig.round(duties);
  const message = "The stored readings of 2026-02-03 (UTC) of 'D1' (profile battery) are damaged";
  assertEquals([reported, rig.logged], [[message], ["device not exported"]]);
  const { fault, nextMs } = (await getExportCheckpoint(rig.kv, "D1"))?.value ?? {};
  assert(fault?.message.startsWith(message), fault?.message);
  // The last window before it may go on in the damaged readings.
  assertEquals(nextMs, FROM_MS + 2 * DAY_MS - HOUR_MS);
});

Deno.test("an export that is stopped while a worker writes continues where it was", async () => {
  await using rig = await openWeek();
  using workers = openThreads();
  const aborter = new AbortController();
  let puts = 0;
  const put: typeof rig.destination.put = async (key, object, signal) => {
    if (++puts === 50) aborter.abort(new Error("it is stopped"));
    return await rig.destination.put(key, object, signal);
  };
  const destination = { ...rig.destination, put };
  const duties = await rig.startDuties({ destination, threads: workers.threads });
  const lease = {
    v: 1 as const,
    owner: "one",
    epoch: 1,
    untilMs: NOW_MS + 30_000,
    cursor: null,
  };
  await Promise.allSettled(duties.map((duty) => duty.round({ signal: aborter.signal, lease })));
  const stopped = rig.destination.objects.size;
  assert(stopped >= 49 && stopped < 6 * 24, String(stopped));
  await rig.round(await rig.startDuties({ threads: workers.threads }));
  assertEquals(rig.destination.objects.size, 6 * 24);
  assertEquals((await recordOf(rig)).nextMs, NOW_MS - 30 * 60_000);
});

Deno.test("a worker writes unchanged windows again only if a replay asks for them", async () => {
  await using rig = await openWeek();
  using workers = openThreads();
  const duties = await rig.startDuties({ threads: workers.threads });
  await rig.round(duties);
  const before = rig.destination.puts.length;
  await rig.series.write(REF, gridPage({ fromMs: FROM_MS + 30_000, stepMs: 60_000, count: 1 }));
  rig.clock.nowMs += 61_000;
  await rig.round(duties);
  assertEquals(rig.destination.puts.length, before + 1);
  const replay = { fromMs: FROM_MS, toMs: FROM_MS + 5 * HOUR_MS };
  await changeExportControls(rig.kv, "D1", (now) => ({ ...now, replays: [replay] }));
  rig.clock.nowMs += 1_000;
  await rig.round(duties);
  assertEquals(rig.destination.puts.length, before + 6);
  assert(workers.ran() >= 2);
});

Deno.test("a few readings start no worker, unless many devices are due", async () => {
  for (const devices of [2, 60]) {
    await using rig = await openContinuousRig(HOUR_MS, NOW_MS);
    using workers = openThreads();
    for (let device = 0; device < devices; device++) {
      const ref = { profile: "battery", id: `D${device}` } as const;
      await rig.addDevice(ref.id);
      await rig.series.write(ref, gridPage({ fromMs: FROM_MS, stepMs: 60_000, count: 5 }));
    }
    await rig.round(await rig.startDuties({ threads: workers.threads }));
    assertEquals(rig.destination.objects.size, devices);
    assertEquals(workers.ran() > 0, devices === 60);
  }
});

Deno.test("devices that catch up together are exported by the worker and by this thread alike", async () => {
  using workers = openThreads();
  const made: unknown[] = [];
  const ids = Array.from({ length: 8 }, (_, index) => `D${index}`);
  for (const threads of [undefined, workers.threads]) {
    await using rig = await openContinuousRig(HOUR_MS, NOW_MS);
    for (const [index, id] of ids.entries()) {
      await rig.addDevice(id);
      const page = gridPage({ fromMs: FROM_MS + index, stepMs: 600_000, count: 8 * 144 });
      await rig.series.write({ ...REF, id }, page);
    }
    await rig.round(await rig.startDuties({ threads }));
    assertEquals(rig.logged, []);
    assertEquals(rig.destination.objects.size, 8 * 8 * 24);
    const reached = ids.map(async (id) => (await getExportCheckpoint(rig.kv, id))?.value.nextMs);
    made.push({
      objects: [...rig.destination.objects].sort(),
      reached: await Promise.all(reached),
    });
  }
  assertEquals(made[0], made[1]);
  // Three of the worker at once, one of this thread, and four that waited for either.
  assert(workers.ran() >= 3 && workers.ran() < 8, String(workers.ran()));
});

Deno.test("with no workers at all, this thread exports long windows too", async () => {
  await using rig = await openContinuousRig(DAY_MS, NOW_MS);
  for (const id of ["D1", "D2", "D3"]) {
    await rig.addDevice(id);
    // A day has six blocks.
    const page = gridPage({ fromMs: FROM_MS, stepMs: 10_000, count: 2 * 8_640 });
    await rig.series.write({ ...REF, id }, page);
  }
  await rig.round(await rig.startDuties({ threads: NO_THREADS }));
  assertEquals([rig.logged, rig.destination.objects.size], [[], 3 * 2]);
});

Deno.test("long windows wait for the worker, and none is lost", async () => {
  await using rig = await openContinuousRig(DAY_MS, NOW_MS);
  using workers = openThreads();
  const ids = ["D1", "D2", "D3", "D4", "D5"];
  for (const id of ids) {
    await rig.addDevice(id);
    const page = gridPage({ fromMs: FROM_MS, stepMs: 10_000, count: 2 * 8_640 });
    await rig.series.write({ ...REF, id }, page);
  }
  await rig.round(await rig.startDuties({ threads: workers.threads }));
  assertEquals([rig.logged, rig.destination.objects.size], [[], 5 * 2]);
  assertEquals(workers.ran(), 5);
});
