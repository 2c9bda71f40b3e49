/**
 * Reading back: from the present until earlier readings would make no difference, so readings may come late
 * and in any order.
 *
 * @module
 */

import type { Needs, Timeline } from "../../data/alerts/timeline.ts";
import { END_OF_TIME_MS, MINUTE_MS } from "../../data/limits.ts";
import { concatPages, emptyPage, type Page, type Span } from "../../data/readings/page.ts";
import type { Profile } from "../../data/readings/profile.ts";
import type { FoundSubject } from "../../kv/alerts/subjects.ts";
import type { SeriesRef } from "../../kv/series/ref.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import { type KnownPast, LOOK_BACK_MS, type PastReading } from "./known_past.ts";

/** How far back the first read goes, milliseconds. */
const FIRST_READ_MS = 15 * MINUTE_MS;
/** How much further each next read goes. */
const GROWTH = 4;
/** It is not read further back than so many readings. */
const LOOK_BACK_READINGS = 250_000;

/** What reading needs. */
export interface TimelineDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list">;
  /** The readings. */
  readonly series: Pick<SeriesStore, "describe" | "describeMany" | "read" | "latest">;
  /** The profiles. */
  readonly profiles: { get(name: string): Profile | undefined };
  /** How many subjects are read at the same time; by default many, as over a network. */
  readonly lanes?: number;
}

/** A subject, and how much of its past matters. */
export interface TimelineRequest {
  /** The subject. */
  readonly subject: FoundSubject;
  /** How much must be known. */
  readonly needs: Needs;
  /** Whether it has a state that is stored. */
  readonly hasState: boolean;
}

/** The moment that timelines are about. */
export interface Moment {
  /** Epoch milliseconds now. */
  readonly nowMs: number;
  /** When the same was judged last, epoch milliseconds; absent if nothing is to be made up for since. */
  readonly sinceMs?: number;
  /** Cancels reading. */
  readonly signal: AbortSignal;
}

/** The readings of a span, as one page. */
export async function readPage(
  { series }: Pick<TimelineDeps, "series">,
  ref: SeriesRef,
  { span, signal, only }: { span: Span; signal: AbortSignal; only?: readonly number[] },
): Promise<Page> {
  const pages = await Array.fromAsync(series.read(ref, { ...span, only }, signal));
  return pages.length === 0 ? emptyPage(0) : concatPages(pages);
}

/** How much of the past is read first, milliseconds. */
export function leastMs({ forMs, holdMs }: Needs): number {
  return FIRST_READ_MS + Math.max(forMs, holdMs ?? 0);
}

/** How readings become a timeline. */
export interface BackRead {
  /** How much earlier readings serve to compare with, milliseconds. */
  readonly beforeMs: number;
  /** The metrics that are read; all by default. */
  readonly only?: readonly number[];
  /** `isWhole`: the page has all readings of the series. */
  timelineOf(page: Page, fromMs: number, isWhole: boolean): Timeline | Promise<Timeline>;
  /** Whether earlier readings would make no difference. */
  isEnough(timeline: Timeline, page: Page): boolean;
  /** The time of a reading after which there were none, epoch milliseconds; absent if that is not known. */
  readonly latestMs?: number;
  /** Begins with what is known already if the first read is not enough. */
  readonly past?: {
    find(): Promise<PastReading>;
    resume(past: KnownPast): Promise<Timeline | null>;
  };
}

/** Reads further and further back, until the timeline is known. Null if the series has no readings. */
export async function readBack(
  deps: TimelineDeps,
  { profile, id }: SeriesRef,
  { nowMs, signal, leastMs }: Moment & { leastMs: number },
  { beforeMs, only, timelineOf, isEnough, latestMs: knownMs = Infinity, past }: BackRead,
): Promise<Timeline | null> {
  let extent: { firstMs: number; lastMs: number } | null = null;
  let found: PastReading | null = null;
  for (let spanMs = leastMs, endMs = nowMs;; spanMs *= GROWTH) {
    const fromMs = Math.max(0, endMs - spanMs);
    const span = { fromMs: Math.max(0, fromMs - beforeMs), toMs: END_OF_TIME_MS };
    // Left out only before the extent is known: the extent has a reading that came since.
    const page = extent === null && knownMs < span.fromMs
      ? emptyPage(0)
      : await readPage(deps, { profile, id }, { span, signal, only });
    const isEmpty = page.timesMs.length === 0;
    const timeline = isEmpty ? null : await timelineOf(page, fromMs, false);
    if (timeline !== null && isEnough(timeline, page)) {
      found?.keep(timeline, { fromMs, nowMs, isAll: false });
      return timeline;
    }
    extent ??= await deps.series.describe({ profile, id });
    if (extent === null) return null;
    const isWhole = fromMs <= extent.firstMs;
    const isAll = isWhole || spanMs >= LOOK_BACK_MS || page.timesMs.length >= LOOK_BACK_READINGS;
    if (isAll) {
      const whole = isWhole && !isEmpty ? await timelineOf(page, fromMs, true) : timeline;
      if (whole !== null) found?.keep(whole, { fromMs, nowMs, isAll });
      return whole;
    }
    if (past !== undefined && found === null) {
      found = await past.find();
      const resumed = found.past === null ? null : await past.resume(found.past);
      if (resumed !== null && found.past !== null) {
        const { anchorMs, isAll } = found.past;
        found.keep(resumed, { fromMs: anchorMs - 1, nowMs, isAll });
        return resumed;
      }
    }
    // A series that has been silent for long: what counts is before its latest reading.
    endMs = Math.min(nowMs, isEmpty ? extent.lastMs : endMs);
  }
}

/** Subjects that are read at the same time over a network, where each read waits for its answer. */
const LANES = 12;

/** Reads items, so many at the same time. */
export async function inParallel<T, R>(
  items: readonly T[],
  act: (item: T) => Promise<R>,
  lanes: number = LANES,
): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += lanes) {
    results.push(...await Promise.all(items.slice(at, at + lanes).map(act)));
  }
  return results;
}
