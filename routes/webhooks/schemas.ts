/**
 * Webhooks in requests and answers. The OpenAPI document and the types of the bodies come from these
 * schemas.
 *
 * @module
 */

import { z } from "zod";
import { ID_PATTERN_FORM, ID_PATTERN_RULE } from "../../data/access/id_pattern.ts";
import { EVENT_SUBJECT_KINDS, EVENT_TYPE_NAMES, EVENT_TYPES } from "../../data/events/event.ts";
import { WEBHOOK_REASONS, WEBHOOK_STATES } from "../../data/events/webhook.ts";
import {
  KEY_GRACE_MAX_MS,
  KEY_GRACE_MS,
  REPLAY_MAX,
  WEBHOOK_NAME_MAX,
  WEBHOOK_PATTERNS_MAX,
} from "../../data/limits.ts";
import { TARGET_URL_MAX } from "../../data/notify/target_url.ts";
import { parseInstant } from "../../data/time/time_text.ts";
import { DELIVERY_STATES } from "../../kv/events/deliveries.ts";
import { count, instant } from "../openapi/schema_parts.ts";

/** The id of a webhook. */
export const WEBHOOK_ID_PATTERN: RegExp = /^wh_[0-9a-f]{16}$/;
/** {@link WEBHOOK_ID_PATTERN} in words. */
export const WEBHOOK_ID_RULE = "wh_ and 16 hexadecimal digits";
/** The id of a delivery. */
export const DELIVERY_ID_PATTERN: RegExp = /^\d{1,15}-evt_[0-9a-f]{32}$/;
/** {@link DELIVERY_ID_PATTERN} in words. */
export const DELIVERY_ID_RULE = "up to 15 digits, - and the id of an event";

const EXAMPLE_ID = "wh_0011223344556677";
const EXAMPLE_EVENT = "evt_00112233445566778899aabbccddeeff";

/** An instant that may be missing. */
function instantOrNull(description: string, example: string) {
  return z.union([instant(description, example), z.null()]);
}

const nameRule = `name must be at most ${WEBHOOK_NAME_MAX} characters without control characters`;
const nameText = z.string(nameRule).max(WEBHOOK_NAME_MAX, nameRule)
  // deno-lint-ignore no-control-regex
  .regex(/^[^\0-\x1f\x7f]*$/, nameRule)
  .meta({ description: "What people call the webhook.", examples: ["Pipeline"] });

const urlRule = `url must be a URL of at most ${TARGET_URL_MAX} characters`;
const urlText = z.string(urlRule).min(1, urlRule).max(TARGET_URL_MAX, urlRule).meta({
  description:
    "Where events are sent: an `http` or `https` URL without user and password. Private, " +
    "loopback, link-local and metadata addresses are refused, also when DNS names them later.",
  examples: ["https://example.com/hooks/energy"],
});

const typeList = EVENT_TYPE_NAMES.map((name) => `\`${name}\`: ${EVENT_TYPES[name]}.`).join(" ");
const eventsRule = `events must be a list of ${EVENT_TYPE_NAMES.join(", ")}`;
const eventList = z.array(z.enum(EVENT_TYPE_NAMES, eventsRule), eventsRule).min(1, eventsRule)
  .max(EVENT_TYPE_NAMES.length, eventsRule).meta({
    description: `The types of events to send. ${typeList}`,
    examples: [["export.completed", "export.failed"]],
  });

function patternList(kind: string) {
  const rule = `${kind} must be null or a list of at most ${WEBHOOK_PATTERNS_MAX} patterns of ids`;
  return z.array(
    z.string(rule).regex(ID_PATTERN_FORM, `A pattern in ${kind} must be ${ID_PATTERN_RULE}`),
    rule,
  ).max(WEBHOOK_PATTERNS_MAX, rule).nullable().meta({
    description: `Patterns of the ids of ${kind}; \`null\` for all.`,
    examples: [["site-a.*"]],
  });
}

const filterFields = {
  meters: patternList("meters"),
  devices: patternList("devices"),
  stores: patternList("stores"),
};

const filterInput = z.strictObject(filterFields, objectError("filter must be a JSON object"))
  .partial().meta({
    id: "NewWebhookFilter",
    description:
      "Which meters, devices and stores matter. An event that concerns some of a kind is " +
      "sent only if one of them matches a pattern of that kind. What you leave out is not filtered.",
  });

/** A filter in an answer. */
const filterBody = z.strictObject(filterFields).meta({
  id: "WebhookFilter",
  description: "Which meters, devices and stores matter; `null` for all of a kind.",
});

/** The body of `POST /api/webhooks`. */
export const webhookRequest = z.strictObject({
  name: nameText.optional(),
  url: urlText,
  events: eventList,
  filter: filterInput.optional(),
}, objectError("The body must be a JSON object")).meta({ description: "A new webhook." });

/** A new webhook. */
export type WebhookRequest = z.infer<typeof webhookRequest>;

/** The body of `PATCH /api/webhooks/{id}`. */
export const webhookChange = z.strictObject({
  name: nameText.optional(),
  url: urlText.optional(),
  events: eventList.optional(),
  filter: filterInput.optional(),
  state: z.enum(["active", "paused"], "state must be active or paused").optional().meta({
    description: "`paused` keeps what is pending and sends nothing; `active` sends again.",
    examples: ["active"],
  }),
}, objectError("The body must be a JSON object")).meta({
  description: "Changes of a webhook. What you leave out stays as it is, but a `filter` is " +
    "replaced as a whole.",
});

/** Changes of a webhook. */
export type WebhookChange = z.infer<typeof webhookChange>;

const graceMaxSeconds = KEY_GRACE_MAX_MS / 1_000;
const graceRule = `grace_seconds must be a whole number of 0 to ${graceMaxSeconds}`;

/** The body of `POST /api/webhooks/{id}/rotate`. */
export const webhookRotation = z.strictObject({
  grace_seconds: z.int(graceRule).min(0, graceRule).max(graceMaxSeconds, graceRule).optional()
    .meta({
      description: "For how many seconds the old secret signs too; " +
        `${KEY_GRACE_MS / 1_000} by default, a day. 0 ends it at once.`,
      examples: [3_600],
    }),
}, objectError("The body must be a JSON object")).meta({
  description: "How to replace the secret.",
});

const rangeRule = (name: string) =>
  `${name} must be an ISO 8601 time, such as 2027-01-01T00:00:00Z`;
function rangeTime(name: string, description: string) {
  return z.string(rangeRule(name))
    .refine((text) => parseInstant(text) !== null, { error: rangeRule(name) })
    .meta({ format: "date-time", description, examples: ["2027-01-01T00:00:00Z"] });
}

const statesRule = `states must be a list of delivered, failed, skipped`;

/** The body of `POST /api/webhooks/{id}/replay`. */
export const replayWebhookRequest = z.strictObject({
  from: rangeTime("from", "The first time of events."),
  to: rangeTime("to", "The end of the range; events at this time are not part of it."),
  states: z.array(z.enum(["delivered", "failed", "skipped"], statesRule), statesRule)
    .min(1, statesRule).max(3, statesRule).optional().meta({
      description: "Which deliveries to send again; `failed` and `skipped` by default.",
      examples: [["failed", "skipped"]],
    }),
}, objectError("The body must be a JSON object")).meta({
  description: "Which deliveries to send again.",
});

/** The answer of `POST /api/webhooks/{id}/replay`. */
export const webhookReplay = z.strictObject({
  replayed: count("How many deliveries are sent again.", 3),
  next_from: instantOrNull(
    `Where to continue: a request replays at most ${REPLAY_MAX} deliveries. Null at the end.`,
    "2027-01-01T00:00:00Z",
  ),
}).meta({ description: "What is sent again." });

/** What is sent again. */
export type WebhookReplayBody = z.infer<typeof webhookReplay>;

/** A webhook. */
export const webhookSchema = z.strictObject({
  id: z.string().regex(WEBHOOK_ID_PATTERN).meta({
    description: "The id of the webhook.",
    examples: [EXAMPLE_ID],
  }),
  name: nameText,
  url: urlText,
  events: eventList,
  filter: filterBody,
  state: z.enum([...WEBHOOK_STATES, "stopped"]).meta({
    description:
      "`active`; `paused`: nothing is sent; `off`: the receiver answered 410; `stopped`: " +
      "the key that made the webhook was revoked or has expired, or `AUTH` does not accept who made it.",
    examples: ["active"],
  }),
  reason: z.enum([...WEBHOOK_REASONS, "key"]).nullable().meta({
    description:
      "Why it is not active: `user`: somebody paused it; `failing`: it failed for five " +
      "days; `gone`: the receiver answered 410; `key`: its key does not count. Null if it is active.",
    examples: [null],
  }),
  state_since: instant("Since when it is in its state.", "2026-11-29T12:00:00Z"),
  failing_since: instantOrNull(
    "When the first of the latest attempts failed, all of which failed. Null if the last one worked.",
    "2026-11-29T12:00:00Z",
  ),
  previous_secret_until: instantOrNull(
    "Until when the secret before the last rotation signs too; null if it does not.",
    "2026-11-30T12:00:00Z",
  ),
  owner: z.string().meta({ description: "Whom it belongs to.", examples: ["anyone"] }),
  created_at: instant("When it was made.", "2026-11-29T12:00:00Z"),
  changed_at: instant("When it was last changed.", "2026-11-29T12:00:00Z"),
}).meta({ description: "A webhook." });

/** A webhook. */
export type WebhookBody = z.infer<typeof webhookSchema>;

/** A webhook with its secret. */
export const shownWebhook = webhookSchema.extend({
  secret: z.string().meta({
    description: "The secret that verifies deliveries, as Standard Webhooks has it. It is shown " +
      "only now.",
    examples: ["whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="],
  }),
}).meta({ description: "A webhook and its secret." });

/** A webhook with its secret. */
export type ShownWebhookBody = z.infer<typeof shownWebhook>;

const next = z.string().nullable().meta({
  description: "The path of the next page; null on the last one.",
  examples: [null],
});

/** A page of webhooks. */
export const webhookList = z.strictObject({ webhooks: z.array(webhookSchema), next })
  .meta({ description: "A page of webhooks." });

/** A page of webhooks. */
export type WebhookListBody = z.infer<typeof webhookList>;

const attempt = z.strictObject({
  at: instant("When it began.", "2026-11-29T12:00:00Z"),
  took_ms: count("How long it took, milliseconds.", 42),
  request: z.string().meta({
    description: "What was sent where; empty if nothing was.",
    examples: ["POST https://example.com/hooks/energy"],
  }),
  status: z.int().nullable().meta({
    description: "The HTTP status of the answer; null if there was none.",
    examples: [204],
  }),
  answer: z.string().meta({ description: "The first 1,024 bytes of the answer.", examples: [""] }),
  error: z.string().nullable().meta({
    description: "Why it failed; null if it did not.",
    examples: [null],
  }),
}).meta({ id: "DeliveryAttempt", description: "One attempt to deliver an event." });

/** One attempt. */
export type AttemptBody = z.infer<typeof attempt>;

const deliveryFields = {
  id: z.string().regex(DELIVERY_ID_PATTERN).meta({
    description: "The id of the delivery.",
    examples: [`1700000000000-${EXAMPLE_EVENT}`],
  }),
  event_id: z.string().meta({
    description: "The id of the event, which every attempt sends as `webhook-id`.",
    examples: [EXAMPLE_EVENT],
  }),
  type: z.enum(EVENT_TYPE_NAMES).meta({
    description: "What happened.",
    examples: ["export.completed"],
  }),
  subject: z.strictObject({
    kind: z.enum(EVENT_SUBJECT_KINDS).meta({ description: "Its kind.", examples: ["job"] }),
    id: z.string().meta({
      description: "Its id.",
      examples: ["4a9c7a4e-8f0e-4c57-9d3f-2b6f0c1d5e7a"],
    }),
  }).meta({ id: "EventSubject", description: "What the event is about." }),
  event_at: instant("When it happened.", "2026-11-29T12:00:00Z"),
  state: z.enum(DELIVERY_STATES).meta({
    description: "`pending`; `delivered`: the receiver answered 2xx; `failed`: the last attempt " +
      "failed; `skipped`: not sent, because the webhook was paused after failing for five days.",
    examples: ["delivered"],
  }),
  attempts: count("How many attempts were made, since the last replay if there was one.", 1),
  next_attempt_at: instantOrNull("When the next attempt is due.", "2026-11-29T12:00:05Z"),
  created_at: instant("When the delivery was made.", "2026-11-29T12:00:00Z"),
  ended_at: instantOrNull("When it was delivered or given up.", "2026-11-29T12:00:00Z"),
};

/** A delivery in a list. */
export const deliverySchema = z.strictObject({
  ...deliveryFields,
  last_attempt: z.union([attempt, z.null()]),
}).meta({ description: "A delivery of an event to a webhook." });

/** A delivery in a list. */
export type DeliveryBody = z.infer<typeof deliverySchema>;

/** A delivery with all attempts. */
export const deliveryDetail = z.strictObject({
  ...deliveryFields,
  all_attempts: z.array(attempt).meta({
    description: "The latest ten attempts, the oldest first.",
  }),
  payload: z.record(z.string(), z.unknown()).nullable().meta({
    description: "The body of the request; null if the event is not kept any more.",
    examples: [{ type: "export.completed", timestamp: "2026-11-29T12:00:00Z" }],
  }),
}).meta({ description: "A delivery with its attempts and its payload." });

/** A delivery with all attempts. */
export type DeliveryDetailBody = z.infer<typeof deliveryDetail>;

/** A page of deliveries. */
export const deliveryList = z.strictObject({ deliveries: z.array(deliverySchema), next })
  .meta({ description: "A page of deliveries, the newest first." });

/** A page of deliveries. */
export type DeliveryListBody = z.infer<typeof deliveryList>;

/** The answer of `POST /api/webhooks/{id}/test`. */
export const webhookTest = z.strictObject({
  delivered: z.boolean().meta({
    description: "Whether the receiver answered 2xx.",
    examples: [true],
  }),
  event_id: z.string().meta({ description: "The id of the test.", examples: [EXAMPLE_EVENT] }),
  ...attempt.shape,
}).meta({ description: "What a test met." });

/** What a test met. */
export type WebhookTestBody = z.infer<typeof webhookTest>;

function objectError(sentence: string) {
  return {
    error: (issue: { code?: string }) => issue.code === "invalid_type" ? sentence : undefined,
  };
}
