/**
 * What a mail says about an export or a report that has ended.
 *
 * @module
 */

import { sizeText } from "../../data/notify/mail_channel.ts";
import type { MailContent } from "../../data/notify/mail_content.ts";
import { reportRangeSpan } from "../../data/stores/report_range.ts";
import { localDate } from "../../data/time/zone.ts";
import { zoneTime } from "../../data/time/zone_time.ts";
import type { JobRecord } from "../../kv/jobs/jobs.ts";
import { EXPORT_KINDS, exportResultOf, exportSpecOf } from "../exports/export_contract.ts";
import { STORE_REPORT, storeReportParams, storeReportResult } from "../stores/report_contract.ts";

/** How many sources a mail names. */
const SOURCES_NAMED = 10;

type Facts = (readonly [name: string, value: string])[];

/** The words about a job; null for jobs of which nobody hears. */
export function jobMail(job: JobRecord): MailContent | null {
  if (EXPORT_KINDS.includes(job.kind)) return exportMail(job);
  return job.kind === STORE_REPORT ? reportMail(job) : null;
}

function exportMail(job: JobRecord): MailContent {
  const { sourceKind, ids, fromMs, toMs, zone, interval } = exportSpecOf(job.params);
  const what = ids.length === 1 ? `${sourceKind} ${ids[0]}` : `${ids.length} ${sourceKind}s`;
  const facts: Facts = [["Range", rangeText(fromMs, toMs, zone)]];
  if (ids.length > 1) facts.push([sourceKind === "meter" ? "Meters" : "Devices", named(ids)]);
  if (interval !== "raw") facts.push(["Interval", interval]);
  if (job.result !== null) {
    const { recordCount, missingIntervals } = exportResultOf(job.result);
    facts.push(["Rows", String(recordCount)]);
    if (missingIntervals !== null && missingIntervals > 0) {
      facts.push(["Missing readings", String(missingIntervals)]);
    }
  }
  const when = daysText(fromMs, toMs, zone);
  return words(job, { title: "Export", what, when, facts, zone });
}

function reportMail(job: JobRecord): MailContent {
  const { range, asOfMs, storeIds } = storeReportParams.parse(job.params);
  const zone = range?.zone ?? "UTC";
  const span = range === undefined ? null : reportRangeSpan(range, zone, job.createdMs);
  const result = job.result === null ? null : storeReportResult.parse(job.result);
  const what = storeIds?.length === 1
    ? `store ${storeIds[0]}`
    : storeIds === undefined
    ? "all stores"
    : `${storeIds.length} stores`;
  const facts: Facts = [];
  if (span !== null) facts.push(["Range", rangeText(span.fromMs, span.toMs, zone)]);
  if (result !== null) {
    facts.push(["Stores", String(result.storeCount)]);
    if (result.staleCount !== null && result.staleCount > 0) {
      facts.push(["Stores without recent polls", String(result.staleCount)]);
    }
  }
  const endMs = result?.asOfMs ?? asOfMs ?? job.createdMs;
  const when = span === null
    ? `as of ${zoneTime(endMs, zone)}`
    : daysText(span.fromMs, span.toMs, zone);
  return words(job, { title: "Report", what, when, facts, zone });
}

function words(
  job: JobRecord,
  { title, what, when, facts, zone }: {
    title: string;
    what: string;
    when: string;
    facts: Facts;
    zone: string;
  },
): MailContent {
  const { artifact, error } = job;
  const isFailed = job.state === "failed";
  const more: Facts = [["Requested", zoneTime(job.createdMs, zone)]];
  if (artifact !== null) {
    more.push(
      ["File", artifact.filename],
      ["Size", sizeText(artifact.sizeBytes)],
      ["SHA-256", artifact.sha256],
    );
  }
  if (error !== null) {
    more.push(["Reason", [error.message, error.details].filter((text) => text !== "").join(". ")]);
  }
  return {
    subject: `${title}${isFailed ? " failed" : ""}: ${what}, ${when}`,
    intro: isFailed
      ? `The ${title.toLowerCase()} of ${what} failed, so there is no file.`
      : `The ${title.toLowerCase()} of ${what} is ready.`,
    facts: [...facts, ...more, ["Job", job.id]],
    zone,
  };
}

/** The first and the last day of a span, or the only one. */
function daysText(fromMs: number, toMs: number, zone: string): string {
  const first = localDate(zone, fromMs), last = localDate(zone, toMs - 1);
  return first === last ? first : `${first} to ${last}`;
}

function rangeText(fromMs: number, toMs: number, zone: string): string {
  return `${zoneTime(fromMs, zone)} to ${zoneTime(toMs, zone)}`;
}

function named(ids: readonly string[]): string {
  const left = ids.length - SOURCES_NAMED;
  const list = ids.slice(0, SOURCES_NAMED).join(", ");
  return left > 0 ? `${list} and ${left} more` : list;
}
