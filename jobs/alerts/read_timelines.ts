/**
 * Reading what the timelines of subjects are made of. For values, it reads back from the present until
 * earlier readings would make no difference, so readings may come late and in any order.
 *
 * @module
 */

import type { Condition, MetricCondition, NoDataCondition } from "../../data/alerts/rule.ts";
import {
  isDecided,
  metricTimeline,
  presenceTimeline,
  silenceTimeline,
  type Timeline,
} from "../../data/alerts/timeline.ts";
import { END_OF_TIME_MS } from "../../data/limits.ts";
import type { Page } from "../../data/readings/page.ts";
import { createPastMemory, type KnownPast, type PastMemory } from "./known_past.ts";
import {
  inParallel,
  leastMs,
  type Moment,
  readBack,
  readPage,
  type TimelineDeps,
  type TimelineRequest,
} from "./read_back.ts";
import { createHours, readStores } from "./read_stores.ts";

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
          return await readStores(deps, hoursOf, { condition, requests, moment });
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
    for (const [id, page] of await deps.series.latest(profile, ids, { lanes: deps.lanes })) {
      latest.set(id, page);
    }
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
