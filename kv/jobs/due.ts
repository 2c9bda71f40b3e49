/**
 * The due index: everything that must be handled at a certain time, exactly once each.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["due", atMs, kind, id]` | `true` | the owner of the state, in the commit that writes the state |
 * | `["due", kind, atMs, id]` | `true` | the same, for crowd kinds |
 * | `["due", "job_line", account, atMs, id]` | `true` | the same, for a job that waits in line |
 * | `["due", "job_turn", turn, account]` | `true` | `turns.ts`, for an account with jobs in line |
 * | `["due", "job_lane_turn", lane, turn, account]` | `true` | the same, for an account of another lane than `main` |
 *
 * An entry only says when to check the state. The handler reads the state again, and moves the entry
 * to a later time if nothing is due yet.
 *
 * A crowd kind may have thousands of entries due at the same time. It has its own key range, so that
 * a scan for jobs does not have to read through it. So have the jobs that wait in line: however many
 * an account has, a scan only meets the one entry of the account. The turns stand directly before the
 * times (Deno KV orders texts before numbers), so one read finds both.
 *
 * @module
 */

import { packStages, type Stage, type Staging } from "../budget.ts";
import { type Lane, laneOf, LANES } from "./lanes.ts";

const SPACE = "due";
const TURN = "job_turn";
const LANE_TURN = "job_lane_turn";
const LINE = "job_line";
/** How many turns one read returns. */
const TURN_BATCH = 100;
/** How many entries of a crowd one read returns. */
const CROWD_BATCH = 500;
/** After this many entries the event loop gets a turn. */
const CROWD_TURN = 1_000;

/** A pending job, a lease that may expire, an ended job's retention, a series to purge. */
export type DueKind = "job_wait" | "job_lease" | "job_keep" | "series_purge";

/**
 * A kind with crowds of entries: a device that may be offline, a target with deliveries to send, a
 * schedule that may run, a subject of an alert to look at.
 */
export type CrowdKind = "device_offline" | "delivery_wake" | "schedule_run" | "alert";

const KINDS: readonly DueKind[] = ["job_wait", "job_lease", "job_keep", "series_purge"];

const CROWD_KINDS: readonly CrowdKind[] = [
  "device_offline",
  "delivery_wake",
  "schedule_run",
  "alert",
];

/** An entry of the index. */
export interface Due<Kind extends DueKind | CrowdKind = DueKind> {
  /** When it is due, epoch milliseconds. */
  readonly atMs: number;
  /** What is due. */
  readonly kind: Kind;
  /** The id of the job, series, device or schedule. */
  readonly id: string;
}

/** The turn of an account that has jobs in line. Lower turns come first. */
export interface Turn {
  /** What tells it from other entries. */
  readonly kind: "job_turn";
  /** Its number. */
  readonly turn: number;
  /** Whose jobs wait. */
  readonly account: string;
}

/** A job that waits in the line of its account. */
export interface LinePlace {
  /** Whose line it is. */
  readonly account: string;
  /** Since when it waits, epoch milliseconds. The earliest job comes first. */
  readonly atMs: number;
  /** The id of the job. */
  readonly id: string;
}

/** Adds an entry. */
export function stageDue(op: Staging, due: Due<DueKind | CrowdKind>): void {
  op.set(dueKey(due), true);
}

/** Deletes an entry. */
export function stageDueDelete(op: Staging, due: Due<DueKind | CrowdKind>): void {
  op.delete(dueKey(due));
}

/**
 * Every entry up to a time, oldest first, read `batchSize` at a time. Entries of unknown kinds are
 * skipped. Crowds are not included.
 */
export async function* listDue(
  kv: Pick<Deno.Kv, "list">,
  { upToMs, batchSize = 100 }: { upToMs: number; batchSize?: number },
): AsyncGenerator<Due> {
  const selector = { start: [SPACE, -Infinity], end: [SPACE, upToMs + 1] };
  for await (const { key } of kv.list(selector, { batchSize })) {
    const due = dueOf(key);
    if (due !== null) yield due;
  }
}

/** A scan of the turns, and of what is due. Turns that are not needed are not read. */
export interface DueScan {
  /** The next turn, the lowest first; null if there are no more. */
  nextTurn(): Promise<Turn | null>;
  /** Every entry up to the time of the scan, oldest first, and no further turns. */
  due(): AsyncGenerator<Due>;
}

/** Starts a scan, which has read nothing yet. If the turns are few, one read finds them and what is due. */
export function openDueScan(kv: Pick<Deno.Kv, "list">, { upToMs }: { upToMs: number }): DueScan {
  const selector = { start: [SPACE, TURN], end: [SPACE, upToMs + 1] };
  const entries = kv.list(selector, { batchSize: TURN_BATCH });
  let areTurnsRead = false;
  let first: Due | null = null;
  return {
    async nextTurn() {
      if (areTurnsRead) return null;
      const { value } = await entries.next();
      if (value?.key[1] === TURN) return turnOf(value.key);
      areTurnsRead = true;
      first = value === undefined ? null : dueOf(value.key);
      return null;
    },
    async *due() {
      if (!areTurnsRead) return yield* listDue(kv, { upToMs });
      if (first !== null) yield first;
      for await (const { key } of entries) {
        const due = dueOf(key);
        if (due !== null) yield due;
      }
    },
  };
}

/** Every turn, the lowest of each lane first. */
export async function* listTurns(kv: Pick<Deno.Kv, "list">): AsyncGenerator<Turn> {
  for (const lane of LANES) yield* listLaneTurns(kv, lane);
}

/** Every turn of a lane, the lowest first. */
export async function* listLaneTurns(
  kv: Pick<Deno.Kv, "list">,
  lane: Lane,
): AsyncGenerator<Turn> {
  const prefix = lanePrefix(lane);
  for await (const { key } of kv.list({ prefix }, { batchSize: TURN_BATCH })) yield turnOf(key);
}

/** Adds the turn of an account. */
export function stageTurn(op: Staging, { turn, account }: Omit<Turn, "kind">): void {
  op.set([...lanePrefix(laneOf(account)), turn, account], true);
}

/** Deletes the turn of an account. */
export function stageTurnDelete(op: Staging, { turn, account }: Omit<Turn, "kind">): void {
  op.delete([...lanePrefix(laneOf(account)), turn, account]);
}

/** The first jobs in the line of an account, at most `limit`. */
export async function listLine(
  kv: Pick<Deno.Kv, "list">,
  account: string,
  limit: number,
): Promise<LinePlace[]> {
  const line = kv.list({ prefix: [SPACE, LINE, account] }, { limit });
  return await Array.fromAsync(
    line,
    ({ key }) => ({ account, atMs: Number(key[3]), id: String(key[4]) }),
  );
}

/** The accounts that have jobs in line, in the order of their names. */
export async function* listLines(kv: Pick<Deno.Kv, "list">): AsyncGenerator<string> {
  let last: string | null = null;
  for await (const { key } of kv.list({ prefix: [SPACE, LINE] }, { batchSize: CROWD_BATCH })) {
    const account = String(key[2]);
    if (account !== last) yield account;
    last = account;
  }
}

/** Adds a job to the line of its account. */
export function stageLine(op: Staging, { account, atMs, id }: LinePlace): void {
  op.set([SPACE, LINE, account, atMs, id], true);
}

/** Takes a job out of the line of its account. */
export function stageLineDelete(op: Staging, { account, atMs, id }: LinePlace): void {
  op.delete([SPACE, LINE, account, atMs, id]);
}

/** Jobs that wait in the lines of their accounts, in the order of keys: after a place, at most `limit`. */
export async function listPlaces(
  kv: Pick<Deno.Kv, "list">,
  { after, limit }: { after: LinePlace | null; limit: number },
): Promise<LinePlace[]> {
  const prefix = [SPACE, LINE];
  const selector = after === null
    ? { prefix }
    : { prefix, start: [...prefix, after.account, after.atMs, `${after.id}\0`] };
  const places: LinePlace[] = [];
  for await (const { key } of kv.list(selector, { limit, batchSize: CROWD_BATCH })) {
    places.push({ account: String(key[2]), atMs: Number(key[3]), id: String(key[4]) });
  }
  return places;
}

/** The entries of a crowd in a time range, both ends inclusive: oldest first, at most `limit`. */
export async function listCrowd<Kind extends CrowdKind>(
  kv: Pick<Deno.Kv, "list">,
  kind: Kind,
  { fromMs = -Infinity, upToMs, limit }: { fromMs?: number; upToMs: number; limit: number },
): Promise<Due<Kind>[]> {
  const due: Due<Kind>[] = [];
  const selector = { start: [SPACE, kind, fromMs], end: [SPACE, kind, upToMs, "\uffff"] };
  for await (const { key } of kv.list(selector, { limit, batchSize: CROWD_BATCH })) {
    due.push({ atMs: Number(key[2]), kind, id: String(key[3]) });
    // Reads in a row delay timers; measured: 100,000 entries delay them by 50 ms.
    if (due.length % CROWD_TURN === 0) await new Promise((resolve) => setTimeout(resolve));
  }
  return due;
}

/** When the next entry after a time is due, crowds not included; null if there is none. */
export async function nextDueMs(
  kv: Pick<Deno.Kv, "list">,
  afterMs: number,
): Promise<number | null> {
  const selector = { start: [SPACE, afterMs, "\uffff"], end: [SPACE, Infinity] };
  const next = await kv.list(selector, { limit: 1 }).next();
  return next.done ? null : Number(next.value.key[1]);
}

/** When the next entry of a crowd after a time is due; null if there is none. */
export async function nextCrowdMs(
  kv: Pick<Deno.Kv, "list">,
  kind: CrowdKind,
  afterMs: number,
): Promise<number | null> {
  const [next] = await listCrowd(kv, kind, { fromMs: afterMs + 1, upToMs: Infinity, limit: 1 });
  return next?.atMs ?? null;
}

/** Deletes entries that belong to nothing any more. */
export async function deleteDue(
  kv: Pick<Deno.Kv, "atomic">,
  dues: readonly Due<DueKind | CrowdKind>[],
): Promise<void> {
  for (const commit of packStages(dues.map((due): Stage => (op) => stageDueDelete(op, due)))) {
    const op = kv.atomic();
    commit.forEach((stage) => stage(op));
    await op.commit();
  }
}

function lanePrefix(lane: Lane): Deno.KvKey {
  return lane === "main" ? [SPACE, TURN] : [SPACE, LANE_TURN, lane];
}

function turnOf(key: Deno.KvKey): Turn {
  const [turn, account] = key.slice(-2);
  return { kind: TURN, turn: Number(turn), account: String(account) };
}

/** The entry of a key; null if its kind is unknown. */
function dueOf(key: Deno.KvKey): Due | null {
  const kind = KINDS.find((known) => known === key[2]);
  return kind === undefined ? null : { atMs: Number(key[1]), kind, id: String(key[3]) };
}

function dueKey({ atMs, kind, id }: Due<DueKind | CrowdKind>): Deno.KvKey {
  const isCrowd = CROWD_KINDS.some((crowd) => crowd === kind);
  return isCrowd ? [SPACE, kind, atMs, id] : [SPACE, atMs, kind, id];
}
