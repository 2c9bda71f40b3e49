/**
 * The body of `GET /api/exports/{export_id}`.
 *
 * @module
 */

import { CSV_DIALECTS, type CsvDialect } from "../../data/encoders/csv_dialect.ts";
import type { ExportSpec } from "../../data/exports/spec.ts";
import { instantText } from "../../data/time/time_text.ts";
import type { JobRecord } from "../../jobs/engine/jobs.ts";
import {
  type ExportResult,
  exportResultOf,
  exportSpecOf,
} from "../../jobs/exports/export_contract.ts";
import { targetsBody } from "../notify/targets.ts";
import { currentState } from "../jobs/job_state.ts";
import type { ExportBody } from "./request_schemas.ts";
import type { ExportManifest, ExportResource } from "./resource_schemas.ts";

/** An export as its resource shows it. */
export function exportBodyOf(job: JobRecord, nowMs: number): ExportResource {
  const spec = exportSpecOf(job.params);
  const status = currentState(job, nowMs);
  const result = job.result === null ? null : exportResultOf(job.result);
  const startedMs = startOfRun(job);
  return {
    id: job.id,
    status,
    request: { ...requestOf(spec), ...targetsBody(job.targets) },
    range: { start: instantText(spec.fromMs), end: instantText(spec.toMs - 1) },
    created_at: instantText(job.createdMs),
    started_at: timeOrNull(startedMs),
    updated_at: instantText(job.updatedMs),
    ended_at: timeOrNull(job.endedMs),
    progress: progressOf(job, result, nowMs),
    file: status === "completed" ? fileOf(job, result) : null,
    missing_intervals: result?.missingIntervals ?? null,
    gaps: gapsOf(job.id, result),
    error: job.error,
  };
}

/** The body that asks for an export: every option that is not the default. */
export function requestOf(spec: ExportSpec): ExportBody {
  const { ids, sourceKind, period, zone, interval, aggregates, columns, layout } = spec;
  const one = sourceKind === "meter" ? "smart_meter_id" : "device_id";
  const source = ids.length === 1 ? { [one]: ids[0] } : { [`${one}s`]: [...ids] };
  const range = period === null
    ? { start_datetime: instantText(spec.fromMs), end_datetime: instantText(spec.toMs - 1) }
    : { period };
  const csv = csvOf(spec.csv);
  const lists = Object.entries(aggregates).map(([metric, names]) => [metric, [...names]]);
  return {
    ...source,
    ...range,
    ...(zone === "UTC" ? {} : { timezone: zone }),
    ...(spec.hasUtc ? { utc: true } : {}),
    ...(interval === "raw" ? {} : { interval }),
    ...(lists.length === 0 ? {} : { aggregates: Object.fromEntries(lists) }),
    ...(spec.gaps === "omit" ? {} : { gaps: spec.gaps }),
    ...(columns === null ? {} : { columns: [...columns] }),
    format: spec.format,
    ...(csv === null ? {} : { csv }),
    ...(spec.compression === "none" ? {} : { compression: spec.compression }),
    ...(layout === "long" ? {} : { layout }),
  };
}

/** A dialect by its name, or as an object; null for the default. */
function csvOf(dialect: CsvDialect): NonNullable<ExportBody["csv"]> | null {
  // The entries of a constant object have exactly its keys.
  const known = Object.entries(CSV_DIALECTS) as [keyof typeof CSV_DIALECTS, CsvDialect][];
  const same = (one: CsvDialect, names: (keyof CsvDialect)[]) =>
    names.every((name) => one[name] === dialect[name]);
  const [name] =
    known.find(([, one]) =>
      same(one, ["delimiter", "decimal", "bom", "dateFormat", "lineEnd", "guardsFormulas"])
    ) ?? [];
  if (name === "rfc4180") return null;
  if (name !== undefined) return name;
  const [base] = known.find(([, one]) => same(one, ["lineEnd", "guardsFormulas"])) ?? ["rfc4180"];
  const { delimiter, decimal, bom, dateFormat } = dialect;
  return {
    dialect: base,
    // The form of the schema allows these delimiters alone, so a stored one is among them.
    delimiter: delimiter as "," | ";" | "\t" | "|",
    decimal,
    bom,
    date_format: dateFormat,
  };
}

/** When the last run began, epoch milliseconds; null before the first. */
function startOfRun({ history }: JobRecord): number | null {
  return history.findLast(({ state }) => state === "running")?.atMs ?? null;
}

function progressOf(
  job: JobRecord,
  result: ExportResult | null,
  nowMs: number,
): ExportResource["progress"] {
  const { done, total, percent } = job.progress;
  const isDone = result !== null;
  return {
    rows: result?.recordCount ?? done,
    rows_total: result?.recordCount ?? total,
    percent: isDone ? 100 : percent,
    seconds_left: isDone ? 0 : secondsLeft(job, nowMs),
    attempt: job.attempt,
  };
}

/** The rest at the speed so far; null before the first percent, and for a job that does not run. */
function secondsLeft(job: JobRecord, nowMs: number): number | null {
  const startedMs = startOfRun(job);
  const { percent } = job.progress;
  if (job.state !== "running" || startedMs === null || percent === 0) return null;
  const spentMs = Math.max(0, job.updatedMs - startedMs);
  const leftMs = spentMs * (100 - percent) / percent - Math.max(0, nowMs - job.updatedMs);
  return Math.max(0, Math.ceil(leftMs / 1_000));
}

function fileOf(job: JobRecord, result: ExportResult | null): ExportResource["file"] {
  const { artifact, fileExpiresMs, id } = job;
  if (artifact === null) return null;
  return {
    filename: artifact.filename,
    download_url: `/api/export/download/${id}`,
    content_type: artifact.contentType,
    size_bytes: artifact.sizeBytes,
    sha256: artifact.sha256,
    rows: result?.recordCount ?? 0,
    expires_at: instantText(fileExpiresMs ?? 0),
  };
}

function gapsOf(id: string, result: ExportResult | null): ExportResource["gaps"] {
  if (!result?.gaps) return null;
  const { count, missing, listed, file } = result.gaps;
  return {
    count,
    missing,
    download_url: file ? `/api/exports/${id}/gaps` : null,
    listed: listed.map(({ source, fromMs, toMs, missing }) => ({
      source,
      from: instantText(fromMs),
      to: instantText(toMs),
      missing,
    })),
  };
}

/** The manifest of a completed export. Jobs of version 0.6 did not store all of it. */
export function manifestOf(job: JobRecord): ExportManifest {
  const { artifact } = job;
  if (artifact === null) {
    throw new TypeError(`Cannot describe the file of job ${job.id}: it has none`);
  }
  const spec = exportSpecOf(job.params);
  const result = exportResultOf(job.result);
  return {
    id: job.id,
    version: result.version ?? null,
    created_at: instantText(job.createdMs),
    completed_at: timeOrNull(job.endedMs),
    request: requestOf(spec),
    range: { start: instantText(spec.fromMs), end: instantText(spec.toMs - 1) },
    profile: spec.profile,
    data_revision: result.revision ?? null,
    rows: result.recordCount,
    readings: result.readings ?? null,
    first: timeOrNull(result.firstMs),
    last: timeOrNull(result.lastMs),
    missing_intervals: result.missingIntervals,
    gaps: gapsOf(job.id, result),
    filename: artifact.filename,
    content_type: artifact.contentType,
    size_bytes: artifact.sizeBytes,
    sha256: artifact.sha256,
  };
}

function timeOrNull(timeMs: number | null | undefined): string | null {
  return timeMs === null || timeMs === undefined ? null : instantText(timeMs);
}
