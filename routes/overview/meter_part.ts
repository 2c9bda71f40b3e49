/**
 * The meters of the overview.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import { DAY_MS, HOUR_MS } from "../../data/limits.ts";
import { instantText } from "../../data/time/time_text.ts";
import { PLAIN_METER } from "../../kv/meters/meters.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import { listMeters } from "../../kv/meters/list.ts";
import { createTop, scanVisible } from "./scan.ts";
import { NAMED_MAX, type Overview } from "./schemas.ts";

/** Grid operators give out a day's readings during the next day. */
const LATE_AFTER_MS = 26 * HOUR_MS;
/** A meter without readings for so long was taken out, or its file was an old one. */
const ENDED_AFTER_MS = 31 * DAY_MS;

/** What counting needs. */
export interface MeterPartDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "list">;
  /** The readings. */
  readonly series: Pick<SeriesStore, "list" | "describe">;
}

/** Counts the meters that a caller may see and that have readings. */
export async function meterPart(
  { kv, series }: MeterPartDeps,
  caller: Caller,
  nowMs: number,
): Promise<NonNullable<Overview["meters"]>> {
  let total = 0, late = 0, ended = 0;
  const latest = createTop<{ id: string; label: string | null; lastMs: number }>(
    NAMED_MAX,
    (one, other) => one.lastMs > other.lastMs,
  );
  const isComplete = await scanVisible(
    caller,
    { kind: "meter", list: (page) => listMeters({ kv, series }, page) },
    async (batch) => {
      const infos = await Promise.all(
        batch.map(({ id, meter: { profile }, plainInfo }) =>
          profile === PLAIN_METER.profile ? plainInfo : series.describe({ profile, id })
        ),
      );
      infos.forEach((info, index) => {
        if (info === null) return;
        total++;
        const ageMs = nowMs - info.lastMs;
        if (ageMs > ENDED_AFTER_MS) ended++;
        else if (ageMs > LATE_AFTER_MS) {
          late++;
          const { id, meter: { label } } = batch[index];
          latest.add({ id, label, lastMs: info.lastMs });
        }
      });
    },
  );
  return {
    total,
    late,
    ended,
    is_complete: isComplete,
    latest: latest.items.map(({ id, label, lastMs }) => ({
      smart_meter_id: id,
      label,
      last_reading: instantText(lastMs),
    })),
  };
}
