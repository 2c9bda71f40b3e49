/**
 * Where a report reads polls: in the database itself, or in its file.
 *
 * @module
 */

import { DamagedDataError } from "../../kv/series/damage.ts";
import { createLatestDecoder } from "../../kv/series/latest_page.ts";
import type { ProfileExtent, ScannedBatch } from "../../kv/series/scan.ts";
import {
  fileExtent,
  type FileSeries,
  type FileSource,
  listFileSeries,
  scanFile,
} from "../../kv/series/scan_file.ts";
import type { ScanSpan, SeriesStore } from "../../kv/series/store.ts";

/** Reads polls. */
export interface PollSource {
  /** All stores as a whole. */
  extent(): Promise<ProfileExtent>;
  /** The time of the latest poll of some stores up to a time; null if there is none. */
  latestMs(upToMs: number, wants: (id: string) => boolean): Promise<number | null>;
  /** The polls of a span as they are stored, and the last one before it, store by store. */
  scan(span: ScanSpan): AsyncIterable<ScannedBatch>;
  /** Reports that a block is damaged; it may throw another error. */
  damaged(error: DamagedDataError): Promise<void>;
}

/** Reads them in the database. */
export function livePolls(
  series: Pick<SeriesStore, "extent" | "scan" | "scanPacked">,
  signal: AbortSignal,
): PollSource {
  return {
    extent: () => series.extent("site"),
    async latestMs(upToMs, wants) {
      let latestMs: number | null = null;
      for await (const stores of series.scan("site", { ...endingAt(upToMs), wants }, signal)) {
        for (const { page: { timesMs } } of stores) latestMs = Math.max(latestMs ?? 0, timesMs[0]);
      }
      return latestMs;
    },
    scan: (span) => series.scanPacked("site", span, signal).batches,
    // A scan reads nothing until its batches are requested.
    async damaged(error) {
      await series.scanPacked("site", { fromMs: 0, toMs: 0 }, signal).damaged(error);
    },
  };
}

/** Reads them in its file. */
export function filePolls(
  source: FileSource,
  { signal, damaged }: { signal: AbortSignal; damaged: PollSource["damaged"] },
): PollSource {
  let listing: Promise<FileSeries[]> | null = null;
  const list = () => listing ??= listFileSeries(source, "site");

  async function* scan(span: ScanSpan): AsyncGenerator<ScannedBatch> {
    yield* scanFile(source, "site", { ...span, series: await list(), signal });
  }

  return {
    extent: async () => fileExtent(source, await list()),
    async latestMs(upToMs, wants) {
      const span = endingAt(upToMs);
      const decode = createLatestDecoder("site", span);
      let latestMs: number | null = null;
      for await (const batch of scan({ ...span, wants })) {
        try {
          for (const index of batch.ids.keys()) {
            for (const timeMs of decode(batch, index).timesMs) {
              latestMs = Math.max(latestMs ?? 0, timeMs);
            }
          }
        } catch (error) {
          if (error instanceof DamagedDataError) await damaged(error);
          throw error;
        }
      }
      return latestMs;
    },
    scan,
    damaged,
  };
}

/** An empty span, so that only the last poll before it is read. */
function endingAt(upToMs: number) {
  return { fromMs: upToMs + 1, toMs: upToMs + 1 };
}
