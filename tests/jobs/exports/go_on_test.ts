import { gunzipSync } from "node:zlib";
import { CSV_DIALECTS } from "../../../data/encoders/csv_dialect.ts";
import type { FileStore } from "../../../data/files/file_store.ts";
import type { ExportSpec } from "../../../data/exports/spec.ts";
import { exportParamsOf, exportSpecOf } from "../../../jobs/exports/export_contract.ts";
import { exportKinds } from "../../../jobs/exports/export_job.ts";
import type { JobContext, JobKind } from "../../../jobs/engine/job_kind.ts";
import type { SeriesStore } from "../../../kv/series/store.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { never } from "../../support/file_store_box.ts";
import { NEVER, runExport } from "../../support/interrupted_export.ts";
import { pageOf, type Row } from "../../support/pages.ts";
import { builtInProfiles } from "../../support/profiles.ts";
import { DAY, DAY_MS, gridPage } from "../../support/series.ts";
import { createWorkerRig, type WorkerRig } from "../../support/worker_rig.ts";

const MINUTE_MS = 60_000;
const METERS = ["m1", "ü,2", "none", "m3"];
const SPAN = { fromMs: DAY, toMs: DAY + 4 * DAY_MS };

/** Every fifth minute with gaps, missing values, growing decimals and a value without a last decimal. */
function rowsOf(meter: number): Row[] {
  const rows: Row[] = [];
  for (let minute = 0; minute < 4 * 1_440; minute += 5) {
    if (minute % (700 + 10 * meter) < 60) continue;
    const decimals = minute > 3_000 ? ".1234" : ".5";
    const energy = minute === 2_000 ? "1e-30" : `${minute % 97}${decimals}`;
    rows.push([DAY + minute * MINUTE_MS, energy, minute % 7 === 0 ? "" : `${meter}`, "230.1", "1"]);
  }
  return rows;
}

/** An export kind over three meters with readings, and files. */
async function openExports(): Promise<AsyncDisposable & { rig: WorkerRig; kind: JobKind }> {
  const rig = await createWorkerRig();
  for (const [index, id] of METERS.entries()) {
    if (id !== "none") await rig.series.write({ profile: "meter", id }, pageOf(rowsOf(index)));
  }
  const dense = gridPage({ fromMs: DAY, stepMs: 15_000, count: 4 * 5_760 });
  await rig.series.write({ profile: "meter", id: "dense" }, dense);
  const kinds = exportKinds({ ...rig, profiles: builtInProfiles(), version: "1" });
  const kind = kinds.find(({ name }) => name === "export");
  assert(kind !== undefined);
  return { rig, kind, [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose]() };
}

const PLAIN: ExportSpec = {
  ...exportSpecOf({ meterId: "m1", ...SPAN, format: "csv" }),
  ids: METERS,
  zone: "Europe/Berlin",
};

/** Requests whose files go on, and how many runs they take at least if each ends at a checkpoint. */
const FORMS: readonly (readonly [name: string, form: Partial<ExportSpec>, runs: number])[] = [
  ["CSV", {}, 12],
  ["CSV for Excel", { csv: CSV_DIALECTS["excel-de"], hasUtc: true }, 12],
  ["NDJSON", { format: "ndjson" }, 12],
  ["JSON", { format: "json" }, 12],
  ["CSV with rows for gaps", { gaps: "null" }, 12],
  ["CSV with a list of gaps", { gaps: "report" }, 12],
  ["quarter hours with all aggregates", {
    interval: "15m",
    gaps: "null",
    aggregates: { energy_kwh: ["sum", "mean", "min", "max", "first", "last", "count"] },
  }, 3],
  ["days", { interval: "1d", toMs: DAY + 200 * DAY_MS, gaps: "null" }, 12],
  ["CSV in gzip", { ids: ["dense"], compression: "gzip" }, 2],
  ["JSON in gzip", { ids: ["m1", "dense"], format: "json", compression: "gzip" }, 2],
  ["a column for each meter", { layout: "wide", columns: ["power_kw"], gaps: "null" }, 2],
];

Deno.test("an export that is interrupted at every checkpoint has the bytes of one that is not", async (t) => {
  await using exports = await openExports();
  const { rig: { files }, kind } = exports;
  for (const [name, form, leastRuns] of FORMS) {
    await t.step(name, async () => {
      const spec = { ...PLAIN, ...form };
      const whole = await runExport(kind, files, spec, NEVER);
      assertEquals(whole.runs, 1);
      const pieced = await runExport(kind, files, spec, { endsAfter: () => true });
      assert(pieced.runs >= leastRuns, `${pieced.runs} runs`);
      assertEquals(pieced.sha256, whole.sha256);
      assertEquals(pieced.bytes, whole.bytes);
      assertEquals(pieced.result, whole.result);
    });
  }
});

/** The text of an export of one meter, which ends after its first checkpoint, then goes on. */
async function interruptedOnce(
  { rig, kind }: { rig: WorkerRig; kind: JobKind },
  form: Partial<ExportSpec>,
  between: () => Promise<void>,
): Promise<string[]> {
  const spec = { ...PLAIN, zone: "UTC", columns: ["power_kw"], ...form };
  const made = await runExport(kind, rig.files, spec, {
    endsAfter: (_, run) => run === 1,
    between,
  });
  assertEquals(made.runs, 2);
  const plain = spec.compression === "gzip" ? gunzipSync(made.bytes) : made.bytes;
  return new TextDecoder().decode(plain).trimEnd().split("\n");
}

const M1 = { profile: "meter", id: "m1" };

Deno.test("an export goes on with the readings that are stored then: not those before its checkpoint", async () => {
  await using exports = await openExports();
  const { rig: { series } } = exports;
  const early = DAY + 61 * MINUTE_MS + 1, late = DAY + 3 * DAY_MS + 61 * MINUTE_MS + 1;
  const lines = await interruptedOnce(exports, { ids: ["m1"] }, async () => {
    await series.write(M1, pageOf([[early, "1", "7", "1", "1"], [late, "1", "7", "1", "1"]]));
  });
  // As in a run that is not interrupted, what comes behind it is not in the file.
  assertEquals(lines.filter((line) => line.includes(".001Z")), ["2024-04-02T01:01:00.001Z,7"]);
  const times = lines.slice(1).map((line) => line.slice(0, 24));
  assertEquals(new Set(times).size, times.length);
  assertEquals(lines.length, 1 + rowsOf(0).length + 1);
});

Deno.test("an export begins anew if its meter was removed and came back meanwhile", async () => {
  await using exports = await openExports();
  const { rig: { series } } = exports;
  const lines = await interruptedOnce(exports, { ids: ["m1", "m3"] }, async () => {
    await series.remove(M1);
    await series.write(M1, pageOf([[DAY, "1", "7", "1", "1"]]));
  });
  assertEquals(lines[1], "2024-03-30T00:00:00Z,7");
  assertEquals(lines.length, 1 + 1 + rowsOf(3).length);
});

Deno.test("an export begins anew if what is kept of its file is gone, or is another", async () => {
  await using exports = await openExports();
  const { files } = exports.rig;
  const whole = await interruptedOnce(exports, {}, () => Promise.resolve());
  for (const change of ["delete", "replace"]) {
    const lines = await interruptedOnce(exports, {}, async () => {
      for await (const { name, isWhole } of files.list()) {
        if (isWhole) continue;
        await files.discard(name);
        if (change === "replace") {
          const writer = await files.openWriter(name, { signal: never });
          await writer?.write(new Uint8Array(1_000_000));
          await writer?.keep();
          await writer?.close();
        }
      }
    });
    assertEquals(lines, whole);
  }
});

Deno.test("a compressed export begins anew if rows have changed that are in its last block", async () => {
  await using exports = await openExports();
  const { rig: { series } } = exports;
  const ref = { profile: "meter", id: "dense" };
  const form = { ids: ["dense"], compression: "gzip" } as const;
  let changedMs = 0;
  const lines = await interruptedOnce(exports, form, async () => {
    // The rows between the checkpoint and the end of the block are read again.
    changedMs = DAY + DAY_MS + 15_000;
    await series.write(ref, pageOf([[changedMs, "1", "123456", "1", "1"]]));
  });
  assertEquals(lines.length, 1 + 4 * 5_760);
  assertEquals(lines.filter((line) => line.endsWith(",123456")).length, 1);
});

Deno.test("an export begins anew in another version of the service", async () => {
  await using exports = await openExports();
  const { rig } = exports;
  for (const versions of [["1", "1"], ["1", "2"]]) {
    const keptBytes: number[] = [];
    const files: FileStore = {
      ...rig.files,
      openWriter(name, options) {
        keptBytes.push(options.kept?.sizeBytes ?? 0);
        return rig.files.openWriter(name, options);
      },
    };
    const profiles = builtInProfiles();
    const kinds = versions.map((version) => exportKinds({ ...rig, files, profiles, version })[1]);
    const runs = kinds.values();
    const kind = {
      ...kinds[0],
      run: (context: JobContext) => (runs.next().value ?? kinds[1]).run(context),
    };
    await interruptedOnce({ rig, kind }, {}, () => Promise.resolve());
    assertEquals(keptBytes.map((bytes) => bytes > 0), [false, versions[0] === versions[1]]);
  }
});

/**
 * Runs an export in one go, in a store that keeps at once. Each checkpoint is `isStored` or too long.
 * Returns what it reported, in order.
 */
async function reported(
  rig: WorkerRig,
  { isStored, lives }: { isStored: boolean; lives: () => Promise<number[]> },
): Promise<string[]> {
  const reports: string[] = [];
  const files: FileStore = {
    ...rig.files,
    async openWriter(name, options) {
      const writer = await rig.files.openWriter(name, options);
      const kept = { name, sizeBytes: 0, sha256: "", more: null };
      return writer && { ...writer, keep: () => Promise.resolve(kept) };
    },
  };
  const series: SeriesStore = { ...rig.series, lives };
  const deps = { ...rig, series, files, profiles: builtInProfiles(), version: "1" };
  const kind = exportKinds(deps).find(({ name }) => name === "export");
  await kind?.run({
    jobId: "j",
    params: exportParamsOf({ ...PLAIN, ids: [...METERS, "dense"] }),
    createdMs: 0,
    artifactName: "j.1",
    signal: never,
    progress: () => {},
    checkpoints: {
      last: () => Promise.resolve(null),
      isDue: () => true,
      save: () => reports.push(isStored ? "saved" : "refused") > 0 && isStored,
      postpone: () => reports.push("postponed"),
      drop() {},
    },
    waitIdle: (wait) => wait(),
    log: (_, event) => reports.push(event),
  });
  return reports;
}

Deno.test("checkpoints that are too long are reported once for each run", async () => {
  await using exports = await openExports();
  const lives = () => Promise.resolve([0]);
  const reports = await reported(exports.rig, { isStored: false, lives });
  assert(reports.filter((report) => report === "refused").length >= 2, reports.join());
  assertEquals(reports.filter((report) => report !== "refused"), ["checkpoint not saved"]);
});

Deno.test("after a checkpoint that could not be made, a run saves the next ones", async () => {
  await using exports = await openExports();
  let asked = 0;
  const lives = () => ++asked === 1 ? Promise.reject(new Error("away")) : Promise.resolve([0]);
  const [first, second, ...more] = await reported(exports.rig, { isStored: true, lives });
  assertEquals([first, second], ["postponed", "checkpoint not saved"]);
  assertEquals(new Set(more), new Set(["saved"]));
});
