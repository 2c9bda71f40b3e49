/**
 * Where and as what an inspected file is sent.
 *
 * @module
 */

import type { Inspection } from "../../data/inspect/inspection.ts";
import { PROFILES } from "../../data/readings/profile.ts";

/** The media type of uploads of each format. */
export const MEDIA_TYPES: Readonly<Record<string, string>> = {
  csv: "text/csv",
  nem12: "text/csv",
  json: "application/json",
  ndjson: "application/x-ndjson",
  espi: "application/xml",
};

/** The meter that rows name in the column of that name: they go to no other one. Null for others. */
export function ownIdOf({ meter, hasManyMeters }: Inspection): string | null {
  const isOwn = meter?.column?.toLowerCase() === PROFILES.meter.idColumn && !hasManyMeters;
  return isOwn ? meter.ids[0] ?? null : null;
}
