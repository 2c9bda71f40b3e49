/**
 * Long exports of a service that is killed again and again.
 *
 * @module
 */

import { assert, assertEquals, assertGreaterOrEqual } from "./assert.ts";
import { downloadHash } from "./exports.ts";
import { type Environment, pause, type ServiceProcess, startProcess } from "./process.ts";
import { askJson, postJson, waitForEnd } from "./service.ts";

const END_MS = 300_000;
/** How many rounds more there are at most, each longer, until an export has gone on. */
const MORE_ROUNDS = 10;

/** Rows for every minute of a year of each meter, of which one has readings. */
const RANGE = {
  smart_meter_ids: ["123", "none", "neither", "nor", "no-one", "nobody"],
  start_datetime: "2024-01-01",
  end_datetime: "2024-12-31",
  interval: "1m",
  gaps: "null",
};

/** What is exported: every kind of file that goes on. */
export const LONG_FORMS: readonly Record<string, unknown>[] = [
  { ...RANGE, format: "csv" },
  { ...RANGE, format: "csv", compression: "gzip", timezone: "Europe/Berlin" },
  { ...RANGE, format: "ndjson" },
  { ...RANGE, format: "json", compression: "gzip" },
];

/** What to kill. */
export interface KilledExportsOptions {
  /** The folder of the service. */
  readonly folder: string;
  /** Its settings. */
  readonly env?: Environment;
  /** The requests. */
  readonly forms: readonly Record<string, unknown>[];
  /** How often the service is killed. Then the exports may end, if one of them has gone on by then. */
  readonly rounds: number;
  /** Whether it is asked to stop in the second round, so that its exports save one more checkpoint. */
  readonly isStoppedOnce?: boolean;
}

/**
 * Whether an export went on, as the log of a process says. One whose process died between the end of its
 * upload to S3 and the end of its job begins anew.
 */
function hasGoneOn(output: string, id: string): boolean {
  return output.includes(`"event":"export goes on","jobId":"${id}"`) &&
    !output.includes(`"event":"export begins anew","jobId":"${id}"`);
}

/**
 * Expects that exports go on where they were after each kill -9, and have the bytes of those that were
 * not killed. Returns the ids of all exports.
 */
export async function expectKilledExports(options: KilledExportsOptions): Promise<string[]> {
  const { folder, env = {}, forms, rounds, isStoppedOnce = false } = options;
  const start = (demo: string) => startProcess(folder, { ...env, DEMO_DATA: demo });
  const undisturbed = await undisturbedExports(await start("true"), forms);
  const expected = undisturbed.map(({ sha256 }) => sha256);
  const ids: string[] = [];
  /** The most rows that each export has shown. */
  const rows = forms.map(() => 0);
  let goneOn = 0;
  for (let round = 0, isLast = false; !isLast; round++) {
    isLast = round >= rounds && (goneOn > 0 || round >= rounds + MORE_ROUNDS);
    await using service = await start("false");
    const { url } = service;
    if (round === 0) {
      for (const form of forms) ids.push((await postJson(`${url}/api/exports`, form)).body.job_id);
    }
    // Checkpoints are due a second after a run began.
    const longerMs = 1_000 * Math.max(0, round - rounds);
    const runMs = isLast ? Infinity : 1_200 + Math.random() * 1_500 + longerMs;
    await watchProgress(service, { ids, rows, runMs });
    if (!isLast) {
      service.kill(isStoppedOnce && round === 1 ? "SIGTERM" : "SIGKILL");
      await service.ended;
    } else {
      for (const [index, id] of ids.entries()) {
        const status = await waitForEnd(url, id, END_MS);
        assertEquals(status.file_info?.sha256, expected[index], JSON.stringify(status));
        assertEquals(await downloadHash(url, id), expected[index]);
      }
    }
    goneOn += service.output().split('"export goes on"').length - 1;
  }
  assert(goneOn > 0, "no export went on");
  assert(rows.some((count) => count > 0));
  return [...undisturbed.map(({ id }) => id), ...ids];
}

async function undisturbedExports(
  service: ServiceProcess,
  forms: KilledExportsOptions["forms"],
): Promise<{ id: string; sha256: string }[]> {
  await using _ = service;
  const files: { id: string; sha256: string }[] = [];
  for (const form of forms) {
    const { body: { job_id: id } } = await postJson(`${service.url}/api/exports`, form);
    const status = await waitForEnd(service.url, id, END_MS);
    assertEquals(status.status, "completed", JSON.stringify(status));
    files.push({ id, sha256: status.file_info.sha256 });
  }
  return files;
}

/** Watches exports until all have ended, or one has run for `runMs`. Expects that none goes back. */
async function watchProgress(
  service: ServiceProcess,
  { ids, rows, runMs }: { ids: readonly string[]; rows: number[]; runMs: number },
): Promise<void> {
  let open = ids.length, endMs = Infinity;
  while (open > 0 && Date.now() < endMs) {
    open = 0;
    for (const [index, id] of ids.entries()) {
      const { body } = await askJson(`${service.url}/api/exports/${id}`);
      if (body.status === "completed") continue;
      open++;
      if (body.status === "running") endMs = Math.min(endMs, Date.now() + runMs);
      const done = body.progress.rows;
      // One that was killed before its first checkpoint begins anew.
      if (hasGoneOn(service.output(), id)) {
        assertGreaterOrEqual(done, rows[index], `progress goes back: ${JSON.stringify(body)}`);
      }
      rows[index] = done;
    }
    await pause(50);
  }
}
