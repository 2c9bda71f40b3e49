/**
 * The form of the common alerts, and what it asks the API for.
 *
 * @module
 */

import type { AlertBody } from "../alerts/schemas.ts";

/** What the form can watch for, with what is watched. */
export const ALERT_KINDS = {
  offline: "devices",
  silent: "devices",
  late: "meters",
  above: "devices",
  below: "devices",
  down: "stores",
} as const;

/** One of {@link ALERT_KINDS}. */
export type AlertKind = keyof typeof ALERT_KINDS;

/** The names of the kinds. */
export const ALERT_KIND_NAMES = Object.keys(ALERT_KINDS) as readonly AlertKind[];

/** The form as it is filled in: texts as they were typed. */
export interface AlertForm {
  /** What people call the alert. */
  readonly name: string;
  /** When it fires. */
  readonly kind: AlertKind;
  /** Ids and patterns, separated by commas; "" for all. */
  readonly ids: string;
  /** The metric of conditions on values. */
  readonly metric: string;
  /** Their limit. */
  readonly limit: string;
  /** For how many minutes the condition must hold. */
  readonly minutes: string;
  /** How important it is. */
  readonly severity: string;
  /** Addresses of mail, separated by commas. */
  readonly email: string;
}

/** Reads the form. */
export function readAlertForm(fields: Pick<URLSearchParams, "get">): AlertForm {
  const text = (name: string, otherwise = "") => (fields.get(name) ?? otherwise).trim();
  return {
    name: text("name"),
    kind: ALERT_KIND_NAMES.find((kind) => kind === fields.get("kind")) ?? "offline",
    ids: text("ids"),
    metric: text("metric"),
    limit: text("limit"),
    minutes: text("minutes", "10"),
    severity: text("severity", "warning"),
    email: text("email"),
  };
}

/** What the form asks for. What is wrong in it is left to the API to say. */
export function alertBodyOf(form: AlertForm): Record<string, unknown> {
  const ids = listOf(form.ids), email = listOf(form.email);
  return {
    name: form.name,
    severity: form.severity,
    on: ALERT_KINDS[form.kind],
    condition: conditionOf(form),
    ...(ids.length === 0 ? {} : { scope: { ids } }),
    ...(email.length === 0 ? {} : { notify: { email } }),
  };
}

/** An alert as it is, filled in: what the page can change of it. */
export interface AlertEdit {
  /** What people call the alert. */
  readonly name: string;
  /** What to do when it fires. */
  readonly note: string;
  /** Ids and patterns, separated by commas; "" for all. */
  readonly ids: string;
  /** The limit of conditions on values, or by how much a value changes; "" for others. */
  readonly limit: string;
  /** For how many minutes the condition must hold. */
  readonly minutes: string;
  /** How important it is. */
  readonly severity: string;
  /** Addresses of mail, separated by commas. */
  readonly email: string;
  /** Whether it is evaluated. */
  readonly enabled: boolean;
}

/** The form of an alert as it is. */
export function alertEditOf(
  { name, note, scope, condition, severity, notify, enabled }: AlertBody,
): AlertEdit {
  const limit = "limit" in condition ? condition.limit : "by" in condition ? condition.by : "";
  return {
    name,
    note: note ?? "",
    ids: scope.ids?.join(", ") ?? "",
    limit: String(limit),
    // Two decimals say every second.
    minutes: String(Math.round(condition.for_seconds / 0.6) / 100),
    severity,
    email: notify?.email?.join(", ") ?? "",
    enabled,
  };
}

/** Reads the form of an alert that is changed. */
export function readAlertEdit(fields: Pick<URLSearchParams, "get" | "has">): AlertEdit {
  const text = (name: string) => (fields.get(name) ?? "").trim();
  return {
    name: text("name"),
    note: text("note"),
    ids: text("ids"),
    limit: text("limit"),
    minutes: text("minutes"),
    severity: text("severity"),
    email: text("email"),
    enabled: fields.has("enabled"),
  };
}

/** The body that changes an alert as its form says. What the form does not have stays as it is. */
export function changedAlertBody(before: AlertBody, form: AlertEdit): Record<string, unknown> {
  const { on, resolve_after_seconds, group_seconds, flapping } = before;
  const ids = listOf(form.ids), email = listOf(form.email);
  const webhook = before.notify?.webhook ?? [];
  return {
    on,
    resolve_after_seconds,
    group_seconds,
    flapping,
    name: form.name,
    note: form.note === "" ? null : form.note,
    severity: form.severity,
    enabled: form.enabled,
    scope: { ...before.scope, ids: ids.length === 0 ? null : ids },
    condition: changedCondition(before.condition, form),
    ...(email.length === 0 && webhook.length === 0 ? {} : {
      notify: {
        ...(email.length === 0 ? {} : { email }),
        ...(webhook.length === 0 ? {} : { webhook }),
      },
    }),
  };
}

function changedCondition(
  condition: AlertBody["condition"],
  { limit, minutes }: AlertEdit,
): Record<string, unknown> {
  const for_seconds = secondsOf(minutes);
  if ("by" in condition) return { ...condition, by: numberOf(limit), for_seconds };
  if (!("limit" in condition)) return { ...condition, for_seconds };
  const { clear_at, ...rest } = condition;
  // A value that it clears at moves with the limit unless it was one of its own.
  const own = clear_at === condition.limit ? {} : { clear_at };
  return { ...rest, ...own, limit: numberOf(limit), for_seconds };
}

function conditionOf({ kind, metric, limit, minutes }: AlertForm): Record<string, unknown> {
  const seconds = { for_seconds: secondsOf(minutes) };
  switch (kind) {
    case "offline":
      return { type: "offline", ...seconds };
    case "silent":
    case "late":
      return { type: "no_data", ...seconds };
    case "above":
    case "below":
      return { type: kind, metric, limit: numberOf(limit), ...seconds };
    case "down":
      return { type: "down", ...seconds };
  }
}

/** Whole seconds of a time in minutes, or the text itself if it is no number. */
function secondsOf(minutes: string): number | string {
  const value = numberOf(minutes);
  return typeof value === "number" ? Math.round(value * 60) : value;
}

/** The number, or the text itself if it is none. */
function numberOf(text: string): number | string {
  const value = text === "" ? NaN : Number(text.replace(",", "."));
  return Number.isFinite(value) ? value : text;
}

function listOf(text: string): string[] {
  return text.split(/[\s,;]+/).filter((one) => one !== "");
}
