/**
 * Audited requests: their entry in the audit trail is stored before the handler runs, and gets the
 * outcome after it. So there is no change without an entry, even if the process is killed.
 *
 * @module
 */

import type { Context } from "hono";
import { AppError, type ErrorCode } from "../../data/app_error.ts";
import { withoutSecrets } from "../../data/access/key_text.ts";
import type { AuditSubjectKind } from "../../data/audit/actions.ts";
import {
  type AuditDetails,
  type AuditEvent,
  type AuditSubject,
  changedFields,
} from "../../data/audit/event.ts";
import type { Audit, AuditEnd } from "../../kv/audit/audit.ts";
import { PROBLEMS } from "../http/problem.ts";
import type { AuditedAction, RouteRule } from "./route_rule.ts";

/** Most characters of an id in the trail: ids in wrong requests may be longer than any real one. */
const ID_MAX = 100;

/** What a handler notes for the entry of its request. */
interface Notes {
  subject?: AuditSubject;
  details: AuditDetails;
  isDone?: boolean;
  error?: unknown;
}

declare module "hono" {
  interface ContextVariableMap {
    /** The audit trail; undefined in an app without one. */
    audit: Pick<Audit, "begin" | "record"> | undefined;
    /** What is noted for the audit trail; undefined in requests that are not audited. */
    auditNotes: Notes | undefined;
  }
}

/** Runs the handler of an audited route. `path` is that of the route, with its parameters. */
export async function runAudited(
  c: Context,
  path: string,
  action: AuditedAction,
  handler: () => Response | Promise<Response>,
): Promise<Response> {
  const audit = c.get("audit");
  if (audit === undefined) return await handler();
  const notes: Notes = { details: {} };
  c.set("auditNotes", notes);
  const started = await audit.begin(eventOf(c, path, action));
  const end = ({ details, ...rest }: AuditEnd) =>
    started.end({
      ...rest,
      ...(notes.subject === undefined ? {} : { subject: notes.subject }),
      details: { ...notes.details, ...details },
    });
  try {
    const answer = await handler();
    await end(notes.error === undefined ? endOfAnswer(answer) : endOfError(notes.error));
    return answer;
  } catch (error) {
    await end(notes.isDone === true ? { outcome: "done" } : endOfError(error));
    throw error;
  }
}

/**
 * Counts a request that its caller may not send, unless it has no credentials at all. The answer does
 * not wait for it, so that it takes no longer for the first of several.
 */
export function auditRefusal(
  c: Context,
  path: string,
  { rule, code }: { rule: RouteRule; code: ErrorCode },
): void {
  const outcome = "refused";
  if (code === "FORBIDDEN") {
    const { audited } = rule;
    const details = { route: `${c.req.method} ${path}`, scope: rule.scope };
    const event = eventOf(c, path, audited ?? { action: "access.refuse", subject: null });
    record(c, { ...event, outcome, code, details });
  } else if (c.get("refusal") !== undefined && code !== "ISSUER_UNAVAILABLE") {
    const event = eventOf(c, path, { action: "sign_in.refuse", subject: null });
    record(c, { ...event, outcome, code });
  }
}

/** Notes what a request concerns, if it is audited and its path does not say it. */
export function noteAuditSubject(c: Context, kind: AuditSubjectKind, id: string): void {
  const notes = c.get("auditNotes");
  if (notes !== undefined) notes.subject = { kind, id: id.slice(0, ID_MAX) };
}

/** Notes that what was asked for is done, even if the answer fails. */
export function noteAuditDone(c: Context): void {
  const notes = c.get("auditNotes");
  if (notes !== undefined) notes.isDone = true;
}

/** Notes why a request failed whose answer is a page, which does not say it by a code. */
export function noteAuditError(c: Context, error: AppError): void {
  const notes = c.get("auditNotes");
  if (notes !== undefined) notes.error = error;
}

/** Adds details to the entry of a request, if it is audited. */
export function noteAuditDetails(c: Context, details: AuditDetails): void {
  const notes = c.get("auditNotes");
  if (notes !== undefined) notes.details = { ...notes.details, ...details };
}

/**
 * Notes which settings a request changed: every field of one version that differs in the other.
 * `before` is null for something new. Secrets do not belong here; fields named like one are left out.
 */
export function noteAuditChange(
  c: Context,
  before: Readonly<Record<string, unknown>> | null,
  after: Readonly<Record<string, unknown>>,
): void {
  noteAuditDetails(c, changedFields(before, after));
}

function record(c: Context, event: AuditEvent): void {
  // The trail logs a failure itself.
  c.get("audit")?.record(event).catch(() => {});
}

function eventOf(
  c: Context,
  path: string,
  { action, subject }: AuditedAction,
): Omit<AuditEvent, "outcome"> {
  const address = c.get("address");
  const [, parameter = ""] = /:(\w+)/.exec(path) ?? [];
  const given = subject === null ? undefined : c.req.param(parameter);
  // Whoever writes a whole key into a path does not want it in the trail.
  const id = given === undefined ? undefined : withoutSecrets(given);
  return {
    caller: c.get("caller"),
    // Tests send requests without a connection.
    address: address === "" ? null : address,
    action,
    subject: subject === null || id === undefined
      ? null
      : { kind: subject, id: id.slice(0, ID_MAX) },
  };
}

function endOfAnswer({ status }: Response): AuditEnd {
  if (status < 400) return { outcome: "done" };
  return { outcome: status < 500 ? "refused" : "failed", code: `HTTP_${status}` };
}

function endOfError(error: unknown): AuditEnd {
  if (!(error instanceof AppError)) return { outcome: "failed", code: "INTERNAL_ERROR" };
  const { code, stored } = error;
  // A broken upload is refused, but what came before the break stays stored.
  const isPartDone = stored !== null && Object.values(stored).some((count) => count > 0);
  const isRefused = PROBLEMS[code].status < 500 && !isPartDone;
  return {
    outcome: isRefused ? "refused" : "failed",
    code,
    details: isPartDone ? { stored } : {},
  };
}
