/**
 * Testing a rule on the past.
 *
 * @module
 */

import { type MaintenanceWindow, mutedUntilMs } from "../../data/alerts/maintenance.ts";
import type { AlertRule } from "../../data/alerts/rule.ts";
import { groupMoves, simulate } from "../../data/alerts/simulate.ts";
import {
  metricTimeline,
  presenceTimeline,
  silenceTimeline,
  storeTimeline,
  type Timeline,
} from "../../data/alerts/timeline.ts";
import { ALERT_TEST_SUBJECTS_MAX, DAY_MS, HOUR_MS } from "../../data/limits.ts";
import type { Span } from "../../data/readings/page.ts";
import { listMaintenance } from "../../kv/alerts/maintenance.ts";
import { type FoundSubject, listSubjects, type SubjectDeps } from "../../kv/alerts/subjects.ts";
import { listDeviceEvents } from "../../kv/devices/events.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import type {
  AlertTest,
  AlertTester,
  AlertTestResult,
  TestedSubject,
} from "./alert_test_contract.ts";
import { readPage, type TimelineDeps } from "./read_back.ts";
import { createHours, hoursAheadMs, type HoursOf } from "./read_stores.ts";

/** How long before the start readings are read at least, so that the state at the start is known. */
const BEFORE_MS = 6 * HOUR_MS;
/** The same for polls of stores. */
const POLLS_BEFORE_MS = 7 * DAY_MS;
/** The most changes between online and offline of a device that are read. */
const EVENTS_MAX = 10_000;

/** What testing needs. */
export interface AlertTesterDeps extends SubjectDeps, TimelineDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list">;
  /** The readings. */
  readonly series: Pick<SeriesStore, "describe" | "describeMany" | "list" | "latest" | "read">;
}

/** Creates a tester. */
export function createAlertTester(deps: AlertTesterDeps): AlertTester {
  return {
    async test(test) {
      const windows = (await listMaintenance(deps.kv)).map(({ window }) => window);
      const hoursOf = createHours();
      const { found, hasMore } = await firstSubjects(deps, test);
      const subjects: TestedSubject[] = [];
      for (const subject of found) {
        test.signal.throwIfAborted();
        const timeline = await pastTimeline({ ...deps, hoursOf }, subject, test);
        if (timeline === null) continue;
        const tested = testSubject({ timeline, windows, subject }, test);
        if (tested.moves.length > 0 || tested.before !== null) subjects.push(tested);
      }
      return resultOf(test.rule, { tested: found.length, hasMore, subjects });
    },
  };
}

function resultOf(
  rule: AlertRule,
  parts: Pick<AlertTestResult, "tested" | "hasMore" | "subjects">,
): AlertTestResult {
  const moves = parts.subjects.flatMap(({ id, moves }) => moves.map((move) => ({ ...move, id })));
  return { ...parts, messages: groupMoves(moves, rule.groupMs) };
}

function testSubject(
  { timeline, windows, subject }: {
    timeline: Timeline;
    windows: readonly MaintenanceWindow[];
    subject: FoundSubject;
  },
  { rule, fromMs, toMs }: AlertTest,
): TestedSubject {
  const { before, moves } = simulate(rule, timeline, {
    fromMs,
    toMs,
    mutedUntilMs: (timeMs) => mutedUntilMs(windows, { alert: rule, subject }, timeMs),
  });
  return { id: subject.id, before: before?.state === "ok" ? null : before, moves };
}

/** The first subjects that the caller may touch, and whether there are more. */
async function firstSubjects(
  deps: SubjectDeps,
  { rule: { scope }, caller }: AlertTest,
): Promise<{ found: FoundSubject[]; hasMore: boolean }> {
  const found: FoundSubject[] = [];
  for await (const batch of listSubjects(deps, scope)) {
    found.push(...batch.filter(({ kind, id }) => caller.mayTouch(kind, id)));
    if (found.length > ALERT_TEST_SUBJECTS_MAX) break;
  }
  const hasMore = found.length > ALERT_TEST_SUBJECTS_MAX;
  return { found: found.slice(0, ALERT_TEST_SUBJECTS_MAX), hasMore };
}

/** The timeline of a subject in the past; null if there is nothing that the condition is about. */
async function pastTimeline(
  deps: AlertTesterDeps & { readonly hoursOf: HoursOf },
  subject: FoundSubject,
  { rule, fromMs, toMs, signal }: AlertTest,
): Promise<Timeline | null> {
  const { condition } = rule;
  const { profile, id } = subject;
  const holdMs = Math.max(rule.resolveAfterMs, rule.damping?.calmMs ?? 0);
  const readFrom = async (startMs: number) =>
    await readPage(deps, { profile, id }, { span: { fromMs: Math.max(0, startMs), toMs }, signal });
  switch (condition.type) {
    case "offline":
      return await pastPresence(deps, subject, { forMs: condition.forMs, fromMs, toMs });
    case "no_data": {
      const { timesMs } = await readFrom(fromMs - condition.forMs - holdMs);
      const extent = await deps.series.describe({ profile, id });
      if (extent === null) return null;
      const silentMs = fromMs - condition.forMs - holdMs - 1;
      const isOlder = extent.firstMs < silentMs;
      return silenceTimeline(isOlder ? [silentMs, ...timesMs] : timesMs, condition.forMs);
    }
    case "down": {
      const page = await readFrom(fromMs - POLLS_BEFORE_MS);
      if (page.timesMs.length === 0) return null;
      const openOf = await deps.hoursOf(deps.kv, id);
      const lastMs = page.timesMs[page.timesMs.length - 1];
      const span = { fromMs: page.timesMs[0], lastMs, toMs: hoursAheadMs(toMs) };
      return storeTimeline(page, openOf(span), condition.forMs);
    }
    default: {
      const metrics = deps.profiles.get(profile)?.metrics ?? [];
      const metricIndex = metrics.findIndex(({ name }) => name === condition.metric);
      const withinMs = condition.type === "change" ? condition.withinMs : 0;
      const beforeMs = Math.max(BEFORE_MS, condition.forMs + holdMs) + withinMs;
      const page = metricIndex < 0 ? null : await readFrom(fromMs - beforeMs);
      if (page === null || page.timesMs.length === 0) return null;
      return metricTimeline(condition, page, { metricIndex });
    }
  }
}

async function pastPresence(
  { kv }: AlertTesterDeps,
  { id, device }: FoundSubject,
  { forMs, toMs }: Span & { forMs: number },
): Promise<Timeline | null> {
  if (device === null) return null;
  const events = await listDeviceEvents(kv, id, { afterMs: null, limit: EVENTS_MAX });
  const created = { atMs: device.createdMs, state: "online" as const };
  return presenceTimeline([created, ...events].filter(({ atMs }) => atMs < toMs), forMs);
}
