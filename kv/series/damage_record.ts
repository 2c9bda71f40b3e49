/**
 * The damaged readings that this process has come across, for `/ready`, metrics and the log.
 *
 * @module
 */

import type { Log } from "../../data/log.ts";
import { NO_RECORDER, type Recorder } from "../../data/metrics/recorder.ts";
import { type DamagedDataError, type DamagedPlace, damageText } from "./damage.ts";
import type { SeriesRef } from "./ref.ts";

/** The most places that are remembered. More of them change nothing about what to do. */
const PLACES_MAX = 1_000;

/** Remembers damaged places until their series is removed, or the process ends. */
export interface DamageRecord {
  /** Remembers where an error says that data is damaged, and logs it the first time. */
  report(error: DamagedDataError): void;
  /** Forgets the places of a series, whose readings were removed. */
  forget(ref: SeriesRef): void;
  /** The places, in the order in which they were found; at most 1,000. */
  list(): readonly DamagedPlace[];
}

/** Creates a record without any place. */
export function createDamageRecord(
  { log, record = NO_RECORDER }: {
    readonly log: Log;
    /** Where their number goes. */
    readonly record?: Pick<Recorder, "set">;
  },
): DamageRecord {
  const places = new Map<string, DamagedPlace>();
  const count = () => record.set("openwatts_damaged_days", [], places.size);
  count();
  return {
    report(error) {
      const { place } = error;
      const name = damageText(place);
      if (places.has(name) || places.size === PLACES_MAX) return;
      places.set(name, place);
      count();
      const { ref, dayMs } = place;
      log("error", "stored data damaged", { profile: ref.profile, id: ref.id, dayMs, error });
    },
    forget({ profile, id }) {
      for (const [name, { ref }] of places) {
        if (ref.profile === profile && ref.id === id) places.delete(name);
      }
      count();
    },
    list: () => [...places.values()],
  };
}
