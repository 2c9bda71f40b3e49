/**
 * Settings of stores: business hours and time zone.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["store", id, "hours"]` | `{ v: 1, spans }`: day, start and end of each weekly span in a row | the upload of hours, changes of a store |
 * | `["store", id, "zone"]` | `{ v: 1, zone }`: its IANA name | the upload of time zones, changes of a store |
 *
 * Hours and zone are separate records, so that either can be replaced without reading the other.
 *
 * @module
 */

import { z } from "zod";
import { type WeeklySpan, weeklySpansOf } from "../../data/stores/business_hours.ts";
import { stageTouched } from "../touched.ts";
import { packStages, type Stage, type Staging } from "../budget.ts";

const SPACE = "store";
const HOURS = "hours", ZONE = "zone";
/** Entries read at once; a store has two. */
const LIST_BATCH = 500;
/** Stores that are staged at a time: about as many as fit one commit. */
const STAGED_STORES = 400;

const hoursSchema = z.object({ v: z.literal(1), spans: z.array(z.number()) });
const zoneSchema = z.object({ v: z.literal(1), zone: z.string() });

/** The settings of a store. */
export interface StoreSettings {
  /** The store. */
  readonly id: string;
  /** The IANA name of its zone, or null if it has none. */
  readonly zone: string | null;
  /** When it is open, or null if that is not known. */
  readonly hours: readonly WeeklySpan[] | null;
}

/** The same as it is stored. */
export interface PackedStoreSettings extends Omit<StoreSettings, "hours"> {
  /** The day, start and end of each weekly span in a row (`weeklySpansOf`); null if that is not known. */
  readonly hours: readonly number[] | null;
}

/** The settings of a store, or null if it has neither hours nor a zone. */
export async function getStoreSettings(
  kv: Pick<Deno.Kv, "list">,
  id: string,
): Promise<StoreSettings | null> {
  const entries = kv.list({ prefix: [SPACE, id] });
  const [found] = await Array.fromAsync(settingsOf(entries));
  return found === undefined ? null : unpacked(found);
}

/**
 * Every store with hours or a zone, in the order of their ids, those after `afterId` ("" for the
 * first). The list is read in batches, so it may contain some of the changes made meanwhile.
 */
export async function* listStoreSettings(
  kv: Pick<Deno.Kv, "list">,
  afterId: string = "",
): AsyncGenerator<StoreSettings> {
  for await (const packed of listPackedSettings(kv, { afterId })) yield unpacked(packed);
}

/** The same as it is stored, in smaller batches if a long list should hold up nothing else. */
export async function* listPackedSettings(
  kv: Pick<Deno.Kv, "list">,
  { afterId = "", batchSize = LIST_BATCH }: { afterId?: string; batchSize?: number } = {},
): AsyncGenerator<PackedStoreSettings> {
  const prefix = [SPACE];
  const selector = afterId === "" ? { prefix } : { prefix, start: [SPACE, `${afterId}\0`] };
  yield* settingsOf(kv.list(selector, { batchSize }));
}

/** Replaces the hours of a store; at most `STORE_SPANS_MAX` spans fit its value. Null removes them. */
export function stageStoreHours(
  op: Staging,
  id: string,
  hours: readonly WeeklySpan[] | null,
): void {
  const spans = hours?.flatMap(({ day, startMs, endMs }) => [day, startMs, endMs]);
  if (spans === undefined) op.delete([SPACE, id, HOURS]);
  else op.set([SPACE, id, HOURS], { v: 1, spans });
  stageTouched(op, { kind: "store", id }, "changed");
}

/** Replaces the zone of a store. Null removes it. */
export function stageStoreZone(op: Staging, id: string, zone: string | null): void {
  if (zone === null) op.delete([SPACE, id, ZONE]);
  else op.set([SPACE, id, ZONE], { v: 1, zone });
  stageTouched(op, { kind: "store", id }, "changed");
}

/** Adds the deletion of a store's hours and zone to a commit. */
export function stageStoreDelete(op: Staging, id: string): void {
  op.delete([SPACE, id, HOURS]);
  op.delete([SPACE, id, ZONE]);
}

/**
 * Changes a setting of many stores in few commits. What `stage` adds for a store is committed whole
 * or not at all. If a commit throws, the stores before it have been changed, and calling this again
 * completes the rest.
 */
export async function commitStores<T>(
  kv: Pick<Deno.Kv, "atomic">,
  byStore: Iterable<readonly [id: string, setting: T]>,
  stage: (op: Staging, id: string, setting: T) => void,
): Promise<void> {
  let stages: Stage[] = [];

  async function commitStages(): Promise<void> {
    for (const commit of packStages(stages)) {
      const op = kv.atomic();
      commit.forEach((each) => each(op));
      await op.commit();
    }
    stages = [];
  }

  for (const [id, setting] of byStore) {
    stages.push((op) => stage(op, id, setting));
    if (stages.length === STAGED_STORES) await commitStages();
  }
  await commitStages();
}

/** Puts the entries of each store together. */
async function* settingsOf(
  entries: AsyncIterable<Deno.KvEntry<unknown>>,
): AsyncGenerator<PackedStoreSettings> {
  let open: PackedStoreSettings | null = null;
  for await (const { key, value } of entries) {
    const id = String(key[1]);
    if (open !== null && open.id !== id) {
      yield open;
      open = null;
    }
    const settings: PackedStoreSettings = open ?? { id, zone: null, hours: null };
    open = key[2] === HOURS
      ? { ...settings, hours: hoursSchema.parse(value).spans }
      : { ...settings, zone: zoneSchema.parse(value).zone };
  }
  if (open !== null) yield open;
}

function unpacked({ hours, ...settings }: PackedStoreSettings): StoreSettings {
  return { ...settings, hours: hours && weeklySpansOf(hours) };
}
