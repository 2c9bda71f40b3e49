/**
 * The series store: readings in, readings out, of any profile.
 *
 * @module
 */

import type { Page, Span } from "../../data/readings/page.ts";
import { sortPage } from "../../data/readings/page_merge.ts";
import type { ProfileName } from "../../data/readings/profile.ts";
import { AppError } from "../../data/app_error.ts";
import { SHARED_MAX_CHECKS } from "../budget.ts";
import { getRevision } from "./revisions.ts";
import { compareReadings } from "./compare.ts";
import { listIdBatches } from "./ids.ts";
import { describeSeries, readReadings, type SeriesExtent } from "./read.ts";
import type { SeriesRef } from "./ref.ts";
import { clearSegmentCount, getSegmentCount, type SegmentCount } from "./segment_counts.ts";
import { purgeSeries, removeSeries } from "./remove.ts";
import {
  latestReadings,
  type ProfileExtent,
  profileExtent,
  scanLatest,
  type SeriesLatest,
} from "./scan.ts";
import { foldSegments, type WriteCounts, writeReadings } from "./write.ts";
import { type WriteManyDeps, writeManyReadings } from "./write_many.ts";

/** What is known of a series as a whole. */
export interface SeriesInfo extends SeriesExtent {
  /** Its id. */
  readonly id: string;
}

/** Keeps the readings of every series. */
export interface SeriesStore {
  /** A series as a whole, or null where there are no readings. */
  describe(ref: SeriesRef): Promise<SeriesInfo | null>;
  /** Series of a profile in the order of ids, from behind `afterId`, at most `limit`. */
  list(profile: ProfileName, page: { afterId: string; limit: number }): Promise<SeriesInfo[]>;
  /** A number that grows whenever readings are altered; 0 where none ever were. */
  revision(ref: SeriesRef): Promise<number>;
  /**
   * Writes readings of any order, durably; of one time the later wins. Of rows of one time within
   * the page only the last is counted. Writing the same again changes nothing.
   *
   * @throws {AppError} SERIES_BUSY when other processes keep writing the same series.
   */
  write(ref: SeriesRef, page: Page): Promise<WriteCounts>;
  /**
   * Writes readings of many series, as {@link SeriesStore.write} does those of each, in few commits.
   * Each commit leaves every series whole. `pageOf` is asked once for each series of the list.
   *
   * @throws {AppError} SERIES_BUSY when other processes keep writing the same series.
   */
  writeMany(
    profile: ProfileName,
    ids: readonly string[],
    pageOf: (index: number) => Page,
  ): Promise<WriteCounts>;
  /**
   * Counts what {@link SeriesStore.write} would do to the readings, and changes none of them. Very
   * many segments are folded first.
   */
  compare(ref: SeriesRef, page: Page): Promise<WriteCounts>;
  /** The readings within a span, ascending, in pages (`kv/series/read.ts`). */
  read(ref: SeriesRef, span: Span, signal: AbortSignal): AsyncIterable<Page>;
  /**
   * Of every series of a profile with readings before `toMs` those of a span and the last one before
   * it, in the order of ids, some at a time (`kv/series/scan.ts`).
   */
  scan(profile: ProfileName, span: Span, signal: AbortSignal): AsyncIterable<SeriesLatest[]>;
  /** The latest reading of each of these series, a page of one row, in few reads. */
  latest(profile: ProfileName, ids: readonly string[]): Promise<ReadonlyMap<string, Page>>;
  /** All series of a profile together. */
  extent(profile: ProfileName): Promise<ProfileExtent>;
  /** Folds what live ingest left into blocks; readings stay what they are. */
  fold(ref: SeriesRef): Promise<number>;
  /** Removes every reading of a series. False where there is none. */
  remove(ref: SeriesRef): Promise<boolean>;
  /** Goes on with a removal that was cut short; nothing where none was. */
  purge(ref: SeriesRef): Promise<void>;
}

/** What a series store needs. */
export interface SeriesStoreDeps {
  /** The database. */
  readonly kv: WriteManyDeps["kv"];
  /** Most checks of one commit; by default what every kind of database takes. */
  readonly maxChecks?: number;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/**
 * Segments of a series beyond which they are folded before readings are compared with it: who sends
 * single readings in no order has all of them read for each, until compaction comes by.
 */
const COMPARE_SEGMENTS = 48;

/** A series store over a database. Writes of one series by this process wait for each other. */
export function createSeriesStore(
  { maxChecks = SHARED_MAX_CHECKS, ...rest }: SeriesStoreDeps,
): SeriesStore {
  const deps = { ...rest, maxChecks };
  const { kv } = deps;
  const lastWrites = new Map<string, Promise<unknown>>();

  function inTurn<T>(ref: SeriesRef, write: () => Promise<T>): Promise<T> {
    return inTurnOf([`${ref.profile}/${ref.id}`], write);
  }

  /** Writes when every write of these series that was asked for before has ended. */
  async function inTurnOf<T>(names: readonly string[], write: () => Promise<T>): Promise<T> {
    const turn = Promise.allSettled(names.map((name) => lastWrites.get(name))).then(write);
    for (const name of names) lastWrites.set(name, turn);
    try {
      return await turn;
    } finally {
      for (const name of names) if (lastWrites.get(name) === turn) lastWrites.delete(name);
    }
  }

  async function markOfMany(ref: SeriesRef): Promise<SegmentCount | null> {
    const mark = await getSegmentCount(kv, ref);
    return mark !== null && mark.count >= COMPARE_SEGMENTS ? mark : null;
  }

  async function foldMany(ref: SeriesRef): Promise<void> {
    if (await markOfMany(ref) === null) return;
    await inTurn(ref, async () => {
      // Whoever had the turn before may have folded them.
      const mark = await markOfMany(ref);
      if (mark === null) return;
      try {
        await foldSegments(deps, ref);
      } catch (error) {
        // Other processes fold or write it: it only takes longer to read.
        if (error instanceof AppError && error.code === "SERIES_BUSY") return;
        throw error;
      }
      await clearSegmentCount(kv, mark);
    });
  }

  async function describe(ref: SeriesRef): Promise<SeriesInfo | null> {
    const extent = await describeSeries(kv, ref);
    if (extent === null) return null;
    const { count, firstMs, lastMs } = extent;
    return { id: ref.id, count, firstMs, lastMs };
  }

  return {
    describe,
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
    write: (ref, page) => inTurn(ref, () => writeReadings(deps, ref, sortPage(page))),
    writeMany(profile, ids, pageOf) {
      const names = ids.map((id) => `${profile}/${id}`);
      const pages = ids.map((id, index) => ({
        ref: { profile, id },
        takePage: () => sortPage(pageOf(index)),
      }));
      return inTurnOf(names, () => writeManyReadings(deps, pages));
    },
    async compare(ref, page) {
      await foldMany(ref);
      return await compareReadings(kv, ref, sortPage(page));
    },
    read: (ref, span, signal) => readReadings(kv, ref, { ...span, signal }),
    scan: (profile, span, signal) => scanLatest(kv, profile, { ...span, signal }),
    latest: (profile, ids) => latestReadings(kv, profile, ids),
    extent: (profile) => profileExtent(kv, profile),
    fold: (ref) => inTurn(ref, () => foldSegments(deps, ref)),
    remove: (ref) => inTurn(ref, () => removeSeries(kv, ref, deps.now())),
    purge: (ref) => inTurn(ref, () => purgeSeries(kv, ref)),
  };
}
