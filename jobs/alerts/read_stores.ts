/**
 * Reading what the timelines of stores are made of: polls and business hours.
 *
 * After an upload, there is much to judge and little to tell. So the latest poll of each store is read first,
 * as that takes few reads. Of a store without a state, an active poll says everything: it is not down.
 *
 * @module
 */

import type { DownCondition } from "../../data/alerts/rule.ts";
import { isDecided, storeTimeline, type Timeline } from "../../data/alerts/timeline.ts";
import { DAY_MS, dayStartMs } from "../../data/limits.ts";
import type { Span } from "../../data/readings/page.ts";
import { PROFILES } from "../../data/readings/profile.ts";
import {
  type BusinessHours,
  createBusinessHours,
  DEFAULT_STORE_ZONE,
} from "../../data/stores/business_hours.ts";
import { type OpenAhead, openAhead, openWithin } from "../../data/stores/open_ahead.ts";
import { getStoreSettings } from "../../kv/stores/stores.ts";
import {
  inParallel,
  type Moment,
  readBack,
  type TimelineDeps,
  type TimelineRequest,
} from "./read_back.ts";

/** How far ahead business hours are worked out, milliseconds. */
const HOURS_AHEAD_MS = 60 * DAY_MS;

/** Most stores are open within so many days after a poll, milliseconds. */
const HOURS_NEAR_MS = 9 * DAY_MS;

/** Finds when a store is open from the start of a span on; poll times are up to `lastMs`. */
export type HoursOf = (
  kv: Pick<Deno.Kv, "list">,
  id: string,
) => Promise<(span: Span & { readonly lastMs: number }) => OpenAhead>;

/** Creates a source of business hours that keeps the clocks of each zone. */
export function createHours(): HoursOf {
  const zones = new Map<string, { near: BusinessHours; all: BusinessHours }>();
  return async (kv, id) => {
    const settings = await getStoreSettings(kv, id);
    const zone = settings?.zone ?? DEFAULT_STORE_ZONE;
    const hours = settings?.hours ?? null;
    const ofZone = zones.get(zone) ??
      { near: createBusinessHours(zone), all: createBusinessHours(zone) };
    zones.set(zone, ofZone);
    return ({ fromMs, lastMs, toMs }) => {
      // The same spans for many stores, so that the days of a zone are worked out once.
      const endMs = dayStartMs(toMs) + 2 * DAY_MS;
      const nearMs = Math.min(endMs, dayStartMs(lastMs) + HOURS_NEAR_MS);
      const span = { fromMs: Math.max(0, dayStartMs(fromMs) - DAY_MS), nearMs, toMs: endMs };
      return openAhead((part) => {
        return ofZone[part.toMs === nearMs ? "near" : "all"].openSpans(hours, part);
      }, span);
    };
  };
}

/** How far ahead business hours are worked out for a moment. */
export function hoursAheadMs(nowMs: number): number {
  return nowMs + HOURS_AHEAD_MS;
}

/** What is read of stores. */
export interface StoresRead {
  /** The condition. */
  readonly condition: DownCondition;
  /** The stores. */
  readonly requests: readonly TimelineRequest[];
  /** The moment. */
  readonly moment: Moment;
}

/** The timelines of stores, in their order; null for one without polls. */
export async function readStores(
  deps: TimelineDeps,
  hoursOf: HoursOf,
  { condition, requests, moment }: StoresRead,
): Promise<(Timeline | null)[]> {
  const profile = PROFILES.site.name;
  const ids = requests.map(({ subject }) => subject.id);
  const latest = await deps.series.latest(profile, ids, { lanes: deps.lanes });
  // Those without polls, and those whose latest ones are damaged.
  const rest = ids.filter((id) => !latest.has(id));
  const extents = await deps.series.describeMany(rest.map((id) => ({ profile, id })));
  const empty = new Set(
    rest.filter((_, index) =>
      extents[index].status === "fulfilled" && extents[index].value === null
    ),
  );
  return await inParallel(requests, async (request) => {
    const { subject: { id }, hasState } = request;
    if (empty.has(id)) return null;
    const poll = latest.get(id);
    const isActive = poll !== undefined && poll.columns[0].values[0] > 0;
    if (isActive && !hasState && poll.timesMs[0] <= moment.nowMs) {
      return storeTimeline(poll, openWithin([]), condition.forMs);
    }
    return await readStore(deps, hoursOf, {
      condition,
      request,
      moment,
      latestMs: poll?.timesMs[0],
    });
  }, deps.lanes);
}

async function readStore(
  deps: TimelineDeps,
  hoursOf: HoursOf,
  { condition, request: { subject, needs }, moment: { nowMs, signal }, latestMs }: {
    condition: DownCondition;
    request: TimelineRequest;
    moment: Moment;
    latestMs: number | undefined;
  },
): Promise<Timeline | null> {
  const openOf = await hoursOf(deps.kv, subject.id);
  return await readBack(deps, subject, { nowMs, signal, leastMs: DAY_MS }, {
    beforeMs: 0,
    latestMs,
    timelineOf(page) {
      const { timesMs } = page;
      const lastMs = timesMs[timesMs.length - 1];
      const open = openOf({ fromMs: timesMs[0], lastMs, toMs: hoursAheadMs(nowMs) });
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
