import type { JobRecord } from "../../../jobs/engine/jobs.ts";
import { storeReport } from "../../../jobs/stores/report.ts";
import { STORE_REPORT, storeReportResult } from "../../../jobs/stores/report_contract.ts";
import { createSeriesStore } from "../../../kv/series/store.ts";
import { stageRejectedHours } from "../../../kv/stores/rejected_hours.ts";
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

/** Makes a report. Returns its job and the lines below its header. */
async function report(
  rig: WorkerRig,
  params: { asOfMs: number | null; maxHoldMs: number | null; staleAfterMs?: number },
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

Deno.test("a report on a strict database shows each store as of one moment, whatever is written", async () => {
  const below = await Deno.openKv(":memory:");
  const plan: StrictPlan = {};
  const kv = strictKv(below, plan);
  await using rig = await createWorkerRig(kv, { hasQueue: false });
  const other = createSeriesStore({ kv: below, now: tickingClock() });
  for (const id of IDS) await other.write(site(id), pageOf([[AS_OF_MS - 240 * HOUR_MS, "0"]]));
  // Another instance writes both at once, at any moment: 26 hours and one hour before the end.
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
  // Always open. Down all week, or up from 26 hours to one hour before the end.
  const before = "0.00,0.00,0.00,60.00,24.00,168.00";
  const after = "0.00,23.00,25.00,60.00,1.00,143.00";
  assertEquals(lines.map((line) => line.split(",")[0]), IDS);
  const rows = lines.map((line) => line.slice(5));
  assertEquals(rows.filter((row) => row !== before && row !== after), []);
  assert(
    rows.includes(after) && rows.includes(before),
    "some writes came before their reads and some after",
  );
  assertEquals(storeReportResult.parse(job.result).storeCount, COUNT);
});

Deno.test("a report uses hours and zones, and skips those of stores without polls", async () => {
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
    // Tokyo: 00:00 to 01:30 UTC, known only from 07:00 to 09:00 UTC.
    "b,0.00,0.00,0.00,0.00,0.00,0.00,0.00,1.50,1.50",
    // Berlin: 07:00 to 08:30 UTC.
    "c,0.00,1.50,1.50,0.00,0.00,0.00,0.00,0.00,0.00",
    // Always open: up from 07:00 to 09:00. The poll at the end covers nothing.
    "d,0.00,2.00,2.00,0.00,0.00,0.00,60.00,22.00,166.00",
    // Never open.
    "f,0.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00",
  ]);
});

Deno.test("by default a report ends at the latest poll that is not in the future", async () => {
  await using rig = await createWorkerRig();
  const nowMs = rig.now();
  const latestMs = nowMs - 3 * HOUR_MS;
  // A clock set to 2036, whose polls version 0.5 stored; and a poll a minute ahead, which is accepted.
  await rig.series.write(site("a"), pageOf([[latestMs - HOUR_MS, "1"], [nowMs + 60_000, "0"]]));
  await rig.series.write(site("b"), pageOf([[latestMs, "0"], [Date.UTC(2036, 1, 7), "1"]]));
  await rig.series.write(site("ahead"), pageOf([[Date.UTC(2036, 1, 7), "1"]]));
  await rig.addWorker("w", [storeReport(rig)]);
  const { job, lines } = await report(rig, { asOfMs: null, maxHoldMs: null });
  assertEquals(lines, [
    "a,60.00,24.00,168.00,0.00,0.00,0.00",
    "b,0.00,0.00,0.00,60.00,24.00,168.00",
  ]);
  assertEquals(storeReportResult.parse(job.result).asOfMs, latestMs);
  const compact = new Date(latestMs).toISOString().replaceAll(/[-:]|[.]000/g, "");
  assertEquals(job.artifact?.filename, `report_${job.id}_as_of_${compact}.csv`);
});

Deno.test("a report counts its stores by the age of their last poll, and marks the stale ones", async () => {
  await using rig = await createWorkerRig();
  const hoursAgo = { a: 0, b: 1, c: 6, d: 7, e: 24, f: 100, g: 200 };
  for (const [id, hours] of Object.entries(hoursAgo)) {
    await rig.series.write(site(id), pageOf([[AS_OF_MS - hours * HOUR_MS, "1"]]));
  }
  await rig.addWorker("w", [storeReport(rig)]);
  const params = { asOfMs: AS_OF_MS, maxHoldMs: null, staleAfterMs: 6 * HOUR_MS };
  const { job, lines } = await report(rig, params);
  assertEquals(lines.map((line) => line.split(",").slice(7).join()), [
    "2024-05-06T12:00:00Z,false",
    "2024-05-06T11:00:00Z,false",
    "2024-05-06T06:00:00Z,false",
    "2024-05-06T05:00:00Z,true",
    "2024-05-05T12:00:00Z,true",
    // 100 hours are 4 days and 4 hours, 200 hours are 8 days and 8 hours.
    "2024-05-02T08:00:00Z,true",
    "2024-04-28T04:00:00Z,true",
  ]);
  assertEquals(storeReportResult.parse(job.result), {
    storeCount: 7,
    asOfMs: AS_OF_MS,
    pollAges: { withinHour: 2, withinDay: 3, withinWeek: 1, older: 1 },
    staleCount: 4,
    rejectedHoursCount: 0,
  });
  const plain = await report(rig, { asOfMs: AS_OF_MS, maxHoldMs: null });
  assertEquals(plain.lines[0], "a,60.00,24.00,168.00,0.00,0.00,0.00");
  assertEquals(storeReportResult.parse(plain.job.result).staleCount, null);
});

Deno.test("a report counts its stores whose hours were rejected, not those without polls", async () => {
  await using rig = await createWorkerRig();
  const op = rig.kv.atomic();
  const rejected = { atMs: AS_OF_MS, rows: 7, field: "end_time_local", value: "5 pm", rule: "" };
  for (const id of ["a", "b", "d"]) stageRejectedHours(op, id, rejected);
  await op.commit();
  for (const id of ["b", "c", "d"]) await rig.series.write(site(id), pageOf([[AS_OF_MS, "1"]]));
  await rig.addWorker("w", [storeReport(rig)]);
  const { job } = await report(rig, { asOfMs: AS_OF_MS, maxHoldMs: null });
  const { storeCount, rejectedHoursCount } = storeReportResult.parse(job.result);
  assertEquals([storeCount, rejectedHoursCount], [3, 2]);
});

Deno.test("a report without any polls has no rows, with as_of and without", async () => {
  await using rig = await createWorkerRig();
  await rig.addWorker("w", [storeReport(rig)]);
  for (const asOfMs of [null, AS_OF_MS]) {
    const { job, lines } = await report(rig, { asOfMs, maxHoldMs: null });
    assertEquals([lines, storeReportResult.parse(job.result).storeCount], [[], 0]);
  }
});
