/**
 * Figures about what is stored, for `GET /metrics`: jobs that wait, segments that are not folded, bytes of
 * files, and how far continuous export is behind.
 *
 * A scrape must not cost more the more there is. So each figure reads at most {@link PORTION} entries a
 * look, and looks are some seconds apart, however many programs ask.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import type { Log } from "../../data/log.ts";
import type { Recorder } from "../../data/metrics/recorder.ts";
import { listExportCheckpoints } from "../../kv/continuous/checkpoints.ts";
import { sumFileBytes } from "../../kv/jobs/accounts.ts";
import { type LinePlace, listPlaces } from "../../kv/jobs/due.ts";
import { type Lane, laneOf, LANES } from "../../kv/jobs/lanes.ts";
import type { SeriesRef } from "../../kv/series/ref.ts";
import { listSegmentCountsAfter } from "../../kv/series/segment_counts.ts";
import { createPortionSum, type PortionSum } from "./portions.ts";

/** Most entries that one figure reads in one look: two reads of the database. */
export const PORTION = 1_000;
/** The same for checkpoints, which are records. */
const CHECKPOINT_PORTION = 500;
/** How long figures are given to others who ask, milliseconds. */
const KEPT_MS = 10_000;
/** How long a scrape waits for the database, milliseconds: a database that is away does not fail. */
const WAIT_MS = 2_000;

/** What the figures need. */
export interface StoredFiguresDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "list">;
  /** Where the figures go. */
  readonly record: Pick<Recorder, "set">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
  /** Whether continuous export is on. */
  readonly isExporting: boolean;
  /** How long figures are kept, milliseconds; 10,000 by default. */
  readonly keptMs?: number;
  /** How long to wait for the database, milliseconds; 2,000 by default. */
  readonly waitMs?: number;
}

/** Reads figures. */
export interface StoredFigures {
  /**
   * Brings the figures up to date if they are old. Never rejects, and does not wait long: the last ones
   * stay.
   */
  refresh(): Promise<void>;
}

interface WaitingJobs {
  readonly count: number;
  /** When the oldest was created, epoch milliseconds; infinite if there is none. */
  readonly sinceMs: number;
}

/** Creates figures that have not been read yet. */
export function createStoredFigures(
  { kv, record, now, log, isExporting, keptMs = KEPT_MS, waitMs = WAIT_MS }: StoredFiguresDeps,
): StoredFigures {
  const waiting = waitingJobs(kv);
  const segments = segmentSum(kv);
  const fileBytes = createPortionSum<number, Deno.KvKey>({
    async read(from) {
      const { fileBytes, next } = await sumFileBytes(kv, { from, limit: PORTION });
      return { sum: fileBytes, next };
    },
    plus: (one, other) => one + other,
  });
  const exports = checkpointSum(kv);
  let reading: Promise<void> | null = null;
  let refreshing: Promise<void> | null = null;
  let readMs = -Infinity;

  async function read(): Promise<void> {
    const lanes = await waiting.look();
    if (lanes !== null) {
      for (const lane of LANES) {
        const { count, sinceMs } = lanes[lane];
        record.set("openwatts_jobs_waiting", [lane], count);
        const waitedMs = count === 0 ? 0 : Math.max(0, now() - sinceMs);
        record.set("openwatts_job_oldest_wait_seconds", [lane], waitedMs / 1_000);
      }
    }
    const unfolded = await segments.look();
    if (unfolded !== null) {
      record.set("openwatts_segments_waiting", [], unfolded.segments);
      record.set("openwatts_series_unfolded", [], unfolded.series);
    }
    const bytes = await fileBytes.look();
    if (bytes !== null) record.set("openwatts_file_bytes", [], bytes);
    if (!isExporting) return;
    const exported = await exports.look();
    if (exported === null) return;
    const lagMs = exported.firstNextMs === Infinity ? 0 : Math.max(0, now() - exported.firstNextMs);
    record.set("openwatts_continuous_export_lag_seconds", [], lagMs / 1_000);
    record.set("openwatts_continuous_export_devices", ["working"], exported.working);
    record.set("openwatts_continuous_export_devices", ["failing"], exported.failing);
  }

  async function refresh(): Promise<void> {
    try {
      // A read that still waits goes on: a second one would read the same portions again.
      reading ??= read().finally(() => reading = null);
      await within(reading, waitMs);
      record.set("openwatts_database_up", [], 1);
    } catch (error) {
      record.set("openwatts_database_up", [], 0);
      log("warn", "figures not read", { error });
    }
    readMs = now();
  }

  return {
    refresh() {
      const ageMs = now() - readMs;
      // The clock may have been set back.
      if (ageMs >= 0 && ageMs < keptMs) return Promise.resolve();
      return refreshing ??= refresh().finally(() => refreshing = null);
    },
  };
}

/** The result of a read, or an error if there is none in time. The read goes on. */
async function within(read: Promise<void>, timeoutMs: number): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new AppError("DATABASE_UNAVAILABLE", "The database does not answer")),
    timeoutMs,
  );
  try {
    await Promise.race([read, late]);
  } finally {
    clearTimeout(timer);
  }
}

function waitingJobs(kv: Pick<Deno.Kv, "list">): PortionSum<Record<Lane, WaitingJobs>> {
  const plus = (one: WaitingJobs, other: WaitingJobs) => ({
    count: one.count + other.count,
    sinceMs: Math.min(one.sinceMs, other.sinceMs),
  });
  return createPortionSum<Record<Lane, WaitingJobs>, LinePlace>({
    async read(from) {
      const places = await listPlaces(kv, { after: from, limit: PORTION });
      const none = { count: 0, sinceMs: Infinity };
      const sum = { main: none, delivery: none };
      for (const { account, atMs } of places) {
        const lane = laneOf(account);
        sum[lane] = plus(sum[lane], { count: 1, sinceMs: atMs });
      }
      return { sum, next: places.length < PORTION ? null : places[places.length - 1] };
    },
    plus: (one, other) => ({
      main: plus(one.main, other.main),
      delivery: plus(one.delivery, other.delivery),
    }),
  });
}

function segmentSum(kv: Pick<Deno.Kv, "list">): PortionSum<{ segments: number; series: number }> {
  return createPortionSum<{ segments: number; series: number }, SeriesRef>({
    async read(from) {
      const counts = await listSegmentCountsAfter(kv, { after: from, limit: PORTION });
      const segments = counts.reduce((sum, { count }) => sum + count, 0);
      const next = counts.length < PORTION ? null : counts[counts.length - 1].ref;
      return { sum: { segments, series: counts.length }, next };
    },
    plus: (one, other) => ({
      segments: one.segments + other.segments,
      series: one.series + other.series,
    }),
  });
}

interface ExportedDevices {
  readonly working: number;
  readonly failing: number;
  /** The start of the first window that is not exported, epoch milliseconds. */
  readonly firstNextMs: number;
}

function checkpointSum(kv: Pick<Deno.Kv, "list">): PortionSum<ExportedDevices> {
  return createPortionSum<ExportedDevices, string>({
    async read(from) {
      const limit = CHECKPOINT_PORTION;
      const found = await listExportCheckpoints(kv, { afterId: from ?? "", limit });
      const failing = found.filter(({ checkpoint }) => checkpoint.fault !== null).length;
      const nexts = found.map(({ checkpoint }) => checkpoint.nextMs ?? Infinity);
      const firstNextMs = nexts.reduce((least, each) => Math.min(least, each), Infinity);
      const next = found.length < limit ? null : found[found.length - 1].id;
      return { sum: { failing, working: found.length - failing, firstNextMs }, next };
    },
    plus: (one, other) => ({
      working: one.working + other.working,
      failing: one.failing + other.failing,
      firstNextMs: Math.min(one.firstNextMs, other.firstNextMs),
    }),
  });
}
