/**
 * From where an export goes on: what the record of its job keeps while it runs.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { z } from "zod";
import type { KeptFile } from "../../data/files/file_store.ts";
import type { ExportSpec } from "../../data/exports/spec.ts";
import type { Profile } from "../../data/readings/profile.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import { type ExportPlace, hasCuts } from "./export_file.ts";

const counted = z.object({ crc: z.number(), sizeBytes: z.number() });

const checkpoint = z.object({
  v: z.literal(1),
  made: z.string(),
  revision: z.int(),
  cadencesMs: z.array(z.number().nullable()),
  lives: z.array(z.int()),
  place: z.object({
    before: z.object({
      place: z.object({
        source: z.int(),
        fromMs: z.number(),
        scales: z.array(z.number()).readonly().optional(),
      }),
      // What this version has written: `made` says so.
      tally: z.custom<ExportPlace["before"]["tally"]>((value) => typeof value === "object"),
    }),
    sizeBytes: z.int(),
    gzip: z.object({ before: counted, packed: counted }).nullable(),
  }),
  kept: z.object({
    name: z.string(),
    sizeBytes: z.int(),
    sha256: z.string(),
    more: z.unknown(),
  }),
});

/**
 * A checkpoint of an export. `made` names what made it, and `lives` are those of the sources so far: if one
 * of them differs, the export begins anew. `revision` and `cadencesMs` are those of its beginning.
 */
export interface ExportCheckpoint extends z.infer<typeof checkpoint> {
  /** Where its rows go on. */
  readonly place: ExportPlace;
  /** The file so far. */
  readonly kept: KeptFile;
}

/**
 * Names what makes the bytes of an export besides readings: the version of the service and the profile. The
 * request stays the same for the life of a job.
 */
export function makerOf(version: string, profile: Profile): string {
  return createHash("sha256").update(JSON.stringify([version, profile])).digest("hex");
}

/** The lives of the sources that an export has read up to a place. */
export function livesSoFar(
  series: Pick<SeriesStore, "lives">,
  { ids, profile, layout }: ExportSpec,
  source: number,
): Promise<number[]> {
  return series.lives(profile, layout === "wide" ? ids : ids.slice(0, source + 1));
}

/** The checkpoint from which an export goes on; null if it has none, or none that still holds. */
export async function usableCheckpoint(
  stored: unknown,
  series: Pick<SeriesStore, "lives">,
  { spec, maker }: { spec: ExportSpec; maker: string },
): Promise<ExportCheckpoint | null> {
  const { data } = checkpoint.safeParse(stored);
  if (data === undefined || data.made !== maker || !hasCuts(spec)) return null;
  const lives = await livesSoFar(series, spec, data.place.before.place.source);
  return lives.join() === data.lives.join() ? data : null;
}
