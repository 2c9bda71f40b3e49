/**
 * When a store is open from a time on, for those who ask for a few moments: business hours of months are
 * not worked out if those of some days say everything.
 *
 * @module
 */

import type { Span } from "../readings/page.ts";

/** When a store is open. */
export interface OpenAhead {
  /** The first open moment at or after a time; null if there is none. */
  firstMs(timeMs: number): number | null;
  /** When it has been open for `forMs` since a time; Infinity if never. */
  ripeMs(sinceMs: number, forMs: number): number;
}

/** Which business hours count. */
export interface AheadSpan extends Span {
  /** They are worked out up to this time at first, and to the end if somebody asks for more. */
  readonly nearMs: number;
}

/** The open moments within spans, ascending and disjoint. */
export function openWithin(spans: readonly Span[]): OpenAhead {
  return openAhead(() => spans, { fromMs: 0, nearMs: Infinity, toMs: Infinity });
}

/**
 * The open moments of business hours. `openSpans` gives those within a span, ascending and disjoint; it is
 * called once or twice.
 */
export function openAhead(
  openSpans: (span: Span) => readonly Span[],
  { fromMs, nearMs, toMs }: AheadSpan,
): OpenAhead {
  let endMs = Math.min(nearMs, toMs);
  let open = openSpans({ fromMs, toMs: endMs });

  /** Works out all. False if all are known. */
  function extend(): boolean {
    if (endMs >= toMs) return false;
    endMs = toMs;
    open = openSpans({ fromMs, toMs });
    return true;
  }

  function ripeWithin(sinceMs: number, forMs: number): number {
    let leftMs = forMs;
    for (let at = indexAfter(open, sinceMs); at < open.length; at++) {
      const startMs = Math.max(open[at].fromMs, sinceMs);
      const lengthMs = open[at].toMs - startMs;
      if (lengthMs >= leftMs) return startMs + leftMs;
      leftMs -= lengthMs;
    }
    return Infinity;
  }

  return {
    firstMs(timeMs) {
      let at = indexAfter(open, timeMs);
      if (at === open.length && extend()) at = indexAfter(open, timeMs);
      return at === open.length ? null : Math.max(open[at].fromMs, timeMs);
    },
    ripeMs(sinceMs, forMs) {
      const ripeMs = ripeWithin(sinceMs, forMs);
      return ripeMs === Infinity && extend() ? ripeWithin(sinceMs, forMs) : ripeMs;
    },
  };
}

/** The index of the first span that ends after a time. */
function indexAfter(spans: readonly Span[], timeMs: number): number {
  let low = 0, high = spans.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (spans[middle].toMs > timeMs) high = middle;
    else low = middle + 1;
  }
  return low;
}
