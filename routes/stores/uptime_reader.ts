/**
 * The uptime of stores, read from their polls: for the API, the pages and the badges.
 *
 * What is past is kept, with the polls since the last part began, as long as no poll of the store
 * changes. So asking again costs one small read a store.
 *
 * @module
 */

import { lowerBound, type Page, slicePage, type Span } from "../../data/readings/page.ts";
import { DEFAULT_STORE_ZONE } from "../../data/stores/business_hours.ts";
import {
  type ReportBucket,
  reportParts,
  type ReportRange,
  reportRangeSpan,
} from "../../data/stores/report_range.ts";
import {
  createOpenSpans,
  explainOpen,
  measureParts,
  type StoreSchedule,
  type Stretch,
  type UptimePart,
} from "../../data/stores/store_uptime.ts";
import type { SeriesStore } from "../../kv/series/store.ts";

/** How many stores are kept, each for one range: some 10 KB for 90 days. */
const STORES_KEPT = 2_000;

/** A store, as far as its uptime depends on it. */
export interface ScheduledStore extends StoreSchedule {
  /** Its id. */
  readonly id: string;
}

/** What is asked about a store. */
export interface UptimeAsk {
  /** The time, on the clock of the store. */
  readonly range: ReportRange;
  /** The parts. */
  readonly bucket: ReportBucket;
  /** How far from a poll its status holds, milliseconds; null for no limit. */
  readonly maxHoldMs: number | null;
}

/** The uptime of a store. */
export interface StoreUptime {
  /** The zone of its hours and days. */
  readonly zone: string;
  /** The time that was measured; null if the range is still to come. */
  readonly span: Span | null;
  /** Its parts, ascending. */
  readonly parts: readonly UptimePart[];
}

/** Why a range is what it is. */
export interface ExplainedUptime extends StoreUptime {
  /** When the store was open. */
  readonly open: readonly Span[];
  /** The open time by state, with the polls that say so. */
  readonly stretches: readonly Stretch[];
}

/** Reads the uptime of stores. */
export interface UptimeReader {
  /** The uptime of a store. */
  read(store: ScheduledStore, ask: UptimeAsk): Promise<StoreUptime>;
  /** The same, with its reasons: for short ranges. */
  explain(store: ScheduledStore, ask: UptimeAsk): Promise<ExplainedUptime>;
}

/** What reading needs. */
export interface UptimeDeps {
  /** The polls. */
  readonly series: Pick<SeriesStore, "withPrevious" | "revision">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** What is kept of a store: all parts but the last, and the polls that the last one needs. */
interface Kept {
  readonly revision: number;
  readonly past: readonly UptimePart[];
  readonly last: Span;
  readonly tail: Page;
}

/** Creates a reader that keeps nothing yet. */
export function createUptimeReader({ series, now }: UptimeDeps): UptimeReader {
  const openSpans = createOpenSpans();
  const kept = new Map<string, Kept>();

  function spanOf({ zone }: StoreSchedule, { range, bucket }: UptimeAsk) {
    const name = zone ?? DEFAULT_STORE_ZONE;
    const span = reportRangeSpan(range, range.zone ?? name, now());
    const parts = span === null ? [] : reportParts(span, bucket, range.zone ?? name);
    return { zone: name, span, parts };
  }

  function measure(page: Page, store: ScheduledStore, parts: readonly Span[], ask: UptimeAsk) {
    const [first, last] = [parts[0], parts[parts.length - 1]];
    if (first === undefined) return [];
    const open = openSpans(store, { fromMs: first.fromMs, toMs: last.toMs });
    return measureParts(page, { open, parts }, { asOfMs: last.toMs, maxHoldMs: ask.maxHoldMs });
  }

  /** Keeps what will not change as long as the polls do not. */
  function keep(key: string, revision: number, page: Page, parts: readonly UptimePart[]): void {
    kept.delete(key);
    const last = parts[parts.length - 1];
    const { timesMs } = page;
    // A poll of the future may still become the first one, which reaches back.
    if (timesMs.length > 0 && timesMs[timesMs.length - 1] > last.toMs) return;
    const start = Math.max(0, lowerBound(timesMs, last.fromMs) - 1);
    const slice = slicePage(page, start, timesMs.length);
    const tail = {
      timesMs: slice.timesMs.slice(),
      columns: slice.columns.map(({ scale, values }) => ({ scale, values: values.slice() })),
    };
    kept.set(key, { revision, past: parts.slice(0, -1), last, tail });
    for (const oldest of kept.keys()) {
      if (kept.size <= STORES_KEPT) break;
      kept.delete(oldest);
    }
  }

  return {
    async read(store, ask) {
      const { zone, span, parts } = spanOf(store, ask);
      if (span === null) return { zone, span, parts: [] };
      const ref = { profile: "site", id: store.id };
      // Before the polls: what changes in between is read again next time.
      const revision = await series.revision(ref);
      const key = JSON.stringify([store, ask, parts[0].fromMs]);
      const known = kept.get(key);
      const last = parts[parts.length - 1];
      if (known?.revision === revision && known.last.fromMs === last.fromMs) {
        return { zone, span, parts: [...known.past, ...measure(known.tail, store, [last], ask)] };
      }
      const page = await series.withPrevious(ref, { fromMs: span.fromMs, toMs: span.toMs + 1 });
      const measured = measure(page, store, parts, ask);
      keep(key, revision, page, measured);
      return { zone, span, parts: measured };
    },
    async explain(store, ask) {
      const { zone, span, parts } = spanOf(store, ask);
      if (span === null) return { zone, span, parts: [], open: [], stretches: [] };
      const ref = { profile: "site", id: store.id };
      const page = await series.withPrevious(ref, { fromMs: span.fromMs, toMs: span.toMs + 1 });
      const open = openSpans(store, span);
      const stretches = explainOpen(page, open, { asOfMs: span.toMs, maxHoldMs: ask.maxHoldMs });
      return { zone, span, open, stretches, parts: measure(page, store, parts, ask) };
    },
  };
}
