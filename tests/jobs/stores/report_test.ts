import type { JobRecord } from "../../../jobs/engine/jobs.ts";
import { storeReport } from "../../../jobs/stores/report.ts";
import { STORE_REPORT, storeReportResult } from "../../../jobs/stores/report_contract.ts";
import { createSeriesStore } from "../../../kv/series/store.ts";
import { stageStoreHours, stageStoreZone } from "../../../kv/stores/stores.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { pageOf } from "../../support/pages.ts";
import { tickingClock } from "../../support/series.ts";
import { createRandom, strictKv, type StrictPlan } from "../../support/strict_kv.ts";
import { createWorkerRig, type WorkerRig } from "../../support/worker_rig.ts";

const HOUR_MS = 3_600_000;
/** 2024-05-06T12:00Z, a Monday. */
const AS_OF_MS = Date.UTC(2024, 4, 6, 12);
const COUNT = 230;
const IDS = Array.from({ length: COUNT }, (_, index) => `s${String(index).padStart(3, "0")}`);

function site(id: string) {
  return { profile: "site", id } as const;
}

/** Asks for a report of that time and waits for it; its record and the lines below its header. */
async function report(
  rig: WorkerRig,
  params: { asOfMs: number | null; maxHoldMs: number | null },
): Promise<{ job: JobRecord; lines: string[] }> {
  const slot = null;
  const { id } = await rig.jobs.create({ kind: STORE_REPORT, params, owner: "anyone", slot });
  const job = await rig.until(id, "completed");
  assert(job.artifact !== null);
  const file = await rig.files.read(job.artifact.name);
  assert(file !== null);
  const text = await new Response(file).text();
  return { job, lines: text.trimEnd().split("\n").slice(1) };
}

Deno.test("a report on a strict database shows each store as of one moment, whatever comes in", async () => {
  const below = await Deno.openKv(":memory:");
  const plan: StrictPlan = {};
  const kv = strictKv(below, plan);
  await using rig = await createWorkerRig(kv, { hasQueue: false });
  const other = createSeriesStore({ kv: below, now: tickingClock() });
  for (const id of IDS) await other.write(site(id), pageOf([[AS_OF_MS - 240 * HOUR_MS, "0"]]));
  // Written at once, by another instance and in any moment: 26 hours and one hour before the end.
  const random = createRandom(5);
  const written = new Set<string>();
  plan.before = async () => {
    const id = IDS[Math.floor(random() * COUNT)];
    if (random() < 0.5 || written.has(id)) return;
    written.add(id);
    await other.write(
      site(id),
      pageOf([[AS_OF_MS - 26 * HOUR_MS, "1"], [AS_OF_MS - HOUR_MS, "0"]]),
    );
  };
  await rig.addWorker("w", [storeReport(rig)]);
  const { job, lines } = await report(rig, { asOfMs: AS_OF_MS, maxHoldMs: null });
  // Open always. Down all the week; or up from 26 hours to one hour before the end.
  const before = "0.00,0.00,0.00,60.00,24.00,168.00";
  const after = "0.00,23.00,25.00,60.00,1.00,143.00";
  assertEquals(lines.map((line) => line.split(",")[0]), IDS);
  const rows = lines.map((line) => line.slice(5));
  assertEquals(rows.filter((row) => row !== before && row !== after), []);
  assert(
    rows.includes(after) && rows.includes(before),
    "writes came before and behind their reads",
  );
  assertEquals(storeReportResult.parse(job.result), { storeCount: COUNT });
});

Deno.test("a report goes by hours and zones, those of stores without polls passed over", async () => {
  await using rig = await createWorkerRig();
  const { kv, series } = rig;
  const op = kv.atomic();
  // 09:00 to 10:30 on Mondays; Tokyo is at UTC+9, Berlin at UTC+2.
  const hours = [{ day: 0, startMs: 9 * HOUR_MS, endMs: 10.5 * HOUR_MS }];
  for (const id of ["a", "b", "c", "e"]) stageStoreHours(op, id, hours);
  stageStoreZone(op, "b", "Asia/Tokyo");
  stageStoreZone(op, "c", "Europe/Berlin");
  stageStoreZone(op, "d", "Europe/Berlin");
  stageStoreHours(op, "f", []);
  await op.commit();
  for (const id of ["b", "c", "d", "f"]) {
    await series.write(site(id), pageOf([[Date.UTC(2024, 4, 6, 8), "1"], [AS_OF_MS, "0"]]));
  }
  await rig.addWorker("w", [storeReport(rig)]);
  const { lines } = await report(rig, { asOfMs: null, maxHoldMs: HOUR_MS });
  assertEquals(lines, [
    // Tokyo: 00:00 to 01:30 UTC, known from 07:00 to 09:00 UTC only.
    "b,0.00,0.00,0.00,0.00,0.00,0.00,0.00,1.50,1.50",
    // Berlin: 07:00 to 08:30 UTC.
    "c,0.00,1.50,1.50,0.00,0.00,0.00,0.00,0.00,0.00",
    // Always open: up from 07:00 to 09:00; the poll at the end covers nothing.
    "d,0.00,2.00,2.00,0.00,0.00,0.00,60.00,22.00,166.00",
    // Never open.
    "f,0.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00",
  ]);
});

Deno.test("a report without any polls has no rows, with as_of and without", async () => {
  await using rig = await createWorkerRig();
  await rig.addWorker("w", [storeReport(rig)]);
  for (const asOfMs of [null, AS_OF_MS]) {
    const { job, lines } = await report(rig, { asOfMs, maxHoldMs: null });
    assertEquals([lines, storeReportResult.parse(job.result).storeCount], [[], 0]);
  }
});
