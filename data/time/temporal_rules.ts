/**
 * The rules of zones as Temporal knows them. Temporal is used only here.
 *
 * @module
 */

import type { ZoneRules } from "./zone_rules.ts";

/**
 * Whether the runtime has a Temporal that works. Deno 2.7 is the first that has one; before, the name
 * is missing, or its functions throw.
 */
export function hasTemporal(): boolean {
  return works ??= findsChange();
}

let works: boolean | null = null;

function findsChange(): boolean {
  try {
    // The clocks of Paris changed next in March 1976.
    return zonedAt(0, "Europe/Paris").getTimeZoneTransition("next")?.year === 1976;
  } catch {
    return false;
  }
}

/** The rules of a zone; null if there is no such zone. Throws where {@link hasTemporal} is false. */
export function temporalRules(zone: string): ZoneRules | null {
  let last: Temporal.ZonedDateTime;
  try {
    last = zonedAt(0, zone);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
  let lastMs = 0;

  /** The time in the zone; kept, because to make one takes longer than to ask it. */
  function at(timeMs: number): Temporal.ZonedDateTime {
    const wholeMs = Math.floor(timeMs);
    return wholeMs === lastMs ? last : keep(zonedAt(wholeMs, zone));
  }

  function keep(zoned: Temporal.ZonedDateTime): Temporal.ZonedDateTime {
    last = zoned;
    lastMs = zoned.epochMilliseconds;
    return zoned;
  }

  return {
    get isUtc() {
      return last.equals(last.withTimeZone("UTC"));
    },
    offsetAt: (timeMs) => at(timeMs).offsetNanoseconds / 1_000_000,
    changeAfter(timeMs) {
      const change = at(timeMs).getTimeZoneTransition("next");
      return change === null ? null : keep(change).epochMilliseconds;
    },
    changeUpTo(timeMs) {
      // `previous` leaves out a change at the very moment.
      const after = at(timeMs).add({ milliseconds: 1 });
      return after.getTimeZoneTransition("previous")?.epochMilliseconds ?? null;
    },
  };
}

function zonedAt(timeMs: number, zone: string): Temporal.ZonedDateTime {
  // The constructor accepts only names and offsets; Instant.toZonedDateTimeISO() also whole times.
  return new Temporal.ZonedDateTime(BigInt(timeMs) * 1_000_000n, zone);
}
