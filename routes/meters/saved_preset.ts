/**
 * Saved presets in the query of an import: their options take the place of `preset`.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import { IMPORT_PRESET_NAME_PATTERN } from "../../data/limits.ts";
import { getImportPreset, type ImportPresetRecord } from "../../kv/meters/import_presets.ts";

/** Parameters by name, each with its values. */
type Queries = Record<string, string[]>;

/**
 * A query with the options of the preset that it names, if the caller saved it. What was sent overrides
 * them. A name that the caller did not save is left as it is: it may be built in.
 */
export async function withSavedPreset(
  kv: Pick<Deno.Kv, "get">,
  { owner }: Pick<Caller, "owner">,
  queries: Queries,
  isOfManyMeters: boolean,
): Promise<Queries> {
  const names = queries.preset ?? [];
  if (names.length !== 1 || !IMPORT_PRESET_NAME_PATTERN.test(names[0])) return queries;
  const preset = await getImportPreset(kv, owner, names[0]);
  return preset === null ? queries : expanded(queries, preset, isOfManyMeters);
}

function expanded(
  { preset: _, ...sent }: Queries,
  { options }: ImportPresetRecord,
  isOfManyMeters: boolean,
): Queries {
  // A file of one meter need not have the column of ids, as with presets that are built in.
  const { meter, ...rest } = options;
  const hasMeters = isOfManyMeters || "register" in sent;
  return { ...rest, ...meter !== undefined && hasMeters ? { meter } : {}, ...sent };
}
