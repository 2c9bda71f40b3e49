/**
 * Reading what the timelines of subjects are made of. For values, it reads back from the present until
 * earlier readings would make no difference, so readings may come late and in any order.
 *
 * @module
 */

import type {
  Condition,
  DownCondition,
  MetricCondition,
  NoDataCondition,
} from "../../data/alerts/rule.ts";
import {
  isDecided,
  metricTimeline,
  type Needs,
  presenceTimeline,
  silenceTimeline,
  storeTimeline,
  type Timeline,
} from "../../data/alerts/timeline.ts";
import { DAY_MS, dayStartMs, END_OF_TIME_MS, MINUTE_MS } from "../../data/limits.ts";
import { concatPages, emptyPage, type Page, type Span } from "../../data/readings/page.ts";
import type { Profile } from "../../data/readings/profile.ts";
import {
  type BusinessHours,
  createBusinessHours,
  DEFAULT_STORE_ZONE,
} from "../../data/stores/business_hours.ts";
import type { SeriesRef } from "../../kv/series/ref.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import { getStoreSettings } from "../../kv/stores/stores.ts";
import {
  createPastMemory,
  type KnownPast,
  LOOK_BACK_MS,
  type PastMemory,
  type PastReading,
} from "./known_past.ts";
import type { FoundSubject } from "../../kv/alerts/subjects.ts";

/** How far back the first read goes, milliseconds. */
const FIRST_READ_MS = 15 * MINUTE_MS;
/** How much further each next read goes. */
const GROWTH = 4;
/** It is not read further back than so many readings. */
const LOOK_BACK_READINGS = 250_000;
/** How far ahead business hours are worked out, milliseconds. */
const HOURS_AHEAD_MS = 60 * DAY_MS;

/** What reading needs. */
export interface TimelineDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list">;
  /** The readings. */
  readonly series: Pick<SeriesStore, "describe" | "read" | "latest">;
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

/** Reads timelines. */
export interface TimelineReader {
  /**
   * The timeline of each subject, in their order; null for one that has nothing that the condition is
   * about: no readings, or no such metric.
   */
  read(
    condition: Condition,
    requests: readonly TimelineRequest[],
    moment: Moment,
  ): Promise<(Timeline | null)[]>;
}

/** Creates a reader. It keeps the clocks of the zones of stores, and what it knows of the past. */
export function createTimelineReader(deps: TimelineDeps): TimelineReader {
  const hoursOf = createHours();
  const pasts = createPastMemory(deps.kv);
  return {
    async read(condition, requests, moment) {
      switch (condition.type) {
        case "offline":
          return requests.map(({ subject: { device } }) => {
            if (device === null) return null;
            const { stateSinceMs: atMs, state } = device;
            return presenceTimeline([{ atMs, state }], condition.forMs);
          });
        case "no_data":
          return await readSilences(deps, condition, { requests, moment });
        case "down":
          return await inParallel(
            requests,
            (request) => readStore(deps, hoursOf, { condition, request, moment }),
            deps.lanes,
          );
        default:
          return await inParallel(
            requests,
            (request) => readMetric({ ...deps, pasts }, { condition, request, moment }),
            deps.lanes,
          );
      }
    },
  };
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

/** The business hours of stores: the spans in which a store is open around a time. */
export type HoursOf = (
  kv: Pick<Deno.Kv, "list">,
  id: string,
  span: Span,
) => Promise<Span[]>;

/** Creates a source of business hours that keeps the clock of each zone. */
export function createHours(): HoursOf {
  const zones = new Map<string, BusinessHours>();
  return async (kv, id, { fromMs, toMs }) => {
    const settings = await getStoreSettings(kv, id);
    const zone = settings?.zone ?? DEFAULT_STORE_ZONE;
    const hours = zones.get(zone) ?? createBusinessHours(zone);
    zones.set(zone, hours);
    // The same span for all stores, so that the days of a zone are worked out once.
    const span = {
      fromMs: Math.max(0, dayStartMs(fromMs) - DAY_MS),
      toMs: dayStartMs(toMs) + 2 * DAY_MS,
    };
    return hours.openSpans(settings?.hours ?? null, span);
  };
}

/** How far ahead business hours are worked out for a moment. */
export function hoursAheadMs(nowMs: number): number {
  return nowMs + HOURS_AHEAD_MS;
}

/** The latest readings tell everything, except how long a silence has been over. */
async function readSilences(
  deps: TimelineDeps,
  condition: NoDataCondition,
  { requests, moment }: { requests: readonly TimelineRequest[]; moment: Moment },
): Promise<(Timeline | null)[]> {
  const isCalming = ({ needs }: TimelineRequest) => (needs.holdMs ?? 0) > 0;
  const plain = requests.filter((request) => !isCalming(request));
  const latest = new Map<string, Page>();
  for (const [profile, ofProfile] of Map.groupBy(plain, ({ subject }) => subject.profile)) {
    const ids = ofProfile.map(({ subject }) => subject.id);
    for (const [id, page] of await deps.series.latest(profile, ids)) latest.set(id, page);
  }
  return await inParallel(requests, async (request) => {
    const { subject, needs } = request;
    if (isCalming(request)) {
      return await readBack(deps, subject, { ...moment, leastMs: leastMs(needs) }, {
        beforeMs: condition.forMs,
        timelineOf: (page) => silenceTimeline(page.timesMs, condition.forMs),
        isEnough: (timeline) => isDecided(timeline, moment.nowMs, { ...needs, forMs: 0 }),
      });
    }
    const page = latest.get(subject.id);
    return page === undefined ? null : silenceTimeline(page.timesMs, condition.forMs);
  }, deps.lanes);
}

async function readMetric(
  deps: TimelineDeps & { readonly pasts: PastMemory },
  { condition, request: { subject, needs }, moment: { nowMs, signal } }: {
    condition: MetricCondition;
    request: TimelineRequest;
    moment: Moment;
  },
): Promise<Timeline | null> {
  const metrics = deps.profiles.get(subject.profile)?.metrics ?? [];
  const metricIndex = metrics.findIndex(({ name }) => name === condition.metric);
  if (metricIndex < 0) return null;
  const only = [metricIndex];
  const isEnough = (timeline: Timeline) => isDecided(timeline, nowMs, needs);
  const { profile, id } = subject;
  async function resume({ anchorMs: fromMs, ...base }: KnownPast): Promise<Timeline | null> {
    const span = { fromMs, toMs: END_OF_TIME_MS };
    const page = await readPage(deps, { profile, id }, { span, signal, only });
    const isWhole = base.knownFromMs === -Infinity;
    const timeline = metricTimeline(condition, page, { metricIndex, isWhole, base });
    return base.isAll || isEnough(timeline) ? timeline : null;
  }
  return await readBack(deps, subject, { nowMs, signal, leastMs: leastMs(needs) }, {
    beforeMs: condition.type === "change" ? condition.withinMs : 0,
    only,
    timelineOf: (page, fromMs, isWhole) =>
      metricTimeline(condition, page, { metricIndex, fromMs, isWhole }),
    isEnough,
    past: condition.type === "change"
      ? undefined
      : { resume, find: () => deps.pasts.find(condition, { profile, id }) },
  });
}

async function readStore(
  deps: TimelineDeps,
  hoursOf: HoursOf,
  { condition, request: { subject, needs }, moment: { nowMs, signal } }: {
    condition: DownCondition;
    request: TimelineRequest;
    moment: Moment;
  },
): Promise<Timeline | null> {
  let open: Span[] = [];
  return await readBack(deps, subject, { nowMs, signal, leastMs: DAY_MS }, {
    beforeMs: 0,
    async timelineOf(page, fromMs) {
      const [firstMs = fromMs] = page.timesMs;
      const span = { fromMs: Math.min(firstMs, nowMs - LOOK_BACK_MS), toMs: hoursAheadMs(nowMs) };
      open = await hoursOf(deps.kv, subject.id, span);
      return storeTimeline(page, open, condition.forMs);
    },
    isEnough(timeline, page) {
      if (isLongDown(timeline, nowMs)) return true;
      // If it was inactive all the time, it may have been so before, too.
      const wasActive = page.columns[0].values.some((status) => status > 0);
      return wasActive && isDecided(timeline, nowMs, needs);
    },
  });
}

function isLongDown({ turns, ripeMs }: Timeline, nowMs: number): boolean {
  const last = turns.findLast(({ atMs }) => atMs <= nowMs);
  return last?.holds === true && ripeMs(last.atMs) <= nowMs;
}

function leastMs({ forMs, holdMs }: Needs): number {
  return FIRST_READ_MS + Math.max(forMs, holdMs ?? 0);
}

/** How readings become a timeline. */
interface BackRead {
  /** How much earlier readings serve to compare with, milliseconds. */
  readonly beforeMs: number;
  /** The metrics that are read; all by default. */
  readonly only?: readonly number[];
  /** `isWhole`: the page has all readings of the series. */
  timelineOf(page: Page, fromMs: number, isWhole: boolean): Timeline | Promise<Timeline>;
  isEnough(timeline: Timeline, page: Page): boolean;
  /** Begins with what is known already if the first read is not enough. */
  readonly past?: {
    find(): Promise<PastReading>;
    resume(past: KnownPast): Promise<Timeline | null>;
  };
}

/** Reads further and further back, until the timeline is known. Null if the series has no readings. */
async function readBack(
  deps: TimelineDeps,
  { profile, id }: SeriesRef,
  { nowMs, signal, leastMs }: Moment & { leastMs: number },
  { beforeMs, only, timelineOf, isEnough, past }: BackRead,
): Promise<Timeline | null> {
  let extent: { firstMs: number; lastMs: number } | null = null;
  let found: PastReading | null = null;
  for (let spanMs = leastMs, endMs = nowMs;; spanMs *= GROWTH) {
    const fromMs = Math.max(0, endMs - spanMs);
    const span = { fromMs: Math.max(0, fromMs - beforeMs), toMs: END_OF_TIME_MS };
    const page = await readPage(deps, { profile, id }, { span, signal, only });
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

async function inParallel<T, R>(
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
