/**
 * What is known of stores beside their polls: business hours and time zone.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["store", id, "hours"]` | `{ v: 1, spans }`: day, start and end of each weekly span, one after the other | the upload of hours |
 * | `["store", id, "zone"]` | `{ v: 1, zone }`: its IANA name | the upload of time zones |
 *
 * Hours and zone are records of their own, as one is replaced without looking at the other. Nothing
 * takes them away.
 *
 * @module
 */

import { z } from "zod";
import type { WeeklySpan } from "../../data/stores/business_hours.ts";
import { packStages, type Stage, type Staging } from "../budget.ts";

const SPACE = "store";
const HOURS = "hours", ZONE = "zone";
/** Entries read at once; a store has two. */
const LIST_BATCH = 500;
/** Stores that are staged at a time: about as many as a commit holds. */
const STAGED_STORES = 400;

const hoursSchema = z.object({ v: z.literal(1), spans: z.array(z.number()) });
const zoneSchema = z.object({ v: z.literal(1), zone: z.string() });

/** What is known of a store beside its polls. */
export interface StoreSettings {
  /** The store. */
  readonly id: string;
  /** The IANA name of its zone, or null where it has none of its own. */
  readonly zone: string | null;
  /** When it is open; null where nothing is known of that. */
  readonly hours: readonly WeeklySpan[] | null;
}

/** What is known of a store; null where neither its hours nor its zone are known. */
export async function getStoreSettings(
  kv: Pick<Deno.Kv, "list">,
  id: string,
): Promise<StoreSettings | null> {
  const entries = kv.list({ prefix: [SPACE, id] });
  return (await Array.fromAsync(settingsOf(entries)))[0] ?? null;
}

/**
 * Every store with hours or a zone, in the order of ids, from behind `afterId` ("" for the first).
 * Read in batches, so of what is replaced meanwhile it may have some.
 */
export async function* listStoreSettings(
  kv: Pick<Deno.Kv, "list">,
  afterId: string = "",
): AsyncGenerator<StoreSettings> {
  const prefix = [SPACE];
  const selector = afterId === "" ? { prefix } : { prefix, start: [SPACE, `${afterId}\0`] };
  yield* settingsOf(kv.list(selector, { batchSize: LIST_BATCH }));
}

/** Replaces the hours of a store; at most `STORE_SPANS_MAX` spans fit its value. */
export function stageStoreHours(op: Staging, id: string, hours: readonly WeeklySpan[]): void {
  const spans = hours.flatMap(({ day, startMs, endMs }) => [day, startMs, endMs]);
  op.set([SPACE, id, HOURS], { v: 1, spans });
}

/** Replaces the zone of a store. */
export function stageStoreZone(op: Staging, id: string, zone: string): void {
  op.set([SPACE, id, ZONE], { v: 1, zone });
}

/**
 * Replaces something of many stores in few commits. What is staged of a store is whole or not there;
 * where one throws, the stores before it have been replaced, and doing all again completes it.
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

/** The entries of each store put together. */
async function* settingsOf(
  entries: AsyncIterable<Deno.KvEntry<unknown>>,
): AsyncGenerator<StoreSettings> {
  let open: StoreSettings | null = null;
  for await (const { key, value } of entries) {
    const id = String(key[1]);
    if (open !== null && open.id !== id) {
      yield open;
      open = null;
    }
    const settings: StoreSettings = open ?? { id, zone: null, hours: null };
    open = key[2] === HOURS
      ? { ...settings, hours: spansOf(hoursSchema.parse(value).spans) }
      : { ...settings, zone: zoneSchema.parse(value).zone };
  }
  if (open !== null) yield open;
}

function spansOf(numbers: readonly number[]): WeeklySpan[] {
  return Array.from({ length: numbers.length / 3 }, (_, index) => ({
    day: numbers[3 * index],
    startMs: numbers[3 * index + 1],
    endMs: numbers[3 * index + 2],
  }));
}
