/**
 * Alerts between their form in requests and answers and that of the domain.
 *
 * @module
 */

import type { AlertRule, AlertSettings, Condition, Damping } from "../../data/alerts/rule.ts";
import { isMetricCondition } from "../../data/alerts/rule.ts";
import type { FieldError } from "../../data/app_error.ts";
import type { Profiles } from "../../data/readings/profiles.ts";
import { instantText } from "../../data/time/time_text.ts";
import type { ConditionBody, ConditionInput, DampingBody } from "./condition_schemas.ts";
import type { AlertBody, AlertRequest } from "./schemas.ts";
import { onOf, scopeBody, scopeOf, scopeProblems } from "./scope_body.ts";

/** How long transitions are collected by default, for conditions on values and others, milliseconds. */
const VALUE_GROUP_MS = 10_000, GROUP_MS = 60_000;
/** When subjects flap by default. */
const DAMPING: Damping = { firings: 3, withinMs: 3_600_000, calmMs: 900_000 };

/** What each kind of thing can be watched for. */
const CONDITIONS: Readonly<Record<AlertSettings["scope"]["kind"], readonly string[]>> = {
  device: ["offline", "no_data", "above", "below", "change"],
  meter: ["no_data", "above", "below", "change"],
  store: ["down"],
};

/** What a request says about an alert. */
export function settingsOf(body: Omit<AlertRequest, "name"> & { name?: string }): AlertSettings {
  const condition = conditionOf(body.condition);
  return {
    name: body.name ?? "Test",
    note: body.note ?? null,
    severity: body.severity ?? "warning",
    isEnabled: body.enabled ?? true,
    scope: scopeOf(body.on, body.scope),
    condition,
    resolveAfterMs: (body.resolve_after_seconds ?? 0) * 1_000,
    groupMs: body.group_seconds === undefined
      ? isMetricCondition(condition) ? VALUE_GROUP_MS : GROUP_MS
      : body.group_seconds * 1_000,
    damping: body.flapping === undefined ? DAMPING : dampingOf(body.flapping),
    notify: { email: body.notify?.email ?? [], webhook: body.notify?.webhook ?? [] },
  };
}

/** Everything that is wrong with an alert whose form is right. */
export function alertProblems(
  { scope, condition }: AlertSettings,
  profiles: Pick<Profiles, "list" | "get">,
): FieldError[] {
  const problems = scopeProblems(scope, "/scope");
  const on = onOf(scope.kind);
  if (!CONDITIONS[scope.kind].includes(condition.type)) {
    const rule = `one of ${CONDITIONS[scope.kind].join(", ")}`;
    const detail = `condition.type must be ${rule} with on ${on}`;
    problems.push({ pointer: "/condition/type", detail, value: condition.type, rule });
  } else if (isMetricCondition(condition)) {
    problems.push(...metricProblems({ scope, metric: condition.metric }, profiles));
  }
  if (condition.type === "above" || condition.type === "below") {
    const { type, limit, clearAt } = condition;
    const isBeyond = type === "above" ? clearAt > limit : clearAt < limit;
    const rule = `${type === "above" ? "at most" : "at least"} the limit`;
    const detail = `condition.clear_at must be ${rule}, ${limit}`;
    if (isBeyond) problems.push({ pointer: "/condition/clear_at", detail, value: clearAt, rule });
  }
  return problems;
}

function metricProblems(
  { scope, metric }: { scope: AlertSettings["scope"]; metric: string },
  profiles: Pick<Profiles, "list" | "get">,
): FieldError[] {
  const { profile } = scope;
  const found = profile === null
    ? profiles.list()
    : profiles.list().filter((one) => one.name === profile);
  if (profile !== null && found.length === 0) {
    const rule = "the name of a profile";
    return [{
      pointer: "/scope/profile",
      detail: `scope.profile must be ${rule}`,
      value: profile,
      rule,
    }];
  }
  if (found.some(({ metrics }) => metrics.some(({ name }) => name === metric))) return [];
  const rule = profile === null ? "a metric of a profile" : `a metric of the profile ${profile}`;
  return [{
    pointer: "/condition/metric",
    detail: `condition.metric must be ${rule}`,
    value: metric,
    rule,
  }];
}

/** The fields of an alert that people decide, as an answer shows them. */
export function settingsBody(
  rule: AlertSettings,
): Pick<
  AlertBody,
  | "name"
  | "note"
  | "severity"
  | "enabled"
  | "on"
  | "scope"
  | "condition"
  | "resolve_after_seconds"
  | "group_seconds"
  | "flapping"
  | "notify"
> {
  const { email, webhook } = rule.notify;
  return {
    name: rule.name,
    note: rule.note,
    severity: rule.severity,
    enabled: rule.isEnabled,
    on: onOf(rule.scope.kind),
    scope: scopeBody(rule.scope),
    condition: conditionBody(rule.condition),
    resolve_after_seconds: rule.resolveAfterMs / 1_000,
    group_seconds: rule.groupMs / 1_000,
    flapping: dampingBody(rule.damping),
    notify: email.length === 0 && webhook.length === 0 ? null : {
      ...email.length === 0 ? {} : { email: [...email] },
      ...webhook.length === 0 ? {} : { webhook: [...webhook] },
    },
  };
}

/** An alert as an answer shows it. */
export function alertBody(
  rule: AlertRule,
  { isOwned, counts }: { readonly isOwned: boolean; readonly counts: AlertBody["counts"] },
): AlertBody {
  return {
    id: rule.id,
    state: !rule.isEnabled ? "disabled" : isOwned ? "active" : "owner_gone",
    ...settingsBody(rule),
    counts,
    owner: rule.owner,
    created_at: instantText(rule.createdMs),
    changed_at: instantText(rule.changedMs),
  };
}

function conditionOf(body: ConditionInput): Condition {
  const forMs = (body.for_seconds ?? 0) * 1_000;
  switch (body.type) {
    case "above":
    case "below": {
      const { type, metric, limit, clear_at: clearAt = limit } = body;
      return { type, metric, limit, clearAt, forMs };
    }
    case "change": {
      const { type, metric, by, direction = "any", within_seconds } = body;
      return { type, metric, by, direction, withinMs: within_seconds * 1_000, forMs };
    }
    default:
      return { type: body.type, forMs };
  }
}

function conditionBody(condition: Condition): ConditionBody {
  const for_seconds = condition.forMs / 1_000;
  switch (condition.type) {
    case "above":
    case "below": {
      const { type, metric, limit, clearAt } = condition;
      return { type, metric, limit, clear_at: clearAt, for_seconds };
    }
    case "change": {
      const { type, metric, by, direction, withinMs } = condition;
      return { type, metric, by, direction, within_seconds: withinMs / 1_000, for_seconds };
    }
    default:
      return { type: condition.type, for_seconds };
  }
}

function dampingOf(body: DampingBody): Damping | null {
  return body === null ? null : {
    firings: body.firings,
    withinMs: body.within_seconds * 1_000,
    calmMs: body.calm_seconds * 1_000,
  };
}

function dampingBody(damping: Damping | null): DampingBody {
  return damping === null ? null : {
    firings: damping.firings,
    within_seconds: damping.withinMs / 1_000,
    calm_seconds: damping.calmMs / 1_000,
  };
}
