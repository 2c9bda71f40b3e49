/**
 * The query of the audit trail, and its answers. The OpenAPI document and the types of the answers
 * come from these schemas.
 *
 * @module
 */

import { z } from "zod";
import { AUDIT_ACTION_NAMES, AUDIT_SUBJECTS } from "../../data/audit/actions.ts";
import { AUDIT_ACTORS, AUDIT_OUTCOMES } from "../../data/audit/event.ts";
import { plusHint, restorePlus } from "../../data/time/query_plus.ts";
import { rangeStartMs } from "../../data/time/range_text.ts";
import { limitText } from "../openapi/list_query.ts";
import { rangeTimeMeta, rangeTimeRule } from "../openapi/range_time.ts";
import { count, instant } from "../openapi/schema_parts.ts";

/** A cursor: when the last entry of a page began, and what tells it from others of that time. */
export const AUDIT_CURSOR: RegExp = /^(\d{1,15})_([0-9a-z-]{1,80})$/;

/** The formats of the trail. */
export const AUDIT_FORMATS = ["json", "ndjson", "csv"] as const;

/** What `action` can be: an action, or the part before its point, which stands for all of its kind. */
const ACTION_FILTERS: readonly string[] = [
  ...AUDIT_ACTION_NAMES,
  ...new Set(AUDIT_ACTION_NAMES.map((name) => name.split(".")[0])),
];

function oneOf<const Value extends string>(name: string, values: readonly Value[]) {
  return z.enum(values, `${name} must be one of ${values.join(", ")}`);
}

function time(name: string, description: string) {
  const error = ({ input }: { input?: unknown }) => rangeTimeRule(name) + plusHint(input);
  return z.string({ error })
    .refine((text) => rangeStartMs(restorePlus(text)) !== null, { error })
    .meta(rangeTimeMeta(description, "2026-02-01")).optional();
}

function id(name: string) {
  return z.string().min(1, `${name} must not be empty`)
    .max(200, `${name} must have at most 200 characters`);
}

/** The query of the trail. */
export const auditQuery = z.strictObject({
  from: time("from", "The first time, inclusive."),
  to: time("to", "The end, exclusive; a date means the end of that day."),
  actor: id("actor").optional(),
  action: oneOf("action", ACTION_FILTERS).optional(),
  subject: id("subject").optional(),
  outcome: oneOf("outcome", AUDIT_OUTCOMES).optional(),
  order: oneOf("order", ["newest", "oldest"]).default("newest"),
  format: oneOf("format", AUDIT_FORMATS).default("json"),
  limit: limitText.optional(),
  cursor: z.string().regex(AUDIT_CURSOR, "cursor must be that of a next page").optional(),
});

/** The query of the trail. */
export type AuditQuery = z.infer<typeof auditQuery>;

/** An entry of the trail. */
export const auditEntry = z.strictObject({
  id: z.string().regex(AUDIT_CURSOR).meta({
    description: "The id of the entry.",
    examples: ["1770451200000_0000001c-4a9c7a4e-8f0e-4c57-9d3f-2b6f0c1d5e7a"],
  }),
  at: instant("When it began.", "2026-02-07T08:00:00Z"),
  action: z.string().meta({ description: "What was done.", examples: ["device.change"] }),
  outcome: z.enum(AUDIT_OUTCOMES).meta({
    id: "AuditOutcome",
    description:
      "`done`: the change was made. `refused`: nothing changed, because the request was not " +
      "allowed or not valid. `failed`: an error ended it, so part of the change may have been " +
      "made. `unknown`: it is still running, or the process ended before the outcome was stored.",
    examples: ["done"],
  }),
  code: z.string().nullable().meta({
    description: "The code of the error; null if there was none.",
    examples: [null],
  }),
  actor: z.strictObject({
    kind: z.enum(AUDIT_ACTORS).meta({
      description:
        "`service` is the service itself. `several` stands for callers whose requests are " +
        "counted together, because there were too many different ones.",
      examples: ["key"],
    }),
    id: z.string().meta({ description: "Its id, or empty.", examples: ["k7f3a9c2"] }),
    name: z.string().meta({ description: "Its name, or empty.", examples: ["Provisioning"] }),
  }).meta({ id: "AuditActor", description: "Who did it. Never a secret." }),
  address: z.string().nullable().meta({
    description: "The address of the client; null if the service did it itself.",
    examples: ["203.0.113.7"],
  }),
  subject: z.strictObject({
    // A database may have entries of a newer release.
    kind: z.string().meta({
      description: `What it is: ${AUDIT_SUBJECTS.join(", ")}.`,
      examples: ["device"],
    }),
    id: z.string().meta({ description: "Its id.", examples: ["test-001"] }),
  }).nullable().meta({ description: "What it concerned; null if no single thing." }),
  count: count("How many equal events it stands for. Only refused ones are counted together.", 1),
  last_at: instant("When the last of these events was.", "2026-02-07T08:00:00Z"),
  details: z.record(z.string(), z.unknown()).meta({
    description: "More about it. `changes` has each changed setting with its values `from` and " +
      "`to`, `job_id` the job that was created.",
    examples: [{ changes: { location: { from: null, to: "Roof" } } }],
  }),
}).meta({ description: "An event: who did what, to what, from where, and with which outcome." });

/** An entry of the trail. */
export type AuditEntryBody = z.infer<typeof auditEntry>;

/** A page of the trail. */
export const auditList = z.strictObject({
  entries: z.array(auditEntry).meta({ description: "Entries in the requested order." }),
  next: z.string().nullable().meta({
    description: "The path of the next page; null on the last page.",
    examples: [null],
  }),
}).meta({ description: "A page of the audit trail." });

/** A page of the trail. */
export type AuditList = z.infer<typeof auditList>;
