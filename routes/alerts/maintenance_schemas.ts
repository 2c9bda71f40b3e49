/**
 * Maintenance windows in requests and answers. The OpenAPI document and the types of the bodies come
 * from these schemas.
 *
 * @module
 */

import { z } from "zod";
import { isTimeZone } from "../../data/time/zone.ts";
import { limitText } from "../openapi/list_query.ts";
import { instant } from "../openapi/schema_parts.ts";
import { objectError } from "./schema_texts.ts";
import { ALERT_ID_PATTERN, ALERT_ID_RULE, alertIdText, nameText } from "./schemas.ts";
import { onText, scopeInput, scopeSchema } from "./scope_schemas.ts";

/** The most scopes and alerts that a window names. */
const LIST_MAX = 100;

/** The days of the week as bodies name them, Monday first. */
export const WEEKDAYS = [
  "monday",
  "tuesday",
  "wednesday",
  "thursday",
  "friday",
  "saturday",
  "sunday",
] as const;

const timeRule = (name: string) => `${name} must be an ISO 8601 time, such as 2026-11-29T12:00:00Z`;

function timeText(name: string, description: string, example: string) {
  return z.string(timeRule(name)).meta({ format: "date-time", description, examples: [example] });
}

const onceInput = z.strictObject({
  from: timeText("once.from", "When it begins.", "2026-12-01T22:00:00Z"),
  to: timeText("once.to", "When it ends.", "2026-12-02T04:00:00Z"),
}, objectError("once must be a JSON object with from and to")).meta({
  id: "OnceTimes",
  description: "One span of time.",
});

const zoneRule = "repeat.timezone must be an IANA time zone or an offset such as +01:00";
const daysRule = `repeat.days must be null or a list of days of ${WEEKDAYS.join(", ")}`;
const monthDaysRule = "repeat.days_of_month must be null or a list of 1 to 31, or -31 to -1";
const clockRule = (name: string) => `repeat.${name} must be a time of day such as 22:00`;

function clockText(name: string, description: string, example: string) {
  return z.string(clockRule(name)).regex(/^([01]\d|2[0-3]):[0-5]\d$/, clockRule(name))
    .meta({ description, examples: [example] });
}

const repeatFields = {
  timezone: z.string(zoneRule).max(64, zoneRule).refine(isTimeZone, zoneRule).meta({
    description: "The zone of the clock.",
    examples: ["Europe/Berlin"],
  }),
  days: z.array(z.enum(WEEKDAYS, daysRule), daysRule).min(1, daysRule).max(7, daysRule)
    .nullable().meta({
      description: "The days of the week on which it begins; `null` is every day.",
      examples: [["sunday"]],
    }),
  days_of_month: z.array(
    z.int(monthDaysRule).min(-31, monthDaysRule).max(31, monthDaysRule)
      .refine((day) => day !== 0, monthDaysRule),
    monthDaysRule,
  ).min(1, monthDaysRule).max(62, monthDaysRule).nullable().meta({
    description:
      "The days of the month on which it begins; -1 is the last one. `null` is every day.",
    examples: [[1]],
  }),
  start: clockText("start", "When it begins on the clock.", "22:00"),
  end: clockText(
    "end",
    "When it ends on the clock: on the next day, if that is not after `start`.",
    "04:00",
  ),
};

const bound = (name: string, description: string) =>
  timeText(`repeat.${name}`, description, "2027-01-01T00:00:00Z").nullable();

const repeatInput = z.strictObject({
  ...repeatFields,
  from: bound("from", "It does not begin before this time."),
  until: bound("until", "It does not begin at or after this time."),
}, objectError("repeat must be a JSON object")).partial()
  .required({ timezone: true, start: true, end: true }).meta({
    id: "NewRepeatedTimes",
    description: "A span of the clock on certain days. Days that are left out are every day.",
  });

const repeatSchema = z.strictObject({
  ...repeatFields,
  from: instant("It does not begin before this time, or null.", "2027-01-01T00:00:00Z").nullable(),
  until: instant("It does not begin at or after this time, or null.", "2028-01-01T00:00:00Z")
    .nullable(),
}).meta({ id: "RepeatedTimes", description: "A span of the clock on certain days." });

const scopesRule = `scopes must be null or a list of 1 to ${LIST_MAX} objects`;
const alertsRule = `alerts must be null or a list of 1 to ${LIST_MAX} ids of alerts`;

const alertsField = z.array(
  z.string(alertsRule).regex(ALERT_ID_PATTERN, `An id in alerts must be ${ALERT_ID_RULE}`),
  alertsRule,
).min(1, alertsRule).max(LIST_MAX, alertsRule).nullable().meta({
  description: "The ids of the alerts that it mutes; `null` is every alert.",
  examples: [["0d3f7a52-93b1-4c60-8e0f-5b8a6d1c2e94"]],
});

const scopesText = "What it mutes: what is in one of these; `null` is everything.";

/** The body of `POST /api/maintenance-windows` and `PUT /api/maintenance-windows/{id}`. */
export const maintenanceRequest = z.strictObject({
  name: nameText,
  scopes: z.array(
    z.strictObject({ on: onText, scope: scopeInput }, objectError(scopesRule)).partial()
      .required({ on: true })
      .meta({ id: "NewMaintenanceScope", description: "Devices, meters or stores." }),
    scopesRule,
  ).min(1, scopesRule).max(LIST_MAX, scopesRule).nullable().meta({ description: scopesText }),
  alerts: alertsField,
  once: onceInput,
  repeat: repeatInput,
}, objectError("The body must be a JSON object")).partial().required({ name: true }).meta({
  description: "A maintenance window: either `once` or `repeat`.",
});

/** A maintenance window. */
export const maintenanceSchema = z.strictObject({
  id: alertIdText,
  name: nameText,
  scopes: z.array(
    z.strictObject({ on: onText, scope: scopeSchema })
      .meta({ id: "MaintenanceScope", description: "Devices, meters or stores." }),
  ).nullable().meta({ description: scopesText }),
  alerts: alertsField,
  once: z.strictObject({
    from: instant("When it begins.", "2026-12-01T22:00:00Z"),
    to: instant("When it ends.", "2026-12-02T04:00:00Z"),
  }).nullable().meta({ description: "Its time, if it does not repeat." }),
  repeat: repeatSchema.nullable(),
  active: z.boolean().meta({ description: "Whether it mutes now.", examples: [false] }),
  next: z.array(
    z.strictObject({
      from: instant("When it begins.", "2026-12-01T22:00:00Z"),
      to: instant("When it ends.", "2026-12-02T04:00:00Z"),
    }).meta({ id: "MaintenanceTime", description: "A time in which it mutes." }),
  ).meta({ description: "The present time in which it mutes, and the next ones; at most 3." }),
  owner: z.string().meta({
    description: "Who made it: `key:` and an id, or `anyone` without keys. One of a key that may " +
      "not touch every id mutes only alerts of this key.",
    examples: ["key:01k3v9xq7f2m"],
  }),
  created_at: instant("When it was made.", "2026-11-29T12:00:00Z"),
  changed_at: instant("When it was last changed.", "2026-11-29T12:00:00Z"),
}).meta({ description: "A maintenance window, in which alerts send no messages." });

/** A page of windows. */
export const maintenanceList = z.strictObject({
  windows: z.array(maintenanceSchema).meta({ description: "Windows in the order of their ids." }),
  next: z.string().nullable().meta({
    description: "The path of the next page, or null on the last one.",
    examples: [null],
  }),
}).meta({ description: "A page of maintenance windows." });

/** The query of `GET /api/maintenance-windows`. */
export const maintenanceListQuery = z.strictObject({
  limit: limitText,
  cursor: z.string().regex(ALERT_ID_PATTERN, `cursor must be ${ALERT_ID_RULE}`).optional(),
});

/** A window in a request. */
export type MaintenanceRequest = z.infer<typeof maintenanceRequest>;
/** A window in an answer. */
export type MaintenanceBody = z.infer<typeof maintenanceSchema>;
/** A page of windows. */
export type MaintenanceListBody = z.infer<typeof maintenanceList>;
