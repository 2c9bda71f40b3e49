/**
 * Devices and stores that alerts have to look at again, for another reason than their readings. The
 * commit that changes one of them adds it; alerts delete it when they have looked.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["touched", kind, id]` | {@link Touch} | `kv/devices`: a device went offline or online, changed, or was deleted; `kv/stores`: hours or zone of a store changed |
 *
 * @module
 */

import { z } from "zod";
import type { Staging } from "./budget.ts";
import { commitShared } from "./shared_commits.ts";

const SPACE = "touched";
/** How many things are read at once. */
const BATCHES = { batchSize: 500 };

const touchSchema = z.enum(["moved", "changed"]);

/** What happened: a device went offline or online, or something else changed. */
export type Touch = z.infer<typeof touchSchema>;

/** What was touched. */
export interface TouchedThing {
  /** What it is. */
  readonly kind: "device" | "store";
  /** Its id. */
  readonly id: string;
}

/** A touched thing as it was read. */
export interface Touched extends TouchedThing {
  /** What happened last. */
  readonly touch: Touch;
  /** Its key, for checks. */
  readonly key: Deno.KvKey;
  /** Its version, for checks. */
  readonly versionstamp: string;
}

/** Records in a commit that it touches something. */
export function stageTouched(op: Staging, { kind, id }: TouchedThing, touch: Touch): void {
  op.set([SPACE, kind, id], touch);
}

/** What was touched and not looked at, at most `limit`. */
export async function listTouched(kv: Pick<Deno.Kv, "list">, limit: number): Promise<Touched[]> {
  const entries = kv.list({ prefix: [SPACE] }, { limit, batchSize: limit });
  return await Array.fromAsync(entries, ({ key, value, versionstamp }) => ({
    kind: key[1] === "store" ? "store" : "device",
    id: String(key[2]),
    touch: touchSchema.parse(value),
    key,
    versionstamp,
  }));
}

/**
 * Deletes what was looked at, unless it was touched again since. `mostChecks` is how many things one
 * commit may delete: each commit is synced, and those of requests wait for it.
 */
export async function clearTouched(
  kv: Pick<Deno.Kv, "list" | "atomic">,
  touched: readonly Touched[],
  mostChecks: number,
): Promise<void> {
  const unchanged = await unchangedOf(kv, touched);
  const changes = unchanged.map((one) => ({
    checks: [one],
    stage: (op: Staging) => void op.delete(one.key),
  }));
  for (const result of await commitShared(kv, changes, mostChecks)) {
    if (result.status === "rejected") throw result.reason;
  }
}

/**
 * Those that are as they were read. One that is not would have its commit refused, and each of the others in
 * it would need a commit of its own. Costs one read.
 */
async function unchangedOf(
  kv: Pick<Deno.Kv, "list">,
  touched: readonly Touched[],
): Promise<Touched[]> {
  const [first, last] = [touched.at(0), touched.at(-1)];
  if (first === undefined || last === undefined) return [];
  const selector = { start: first.key, end: [SPACE, last.kind, `${last.id}\0`] };
  const versions = new Map<string, string>();
  for await (const { key: [, kind, id], versionstamp } of kv.list(selector, BATCHES)) {
    versions.set(`${String(kind)} ${String(id)}`, versionstamp);
  }
  return touched.filter(({ kind, id, versionstamp }) =>
    versions.get(`${kind} ${id}`) === versionstamp
  );
}
