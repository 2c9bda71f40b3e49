/**
 * Alerts: what a rule watches, and when its condition holds.
 *
 * @module
 */

import { matchesPattern } from "../access/id_pattern.ts";
import type { Kind, Patterns } from "../access/caller.ts";
import type { ProfileName } from "../readings/profile.ts";

/** A device is offline, and has been for this long, milliseconds. */
export interface OfflineCondition {
  /** What tells the kinds of conditions apart. */
  readonly type: "offline";
  /** For how long, milliseconds. */
  readonly forMs: number;
}

/** The latest reading is older than this, milliseconds. */
export interface NoDataCondition {
  /** What tells the kinds of conditions apart. */
  readonly type: "no_data";
  /** For how long, milliseconds. */
  readonly forMs: number;
}

/**
 * A metric is above or below a limit. Between limit and `clearAt` the condition stays as it was. A
 * value holds until the next one.
 */
export interface LimitCondition {
  /** What tells the kinds of conditions apart. */
  readonly type: "above" | "below";
  /** The name of the metric. */
  readonly metric: string;
  /** The condition begins beyond this value. */
  readonly limit: number;
  /** The condition ends at this value or further away from the limit; the limit itself by default. */
  readonly clearAt: number;
  /** For how long, milliseconds; 0 for at once. */
  readonly forMs: number;
}

/** A metric changes by more than `by` within a time: from the oldest reading in that time to the latest. */
export interface ChangeCondition {
  /** What tells the kinds of conditions apart. */
  readonly type: "change";
  /** The name of the metric. */
  readonly metric: string;
  /** More than this, in the unit of the metric. */
  readonly by: number;
  /** Which way. */
  readonly direction: "rise" | "fall" | "any";
  /** Within this time, milliseconds. */
  readonly withinMs: number;
  /** For how long it goes on, milliseconds; 0 for at once. */
  readonly forMs: number;
}

/** A store is inactive, and has been for this long within its business hours, milliseconds. */
export interface DownCondition {
  /** What tells the kinds of conditions apart. */
  readonly type: "down";
  /** For how long within business hours, milliseconds. */
  readonly forMs: number;
}

/** When a rule fires. */
export type Condition =
  | OfflineCondition
  | NoDataCondition
  | LimitCondition
  | ChangeCondition
  | DownCondition;

/** A condition on the values of a metric. */
export type MetricCondition = LimitCondition | ChangeCondition;

/** Which meters, devices or stores a rule or a maintenance window is about. */
export interface Scope {
  /** What they are. */
  readonly kind: Kind;
  /** Patterns of their ids; null for every id. */
  readonly ids: readonly string[] | null;
  /** A pattern of the type of devices; null for every type. */
  readonly deviceType: string | null;
  /** A pattern of the location of devices; null for every location. */
  readonly location: string | null;
  /** What they measure; null for every profile. */
  readonly profile: ProfileName | null;
}

/** How often a subject may fire before it counts as flapping. */
export interface Damping {
  /** So many firings … */
  readonly firings: number;
  /** … within this time make the subject flap, milliseconds. */
  readonly withinMs: number;
  /** It is resolved after this time without the condition, milliseconds. */
  readonly calmMs: number;
}

/** Who gets messages by name. */
export interface AlertNotify {
  /** Addresses of e-mail. */
  readonly email: readonly string[];
  /** The ids of webhooks. */
  readonly webhook: readonly string[];
}

/** How important an alert is. */
export const SEVERITIES = ["info", "warning", "critical"] as const;

/** What people decide about a rule. */
export interface AlertSettings {
  /** What people call it. */
  readonly name: string;
  /** What to do when it fires, for the message; null for nothing. */
  readonly note: string | null;
  /** How important it is. */
  readonly severity: typeof SEVERITIES[number];
  /** Whether it is evaluated. */
  readonly isEnabled: boolean;
  /** What it watches. */
  readonly scope: Scope;
  /** When it fires. */
  readonly condition: Condition;
  /** How long the condition must be over until a firing subject is resolved, milliseconds. */
  readonly resolveAfterMs: number;
  /** How long transitions are collected for one message, from the first on, milliseconds. */
  readonly groupMs: number;
  /** When a subject counts as flapping; null for never. */
  readonly damping: Damping | null;
  /** Who gets messages besides webhooks whose filter matches. */
  readonly notify: AlertNotify;
}

/** A rule. */
export interface AlertRule extends AlertSettings {
  /** Its id. */
  readonly id: string;
  /** To whom it belongs (`Caller.owner`). It watches what its owner may touch. */
  readonly owner: string;
  /** What its owner could touch when it was made; what counts if the owner cannot be looked up. */
  readonly patterns: Patterns;
  /** Grows with each change. */
  readonly revision: number;
  /** When it was made, epoch milliseconds. */
  readonly createdMs: number;
  /** When it was last changed, epoch milliseconds. */
  readonly changedMs: number;
}

/** What a rule watches one of. Fields that are not known are null. */
export interface Subject {
  /** What it is. */
  readonly kind: Kind;
  /** Its id. */
  readonly id: string;
  /** What it measures. */
  readonly profile: ProfileName;
  /** The type of a device. */
  readonly deviceType: string | null;
  /** The location of a device. */
  readonly location: string | null;
}

/** Whether a scope has a subject. */
export function isInScope(scope: Scope, subject: Subject): boolean {
  return scope.kind === subject.kind && mayHaveId(scope, subject.id) &&
    (scope.profile === null || scope.profile === subject.profile) &&
    matchesText(scope.deviceType, subject.deviceType) &&
    matchesText(scope.location, subject.location);
}

/** Whether the ids of a scope include one. */
export function mayHaveId({ ids }: Scope, id: string): boolean {
  return ids === null || ids.some((pattern) => matchesPattern(pattern, id));
}

function matchesText(pattern: string | null, text: string | null): boolean {
  return pattern === null || (text !== null && matchesPattern(pattern, text));
}

/** Whether a condition is about the values of a metric. */
export function isMetricCondition(condition: Condition): condition is MetricCondition {
  return "metric" in condition;
}
