/**
 * Maintenance windows between their form in requests and answers and that of the domain.
 *
 * @module
 */

import {
  type MaintenanceSettings,
  type MaintenanceWindow,
  nextSpans,
  type OnceTimes,
  type RepeatedTimes,
  spanAt,
} from "../../data/alerts/maintenance.ts";
import type { FieldError } from "../../data/app_error.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../data/limits.ts";
import { instantText, parseInstant } from "../../data/time/time_text.ts";
import { type MaintenanceBody, type MaintenanceRequest, WEEKDAYS } from "./maintenance_schemas.ts";
import { onOf, scopeBody, scopeOf, scopeProblems } from "./scope_body.ts";

/** How many times of a window an answer lists. */
const NEXT = 3;
/** How many days a clock shows at most when it is shown as text. */
const DAY_MINUTES = DAY_MS / MINUTE_MS;

/** What a request says about a window, or what is wrong with it although its form is right. */
export function maintenanceOf(
  body: MaintenanceRequest,
): { settings: MaintenanceSettings } | { problems: FieldError[] } {
  const problems: FieldError[] = [];
  const scopes = body.scopes?.map(({ on, scope }) => scopeOf(on, scope)) ?? null;
  for (const [index, scope] of (scopes ?? []).entries()) {
    problems.push(...scopeProblems(scope, `/scopes/${index}/scope`));
  }
  const times = timesOf(body, problems);
  if (problems.length > 0 || times === null) return { problems };
  return { settings: { name: body.name, scopes, alerts: body.alerts ?? null, times } };
}

function timesOf(
  { once, repeat }: MaintenanceRequest,
  problems: FieldError[],
): OnceTimes | RepeatedTimes | null {
  if ((once === undefined) === (repeat === undefined)) {
    problems.push({ pointer: "", detail: "Send either once or repeat" });
    return null;
  }
  const instantOf = (pointer: string, text: string): number => {
    const timeMs = parseInstant(text);
    if (timeMs !== null) return timeMs;
    const rule = "an ISO 8601 time, such as 2026-11-29T12:00:00Z";
    const detail = `${pointer.slice(1).replace("/", ".")} must be ${rule}`;
    problems.push({ pointer, detail, value: text, rule });
    return NaN;
  };
  if (once !== undefined) {
    const fromMs = instantOf("/once/from", once.from), toMs = instantOf("/once/to", once.to);
    if (toMs <= fromMs) {
      const detail = "once.to must be after once.from";
      problems.push({ pointer: "/once/to", detail, value: once.to });
    }
    return { type: "once", fromMs, toMs };
  }
  if (repeat === undefined) return null;
  const bound = (name: "from" | "until") => {
    const text = repeat[name] ?? null;
    return text === null ? null : instantOf(`/repeat/${name}`, text);
  };
  const fromMs = bound("from"), untilMs = bound("until");
  if (fromMs !== null && untilMs !== null && untilMs <= fromMs) {
    const detail = "repeat.until must be after repeat.from";
    problems.push({ pointer: "/repeat/until", detail, value: repeat.until });
  }
  return {
    type: "repeated",
    zone: repeat.timezone,
    startMs: clockMs(repeat.start),
    endMs: clockMs(repeat.end),
    weekdays: repeat.days?.map((day) => WEEKDAYS.indexOf(day)) ?? null,
    monthDays: repeat.days_of_month ?? null,
    fromMs,
    untilMs,
  };
}

/** The fields of a window that people decide, as an answer shows them. */
export function maintenanceSettingsBody(
  { name, scopes, alerts, times }: MaintenanceSettings,
): Pick<MaintenanceBody, "name" | "scopes" | "alerts" | "once" | "repeat"> {
  return {
    name,
    scopes: scopes?.map((scope) => ({ on: onOf(scope.kind), scope: scopeBody(scope) })) ?? null,
    alerts: alerts === null ? null : [...alerts],
    once: times.type === "once" ? spanBody(times) : null,
    repeat: times.type === "once" ? null : {
      timezone: times.zone,
      days: times.weekdays?.map((day) => WEEKDAYS[day]) ?? null,
      days_of_month: times.monthDays === null ? null : [...times.monthDays],
      start: clockText(times.startMs),
      end: clockText(times.endMs),
      from: times.fromMs === null ? null : instantText(times.fromMs),
      until: times.untilMs === null ? null : instantText(times.untilMs),
    },
  };
}

/** A window as an answer shows it. */
export function maintenanceBody(window: MaintenanceWindow, nowMs: number): MaintenanceBody {
  return {
    id: window.id,
    ...maintenanceSettingsBody(window),
    active: spanAt(window.times, nowMs) !== null,
    next: nextSpans(window.times, nowMs, NEXT).map(spanBody),
    owner: window.owner,
    created_at: instantText(window.createdMs),
    changed_at: instantText(window.changedMs),
  };
}

function spanBody(
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): { from: string; to: string } {
  return { from: instantText(fromMs), to: instantText(toMs) };
}

function clockMs(text: string): number {
  const [hour, minute] = text.split(":").map(Number);
  return hour * HOUR_MS + minute * MINUTE_MS;
}

function clockText(timeMs: number): string {
  const minutes = (timeMs / MINUTE_MS) % DAY_MINUTES;
  const two = (number: number) => String(number).padStart(2, "0");
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
