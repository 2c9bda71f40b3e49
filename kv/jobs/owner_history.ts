/**
 * The jobs of each owner, by kind and in the order of their creation. An owner who may see no other
 * jobs lists these, so the jobs of others neither delay nor shorten the list.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["job_owned", owner, kind, createdMs, id]` | `true` | whoever creates or deletes the job, in the same commit |
 *
 * Jobs of releases before 0.8 have no entry here. They belong to nobody who has a key.
 *
 * @module
 */

import type { Staging } from "../budget.ts";
import { type HistoryEntry, type HistoryPlace, type HistoryRange, listPlaces } from "./history.ts";

const SPACE = "job_owned";

/** A job in the history of its owner. */
export interface OwnedEntry extends HistoryEntry {
  /** Who requested it. */
  readonly owner: string;
}

/** Adds a job to the history of its owner. */
export function stageOwned(op: Staging, entry: OwnedEntry): void {
  op.set(ownedKey(entry), true);
}

/** Deletes a job from the history of its owner. */
export function stageOwnedDelete(op: Staging, entry: OwnedEntry): void {
  op.delete(ownedKey(entry));
}

/** The jobs of a kind that an owner requested, the newest first. */
export function listOwned(
  kv: Pick<Deno.Kv, "list">,
  { owner, kind }: Pick<OwnedEntry, "owner" | "kind">,
  range: HistoryRange = {},
): AsyncGenerator<HistoryPlace> {
  return listPlaces(kv, [SPACE, owner, kind], range);
}

function ownedKey({ owner, kind, createdMs, id }: OwnedEntry): Deno.KvKey {
  return [SPACE, owner, kind, createdMs, id];
}
