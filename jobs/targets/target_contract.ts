/**
 * The recipients of a job's end: what its request asked for, with the names of files filled in.
 *
 * @module
 */

import { eventId, type EventType, type Recipient } from "../../data/events/event.ts";
import {
  type NameValues,
  readNameTemplate,
  type TextField,
} from "../../data/notify/name_template.ts";
import {
  addressesOf,
  DEFAULT_NAME,
  type DeliverTarget,
  isPlace,
  webhooksOf,
} from "../../data/notify/targets.ts";
import { reportRangeSpan } from "../../data/stores/report_range.ts";
import type { JobRecord } from "../../kv/jobs/jobs.ts";
import { EXPORT_KINDS, exportSpecOf } from "../exports/export_contract.ts";
import { STORE_REPORT, storeReportParams } from "../stores/report_contract.ts";

/** The type of the event of a job that has ended; null if its end is none. */
export function endEventType({ kind, state }: Pick<JobRecord, "kind" | "state">): EventType | null {
  // A file that has expired was complete.
  const end = state === "expired" ? "completed" : state;
  if (end !== "completed" && end !== "failed") return null;
  if (EXPORT_KINDS.includes(kind)) return `export.${end}`;
  return kind === STORE_REPORT ? `report.${end}` : null;
}

/** The id of the event of a job that has ended. A job ends once. */
export function endEventId(type: EventType, jobId: string): string {
  return eventId({ type, subject: { kind: "job", id: jobId }, cause: "end" });
}

/**
 * Who gets the event of a job. Each address and each place is a recipient of its own, so that each has
 * attempts and a state of its own. Places get nothing of a job without a file; everyone else hears of a
 * failure too. Never throws: the end of a job is committed with it.
 */
export function jobRecipients(job: JobRecord): Recipient[] {
  const { targets, artifact } = job;
  if (targets === undefined) return [];
  const { origin, deliver = [] } = targets;
  const files = new Set(
    deliver.flatMap(({ email = [] }) => email.map((text) => text.toLowerCase())),
  );
  const mails = uniqueAddresses(addressesOf(targets)).map((address): Recipient => ({
    kind: "email",
    to: [address],
    ...(artifact !== null && files.has(address.toLowerCase()) ? { hasFile: true } : {}),
    ...(origin === undefined ? {} : { origin }),
  }));
  const hooks = new Set(deliver.flatMap(({ webhook = [] }) => webhook));
  const webhooks = [...new Set(webhooksOf(targets))].map((id): Recipient => ({
    kind: "webhook",
    id,
    ...(artifact !== null && hooks.has(id) ? { hasFile: true } : {}),
  }));
  const places = artifact === null ? [] : deliver.filter(isPlace).map((target): Recipient => ({
    kind: "place",
    url: target.to,
    name: placeName(job, target),
  }));
  return [...mails, ...webhooks, ...places];
}

/** Addresses that differ, in their order. */
function uniqueAddresses(addresses: readonly string[]): string[] {
  return [...new Map(addresses.map((address) => [address.toLowerCase(), address])).values()];
}

/** The name of the file of a job in a place. A template that lacks a value gives the plain name. */
function placeName(job: JobRecord, { name = DEFAULT_NAME }: DeliverTarget): string {
  const values = nameValues(job);
  try {
    return readNameTemplate(name).render(values);
  } catch {
    return readNameTemplate(DEFAULT_NAME).render(values);
  }
}

/** What the fields of names stand for. */
function nameValues(job: JobRecord): NameValues {
  const filename = job.artifact?.filename ?? job.id;
  const common = { filename, job: job.id, ext: extensionOf(filename) };
  return EXPORT_KINDS.includes(job.kind) ? exportValues(job, common) : reportValues(job, common);
}

type Texts = Partial<Record<TextField, string>>;

function exportValues({ params, createdMs: created }: JobRecord, common: Texts): NameValues {
  const { sourceKind, ids, profile, interval, format, fromMs, toMs, zone } = exportSpecOf(params);
  const one = ids.length === 1 ? { source: ids[0], [sourceKind]: ids[0] } : {};
  return {
    texts: { ...common, ...one, profile, interval, format },
    timesMs: { start: fromMs, end: toMs - 1, created },
    zone,
  };
}

function reportValues({ params, createdMs: created }: JobRecord, common: Texts): NameValues {
  const { range, format = "csv" } = storeReportParams.parse(params);
  // Without a zone, each store has its own.
  const zone = range?.zone ?? "UTC";
  const span = range === undefined ? null : reportRangeSpan(range, zone, created);
  return {
    texts: { ...common, format },
    timesMs: span === null ? { created } : { start: span.fromMs, end: span.toMs - 1, created },
    zone,
  };
}

/** The ending of a file with that of its compression: `csv.gz`. */
function extensionOf(filename: string): string {
  return /\.([a-z]+(?:\.gz)?)$/.exec(filename)?.[1] ?? "";
}
