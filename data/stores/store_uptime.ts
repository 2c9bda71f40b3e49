/**
 * The uptime of one store in parts of time, and why each part is what it is. The rules are those of
 * reports (`data/stores/open_time.ts`).
 *
 * @module
 */

import { lowerBound, type Page, type Span } from "../readings/page.ts";
import {
  type BusinessHours,
  createBusinessHours,
  DEFAULT_STORE_ZONE,
  type WeeklySpan,
} from "./business_hours.ts";
import { measureOpenTime } from "./open_time.ts";
import type { OpenTime } from "./uptime.ts";

/** When a store is open. */
export interface StoreSchedule {
  /** The IANA name of its zone, or null if it has none. */
  readonly zone: string | null;
  /** When it is open; null counts as always. */
  readonly hours: readonly WeeklySpan[] | null;
}

/** How a store was in a part of time, in one word. */
export type OpenState = "up" | "down" | "unknown" | "closed";

/** Open time with its sum. */
export interface OpenTotal extends OpenTime {
  /** Up, down and unknown together, milliseconds. */
  readonly openMs: number;
}

/** The uptime of a part of time. */
export interface UptimePart extends Span, OpenTotal {}

/** A stretch of open time with one state. */
export interface Stretch extends Span {
  /** The state. */
  readonly state: Exclude<OpenState, "closed">;
  /** How many polls say so; 0 if it is unknown. */
  readonly polls: number;
  /** The first and the last of them, epoch milliseconds; null if it is unknown. */
  readonly firstPollMs: number | null;
  /** The last of them. */
  readonly lastPollMs: number | null;
}

/** When the measurement ends, and how long polls hold. */
export interface HoldOptions {
  /** Polls after this time are ignored, epoch milliseconds. */
  readonly asOfMs: number;
  /** How far from a poll its status holds, milliseconds; null for no limit. */
  readonly maxHoldMs: number | null;
}

/** Gives the open spans of stores. */
export type FindOpenSpans = (schedule: StoreSchedule, span: Span) => Span[];

/** How many zones {@link createOpenSpans} keeps the clocks of. */
const ZONES_MAX = 100;

/** Creates a finder that keeps the clocks of zones. */
export function createOpenSpans(): FindOpenSpans {
  const clocks = new Map<string, BusinessHours>();
  return ({ zone, hours }, span) => {
    const name = zone ?? DEFAULT_STORE_ZONE;
    let clock = clocks.get(name);
    if (clock === undefined) {
      if (clocks.size >= ZONES_MAX) clocks.clear();
      clocks.set(name, clock = createBusinessHours(name));
    }
    return clock.openSpans(hours, span);
  };
}

/**
 * The uptime in each part. The page holds the polls of the parts and the last one before them, and may
 * be empty: then all open time is unknown. No part ends after `asOfMs`.
 */
export function measureParts(
  page: Page,
  { open, parts }: { readonly open: readonly Span[]; readonly parts: readonly Span[] },
  options: HoldOptions,
): UptimePart[] {
  const times = page.timesMs.length === 0 ? null : measureOpenTime(page, open, parts, options);
  return parts.map((part, index) => {
    const time = times?.[index] ?? { upMs: 0, downMs: 0, unknownMs: openMsIn(open, part) };
    return { ...part, ...time, openMs: time.upMs + time.downMs + time.unknownMs };
  });
}

/** The sum of parts. */
export function totalOf(parts: readonly OpenTotal[]): OpenTotal {
  const sum = (field: keyof OpenTotal) => parts.reduce((total, part) => total + part[field], 0);
  return {
    upMs: sum("upMs"),
    downMs: sum("downMs"),
    unknownMs: sum("unknownMs"),
    openMs: sum("openMs"),
  };
}

/**
 * One word for a part: `closed` without open time, `down` if it was down at all, `up` if it was up at
 * all, else `unknown`.
 */
export function stateOf({ openMs, downMs, upMs }: OpenTotal): OpenState {
  if (openMs === 0) return "closed";
  if (downMs > 0) return "down";
  return upMs > 0 ? "up" : "unknown";
}

/** The share of up in up and down, percent with two decimals; null if neither is known. */
export function uptimePercent({ upMs, downMs }: OpenTime): number | null {
  const knownMs = upMs + downMs;
  return knownMs === 0 ? null : Math.round(upMs / knownMs * 10_000) / 100;
}

/**
 * The open spans of a page in stretches of one state each, with the polls that say so. Their lengths
 * by state are what {@link measureParts} counts.
 */
export function explainOpen(
  { timesMs, columns: [status] }: Page,
  open: readonly Span[],
  { asOfMs, maxHoldMs }: HoldOptions,
): Stretch[] {
  const count = lowerBound(timesMs, asOfMs + 1);
  const holdMs = maxHoldMs ?? Infinity;
  const stretches: Stretch[] = [];
  const add = (fromMs: number, toMs: number, poll: number | null) => {
    if (fromMs < toMs) extend(stretches, { fromMs, toMs, ...saidBy(poll) });
  };
  const saidBy = (poll: number | null): Omit<Stretch, "fromMs" | "toMs"> =>
    poll === null ? { state: "unknown", polls: 0, firstPollMs: null, lastPollMs: null } : {
      state: status.values[poll] > 0 ? "up" : "down",
      polls: 1,
      firstPollMs: timesMs[poll],
      lastPollMs: timesMs[poll],
    };
  for (const { fromMs, toMs } of open) {
    if (count === 0) add(fromMs, toMs, null);
    for (let poll = 0; poll < count; poll++) {
      const pollMs = timesMs[poll];
      const startMs = poll === 0 ? -Infinity : pollMs;
      const endMs = poll + 1 < count ? timesMs[poll + 1] : Infinity;
      const [partFromMs, partToMs] = [Math.max(fromMs, startMs), Math.min(toMs, endMs)];
      if (partFromMs >= partToMs) continue;
      const heldFromMs = Math.min(partToMs, Math.max(partFromMs, pollMs - holdMs));
      const heldToMs = Math.max(heldFromMs, Math.min(partToMs, pollMs + holdMs));
      add(partFromMs, heldFromMs, null);
      add(heldFromMs, heldToMs, poll);
      add(heldToMs, partToMs, null);
    }
  }
  return stretches;
}

/** Adds a stretch, or makes the last one longer if it goes on. */
function extend(stretches: Stretch[], next: Stretch): void {
  const last = stretches.at(-1);
  if (last === undefined || last.state !== next.state || last.toMs !== next.fromMs) {
    stretches.push(next);
    return;
  }
  stretches[stretches.length - 1] = {
    ...last,
    toMs: next.toMs,
    polls: last.polls + next.polls,
    lastPollMs: next.lastPollMs,
  };
}

function openMsIn(open: readonly Span[], part: Span): number {
  return open.reduce(
    (sum, { fromMs, toMs }) =>
      sum + Math.max(0, Math.min(toMs, part.toMs) - Math.max(fromMs, part.fromMs)),
    0,
  );
}
