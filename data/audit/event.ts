/**
 * One event of the audit trail: who did what, to what, from where, and with which outcome.
 *
 * @module
 */

import type { AuditAction, AuditSubjectKind } from "./actions.ts";

/** Who can act. `service` is the service itself; `several` stands for callers that are only counted. */
export const AUDIT_ACTORS = ["anonymous", "key", "oidc", "link", "service", "several"] as const;

/** Who acted: for a key its id and name. Never a secret. */
export interface AuditActor {
  /** What it is. */
  readonly kind: typeof AUDIT_ACTORS[number];
  /** Its id; "" if it has none. */
  readonly id: string;
  /** What people call it; "" if it has no name. */
  readonly name: string;
}

/** The service itself, as the actor of duties. */
export const SERVICE_ACTOR: AuditActor = { kind: "service", id: "", name: "" };

/**
 * The outcomes.
 *
 * - `done`: the change was made.
 * - `refused`: nothing changed, because the request was not allowed or not valid.
 * - `failed`: an error of the service ended it. Part of the change may have been made.
 * - `unknown`: it has begun, and its outcome is not recorded. Either it is still running, or the
 *   process ended before the outcome was stored. The change may have been made.
 */
export const AUDIT_OUTCOMES = ["done", "refused", "failed", "unknown"] as const;

/** The outcome of an event. */
export type AuditOutcome = typeof AUDIT_OUTCOMES[number];

/** A JSON value. */
export type AuditValue =
  | null
  | boolean
  | number
  | string
  | readonly AuditValue[]
  | { readonly [name: string]: AuditValue };

/** More about an event: `changes` for changed settings, an id of a job, counts. */
export type AuditDetails = Readonly<Record<string, AuditValue>>;

/** What an event concerned. */
export interface AuditSubject {
  /** Its kind. */
  readonly kind: AuditSubjectKind;
  /** Its id. */
  readonly id: string;
}

/** An event that has an outcome. */
export interface AuditEvent {
  /** Who acted; a `Caller` has this shape. */
  readonly caller: { readonly actor: AuditActor };
  /** The address of the client; null if the event did not come from a request. */
  readonly address: string | null;
  /** What was done. */
  readonly action: AuditAction;
  /** What it concerned; null if there is no such thing. */
  readonly subject: AuditSubject | null;
  /** The outcome. */
  readonly outcome: AuditOutcome;
  /** The code of the error of a request that was refused or failed. */
  readonly code?: string | null;
  /** More about it. */
  readonly details?: AuditDetails;
}

/** Most characters of the details of an event as JSON. A stored value may have 65,536 bytes. */
export const AUDIT_DETAILS_MAX = 16_000;

/** Parts of names of fields whose values are never recorded. */
const SECRET_NAMES = /secret|password|passwd|token|authorization|api_?key|private|hash|signature/i;

/**
 * The fields that differ between two versions of settings, each with both values. Fields that are
 * absent count as null. `before` is null for something new.
 */
export function changedFields(
  before: Readonly<Record<string, unknown>> | null,
  after: Readonly<Record<string, unknown>>,
): AuditDetails {
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after)]);
  const changes: Record<string, AuditValue> = {};
  for (const name of names) {
    const [from, to] = [plain(before?.[name]), plain(after[name])];
    if (JSON.stringify(from) !== JSON.stringify(to)) changes[name] = { from, to };
  }
  return { changes };
}

/** Details without the values of secrets, cut to a size that can be stored. */
export function safeDetails(details: AuditDetails): AuditDetails {
  // An object stays an object without its secrets.
  const safe = withoutSecrets(details) as AuditDetails;
  const size = JSON.stringify(safe).length;
  return size <= AUDIT_DETAILS_MAX ? safe : { left_out: `${size} characters of details` };
}

function withoutSecrets(value: AuditValue): AuditValue {
  if (value === null || typeof value !== "object") return value;
  if (isList(value)) return value.map(withoutSecrets);
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      SECRET_NAMES.test(name) ? "(not shown)" : withoutSecrets(inner),
    ]),
  );
}

function isList(value: AuditValue): value is readonly AuditValue[] {
  return Array.isArray(value);
}

/** A value as JSON has it; null for what JSON does not have. */
function plain(value: unknown): AuditValue {
  return value === undefined ? null : JSON.parse(JSON.stringify(value) ?? "null");
}
