/**
 * Alerts in requests and answers. The OpenAPI document and the types of the bodies come from these
 * schemas.
 *
 * @module
 */

import { z } from "zod";
import { SEVERITIES } from "../../data/alerts/rule.ts";
import { METER_ID_PATTERN } from "../../data/limits.ts";
import { notifyBody } from "../notify/target_schemas.ts";
import { limitText } from "../openapi/list_query.ts";
import { count, instant } from "../openapi/schema_parts.ts";
import { conditionInput, conditionSchema, dampingSchema } from "./condition_schemas.ts";
import { objectError, secondsRule } from "./schema_texts.ts";
import { onText, scopeInput, scopeSchema } from "./scope_schemas.ts";

const NAME_MAX = 100;
const NOTE_MAX = 1_000;
const RESOLVE_MAX_SECONDS = 86_400;
const GROUP_MAX_SECONDS = 3_600;

const nameRule = `name must be 1 to ${NAME_MAX} characters without control characters`;

/** What people call an alert or a maintenance window. */
export const nameText = z.string(nameRule).min(1, nameRule).max(NAME_MAX, nameRule)
  // deno-lint-ignore no-control-regex
  .regex(/^[^\0-\x1f\x7f]*$/, nameRule)
  .meta({ description: "What people call it.", examples: ["Battery silent"] });

const noteRule = `note must be null or a text of 1 to ${NOTE_MAX} characters`;
const severityRule = `severity must be ${SEVERITIES.join(", ")}`;
const resolveRule = secondsRule("resolve_after_seconds", 0, RESOLVE_MAX_SECONDS);
const groupRule = secondsRule("group_seconds", 0, GROUP_MAX_SECONDS);

const fields = {
  name: nameText,
  note: z.string(noteRule).min(1, noteRule).max(NOTE_MAX, noteRule).nullable().meta({
    description: "What to do when it fires; part of every message. Or null.",
    examples: ["Call the site manager"],
  }),
  severity: z.enum(SEVERITIES, severityRule).meta({
    id: "AlertSeverity",
    description: "How important it is: `info`, `warning` (by default) or `critical`.",
    examples: ["critical"],
  }),
  enabled: z.boolean("enabled must be true or false").meta({
    description: "Whether it is evaluated; by default it is.",
    examples: [true],
  }),
  on: onText,
  resolve_after_seconds: z.int(resolveRule).min(0, resolveRule).max(
    RESOLVE_MAX_SECONDS,
    resolveRule,
  )
    .meta({
      description: "How long the condition must be over until it is resolved, in seconds; 0 by " +
        "default.",
      examples: [0],
    }),
  group_seconds: z.int(groupRule).min(0, groupRule).max(GROUP_MAX_SECONDS, groupRule).meta({
    description:
      "How long transitions are collected for one message, in seconds, from the first one on. " +
      "By default 10 for conditions on values, else 60.",
    examples: [60],
  }),
  flapping: dampingSchema,
};

const requestFields = {
  ...fields,
  scope: scopeInput,
  condition: conditionInput,
  notify: notifyBody,
};

/** The body of `POST /api/alerts` and `PUT /api/alerts/{id}`. */
export const alertRequest = z.strictObject(
  requestFields,
  objectError("The body must be a JSON object"),
).partial().required({ name: true, on: true, condition: true }).meta({
  description: "An alert. What you leave out has its default.",
});

const timeRule = (name: string) => `${name} must be an ISO 8601 time, such as 2026-11-29T12:00:00Z`;

function timeText(name: string, description: string) {
  return z.string(timeRule(name)).meta({
    format: "date-time",
    description,
    examples: ["2024-01-02T00:00:00Z"],
  });
}

/** The body of `POST /api/alerts/test`. */
export const alertTestRequest = z.strictObject({
  ...requestFields,
  from: timeText("from", "The start of the time to test; by default a day before its end."),
  to: timeText("to", "The end of the time to test; now by default."),
}, objectError("The body must be a JSON object")).partial()
  .required({ on: true, condition: true }).meta({
    description: "An alert as in `POST /api/alerts`, and the time to test it on.",
  });

/** The id of an alert or a maintenance window. */
export const ALERT_ID_PATTERN: RegExp = /^[A-Za-z0-9-]{1,64}$/;
/** {@link ALERT_ID_PATTERN} in words. */
export const ALERT_ID_RULE = "1 to 64 characters of A-Z a-z 0-9 -";

/** The id of an alert or a maintenance window, in a body. */
export const alertIdText = z.string().regex(ALERT_ID_PATTERN).meta({
  description: "Its id.",
  examples: ["0d3f7a52-93b1-4c60-8e0f-5b8a6d1c2e94"],
});

const counts = z.strictObject({
  pending: count("Subjects whose condition holds, but not yet for long enough.", 0),
  firing: count("Subjects that fire.", 1),
  muted: count("Subjects that would fire, during maintenance.", 0),
}).meta({ id: "AlertCounts", description: "How many subjects are not ok." });

const alertFields = {
  id: alertIdText,
  state: z.enum(["active", "disabled", "owner_gone"]).meta({
    id: "AlertState",
    description: "`active`, `disabled`, or `owner_gone`: the key that made it is revoked or has " +
      "expired, so it is not evaluated. Whoever changes it takes it over.",
    examples: ["active"],
  }),
  ...fields,
  scope: scopeSchema,
  condition: conditionSchema,
  notify: notifyBody.nullable(),
  counts,
  owner: z.string().meta({
    description: "Who made it: `key:` and an id, or `anyone` without keys. It watches what this " +
      "key may touch.",
    examples: ["key:01k3v9xq7f2m"],
  }),
  created_at: instant("When it was made.", "2026-11-29T12:00:00Z"),
  changed_at: instant("When it was last changed.", "2026-11-29T12:00:00Z"),
};

/** An alert. */
export const alertSchema = z.strictObject(alertFields).meta({ description: "An alert." });

/** A page of alerts. */
export const alertList = z.strictObject({
  alerts: z.array(alertSchema).meta({ description: "Alerts in the order of their ids." }),
  next: z.string().nullable().meta({
    description: "The path of the next page, or null on the last one.",
    examples: [null],
  }),
}).meta({ description: "A page of alerts." });

const subjectState = z.enum(["ok", "pending", "firing", "muted"]).meta({
  id: "AlertSubjectState",
  description: "`ok`; `pending`: the condition holds, but not yet for long enough; `firing`; or " +
    "`muted`: it would fire, but for maintenance.",
  examples: ["firing"],
});

const subjectFields = {
  state: subjectState,
  since: instant("Since when, or null.", "2026-11-29T12:00:00Z").nullable(),
  value: z.number().nullable().meta({
    description: "The value that decided it, or null.",
    examples: [46.5],
  }),
  flapping: z.boolean().meta({
    description: "Whether it flaps, so that it stays firing until it is calm.",
    examples: [false],
  }),
  muted_until: instant("When the maintenance is over, or null.", "2026-11-29T14:00:00Z")
    .nullable(),
};

const subjectId = z.string().regex(METER_ID_PATTERN).meta({
  description: "The id of the device, meter or store.",
  examples: ["test-001"],
});

/** A subject of an alert. */
export const alertSubject = z.strictObject({ id: subjectId, ...subjectFields }).meta({
  description: "A device, meter or store that an alert watches, and its state.",
});

/** An alert with its subjects. */
export const alertDetail = z.strictObject({
  ...alertFields,
  subjects: z.array(alertSubject).meta({
    description: "What it watches, in the order of ids.",
  }),
  next: z.string().nullable().meta({
    description: "The path of the next page of subjects, or null on the last one.",
    examples: [null],
  }),
}).meta({ description: "An alert, and a page of the states of its subjects." });

/** A subject that fires. */
export const firingSubject = z.strictObject({
  alert: z.strictObject({
    id: alertIdText,
    name: nameText,
    severity: fields.severity,
    on: onText,
  }).meta({ id: "FiringAlert", description: "The alert." }),
  id: subjectId,
  ...subjectFields,
}).meta({ description: "A subject that fires, or would but for maintenance, and its alert." });

/** A page of what fires. */
export const firingList = z.strictObject({
  firing: z.array(firingSubject).meta({
    description: "What fires, in the order of the ids of alerts and subjects.",
  }),
  next: z.string().nullable().meta({
    description: "The path of the next page, or null on the last one.",
    examples: [null],
  }),
}).meta({ description: "A page of what fires now." });

/** The query of `GET /api/alerts`. */
export const alertListQuery = z.strictObject({
  limit: limitText,
  cursor: z.string().regex(ALERT_ID_PATTERN, `cursor must be ${ALERT_ID_RULE}`).optional(),
});

/** The query of `GET /api/alerts/{id}`. */
export const alertDetailQuery = z.strictObject({
  limit: limitText,
  cursor: z.string().regex(METER_ID_PATTERN, "cursor must be the id of a subject").optional(),
  state: z.enum(["pending", "firing", "muted"], "state must be pending, firing or muted")
    .optional(),
});

/** The query of `GET /api/alerts/firing`. */
export const firingQuery = z.strictObject({
  limit: limitText,
  cursor: z.string().regex(
    /^[A-Za-z0-9-]{1,64}~[A-Za-z0-9_.:-]{1,64}$/,
    "cursor must be one from an answer",
  ).optional(),
  severity: z.enum(SEVERITIES, severityRule).optional(),
});

/** An alert in a request. */
export type AlertRequest = z.infer<typeof alertRequest>;
/** A test in a request. */
export type AlertTestRequest = z.infer<typeof alertTestRequest>;
/** An alert in an answer. */
export type AlertBody = z.infer<typeof alertSchema>;
/** A page of alerts. */
export type AlertListBody = z.infer<typeof alertList>;
/** A subject in an answer. */
export type AlertSubjectBody = z.infer<typeof alertSubject>;
/** An alert with its subjects. */
export type AlertDetailBody = z.infer<typeof alertDetail>;
/** A page of what fires. */
export type FiringListBody = z.infer<typeof firingList>;
