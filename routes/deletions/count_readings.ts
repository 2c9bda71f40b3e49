/**
 * How many readings a deletion would delete.
 *
 * @module
 */

import type { Span } from "../../data/readings/page.ts";
import type { Subject } from "../../jobs/deletions/deletion_contract.ts";
import { getDevice } from "../../kv/devices/devices.ts";
import { getMeter, PLAIN_METER } from "../../kv/meters/meters.ts";
import type { SeriesStore } from "../../kv/series/store.ts";

/** Counts the readings of some meters, devices or stores, all of them or those of a span. */
export async function countReadings(
  { kv, series }: {
    readonly kv: Pick<Deno.Kv, "get">;
    readonly series: Pick<SeriesStore, "describe" | "count">;
  },
  { subject, ids, span }: {
    readonly subject: Subject;
    readonly ids: readonly string[];
    readonly span: Span | null;
  },
): Promise<number> {
  let total = 0;
  for (const id of ids) {
    const ref = { profile: await profileOf(kv, subject, id), id };
    total += span === null
      ? (await series.describe(ref))?.count ?? 0
      : (await series.count(ref, span)).count;
  }
  return total;
}

async function profileOf(
  kv: Pick<Deno.Kv, "get">,
  subject: Subject,
  id: string,
): Promise<string> {
  if (subject === "store") return "site";
  if (subject === "meter") return (await getMeter(kv, id))?.value.profile ?? PLAIN_METER.profile;
  // A device that is gone has no readings under any profile.
  return (await getDevice(kv, id))?.value.profile ?? "";
}
