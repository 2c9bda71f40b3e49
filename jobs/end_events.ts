/**
 * The events of jobs that end, which are stored in the commit that ends them.
 *
 * @module
 */

import { idsAsSources } from "../data/events/id_sources.ts";
import type { DomainEvent, EventSource, EventValue } from "../data/events/event.ts";
import { instantText } from "../data/time/time_text.ts";
import type { Stage } from "../kv/budget.ts";
import { stageEvent } from "../kv/events/outbox.ts";
import type { JobRecord } from "../kv/jobs/jobs.ts";
import type { EndStage } from "./engine/run_outcome.ts";
import { EXPORT_KINDS, exportResultOf, exportSpecOf } from "./exports/export_contract.ts";
import { deliveryTarget } from "./notify/delivery_job.ts";
import { DELIVERY, stageTargetWake } from "./notify/target_wakes.ts";
import { endEventId, jobRecipients } from "./targets/target_contract.ts";
import { STORE_REPORT, storeReportParams, storeReportResult } from "./stores/report_contract.ts";

/** How many ids of an export an event names. */
const IDS_NAMED = 20;
/** When a target is woken whose job failed, milliseconds. */
const WAKE_AGAIN_MS = 60_000;

/** What goes with the end of a job: the event of an export or report, or the next try of a target. */
export const jobEndStage: EndStage = (job): Stage | null => {
  if (job.kind === DELIVERY) return job.state === "failed" ? wakeAgain(job) : null;
  const event = endEvent(job);
  return event === null ? null : (op) => stageEvent(op, event);
};

/** The event of a job that has ended; null if its end is none. */
export function endEvent(job: JobRecord): DomainEvent | null {
  const { state } = job;
  if (state !== "completed" && state !== "failed") return null;
  if (EXPORT_KINDS.includes(job.kind)) return exportEvent(job, state);
  return job.kind === STORE_REPORT ? reportEvent(job, state) : null;
}

/** A job of deliveries fails only by a defect, or after many deaths of processes. */
function wakeAgain(job: JobRecord): Stage {
  const target = deliveryTarget(job.params);
  const atMs = (job.endedMs ?? job.updatedMs) + WAKE_AGAIN_MS;
  return (op) => stageTargetWake(op, { target, atMs, jobId: job.id });
}

function exportEvent(job: JobRecord, state: "completed" | "failed"): DomainEvent {
  const spec = exportSpecOf(job.params);
  const { sourceKind, ids } = spec;
  const rows = state === "completed" ? exportResultOf(job.result).recordCount : null;
  return eventOf(job, {
    type: `export.${state}`,
    sources: idsAsSources(sourceKind, ids),
    data: {
      export_id: job.id,
      ...(rows === null ? {} : { row_count: rows }),
      [sourceKind === "meter" ? "meters" : "devices"]: ids.slice(0, IDS_NAMED),
      source_count: ids.length,
      from: instantText(spec.fromMs),
      to: instantText(spec.toMs),
      status_path: `/api/exports/${job.id}`,
      ...(state === "completed" ? { download_path: `/api/export/download/${job.id}` } : {}),
    },
  });
}

function reportEvent(job: JobRecord, state: "completed" | "failed"): DomainEvent {
  const { storeIds, visible } = storeReportParams.parse(job.params);
  const result = state === "completed" ? storeReportResult.parse(job.result) : null;
  return eventOf(job, {
    type: `report.${state}`,
    sources: idsAsSources("store", storeIds ?? visible ?? ["*"]),
    data: {
      report_id: job.id,
      ...(result === null ? {} : { store_count: result.storeCount }),
      status_path: `/get_report/${job.id}`,
      ...(state === "completed" ? { download_path: `/download_report/${job.id}/` } : {}),
    },
  });
}

/** The event of a job, with what all of them say. */
function eventOf(
  job: JobRecord,
  { type, sources, data }: {
    type: DomainEvent["type"];
    sources: readonly EventSource[];
    data: Readonly<Record<string, EventValue>>;
  },
): DomainEvent {
  const subject = { kind: "job", id: job.id } as const;
  const { artifact, error } = job;
  const endedMs = job.endedMs ?? job.updatedMs;
  return {
    id: endEventId(type, job.id),
    type,
    subject,
    atMs: endedMs,
    account: job.owner,
    sources,
    recipients: jobRecipients(job),
    data: {
      ...data,
      created_at: instantText(job.createdMs),
      ended_at: instantText(endedMs),
      ...(artifact === null ? {} : { file: fileOf(artifact, job.fileExpiresMs) }),
      ...(error === null ? {} : { error: { ...error } }),
    },
  };
}

function fileOf(
  { filename, contentType, sizeBytes, sha256 }: NonNullable<JobRecord["artifact"]>,
  expiresMs: number | null,
): EventValue {
  return {
    name: filename,
    content_type: contentType,
    size_bytes: sizeBytes,
    sha256,
    ...(expiresMs === null ? {} : { expires_at: instantText(expiresMs) }),
  };
}
