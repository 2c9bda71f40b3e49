/**
 * The audit trail over HTTP.
 *
 * @module
 */

import type { Context } from "hono";
import type { FieldError } from "../../data/app_error.ts";
import { csvText } from "../../data/encoders/csv_text.ts";
import { textChunks } from "../../data/text/text_chunks.ts";
import { restorePlus } from "../../data/time/query_plus.ts";
import { rangeStartMs, rangeStopMs } from "../../data/time/range_text.ts";
import { instantText } from "../../data/time/time_text.ts";
import {
  type AuditEntry,
  type AuditPlace,
  type AuditRange,
  type AuditRecord,
  listAudit,
} from "../../kv/audit/audit_log.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { parameterErrors } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import {
  AUDIT_CURSOR,
  type AuditEntryBody,
  type AuditList,
  type AuditQuery,
  auditQuery,
} from "./schemas.ts";

/** Entries that one page reads at most, so that a filter that matches little costs no more. */
const SCANNED_MAX = 10_000;
const LIMIT_DEFAULT = 100;

/** What the route needs. */
export interface AuditDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "list">;
}

/** The columns of a CSV file. */
const COLUMNS = [
  "id",
  "at",
  "action",
  "outcome",
  "code",
  "actor_kind",
  "actor_id",
  "actor_name",
  "address",
  "subject_kind",
  "subject_id",
  "count",
  "last_at",
  "details",
] as const;

/** `GET /api/audit`. */
export function auditRoutes({ kv }: AuditDeps): GuardedRoutes {
  return guardedRoutes().get("/api/audit", async (c) => {
    const query = auditQuery.safeParse(c.req.query());
    const errors = [
      ...(query.success ? [] : parameterErrors(query.error, c.req.query())),
      ...pageErrors(c.req.query()),
    ];
    if (!query.success || errors.length > 0) throw invalidRequest(errors);
    c.header("cache-control", "no-store");
    if (query.data.format === "json") return await pageAnswer(c, kv, query.data);
    return fileAnswer(c, kv, query.data);
  });
}

/** Parameters of pages are not for formats without pages. */
function pageErrors({ format, ...rest }: Record<string, string>): FieldError[] {
  if (format !== "ndjson" && format !== "csv") return [];
  return ["limit", "cursor"].filter((name) => rest[name] !== undefined).map((name) => ({
    pointer: `#${name}`,
    detail: `${name} must be left out with format ${format}`,
    value: rest[name].slice(0, 100),
  }));
}

async function pageAnswer(
  c: Context,
  kv: AuditDeps["kv"],
  query: AuditQuery,
): Promise<Response> {
  const { limit = LIMIT_DEFAULT } = query;
  const entries: AuditEntryBody[] = [];
  let scanned = 0, last: AuditPlace | null = null, isMore = false;
  for await (const entry of listAudit(kv, rangeOf(query))) {
    isMore = entries.length === limit || scanned === SCANNED_MAX;
    if (isMore) break;
    scanned++;
    last = entry;
    if (matches(entry.record, query)) entries.push(entryBody(entry));
  }
  const next = isMore && last !== null ? nextPath(c.req.url, last) : null;
  if (next !== null) c.header("link", `<${next}>; rel="next"`);
  return c.json({ entries, next } satisfies AuditList);
}

function fileAnswer(c: Context, kv: AuditDeps["kv"], query: AuditQuery): Response {
  const isCsv = query.format === "csv";
  async function* lines(): AsyncGenerator<string> {
    if (isCsv) yield `${COLUMNS.join(",")}\n`;
    for await (const entry of listAudit(kv, rangeOf(query))) {
      if (!matches(entry.record, query)) continue;
      const body = entryBody(entry);
      yield isCsv ? csvLine(body) : `${JSON.stringify(body)}\n`;
    }
  }
  const type = isCsv ? "text/csv; charset=utf-8; header=present" : "application/x-ndjson";
  const body = textChunks(lines()).pipeThrough(new TextEncoderStream());
  return c.body(body, 200, {
    "content-type": type,
    "content-disposition": `attachment; filename="audit.${query.format}"`,
  });
}

function rangeOf({ from, to, order, cursor }: AuditQuery): AuditRange {
  const place = cursor === undefined ? null : AUDIT_CURSOR.exec(cursor);
  return {
    isNewestFirst: order === "newest",
    after: place === null ? null : { atMs: Number(place[1]), id: place[2] },
    ...(from === undefined ? {} : { fromMs: rangeStartMs(restorePlus(from)) ?? 0 }),
    ...(to === undefined ? {} : { toMs: rangeStopMs(restorePlus(to)) ?? 0 }),
  };
}

function matches(
  { action, outcome, actor, subject }: AuditRecord,
  query: AuditQuery,
): boolean {
  if (query.outcome !== undefined && query.outcome !== outcome) return false;
  const isAction = query.action === undefined || action === query.action ||
    action.startsWith(`${query.action}.`);
  const isActor = query.actor === undefined ||
    [actor.id, actor.name, actor.kind].includes(query.actor);
  const isSubject = query.subject === undefined || (subject !== null &&
    [subject.id, `${subject.kind}:${subject.id}`].includes(query.subject));
  return isAction && isActor && isSubject;
}

function entryBody({ atMs, id, record }: AuditEntry): AuditEntryBody {
  const { action, outcome, code, actor, address, subject, count, lastMs, details } = record;
  return {
    id: cursorOf({ atMs, id }),
    at: instantText(atMs),
    action,
    outcome,
    code,
    actor,
    address,
    subject,
    count,
    last_at: instantText(lastMs),
    details,
  };
}

function csvLine(body: AuditEntryBody): string {
  const { actor, subject, details, ...rest } = body;
  const values: Record<typeof COLUMNS[number], string | number | null> = {
    ...rest,
    actor_kind: actor.kind,
    actor_id: actor.id,
    actor_name: actor.name,
    subject_kind: subject?.kind ?? null,
    subject_id: subject?.id ?? null,
    details: JSON.stringify(details),
  };
  // Names of keys are free text, and people open the file in a spreadsheet.
  const dialect = { delimiter: ",", guardsFormulas: true } as const;
  return `${
    COLUMNS.map((name) => {
      const value = values[name];
      return csvText(value === null || value === "" ? null : String(value), dialect);
    }).join(",")
  }\n`;
}

function cursorOf({ atMs, id }: AuditPlace): string {
  return `${atMs}_${id}`;
}

function nextPath(url: string, place: AuditPlace): string {
  const next = new URL(url);
  next.searchParams.set("cursor", cursorOf(place));
  return next.pathname + next.search;
}
