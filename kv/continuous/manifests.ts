/**
 * What continuous export wrote for every window.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["lake_manifest", id, fromMs]` | the windows of one manifest span (`data/continuous/manifest.ts`) | the process that exports the device, in one commit with its checkpoint |
 *
 * The first part of the key is the name of earlier versions, so that their databases still open.
 *
 * @module
 */

import {
  decodeManifest,
  encodeManifest,
  type WrittenWindow,
} from "../../data/continuous/manifest.ts";
import { dayStartMs } from "../../data/limits.ts";
import type { Span } from "../../data/readings/page.ts";
import type { Staging } from "../budget.ts";

const SPACE = "lake_manifest";
const LIST_BATCH = 32;

/** A stored manifest. */
export interface StoredManifest {
  /** Start of its span, epoch milliseconds. */
  readonly fromMs: number;
  /** Its windows, ascending. */
  readonly windows: readonly WrittenWindow[];
}

/** The manifests whose spans start within `span`, ascending. */
export async function listManifests(
  kv: Pick<Deno.Kv, "list">,
  id: string,
  { fromMs, toMs }: Span,
): Promise<StoredManifest[]> {
  const manifests: StoredManifest[] = [];
  const selector = { start: [SPACE, id, fromMs], end: [SPACE, id, toMs] };
  for await (const { key, value } of kv.list<Uint8Array>(selector, { batchSize: LIST_BATCH })) {
    manifests.push({ fromMs: Number(key[2]), windows: decodeManifest(value) });
  }
  return manifests;
}

/** The UTC days within a span that have manifests, ascending: their first moments. */
export async function listManifestDays(
  kv: Pick<Deno.Kv, "list">,
  id: string,
  { fromMs, toMs }: Span,
): Promise<number[]> {
  const days = new Set<number>();
  const selector = { start: [SPACE, id, fromMs], end: [SPACE, id, toMs] };
  for await (const { key } of kv.list(selector, { batchSize: LIST_BATCH })) {
    days.add(dayStartMs(Number(key[2])));
  }
  return [...days];
}

/** All manifests with the devices that they are of. */
export async function* listAllManifests(
  kv: Pick<Deno.Kv, "list">,
): AsyncGenerator<StoredManifest & { readonly id: string }> {
  for await (const { key, value } of kv.list<Uint8Array>({ prefix: [SPACE] })) {
    yield { id: String(key[1]), fromMs: Number(key[2]), windows: decodeManifest(value) };
  }
}

/** Where the first manifest within a span starts, epoch milliseconds; null if there is none. */
export async function firstManifestMs(
  kv: Pick<Deno.Kv, "list">,
  id: string,
  { fromMs, toMs }: Span,
): Promise<number | null> {
  const selector = { start: [SPACE, id, fromMs], end: [SPACE, id, toMs] };
  for await (const { key } of kv.list(selector, { limit: 1 })) return Number(key[2]);
  return null;
}

/** Stores the written windows of the manifest span that starts at `fromMs`; deletes it if empty. */
export function stageManifest(
  op: Staging,
  id: string,
  { fromMs, windows }: StoredManifest,
): void {
  const key = [SPACE, id, fromMs];
  if (windows.length === 0) op.delete(key);
  else op.set(key, encodeManifest(windows));
}
