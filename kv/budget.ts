/**
 * Keeping within what one atomic commit may hold, and splitting what holds more. The only place
 * that does so.
 *
 * Limits of Deno KV 2.9, measured: 1,000 mutations, 819,200 bytes, 81,920 bytes of keys; 100 checks,
 * 10 over KV Connect. The bounds here stay below them, as sizes are estimated.
 *
 * @module
 */

/** Most mutations of one commit. */
export const COMMIT_MAX_MUTATIONS = 900;
/** Most bytes of keys and values of one commit. */
export const COMMIT_MAX_BYTES = 720_000;
/** Most bytes of keys of one commit. */
export const COMMIT_MAX_KEY_BYTES = 70_000;

/** Most checks of one commit over KV Connect, which takes 10. */
export const SHARED_MAX_CHECKS = 9;
/** Most checks of one commit on a local file, which takes 100. */
const LOCAL_MAX_CHECKS = 90;

/** Most checks of one commit of a database that no other process can have open, or one that may. */
export function maxChecks(isExclusive: boolean): number {
  return isExclusive ? LOCAL_MAX_CHECKS : SHARED_MAX_CHECKS;
}

/** The part of an atomic operation that takes mutations. */
export type Staging = Pick<Deno.AtomicOperation, "set" | "delete" | "sum" | "max">;

/** Puts mutations that belong together on a commit. */
export type Stage = (op: Staging) => void;

/** How much of a commit's room something takes. */
export interface Cost {
  /** Number of mutations. */
  readonly mutations: number;
  /** Bytes of keys and values, about. */
  readonly bytes: number;
  /** Bytes of keys, about. */
  readonly keyBytes: number;
}

/** The cost of nothing. */
export const NO_COST: Cost = { mutations: 0, bytes: 0, keyBytes: 0 };

/** What a stage costs. The stage is run on a counter, so it must not do anything else. */
export function costOf(stage: Stage): Cost {
  return recordStage(stage).cost;
}

/** What a stage does, told once, so that it can be repeated at any time. */
export interface RecordedStage {
  /** How much of a commit it takes. */
  readonly cost: Cost;
  /** Does it. */
  readonly stage: Stage;
}

/** Runs a stage once, now, and keeps what it does. */
export function recordStage(stage: Stage): RecordedStage {
  const calls: { name: keyof Staging; key: Deno.KvKey; value: unknown }[] = [];
  let mutations = 0, bytes = 0, keyBytes = 0;
  function note(name: keyof Staging, key: Deno.KvKey, value?: unknown): Staging {
    const size = keySize(key);
    mutations++;
    keyBytes += size;
    bytes += size + (name === "set" ? valueSize(value) : name === "delete" ? 0 : 8);
    calls.push({ name, key, value });
    return recorder;
  }
  // Only the four methods of Staging are there; the others of an atomic operation stay unreachable.
  const recorder = {
    set: (key: Deno.KvKey, value: unknown) => note("set", key, value),
    delete: (key: Deno.KvKey) => note("delete", key),
    sum: (key: Deno.KvKey, n: bigint) => note("sum", key, n),
    max: (key: Deno.KvKey, n: bigint) => note("max", key, n),
  } as unknown as Staging;
  stage(recorder);
  return {
    cost: { mutations, bytes, keyBytes },
    stage(op) {
      for (const { name, key, value } of calls) {
        if (name === "set") op.set(key, value);
        else if (name === "delete") op.delete(key);
        // What `sum` and `max` were called with.
        else op[name](key, value as bigint);
      }
    },
  };
}

/** Several things one behind the other, as one. */
export function combineStages(parts: readonly RecordedStage[]): RecordedStage {
  if (parts.length === 1) return parts[0];
  return {
    cost: parts.reduce((cost, part) => addCosts(cost, part.cost), NO_COST),
    stage: (op) => parts.forEach(({ stage }) => stage(op)),
  };
}

/** Two costs together. */
export function addCosts(one: Cost, other: Cost): Cost {
  return {
    mutations: one.mutations + other.mutations,
    bytes: one.bytes + other.bytes,
    keyBytes: one.keyBytes + other.keyBytes,
  };
}

/** What a commit may hold. */
export const COMMIT_ROOM: Cost = {
  mutations: COMMIT_MAX_MUTATIONS,
  bytes: COMMIT_MAX_BYTES,
  keyBytes: COMMIT_MAX_KEY_BYTES,
};

/** Whether one commit holds that much. */
export function fitsCommit(cost: Cost, room: Cost = COMMIT_ROOM): boolean {
  return cost.mutations <= room.mutations && cost.bytes <= room.bytes &&
    cost.keyBytes <= room.keyBytes;
}

/** Stages in their order, grouped so that each group, of at most `most`, fits one commit. */
export function packStages(stages: readonly Stage[], most: number = Infinity): Stage[][] {
  const costly = stages.map((stage) => ({ stage, cost: costOf(stage) }));
  return packByCost(costly, { most }).map((group) => group.map(({ stage }) => stage));
}

/** Things in their order, grouped so that each group, of at most `most`, fits one commit. */
export function packByCost<T extends { readonly cost: Cost }>(
  things: readonly T[],
  { most = Infinity, room = COMMIT_ROOM }: { most?: number; room?: Cost } = {},
): T[][] {
  const commits: T[][] = [];
  let used = NO_COST;
  for (const thing of things) {
    const together = addCosts(used, thing.cost);
    const open = commits.at(-1);
    if (open !== undefined && open.length < most && fitsCommit(together, room)) {
      open.push(thing);
      used = together;
    } else {
      commits.push([thing]);
      used = thing.cost;
    }
  }
  return commits;
}

/** Bytes of a key as Deno KV encodes it, at most. */
function keySize(key: Deno.KvKey): number {
  let size = 0;
  for (const part of key) {
    if (typeof part === "string") size += 2 + textSize(part);
    else if (part instanceof Uint8Array) size += 2 + 2 * part.length;
    else size += 9;
  }
  return size;
}

/** Bytes of a text in a key, at most: UTF-8, and two for a zero. */
function textSize(text: string): number {
  let size = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    size += unit === 0 ? 2 : unit < 0x80 ? 1 : 3;
  }
  return size;
}

function valueSize(value: unknown): number {
  if (value instanceof Uint8Array) return value.length + 16;
  return 64 + 2 * (JSON.stringify(value)?.length ?? 0);
}
