/**
 * The form of the common alerts, and what it asks the API for.
 *
 * @module
 */

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

function conditionOf({ kind, metric, limit, minutes }: AlertForm): Record<string, unknown> {
  const seconds = { for_seconds: numberOf(minutes, 60) };
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

/** The number, or the text itself if it is none. */
function numberOf(text: string, factor = 1): number | string {
  const value = text === "" ? NaN : Number(text.replace(",", "."));
  return Number.isFinite(value) ? value * factor : text;
}

function listOf(text: string): string[] {
  return text.split(/[\s,;]+/).filter((one) => one !== "");
}
