/**
 * What a route demands of its caller.
 *
 * @module
 */

import type { AuditAction, AuditSubjectKind } from "../../data/audit/actions.ts";
import type { Scope } from "../../data/access/scopes.ts";

/** The methods of routes. HEAD goes to the route of GET. */
export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** What the audit trail records. */
export interface AuditedAction {
  /** The action. */
  readonly action: AuditAction;
  /** The kind of what the first parameter of the path names; null if the handler notes it. */
  readonly subject: AuditSubjectKind | null;
}

/** What a route demands of its caller. */
export interface RouteRule {
  /** A scope; `any` for every valid key; `public` for everyone, also without a key. */
  readonly scope: Scope | "any" | "public";
  /** What the audit trail records of its requests; absent if it records none. */
  readonly audited?: AuditedAction;
  /** Whether its calls do not count as requests of a caller: programs that watch use it. */
  readonly isUnlimited?: true;
  /** Whether it belongs to the pages, and so not to the API that the OpenAPI document describes. */
  readonly isPage?: true;
}

/** What the audit trail records of a route. */
export function audited(
  action: AuditAction,
  subject: AuditSubjectKind | null = null,
): AuditedAction {
  return { action, subject };
}

/** The rule of a form that does what an audited operation of the API does. */
export function pageForm(
  scope: Scope,
  action: AuditAction,
  subject: AuditSubjectKind | null = null,
): RouteRule {
  return { scope, isPage: true, audited: audited(action, subject) };
}
