/**
 * Has continuous export delete the objects of readings that a job has deleted, and waits for it.
 *
 * The request is stored with the device, and the process that exports the device carries it out, as
 * nobody else may write its objects (`jobs/continuous/erase_objects.ts`). A run that continues an
 * interrupted one finds its requests again.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { DAY_MS, END_OF_TIME_MS } from "../../data/limits.ts";
import type { ProfileDay } from "../../data/continuous/object_key.ts";
import type { Span } from "../../data/readings/page.ts";
import { getExportCheckpoint } from "../../kv/continuous/checkpoints.ts";
import {
  changeExportControls,
  type Erasure,
  getExportControls,
  moveErasure,
  withdrawErasures,
} from "../../kv/continuous/controls.ts";
import {
  eachMember,
  getMember,
  hurryDirtyDay,
  listDirtyDays,
  type MemberState,
} from "../../kv/continuous/profile_days.ts";
import { pause } from "../engine/pause.ts";
import { leftErasures } from "./left_erasures.ts";
import { hasKeptDays } from "./kept_days.ts";
import type { ObjectCounts } from "./deletion_contract.ts";

/** How often the requests are looked at, milliseconds. */
const LOOK_MS = 250;
/** From how many devices on the members of a day are listed, and not read one by one. */
const LISTED_FROM = 10;
/** How many requests a device has at most: its record must stay below 64 KiB. */
const ERASURES_MAX = 100;
/** How long a run waits without any progress, milliseconds. */
const STUCK_MS = 300_000;

/** What erasing needs. */
export interface EraseDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list" | "atomic">;
  /** Whether continuous export is on. */
  readonly isExporting: boolean;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** Whose objects to delete. */
export interface EraseRequest {
  /** The job. */
  readonly jobId: string;
  /** The ids of the devices, which may be gone. */
  readonly ids: readonly string[];
  /** The span; null for everything. */
  readonly span: Span | null;
  /** Ends the wait. */
  readonly signal: AbortSignal;
  /** Called with the share that is done, 0 to 1. */
  readonly onShare: (share: number) => void;
}

/**
 * Deletes the objects, or writes them again without the readings.
 *
 * @throws {AppError} STORAGE_UNAVAILABLE if nothing moves for five minutes, OBJECTS_KEPT if shared
 * objects cannot be written again, and the reason of the signal. The requests stay except if the job
 * was cancelled.
 */
export async function eraseFromLake(
  deps: EraseDeps,
  request: EraseRequest,
): Promise<ObjectCounts> {
  const { span, signal } = request;
  try {
    const ids = await requestErasures(deps, request);
    const erasures = await untilErased(deps, { ...request, ids });
    await untilShared(deps, { ...request, ids });
    for (const id of ids) await moveErasure(deps.kv, id, { jobId: request.jobId, to: null });
    const isRefused = erasures.some(({ state }) => state === "refused");
    if (isRefused || await hasKeptDays(deps.kv, { ids, span, signal })) throw objectsKept();
    return {
      deleted: erasures.reduce((sum, one) => sum + one.deleted, 0),
      rewritten: erasures.reduce((sum, one) => sum + one.rewritten, 0),
    };
  } catch (error) {
    if (signal.aborted && isCancelled(signal)) await withdrawErasures(deps.kv, request);
    throw error;
  }
}

/** Stores a request with each device that may have objects. Returns these devices. */
async function requestErasures(
  { kv, isExporting }: EraseDeps,
  { jobId, ids, span, signal }: EraseRequest,
): Promise<string[]> {
  const { fromMs, toMs } = span ?? { fromMs: 0, toMs: END_OF_TIME_MS };
  const requested: string[] = [];
  for (const id of ids) {
    signal.throwIfAborted();
    if (!isExporting && await getExportCheckpoint(kv, id) === null) continue;
    const counts = { days: 0, daysDone: 0, deleted: 0, rewritten: 0 };
    const erasure: Erasure = {
      jobId,
      fromMs,
      toMs,
      reachedMs: fromMs,
      ...counts,
      state: "waiting",
    };
    await requestErasure(kv, id, erasure);
    requested.push(id);
  }
  return requested;
}

/** Stores a request with a device, in place of those of ended jobs that it covers. */
async function requestErasure(
  kv: EraseDeps["kv"],
  id: string,
  erasure: Erasure,
): Promise<void> {
  const seen = await getExportControls(kv, id);
  const left = await leftErasures(kv, seen, erasure);
  const isOver = ({ jobId }: Erasure) =>
    !left.has(jobId) && seen.erasures.some((one) => one.jobId === jobId);
  await changeExportControls(kv, id, (controls) => {
    if (controls.erasures.some(({ jobId }) => jobId === erasure.jobId)) return controls;
    const erasures = controls.erasures.filter((one) => !isOver(one));
    if (erasures.length >= ERASURES_MAX) throw tooMany();
    return { ...controls, erasures: [...erasures, erasure] };
  });
}

/** Waits until the process that exports the devices has carried out every request. */
async function untilErased(
  { kv, now }: EraseDeps,
  { jobId, ids, signal, onShare }: EraseRequest,
): Promise<Erasure[]> {
  let seen = "", movedMs = now();
  const ended = new Map<string, Erasure>();
  for (;;) {
    const found: Erasure[] = [];
    for (const id of ids) {
      const before = ended.get(id);
      const { erasures } = before === undefined
        ? await getExportControls(kv, id)
        : { erasures: [before] };
      const erasure = erasures.find((one) => one.jobId === jobId);
      // A later run of this job has removed it: this one has lost its lease.
      if (erasure === undefined) throw new DOMException("lease lost", "AbortError");
      if (erasure.state !== "waiting") ended.set(id, erasure);
      found.push(erasure);
    }
    onShare(shareOf(found));
    if (ended.size === ids.length) return found;
    const state = JSON.stringify(found);
    if (state !== seen) movedMs = now();
    seen = state;
    if (now() - movedMs > STUCK_MS) throw notReached();
    await pause(LOOK_MS, signal);
    signal.throwIfAborted();
  }
}

/** Waits until the objects that devices share do not have the readings any more. */
async function untilShared(
  { kv, now }: EraseDeps,
  { ids, span, signal }: EraseRequest,
): Promise<void> {
  const holders = new Map<string, string | null>();
  const wanted = new Set(ids);
  let left = Infinity, movedMs = now();
  for (;;) {
    let count = 0;
    for (const day of await listDirtyDays(kv)) {
      if (span !== null && (day.dayMs + DAY_MS <= span.fromMs || day.dayMs >= span.toMs)) {
        continue;
      }
      const name = `${day.dayMs}/${day.profile}`;
      const before = holders.get(name);
      // A day that no device held stays so: whatever changes there now is of later readings.
      const holder = before === null ? null : await holderOf(kv, day, { wanted, before });
      holders.set(name, holder);
      if (holder === null) continue;
      count++;
      await hurryDirtyDay(kv, day);
    }
    if (count === 0) return;
    if (count < left) movedMs = now();
    left = count;
    if (now() - movedMs > STUCK_MS) throw notReached();
    await pause(LOOK_MS, signal);
    signal.throwIfAborted();
  }
}

/** A device of some whose readings the object of a day may still have, `before` first; null if none. */
async function holderOf(
  kv: EraseDeps["kv"],
  day: ProfileDay,
  { wanted, before }: { wanted: ReadonlySet<string>; before: string | undefined },
): Promise<string | null> {
  if (before !== undefined && mayHold(await getMember(kv, before, day))) return before;
  if (wanted.size <= LISTED_FROM) {
    for (const id of wanted) if (mayHold(await getMember(kv, id, day))) return id;
    return null;
  }
  for await (const member of eachMember(kv, day)) {
    if (wanted.has(member.id) && mayHold(member)) return member.id;
  }
  return null;
}

function mayHold(member: MemberState | null): boolean {
  return member?.state === "pending" || member?.state === "leaving";
}

function shareOf(erasures: readonly Erasure[]): number {
  const shares = erasures.map(({ state, days, daysDone }) =>
    state === "waiting" ? days === 0 ? 0 : daysDone / days : 1
  );
  return shares.length === 0 ? 1 : shares.reduce((sum, one) => sum + one, 0) / shares.length;
}

/** Whether a run must end because its job was cancelled. */
export function isCancelled({ reason }: AbortSignal): boolean {
  return reason instanceof Error && reason.message === "cancelled";
}

function notReached(): AppError {
  return new AppError("STORAGE_UNAVAILABLE", "The objects could not be deleted in time", {
    details: "The readings are deleted. Objects follow when the destination can be reached",
  });
}

function tooMany(): AppError {
  return new AppError(
    "STORAGE_UNAVAILABLE",
    "Too many deletions wait for the objects of a device",
    {
      details:
        `The readings are deleted. At most ${ERASURES_MAX} deletions can wait for the objects of ` +
        "a device. Delete again when the destination can be reached",
    },
  );
}

function objectsKept(): AppError {
  return new AppError("OBJECTS_KEPT", "Some objects keep the readings", {
    details:
      "They cannot be written again without readings that must stay in them: those have expired, or " +
      "the objects were exported from InfluxDB",
  });
}
