/**
 * The limits of an atomic commit, and splitting writes so that they stay within them. No other
 * module does so.
 *
 * Limits of Deno KV 2.9, measured: 1,000 mutations, 819,200 bytes, 81,920 bytes of keys; 100 checks,
 * 10 over KV Connect. The bounds here are lower because sizes are estimated.
 *
 * @module
 */

/** Most mutations of one commit. */
export const COMMIT_MAX_MUTATIONS = 900;
/** Most bytes of keys and values of one commit. */
export const COMMIT_MAX_BYTES = 720_000;
/** Most bytes of keys of one commit. */
export const COMMIT_MAX_KEY_BYTES = 70_000;

/** Most bytes of one value, a limit of Deno KV. */
export const VALUE_MAX_BYTES = 65_536;
/**
 * Most values of that length in one commit. Their sizes are exact, so they come closer to the limit: 12
 * make 786,432 bytes, which leaves 32,768 for keys and other values.
 */
export const COMMIT_MAX_FULL_VALUES = 12;

/** Most checks of one commit over KV Connect, which allows 10. */
export const SHARED_MAX_CHECKS = 9;
/** Most checks of one commit on a local file, which allows 100. */
const LOCAL_MAX_CHECKS = 90;

/** Most checks of one commit. `isExclusive`: whether this process has the database to itself. */
export function maxChecks(isExclusive: boolean): number {
  return isExclusive ? LOCAL_MAX_CHECKS : SHARED_MAX_CHECKS;
}

/** The part of an atomic operation that adds mutations. */
export type Staging = Pick<Deno.AtomicOperation, "set" | "delete" | "sum" | "max">;

/** Adds mutations that belong together to a commit. */
export type Stage = (op: Staging) => void;

/** How much of a commit something needs. */
export interface Cost {
  /** Number of mutations. */
  readonly mutations: number;
  /** Bytes of keys and values, estimated. */
  readonly bytes: number;
  /** Bytes of keys, estimated. */
  readonly keyBytes: number;
}

/** The cost of nothing. */
export const NO_COST: Cost = { mutations: 0, bytes: 0, keyBytes: 0 };

/** The cost of a stage. It runs the stage to count, so a stage must have no other effects. */
export function costOf(stage: Stage): Cost {
  return recordStage(stage).cost;
}

/** The recorded mutations of a stage, which can be added to commits at any time. */
export interface RecordedStage {
  /** How much of a commit they need. */
  readonly cost: Cost;
  /** Adds them to a commit. */
  readonly stage: Stage;
}

/** Runs a stage once, now, and records its mutations. */
export function recordStage(stage: Stage): RecordedStage {
  const calls: { name: keyof Staging; key: Deno.KvKey; value: unknown }[] = [];
  let mutations = 0, bytes = 0, keyBytes = 0;
  function record(name: keyof Staging, key: Deno.KvKey, value?: unknown): Staging {
    const size = keySize(key);
    mutations++;
    keyBytes += size;
    bytes += size + (name === "set" ? valueSize(value) : name === "delete" ? 0 : 8);
    calls.push({ name, key, value });
    return recorder;
  }
  // Staging has only these four methods of an atomic operation, so nobody can call the others.
  const recorder = {
    set: (key: Deno.KvKey, value: unknown) => record("set", key, value),
    delete: (key: Deno.KvKey) => record("delete", key),
    sum: (key: Deno.KvKey, n: bigint) => record("sum", key, n),
    max: (key: Deno.KvKey, n: bigint) => record("max", key, n),
  } as unknown as Staging;
  stage(recorder);
  return {
    cost: { mutations, bytes, keyBytes },
    stage(op) {
      for (const { name, key, value } of calls) {
        if (name === "set") op.set(key, value);
        else if (name === "delete") op.delete(key);
        // `sum` and `max` are only called with a bigint.
        else op[name](key, value as bigint);
      }
    },
  };
}

/** Several recorded stages, in order, as one. */
export function combineStages(parts: readonly RecordedStage[]): RecordedStage {
  if (parts.length === 1) return parts[0];
  return {
    cost: parts.reduce((cost, part) => addCosts(cost, part.cost), NO_COST),
    stage: (op) => parts.forEach(({ stage }) => stage(op)),
  };
}

/** The sum of two costs. */
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

/** Whether one commit has room for a cost. */
export function fitsCommit(cost: Cost, room: Cost = COMMIT_ROOM): boolean {
  return cost.mutations <= room.mutations && cost.bytes <= room.bytes &&
    cost.keyBytes <= room.keyBytes;
}

/** Groups stages, in order, so that each group has at most `most` and fits one commit. */
export function packStages(stages: readonly Stage[], most: number = Infinity): Stage[][] {
  const costly = stages.map((stage) => ({ stage, cost: costOf(stage) }));
  return packByCost(costly, { most }).map((group) => group.map(({ stage }) => stage));
}

/** Groups things with a cost, in order, so that each group has at most `most` and fits one commit. */
export function packByCost<T extends { readonly cost: Cost }>(
  things: readonly T[],
  { most = Infinity, room = COMMIT_ROOM }: { most?: number; room?: Cost } = {},
): T[][] {
  const commits: T[][] = [];
  let used = NO_COST;
  for (const thing of things) {
    const total = addCosts(used, thing.cost);
    const open = commits.at(-1);
    if (open !== undefined && open.length < most && fitsCommit(total, room)) {
      open.push(thing);
      used = total;
    } else {
      commits.push([thing]);
      used = thing.cost;
    }
  }
  return commits;
}

/** An upper bound of the bytes of a key, as Deno KV encodes it. */
function keySize(key: Deno.KvKey): number {
  let size = 0;
  for (const part of key) {
    if (typeof part === "string") size += 2 + textSize(part);
    else if (part instanceof Uint8Array) size += 2 + 2 * part.length;
    else size += 9;
  }
  return size;
}

/** An upper bound of the bytes of a text in a key: UTF-8, but two bytes for a zero. */
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
  if (value === true) return 72;
  return 64 + 2 * (JSON.stringify(value)?.length ?? 0);
}
