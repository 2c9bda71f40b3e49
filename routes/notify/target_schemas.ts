/**
 * The fields `notify` and `deliver` of a request for a file: their form. `targets.ts` checks them
 * against the settings and the rest of the request.
 *
 * @module
 */

import { z } from "zod";
import { isMailAddress, MAIL_ADDRESS_RULE, sameAddress } from "../../data/notify/mail_address.ts";
import { TEMPLATE_MAX } from "../../data/notify/name_template.ts";
import { DELIVER_MAX, MAIL_ADDRESSES_MAX, TARGET_WEBHOOKS_MAX } from "../../data/notify/targets.ts";
import { S3_PLACE } from "../../data/s3_settings.ts";

/** The id of a webhook. */
const WEBHOOK_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** How sentences name a field, from where an issue is. */
type FieldName = (issue: { path?: PropertyKey[] }) => string;

/** The path of a field of a place, such as `deliver.0.to`. */
function ofPlace(field: string): FieldName {
  return ({ path = [] }) => path.length < 3 ? field : path.slice(0, 3).join(".");
}

/** A sentence about a field. */
function says(name: FieldName, rule: string) {
  return { error: (issue: Parameters<FieldName>[0]) => `${name(issue)} ${rule}` };
}

function addresses(name: FieldName) {
  const rule = says(name, `must be a list of 1 to ${MAIL_ADDRESSES_MAX} e-mail addresses`);
  const one = says(name, `must be ${MAIL_ADDRESS_RULE}`);
  return z.array(z.string(one).refine(isMailAddress, one), rule)
    .min(1, rule).max(MAIL_ADDRESSES_MAX, rule)
    .refine(areDifferent, says(name, "must be addresses that all differ"))
    .meta({
      description: "E-mail addresses. Each gets a mail of its own.",
      examples: [["accounting@example.com"]],
    });
}

function webhookIds(name: FieldName) {
  const rule = says(name, `must be a list of 1 to ${TARGET_WEBHOOKS_MAX} ids of webhooks`);
  return z.array(z.string(rule).regex(WEBHOOK_ID, rule), rule)
    .min(1, rule).max(TARGET_WEBHOOKS_MAX, rule)
    .refine(areDifferent, says(name, "must be ids that all differ"))
    .meta({ description: "Ids of webhooks that you have set up." });
}

function areDifferent(texts: readonly string[]): boolean {
  return new Set(texts.map(sameAddress)).size === texts.length;
}

/** The fields of `notify`. */
export const notifyFields = {
  email: addresses(() => "notify.email").optional(),
  webhook: webhookIds(() => "notify.webhook").optional(),
};

/** Who hears how it ended. Schedules and alerts have the same field. */
export const notifyBody = z.strictObject(notifyFields, {
  error: (issue) =>
    issue.code === "invalid_type"
      ? "notify must be an object with email, webhook or both"
      : undefined,
}).refine(
  ({ email, webhook }) => email !== undefined || webhook !== undefined,
  "notify must have email, webhook or both",
).meta({
  description:
    "Who hears how it ended, without the file: `email` (needs the setting `SMTP_URL`), " +
    "`webhook` (also those whose filter does not match).",
  examples: [{ email: ["energy@example.com"] }],
});

const TO_RULE = says(
  ofPlace("to"),
  "must be email, webhook, folder or s3://BUCKET/PREFIX",
);
const toText = z.string(TO_RULE).refine(
  (text) => ["email", "webhook", "folder"].includes(text) || S3_PLACE.test(text),
  TO_RULE,
).meta({
  description: "`email`, `webhook`, `folder` (below `DELIVERY_PATH`), or `s3://BUCKET/PREFIX` " +
    "(below a place of `DELIVERY_BUCKETS`).",
  examples: ["folder"],
});
const NAME_RULE = says(
  ofPlace("name"),
  `must be a template of 1 to ${TEMPLATE_MAX} characters`,
);

/** The fields of a place. `targets.ts` checks them against each other. */
export const deliverFields = {
  to: toText,
  email: addresses(ofPlace("email")).optional(),
  webhook: webhookIds(ofPlace("webhook")).optional(),
  name: z.string(NAME_RULE).min(1, NAME_RULE).max(TEMPLATE_MAX, NAME_RULE).optional().meta({
    description: "The name in a folder or bucket, such as `{meter}/{start:yyyy-MM}.csv`. Fields: " +
      "`meter`, `device`, `source`, `profile`, `interval`, `format`, `ext`, `filename`, `job`; and " +
      "the times `start`, `end` and `created`, which may have a pattern. A file of the same name is " +
      "replaced whole. `{filename}` by default.",
    examples: ["{meter}/{start:yyyy-MM}.{ext}"],
  }),
};

const deliverTarget = z.strictObject(deliverFields, {
  error: (issue) =>
    issue.code === "invalid_type" ? "deliver must be a list of objects with to" : undefined,
});

const DELIVER_RULE = `deliver must be a list of 1 to ${DELIVER_MAX} objects`;

/** Where the file goes. */
export const deliverBody = z.array(deliverTarget, DELIVER_RULE)
  .min(1, DELIVER_RULE).max(DELIVER_MAX, DELIVER_RULE).meta({
    description:
      "Where the file goes when it is complete: attached to mails (up to 10 MB, else as " +
      "a link), as a link to webhooks, into a folder or a bucket. Each is whole or not there.",
    examples: [[{ to: "folder", name: "{filename}" }]],
  });

/** The fields, as parts of a body. */
export const targetFields = {
  notify: notifyBody.optional(),
  deliver: deliverBody.optional(),
};

const states = ["waiting", "delivered", "failed", "stopped", "skipped"] as const;

/** A delivery as an answer shows it. */
export const deliveryState = z.strictObject({
  to: z.string().meta({
    description: "`email`, `webhook`, `folder` or `s3://BUCKET/PREFIX`.",
    examples: ["email"],
  }),
  target: z.string().meta({
    description: "The address, the id of the webhook, or the name of the file.",
    examples: ["accounting@example.com"],
  }),
  state: z.enum(states).meta({
    description: "`waiting` for the end of the job or the next attempt, `delivered`, `failed`, " +
      "`stopped` (whoever gets the mails has cancelled them, or the key behind it was revoked or may " +
      "not see the data any more), or `skipped`: the webhook was paused.",
    examples: ["delivered"],
  }),
  attempts: z.int().meta({ description: "Attempts so far.", examples: [1] }),
  updated_at: z.string().nullable().meta({
    description: "The time of the last attempt.",
    examples: ["2024-02-01T00:00:05Z"],
  }),
  error: z.string().nullable().meta({ description: "What was wrong with the last attempt." }),
}).meta({ description: "A delivery to one target." });

/** A delivery as an answer shows it. */
export type DeliveryState = z.infer<typeof deliveryState>;

/** The deliveries of a job. */
export const deliveryStates = z.array(deliveryState).meta({
  description:
    "The deliveries that `notify` and `deliver` ask for; absent without these fields, empty if the " +
    "job was cancelled.",
});
