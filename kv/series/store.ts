/**
 * The series store: writes and reads the readings of any profile.
 *
 * The readings of a series are stored in two forms. Blocks (`blocks.ts`) hold most of them, sorted
 * and packed. Every write of blocks checks and changes the head of the series (`heads.ts`), so
 * concurrent writes cannot mix. Segments (`segments.ts`) hold what live ingest brought last, in the
 * order of arrival; writing them needs no check (`ingest.ts`). Segments count as newer than the
 * blocks. A read merges them over the blocks (`read.ts`), a fold moves them into the blocks
 * (`fold.ts`), and an import folds them before it writes (`write.ts`).
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { fitPage, type Page, type Span } from "../../data/readings/page.ts";
import { sortPage } from "../../data/readings/page_merge.ts";
import { NO_RECORDER, type Recorder } from "../../data/metrics/recorder.ts";
import type { Profile, ProfileName } from "../../data/readings/profile.ts";
import { BUILT_IN_PROFILES, type Profiles } from "../../data/readings/profiles.ts";
import { SHARED_MAX_CHECKS } from "../budget.ts";
import type { WriteCounts } from "./block_updates.ts";
import { compareReadings } from "./compare.ts";
import { countReadings, type ReadingCount, seriesExtents } from "./count.ts";
import { foldSegments } from "./fold.ts";
import type { Settled } from "../together.ts";
import { currentLife, getHeads } from "./heads.ts";
import { listIdBatches } from "./ids.ts";
import { PACKED_BLOCKS, type PackedRead } from "./packed_read.ts";
import {
  describeMany,
  describeSeries,
  readChunks,
  readOverlay,
  readReadings,
  type SeriesExtent,
} from "./read.ts";
import { readWithPrevious } from "./read_latest.ts";
import type { SeriesRef } from "./ref.ts";
import { purgeSeries, type RemoveOptions, removeSeries } from "./remove.ts";
import { removeSpan, type RemoveSpanOptions } from "./remove_span.ts";
import { getRevision } from "./revisions.ts";
import {
  latestReadings,
  type OnDamage,
  type PackedScan,
  type ProfileExtent,
  profileExtent,
  scanLatest,
  type ScanOptions,
  scanPacked,
  type SeriesLatest,
} from "./scan.ts";
import { clearSegmentCount, getSegmentCount, type SegmentCount } from "./segment_counts.ts";
import { writeReadings } from "./write.ts";
import type { WriteDeps } from "./write_slice.ts";
import { type WriteManyDeps, writeManyReadings } from "./write_many.ts";

/** A series as a whole. */
export interface SeriesInfo extends SeriesExtent {
  /** Its id. */
  readonly id: string;
}

/** A span, and perhaps the version of the profile that the reader has. */
export interface ReadSpan extends Span {
  /** The profile of the series, which decides how many columns pages have. */
  readonly profile?: Profile;
  /**
   * Whether the memory of a page is used again for the next one, so that a page is valid until the next
   * one is requested. By default, pages may be kept.
   */
  readonly reusesMemory?: boolean;
  /**
   * The metrics that are read, by their indexes: decoding one takes a fraction of the time of all.
   * The columns of the others are there, but their values mean nothing. By default all are read.
   */
  readonly only?: readonly number[];
}

/** A span, and perhaps how it is read. */
export interface PackedSpan extends Span {
  /** The same database in another way, such as one that many reads share; as the store has it by default. */
  readonly through?: Pick<Deno.Kv, "get" | "list">;
  /** The life that is read, if the read goes on with another one; the current one by default. */
  readonly life?: number;
}

/** A span, and perhaps which series are wanted; all by default. */
export type ScanSpan = Omit<ScanOptions, "signal">;

/** Stores the readings of all series. */
export interface SeriesStore {
  /** A series as a whole, or null if it has no readings. */
  describe(ref: SeriesRef): Promise<SeriesInfo | null>;
  /** The extents of many series, in their order. Series without readings cost nearly nothing. */
  describeMany(refs: readonly SeriesRef[]): Promise<Settled<SeriesExtent | null>>;
  /** Series of a profile, in the order of ids, starting after `afterId`, at most `limit`. */
  list(profile: ProfileName, page: { afterId: string; limit: number }): Promise<SeriesInfo[]>;
  /** A number that grows whenever readings change; 0 if nothing was ever written. */
  revision(ref: SeriesRef): Promise<number>;
  /** The lives of some series, in their order: a number that changes when a series is removed. */
  lives(profile: ProfileName, ids: readonly string[]): Promise<number[]>;
  /**
   * Writes readings in any order. They are durable when it resolves. A reading replaces the one at
   * the same time. If a time occurs twice in the page, the last row wins, and only it is counted.
   * Writing the same readings again changes nothing.
   *
   * @throws {AppError} SERIES_BUSY when other processes keep writing to the same series.
   */
  write(ref: SeriesRef, page: Page): Promise<WriteCounts>;
  /**
   * Writes readings of many series, each as {@link SeriesStore.write} does, in few commits. Every
   * commit leaves every series consistent. `pageOf` is called once for each index of `ids`, and
   * `onWritten` when its readings are durable, with how they changed the series.
   *
   * @throws {AppError} SERIES_BUSY when other processes keep writing to the same series.
   */
  writeMany(
    profile: ProfileName,
    ids: readonly string[],
    pageOf: (index: number) => Page,
    onWritten?: (index: number, counts: WriteCounts) => void,
  ): Promise<WriteCounts>;
  /**
   * Counts what {@link SeriesStore.write} would change, without changing a reading. If the series
   * has very many segments, they are folded first.
   */
  compare(ref: SeriesRef, page: Page): Promise<WriteCounts>;
  /**
   * The readings in a span, ascending, in pages (`kv/series/read.ts`) with a column for each metric
   * of the profile: of the one that the span names, else as this process knows it when the read
   * begins.
   */
  read(ref: SeriesRef, span: ReadSpan, signal: AbortSignal): AsyncIterable<Page>;
  /** The same readings as they are stored, which `packedPages` in `packed_read.ts` makes pages of. */
  readPacked(ref: SeriesRef, span: PackedSpan, signal: AbortSignal): PackedRead;
  /**
   * For every series of a profile: its readings in a span, and the last reading before it, in
   * batches, in the order of ids (`kv/series/scan.ts`). Those that are not wanted are not read.
   */
  scan(profile: ProfileName, span: ScanSpan, signal: AbortSignal): AsyncIterable<SeriesLatest[]>;
  /** The same as it is stored, which `createLatestDecoder` in `latest_page.ts` makes pages of. */
  scanPacked(profile: ProfileName, span: ScanSpan, signal: AbortSignal): PackedScan;
  /** The readings of a series in a span, and the last reading before it, as one page. */
  withPrevious(ref: SeriesRef, span: Span): Promise<Page>;
  /** The extents of some series, in their order; null for one without readings (`kv/series/count.ts`). */
  extents(profile: ProfileName, ids: readonly string[]): Promise<(SeriesExtent | null)[]>;
  /** The number of readings in a span. Reads the blocks of the span, but decodes nearly none. */
  count(ref: SeriesRef, span: Span): Promise<ReadingCount>;
  /**
   * The latest reading of each of some series, as a page of one row, by id. Costs few reads; `lanes` is
   * how many series are read at the same time.
   */
  latest(
    profile: ProfileName,
    ids: readonly string[],
    options?: { readonly lanes?: number },
  ): Promise<ReadonlyMap<string, Page>>;
  /** All series of a profile as a whole. */
  extent(profile: ProfileName): Promise<ProfileExtent>;
  /** Folds the segments of a series into blocks, which changes no reading. Returns how many. */
  fold(ref: SeriesRef, options?: { isSettled?: boolean }): Promise<number>;
  /** Removes every reading of a series. False if it has none (`kv/series/remove.ts`). */
  remove(ref: SeriesRef, options?: RemoveOptions): Promise<boolean>;
  /**
   * Removes the readings in a span and returns how many. Readings that are ingested meanwhile may
   * stay. If it is interrupted, calling it again removes the rest.
   *
   * @throws {AppError} SERIES_BUSY when other processes keep writing to the series; and the reason of
   * the signal.
   */
  removeSpan(ref: SeriesRef, span: Span, options: RemoveSpanOptions): Promise<number>;
  /** The same store for what an account writes: series that begin count for it. */
  ofAccount(account: string): Pick<SeriesStore, "write" | "writeMany">;
  /** Completes a removal that was interrupted. Does nothing if none was. */
  purge(ref: SeriesRef): Promise<void>;
}

/** What a series store needs. */
export interface SeriesStoreDeps {
  /** The database. */
  readonly kv: WriteManyDeps["kv"];
  /** The same for folds, which need not see what waits in logs of ingest; by default, they do. */
  readonly settledKv?: WriteDeps["kv"];
  /** The profiles; the built-in ones by default. */
  readonly profiles?: Pick<Profiles, "get">;
  /** Whom series that begin with readings that were ingested count for; nobody by default. */
  readonly accountOf?: WriteDeps["accountOf"];
  /** Hears of damaged readings that a list goes on without; nobody by default. */
  readonly onDamage?: OnDamage;
  /** Most checks of one commit; by default as many as every kind of database allows. */
  readonly maxChecks?: number;
  /** Most blocks of one read; few by default, as for a file. */
  readonly chunkMax?: number;
  /** Counts what happens; nothing by default. */
  readonly record?: Recorder;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/**
 * With this many segments, a series is folded before readings are compared with it. Otherwise a
 * client that sends single readings out of order would have all segments read for each of them,
 * until compaction folds them.
 */
const COMPARE_SEGMENTS = 48;

/** Creates a series store. Writes of this process to the same series run one after the other. */
export function createSeriesStore(
  {
    maxChecks = SHARED_MAX_CHECKS,
    profiles = BUILT_IN_PROFILES,
    onDamage,
    chunkMax,
    record = NO_RECORDER,
    ...rest
  }: SeriesStoreDeps,
): SeriesStore {
  const deps = { ...rest, maxChecks };
  const { kv, settledKv = kv } = deps;
  const lastWrites = new Map<string, Promise<unknown>>();

  function inTurn<T>(ref: SeriesRef, write: () => Promise<T>): Promise<T> {
    return inTurnOf([`${ref.profile}/${ref.id}`], write);
  }

  /** Runs `write` after all earlier writes to these series have ended. */
  async function inTurnOf<T>(names: readonly string[], write: () => Promise<T>): Promise<T> {
    const turn = Promise.allSettled(names.map((name) => lastWrites.get(name))).then(write);
    for (const name of names) lastWrites.set(name, turn);
    try {
      return await turn;
    } finally {
      for (const name of names) if (lastWrites.get(name) === turn) lastWrites.delete(name);
    }
  }

  /** The segment count of a series if it is high enough to fold before a comparison, or null. */
  async function highSegmentCount(ref: SeriesRef): Promise<SegmentCount | null> {
    const found = await getSegmentCount(kv, ref);
    return found !== null && found.count >= COMPARE_SEGMENTS ? found : null;
  }

  async function foldIfMany(ref: SeriesRef): Promise<void> {
    if (await highSegmentCount(ref) === null) return;
    await inTurn(ref, async () => {
      // A write that had its turn before this one may have folded them.
      const found = await highSegmentCount(ref);
      if (found === null) return;
      try {
        await foldSegments(deps, ref);
      } catch (error) {
        // Other processes fold or write the series. Comparing without the fold is only slower.
        if (error instanceof AppError && error.code === "SERIES_BUSY") return;
        throw error;
      }
      await clearSegmentCount(kv, found);
    });
  }

  async function describe(ref: SeriesRef): Promise<SeriesInfo | null> {
    const extent = await describeSeries(kv, ref);
    if (extent === null) return null;
    const { count, firstMs, lastMs } = extent;
    return { id: ref.id, count, firstMs, lastMs };
  }

  function writersOf(own: WriteManyDeps & WriteDeps): Pick<SeriesStore, "write" | "writeMany"> {
    function counted(counts: WriteCounts): WriteCounts {
      record.add("openwatts_readings_in_total", ["import"], counts.inserted + counts.updated);
      return counts;
    }
    return {
      write: (ref, page) =>
        inTurn(ref, async () => counted(await writeReadings(own, ref, sortPage(page)))),
      writeMany(profile, ids, pageOf, onWritten = () => {}) {
        const names = ids.map((id) => `${profile}/${id}`);
        const pages = ids.map((id, index) => ({
          ref: { profile, id },
          takePage: () => sortPage(pageOf(index)),
          onWritten: (counts: WriteCounts) => onWritten(index, counts),
        }));
        return inTurnOf(names, async () => counted(await writeManyReadings(own, pages)));
      },
    };
  }

  return {
    describe,
    describeMany: (refs) => describeMany(kv, refs),
    async list(profile, { afterId, limit }) {
      const infos: SeriesInfo[] = [];
      for await (const ids of listIdBatches(kv, profile, afterId)) {
        for (const id of ids) {
          const info = await describe({ profile, id });
          if (info !== null) infos.push(info);
          if (infos.length === limit) return infos;
        }
      }
      return infos;
    },
    revision: (ref) => getRevision(kv, ref),
    async lives(profile, ids) {
      const heads = await getHeads(kv, ids.map((id) => ({ profile, id })));
      return heads.map(currentLife);
    },
    ...writersOf(deps),
    ofAccount: (account) => writersOf({ ...deps, account }),
    async compare(ref, page) {
      await foldIfMany(ref);
      return await compareReadings(kv, ref, sortPage(page));
    },
    async *read(ref, { profile = profiles.get(ref.profile), ...span }, signal) {
      const width = profile?.metrics.length;
      for await (const page of readReadings(kv, ref, { ...span, chunkMax, signal })) {
        record.add("openwatts_readings_out_total", [], page.timesMs.length);
        yield width === undefined ? page : fitPage(page, width);
      }
    },
    readPacked: (ref, { through = kv, ...span }, signal) => ({
      chunks: readChunks(through, ref, { ...span, chunkMax: chunkMax ?? PACKED_BLOCKS, signal }),
      overlay: (head) => readOverlay(through, ref, head),
      counted: (readings) => record.add("openwatts_readings_out_total", [], readings),
      damaged() {},
    }),
    extents: (profile, ids) => seriesExtents(kv, profile, ids),
    count: (ref, span) => countReadings(kv, ref, span),
    scan: (profile, span, signal) => scanLatest(kv, profile, { ...span, signal }),
    scanPacked: (profile, span, signal) => ({
      batches: scanPacked(kv, profile, { ...span, signal }),
      damaged() {},
    }),
    withPrevious: (ref, span) => readWithPrevious(kv, ref, span),
    async latest(profile, ids, options) {
      const width = profiles.get(profile)?.metrics.length;
      const pages = await latestReadings(kv, profile, ids, { ...options, onDamage });
      if (width === undefined) return pages;
      return new Map([...pages].map(([id, page]) => [id, fitPage(page, width)]));
    },
    extent: (profile) => profileExtent(kv, profile),
    fold: (ref, { isSettled = false } = {}) =>
      inTurn(ref, () => foldSegments(isSettled ? { ...deps, kv: settledKv } : deps, ref)),
    remove: (ref, options) =>
      inTurn(ref, () => removeSeries(kv, ref, { ...options, nowMs: deps.now() })),
    removeSpan: (ref, span, options) =>
      inTurn(ref, () => removeSpan(deps, ref, span, { ...options, nowMs: deps.now() })),
    purge: (ref) => inTurn(ref, () => purgeSeries(kv, ref)),
  };
}
