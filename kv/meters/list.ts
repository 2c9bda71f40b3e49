/**
 * All meters in the order of their ids: those that were set up, and those that only have readings.
 *
 * @module
 */

import type { SeriesInfo, SeriesStore } from "../series/store.ts";
import { listMeterRecords, type MeterRecord, PLAIN_METER } from "./meters.ts";

/** What listing needs. */
export interface MeterListDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "list">;
  /** The readings. */
  readonly series: Pick<SeriesStore, "list">;
}

/** A meter in a list. */
export interface ListedMeter {
  /** Its id. */
  readonly id: string;
  /** What users said about it, or the defaults. */
  readonly meter: MeterRecord;
  /** Its readings of the profile `meter` as a whole; null if it has none. */
  readonly plainInfo: SeriesInfo | null;
}

/** Meters that were set up or have readings of the profile `meter`, in the order of ids. */
export async function listMeters(
  { kv, series }: MeterListDeps,
  page: { afterId: string; limit: number },
): Promise<ListedMeter[]> {
  const [infos, records] = await Promise.all([
    series.list(PLAIN_METER.profile, page),
    listMeterRecords(kv, page),
  ]);
  const meters = new Map(records.map(({ id, meter }) => [id, meter]));
  const known = new Map(infos.map((info) => [info.id, info]));
  const ids = [...new Set([...meters.keys(), ...known.keys()])].toSorted();
  return ids.slice(0, page.limit).map((id) => ({
    id,
    meter: meters.get(id) ?? PLAIN_METER,
    plainInfo: known.get(id) ?? null,
  }));
}
