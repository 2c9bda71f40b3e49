/**
 * The kind of job that delivers. A target has at most one such job at a time; it sends what is due and
 * ends. When more follows later, it leaves a wake.
 *
 * | step | what |
 * |---|---|
 * | send | the deliveries that are due, one of each subject at a time, several subjects at a time |
 * | sign off | the target has no job any more |
 * | look again | a wake for the next delivery that is in the queue now |
 *
 * The process may die at any point. The job then runs again: it sends again what it has not recorded,
 * and if it had signed off, it only looks again.
 *
 * A target whose attempts keep failing is tried with one delivery at a time, the first one in its
 * queue. The others wait for it, so 1,000 targets that hang take up little of the lane.
 *
 * @module
 */

import { z } from "zod";
import { MINUTE_MS } from "../../data/limits.ts";
import { listQueued, type OpenDelivery } from "../../kv/events/open_deliveries.ts";
import { changeTarget, getTarget, type TargetRecord } from "../../kv/events/targets.ts";
import type { JobContext, JobKind } from "../engine/job_kind.ts";
import { attemptDelivery, type AttemptDeps, FAILING_FROM } from "./delivery_attempt.ts";
import { purgeTarget } from "./purge_target.ts";
import { DELIVERY, stageTargetWake } from "./target_wakes.ts";

/** How many deliveries of a target are sent at the same time. */
const SENT_AT_ONCE = 8;
/** How many deliveries one look at the queue finds. */
const FOUND_AT_ONCE = 64;
/** How many entries of a queue are looked at to find those that are due. */
const LOOK_MAX = 10_000;
/** A target that fails is tried again this soon if a delivery waits that was never tried. */
const PROBE_MS: number = 10 * MINUTE_MS;
/** When a target is looked at again that cannot get anything now. */
const HELD_MS: number = 60 * MINUTE_MS;
/** After this time a job ends although more is due, so that targets take turns. */
const RUN_MS: number = MINUTE_MS;

/** What delivering needs. */
export interface DeliveryJobDeps extends AttemptDeps {
  /**
   * Whether a target gets deliveries now: `open`, `held` if it may again, or `gone` if its queue is to
   * be emptied.
   */
  readonly gateOf: (target: string) => Promise<"open" | "held" | "gone">;
}

const paramsSchema = z.object({ target: z.string() });

/** The kind. */
export function deliveryKind(deps: DeliveryJobDeps): JobKind {
  return {
    name: DELIVERY,
    isTransient: true,
    failure: {
      code: "INTERNAL_ERROR",
      message: "The delivery was interrupted",
      details: "It is tried again",
    },
    async run(context) {
      const { target } = paramsSchema.parse(context.params);
      const { value } = await getTarget(deps.kv, target);
      const heldMs = value.jobId === context.jobId ? await deliver(deps, context, target) : null;
      context.signal.throwIfAborted();
      await signOff(deps, { target, jobId: context.jobId });
      await lookAgain(deps, { target, jobId: context.jobId, heldMs });
      return { artifact: null, result: null };
    },
  };
}

/** The target of a job, from its parameters. */
export function deliveryTarget(params: unknown): string {
  return paramsSchema.parse(params).target;
}

/** Sends what is due. Returns a time before which the target must not be woken; null for none. */
async function deliver(
  deps: DeliveryJobDeps,
  { signal }: Pick<JobContext, "signal">,
  target: string,
): Promise<number | null> {
  const endMs = deps.now() + RUN_MS;
  for (;;) {
    const gate = await deps.gateOf(target);
    if (gate === "gone") await purgeTarget(deps.kv, target);
    if (gate !== "open") return deps.now() + HELD_MS;
    const { value: state } = await getTarget(deps.kv, target);
    const { due, hasUntried } = await dueNow(deps, target, state);
    const untilMs = waitOf(state, hasUntried);
    if (untilMs > deps.now()) return untilMs;
    const now = isFailing(state) ? due.slice(0, 1) : due;
    if (now.length === 0 || deps.now() >= endMs) return null;
    await sendSome(deps, now, signal);
    signal.throwIfAborted();
  }
}

/** Sends deliveries, several at a time, until all are sent or the target fails. */
async function sendSome(
  deps: DeliveryJobDeps,
  deliveries: readonly OpenDelivery[],
  signal: AbortSignal,
): Promise<void> {
  const next = deliveries.values();
  let failures = 0;
  const lanes = Array.from({ length: SENT_AT_ONCE }, async () => {
    for (const one of next) {
      failures = await attemptDelivery(deps, one, signal) ? 0 : failures + 1;
      if (failures >= FAILING_FROM || signal.aborted) return;
    }
  });
  await Promise.all(lanes);
}

/** The first deliveries of a queue that are due, each of another subject. */
async function dueNow(
  { kv, now }: DeliveryJobDeps,
  target: string,
  state: TargetRecord,
): Promise<{ due: OpenDelivery[]; hasUntried: boolean }> {
  const due: OpenDelivery[] = [];
  let hasUntried = false;
  for await (const delivery of headsOf(kv, target)) {
    if (dueMs(delivery, state) > now()) continue;
    due.push(delivery);
    hasUntried ||= delivery.isUntried;
    if (due.length === FOUND_AT_ONCE) break;
  }
  return { due, hasUntried };
}

/** The first delivery of each subject in a queue. */
async function* headsOf(
  kv: Pick<Deno.Kv, "list">,
  target: string,
): AsyncGenerator<OpenDelivery> {
  const subjects = new Set<string>();
  let looked = 0;
  for await (const delivery of listQueued(kv, target)) {
    if (++looked > LOOK_MAX) return;
    if (subjects.has(delivery.subject)) continue;
    subjects.add(delivery.subject);
    yield delivery;
  }
}

/** When a delivery is due, epoch milliseconds. */
function dueMs({ nextMs, lastMs }: OpenDelivery, { resumedMs }: TargetRecord): number {
  return resumedMs !== null && lastMs < resumedMs ? Math.min(nextMs, resumedMs) : nextMs;
}

function isFailing({ failures }: TargetRecord): boolean {
  return failures >= FAILING_FROM;
}

/** Until when a target that fails is left alone, epoch milliseconds; the beginning of time if it is not. */
function waitOf(state: TargetRecord, hasUntried: boolean): number {
  const { waitUntilMs, isAsked, lastFailedMs } = state;
  if (!isFailing(state) || waitUntilMs === null) return -Infinity;
  return hasUntried && !isAsked
    ? Math.min(waitUntilMs, (lastFailedMs ?? 0) + PROBE_MS)
    : waitUntilMs;
}

async function signOff(
  { kv }: DeliveryJobDeps,
  { target, jobId }: { target: string; jobId: string },
): Promise<void> {
  await changeTarget(
    kv,
    target,
    (record) => record.jobId === jobId ? { ...record, jobId: null } : record,
  );
}

/** Leaves a wake for the next delivery in the queue, which may have come after the last look. */
async function lookAgain(
  { kv, now }: DeliveryJobDeps,
  { target, jobId, heldMs }: { target: string; jobId: string; heldMs: number | null },
): Promise<void> {
  const { value: state } = await getTarget(kv, target);
  let nextMs = Infinity;
  for await (const delivery of headsOf(kv, target)) {
    nextMs = Math.min(nextMs, dueMs(delivery, state));
  }
  if (nextMs === Infinity) return;
  const atMs = Math.max(nextMs, heldMs ?? 0, now());
  const op = kv.atomic();
  stageTargetWake(op, { target, atMs, jobId });
  await op.commit();
}
