/**
 * The keys as they are stored. A key is never stored itself, only the hash of its secret.
 *
 * | key | value | written by |
 * |---|---|---|
 * | `["key", id]` | {@link KeyRecord} | whoever makes or changes a key, under a check of the last change of any key |
 * | `["key"]` | `true`; its versionstamp is that of the last change of any key | with every change |
 *
 * @module
 */

import { z } from "zod";
import { type Key, KEY_ORIGINS } from "../../data/access/key.ts";
import { NO_KEY_LIMITS } from "../../data/access/key_limits.ts";
import { SCOPES } from "../../data/access/scopes.ts";
import type { Staging } from "../budget.ts";

const SPACE = "key";
const LIST_BATCH = 100;

const patterns = z.array(z.string()).nullable();
const limit = z.number().nullable();

const recordSchema = z.object({
  v: z.literal(1),
  name: z.string(),
  scopes: z.array(z.enum(SCOPES)),
  patterns: z.object({ meter: patterns, device: patterns, store: patterns }),
  networks: z.array(z.string()).nullable(),
  expiresMs: z.number().nullable(),
  // A release that knows more limits than the one that wrote the record finds them unset.
  limits: z.object({
    requestsPerSecond: limit,
    burst: limit,
    jobsWaiting: limit,
    jobsRunning: limit,
    uploadBytesAtOnce: limit,
    storedReadings: limit,
    fileBytes: limit,
  }).partial(),
  origin: z.enum(KEY_ORIGINS),
  createdMs: z.number(),
  createdBy: z.string(),
  revokedMs: z.number().nullable(),
  rotatedMs: z.number().nullable(),
  hash: z.string(),
  previous: z.object({ hash: z.string(), untilMs: z.number() }).nullable(),
});

/** A key without its id, which is in the key of the entry. */
export type KeyRecord = z.infer<typeof recordSchema>;

/** A stored key and the version of its last change. */
export interface StoredKey {
  /** The key. */
  readonly key: Key;
  /** Version of its last change. */
  readonly versionstamp: string;
}

/**
 * All keys, in the order of their ids. Those that did not change since a version are taken from `known`.
 */
export async function listKeys(
  kv: Pick<Deno.Kv, "list">,
  known: ReadonlyMap<string, StoredKey>,
): Promise<StoredKey[]> {
  const all: StoredKey[] = [];
  for await (const entry of kv.list({ prefix: [SPACE] }, { batchSize: LIST_BATCH })) {
    const id = String(entry.key[1]);
    const found = known.get(id);
    const isKnown = found?.versionstamp === entry.versionstamp;
    all.push(isKnown && found !== undefined ? found : storedKey(id, entry));
  }
  return all;
}

/** The version of the last change of any key; null if there never was one. */
export async function lastKeyChange(kv: Pick<Deno.Kv, "get">): Promise<string | null> {
  return (await kv.get([SPACE])).versionstamp;
}

/** Begins a commit that fails if any key changed after a version. */
export function checkKeys(
  kv: Pick<Deno.Kv, "atomic">,
  version: string | null,
): Deno.AtomicOperation {
  return kv.atomic().check({ key: [SPACE], versionstamp: version });
}

/** Adds the writing of a key to a commit. */
export function stageKey(op: Staging, { id, ...key }: Key): void {
  const record: KeyRecord = {
    ...key,
    v: 1,
    scopes: [...key.scopes],
    patterns: {
      meter: copied(key.patterns.meter),
      device: copied(key.patterns.device),
      store: copied(key.patterns.store),
    },
    networks: copied(key.networks),
  };
  op.set([SPACE, id], record);
  op.set([SPACE], true);
}

/** Adds the deletion of the record of a key to a commit. */
export function stageKeyRemoval(op: Staging, id: string): void {
  op.delete([SPACE, id]);
  op.set([SPACE], true);
}

function copied(list: readonly string[] | null): string[] | null {
  return list === null ? null : [...list];
}

function storedKey(id: string, { value, versionstamp }: Deno.KvEntry<unknown>): StoredKey {
  const { v: _, ...record } = recordSchema.parse(value);
  const key = { ...record, id, limits: { ...NO_KEY_LIMITS, ...record.limits } };
  return { key, versionstamp };
}
