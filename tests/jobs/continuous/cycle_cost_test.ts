import { readSettings } from "../../../data/settings.ts";
import { openContinuousExport } from "../../../jobs/continuous/continuous_export.ts";
import { createDevice } from "../../../kv/devices/devices.ts";
import { getExportCheckpoint } from "../../../kv/continuous/checkpoints.ts";
import { openKv } from "../../../kv/opened_kv.ts";
import { createSeriesStore } from "../../../kv/series/store.ts";
import { assert, assertEquals, assertLessOrEqual } from "../../support/assert.ts";
import { builtInProfiles } from "../../support/profiles.ts";
import { gridPage } from "../../support/series.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";

const MINUTE_MS = 60_000;
const BEGIN_MS = Date.UTC(2026, 1, 9, 12, 30);
const DEVICES = Array.from({ length: 96 }, (_, index) => `D${index}`);

/** The same database, which counts calls: reads of one or more keys, lists, and commits. */
function counted(kv: Deno.Kv) {
  const calls = { reads: 0, commits: 0 };
  function counting<Args extends unknown[], Result>(call: (...args: Args) => Result) {
    return (...args: Args): Result => {
      calls.reads++;
      return call.apply(kv, args);
    };
  }
  const view = {
    get: counting(kv.get) as typeof kv.get,
    getMany: counting(kv.getMany) as typeof kv.getMany,
    list: counting(kv.list) as typeof kv.list,
    atomic() {
      calls.commits++;
      return kv.atomic();
    },
  };
  return { calls, view };
}

// Without sharing, a device costs 13 reads and a commit. How much is shared depends on what happens at the
// same time: on an idle machine, 5.6 reads and a third of a commit are left.
Deno.test("devices of a cycle share reads and commits", async () => {
  await using folder = await makeTempFolder();
  await using opened = await openKv(":memory:");
  const read = readSettings({
    CONTINUOUS_EXPORT: "on",
    EXPORT_FORMAT: "csv",
    EXPORT_INTERVAL_SECONDS: "60",
    LAKE_PATH: folder.path,
  });
  assert(!("problems" in read));
  const { continuous, s3 } = read.settings;
  let nowMs = BEGIN_MS + 3_000;
  const now = () => nowMs;
  const series = createSeriesStore({ ...opened, now });
  const { calls, view } = counted(opened.kv);
  const { duties } = await openContinuousExport({
    ...opened,
    kv: view,
    series,
    profiles: builtInProfiles(),
    now,
    log: () => {},
    continuous,
    s3,
  });
  for (const id of DEVICES) {
    await createDevice(opened.kv, id, {
      profile: "battery",
      nowMs,
      serviceOfflineAfterMs: 600_000,
    });
  }
  const { signal } = new AbortController();
  const lease = { v: 1 as const, owner: "one", epoch: 1, untilMs: nowMs + 600_000, cursor: null };
  const cycle = async (fromMs: number) => {
    await series.writeMany(
      "battery",
      DEVICES,
      () => gridPage({ fromMs, stepMs: 10_000, count: 6 }),
    );
    const before = { ...calls };
    await Promise.all(duties.map((duty) => duty.round({ signal, lease })));
    return { reads: calls.reads - before.reads, commits: calls.commits - before.commits };
  };
  await cycle(BEGIN_MS - MINUTE_MS);
  nowMs += MINUTE_MS;
  const { reads, commits } = await cycle(BEGIN_MS);
  for (const id of DEVICES) {
    assertEquals((await getExportCheckpoint(opened.kv, id))?.value.totals.rows, 12);
  }
  assertLessOrEqual(reads, 9 * DEVICES.length);
  assertLessOrEqual(commits, DEVICES.length * 3 / 4);
});
