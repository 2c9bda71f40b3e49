/**
 * Deleting a meter: its readings, and what users said about it.
 *
 * One commit deletes the record of the meter and begins the removal of its readings. Every step can be
 * repeated, so a deletion that was interrupted is completed by calling it again.
 *
 * An import may be running meanwhile. What it stores after the removal began is kept: it begins the
 * meter anew, under the profile that the import has. Readings of a profile that users defined need a
 * record to be found, so the record is created again ({@link keepMeter}).
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import type { ProfileName } from "../../data/readings/profile.ts";
import type { RemoveOptions } from "../series/remove.ts";
import type { SeriesStore } from "../series/store.ts";
import { changeMeter, getMeter, type MeterEntry, PLAIN_METER, stageMeterDelete } from "./meters.ts";

/** What deleting a meter needs. */
export interface DeleteMeterDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "atomic">;
  /** The readings. */
  readonly series: Pick<SeriesStore, "describe" | "remove">;
}

/** The meter to delete. */
export interface MeterToDelete {
  /** Its id. */
  readonly id: string;
  /** The profile that it had when the deletion was requested. */
  readonly profile: ProfileName;
  /** Called again and again with the number of readings that were deleted since the last call. */
  readonly onRemoved?: RemoveOptions["onRemoved"];
}

/** Deletes a meter. Does nothing if it has neither readings nor a record. */
export async function deleteMeter(
  deps: DeleteMeterDeps,
  { id, profile, onRemoved }: MeterToDelete,
): Promise<void> {
  const { kv, series } = deps;
  for (;;) {
    const entry = await getMeter(kv, id);
    const ref = { profile: entry?.value.profile ?? profile, id };
    const prepare = async (op: Deno.AtomicOperation) => {
      // Read again, as this is called again if something changed meanwhile.
      const current = await getMeter(kv, id);
      if ((current?.value.profile ?? ref.profile) !== ref.profile) return false;
      if (current !== null) stageMeterDelete(op, id, current);
      return true;
    };
    const wasRemoved = await series.remove(ref, { prepare, onRemoved });
    if (!wasRemoved && entry !== null && !await deleteRecord(kv, id, entry)) continue;
    await keepMeter(deps, id, ref.profile);
    return;
  }
}

/**
 * Makes sure that readings of a meter are found, although its record was deleted while they were being
 * written. Readings whose profile does not exist any more are removed.
 */
export async function keepMeter(
  { kv, series }: DeleteMeterDeps,
  id: string,
  profile: ProfileName,
): Promise<void> {
  if (profile === PLAIN_METER.profile || await getMeter(kv, id) !== null) return;
  const ref = { profile, id };
  if (await series.describe(ref) === null) return;
  try {
    await changeMeter({ kv, series }, id, { profile });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    // A device has the id and the profile by now, so the readings may be its own.
    if (error.code === "ID_TAKEN") return;
    if (await getMeter(kv, id) === null) await series.remove(ref);
  }
}

async function deleteRecord(
  kv: DeleteMeterDeps["kv"],
  id: string,
  entry: MeterEntry,
): Promise<boolean> {
  const op = kv.atomic();
  stageMeterDelete(op, id, entry);
  return (await op.commit()).ok;
}
