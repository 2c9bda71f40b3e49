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
import type { Span } from "../../data/readings/page.ts";
import { getExportCheckpoint } from "../../kv/continuous/checkpoints.ts";
import {
  changeExportControls,
  type Erasure,
  getExportControls,
  moveErasure,
} from "../../kv/continuous/controls.ts";
import { getMember, hurryDirtyDay, listDirtyDays } from "../../kv/continuous/profile_days.ts";
import { pause } from "../engine/pause.ts";
import { hasKeptDays } from "./kept_days.ts";
import type { ObjectCounts } from "./deletion_contract.ts";

/** How often the requests are looked at, milliseconds. */
const LOOK_MS = 250;
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
    if (signal.aborted && isCancelled(signal)) await withdraw(deps, request);
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
    await changeExportControls(kv, id, (controls) => {
      const isKnown = controls.erasures.some((one) => one.jobId === jobId);
      return isKnown ? controls : { ...controls, erasures: [...controls.erasures, erasure] };
    });
    requested.push(id);
  }
  return requested;
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
  let left = Infinity, movedMs = now();
  for (;;) {
    let count = 0;
    for (const day of await listDirtyDays(kv)) {
      if (span !== null && (day.dayMs + DAY_MS <= span.fromMs || day.dayMs >= span.toMs)) {
        continue;
      }
      const members = await Promise.all(ids.map((id) => getMember(kv, id, day)));
      if (!members.some((one) => one?.state === "pending" || one?.state === "leaving")) continue;
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

/** The requests of a job that was cancelled are not carried out any further. */
async function withdraw({ kv }: EraseDeps, { jobId, ids }: EraseRequest): Promise<void> {
  for (const id of ids) await moveErasure(kv, id, { jobId, to: null });
}

function shareOf(erasures: readonly Erasure[]): number {
  const shares = erasures.map(({ state, days, daysDone }) =>
    state === "waiting" ? days === 0 ? 0 : daysDone / days : 1
  );
  return shares.length === 0 ? 1 : shares.reduce((sum, one) => sum + one, 0) / shares.length;
}

function isCancelled({ reason }: AbortSignal): boolean {
  return reason instanceof Error && reason.message === "cancelled";
}

function notReached(): AppError {
  return new AppError("STORAGE_UNAVAILABLE", "The objects could not be deleted in time", {
    details: "The readings are deleted. Objects follow when the destination can be reached",
  });
}

function objectsKept(): AppError {
  return new AppError("OBJECTS_KEPT", "Some objects keep the readings", {
    details:
      "They cannot be written again without readings that must stay in them: those have expired, or " +
      "the objects were exported from InfluxDB",
  });
}
