/**
 * The operations under `/api/webhooks`, for the OpenAPI document.
 *
 * @module
 */

import { z } from "zod";
import { EVENT_TYPE_NAMES } from "../../data/events/event.ts";
import { DELIVERY_STATES } from "../../kv/events/deliveries.ts";
import { limitText } from "../openapi/list_query.ts";
import type { Answer, Operation, Parameter } from "../openapi/operation.ts";
import {
  DELIVERY_ID_PATTERN,
  DELIVERY_ID_RULE,
  deliveryDetail,
  deliveryList,
  replayWebhookRequest,
  shownWebhook,
  WEBHOOK_ID_PATTERN,
  WEBHOOK_ID_RULE,
  webhookChange,
  webhookList,
  webhookReplay,
  webhookRequest,
  webhookRotation,
  webhookSchema,
  webhookTest,
} from "./schemas.ts";

const EXAMPLE_ID = "wh_0011223344556677";
const EXAMPLE_DELIVERY = "1700000000000-evt_00112233445566778899aabbccddeeff";

const idParameter: Parameter = {
  in: "path",
  name: "id",
  description: `The webhook's id: ${WEBHOOK_ID_RULE}.`,
  schema: z.string().regex(WEBHOOK_ID_PATTERN),
  example: EXAMPLE_ID,
};

const deliveryParameter: Parameter = {
  in: "path",
  name: "delivery_id",
  description: `The delivery's id: ${DELIVERY_ID_RULE}.`,
  schema: z.string().regex(DELIVERY_ID_PATTERN),
  example: EXAMPLE_DELIVERY,
};

const limitParameter: Parameter = {
  in: "query",
  name: "limit",
  description: "How many to return at most.",
  schema: limitText,
  example: 100,
};

/** An answer with one JSON body that no cache keeps. */
function jsonAnswer(description: string, schema: z.ZodType, status = 200): Answer {
  return {
    status,
    description,
    headers: ["Cache-Control"],
    content: [{ mediaType: "application/json", schema }],
  };
}

const BODY_PROBLEMS = [
  "INVALID_REQUEST",
  "MALFORMED_BODY",
  "BODY_TOO_LARGE",
  "UNSUPPORTED_MEDIA_TYPE",
] as const;

const create: Operation = {
  method: "post",
  path: "/api/webhooks",
  id: "createWebhook",
  tag: "Webhooks",
  summary: "Make a webhook",
  description: "Sends events to a URL from now on, each as a `POST` with a JSON body " +
    "`{type, timestamp, id, subject, data}`. Requests are signed as Standard Webhooks: the headers " +
    "`webhook-id`, `webhook-timestamp` and `webhook-signature`, verified with the secret that the " +
    "answer shows, once. Answer with a status of class 2xx within 20 seconds; redirects are not " +
    "followed. Otherwise the event is sent again after 5 seconds, 5 and 30 minutes, 2, 5, 10, 14, 20 " +
    "and 24 hours, or later if `Retry-After` says so. An event may arrive more than once, always with " +
    "the same `webhook-id`. Events of one subject arrive in their order. 410 switches the webhook " +
    "off; one that fails for five days is paused. A webhook only gets events that the key which made " +
    "it may know of.",
  body: [{
    mediaType: "application/json",
    schema: webhookRequest,
    examples: {
      exports: {
        summary: "A pipeline that waits for files",
        value: {
          name: "Pipeline",
          url: "https://example.com/hooks/energy",
          events: ["export.completed", "export.failed"],
        },
      },
      devices: {
        summary: "Devices of one site",
        value: {
          url: "https://example.com/hooks/devices",
          events: ["device.offline", "device.online"],
          filter: { devices: ["site-a.*"] },
        },
      },
    },
  }],
  answers: [jsonAnswer("The webhook, and its secret.", shownWebhook, 201)],
  problems: [...BODY_PROBLEMS, "WEBHOOKS_OFF", "TOO_MANY_WEBHOOKS"],
};

const list: Operation = {
  method: "get",
  path: "/api/webhooks",
  id: "listWebhooks",
  tag: "Webhooks",
  summary: "List webhooks",
  description:
    "Returns your webhooks; with the scope `manage`, and a key that may touch every id, " +
    "those of others too.",
  parameters: [limitParameter, {
    in: "query",
    name: "cursor",
    description: "The id of the last webhook of the page before.",
    schema: z.string().regex(WEBHOOK_ID_PATTERN),
    example: "wh_0000000000000000",
  }],
  answers: [{ ...jsonAnswer("A page of webhooks.", webhookList), mayHave: ["Link"] }],
  problems: ["INVALID_REQUEST"],
};

const get: Operation = {
  method: "get",
  path: "/api/webhooks/{id}",
  id: "getWebhook",
  tag: "Webhooks",
  summary: "Get a webhook",
  description: "Returns a webhook and whether it works, without its secret.",
  parameters: [idParameter],
  answers: [jsonAnswer("The webhook.", webhookSchema)],
  problems: ["INVALID_REQUEST", "WEBHOOK_NOT_FOUND"],
};

const patch: Operation = {
  method: "patch",
  path: "/api/webhooks/{id}",
  id: "changeWebhook",
  tag: "Webhooks",
  summary: "Change, pause or resume a webhook",
  description:
    "Changes what you send; the rest stays. Pending deliveries go to the new URL. With " +
    "`active`, what is pending is tried at once, and a webhook that was paused or switched off gets " +
    "events again; replay what it missed.",
  parameters: [idParameter],
  body: [{
    mediaType: "application/json",
    schema: webhookChange,
    examples: {
      pause: { summary: "Send nothing for now", value: { state: "paused" } },
      url: { summary: "Another receiver", value: { url: "https://example.com/hooks/new" } },
    },
  }],
  answers: [jsonAnswer("The changed webhook.", webhookSchema)],
  problems: [...BODY_PROBLEMS, "WEBHOOK_NOT_FOUND"],
};

const remove: Operation = {
  method: "delete",
  path: "/api/webhooks/{id}",
  id: "deleteWebhook",
  tag: "Webhooks",
  summary: "Delete a webhook",
  description: "Deletes the webhook, its pending deliveries and its log.",
  parameters: [{ ...idParameter, example: "wh_8899aabbccddeeff" }],
  answers: [{ status: 204, description: "The webhook is deleted." }],
  problems: ["INVALID_REQUEST", "WEBHOOK_NOT_FOUND"],
};

const rotate: Operation = {
  method: "post",
  path: "/api/webhooks/{id}/rotate",
  id: "rotateWebhook",
  tag: "Webhooks",
  summary: "Give a webhook a new secret",
  description:
    "Returns the webhook with a new secret, once. The old secret signs too for a grace, so " +
    "that receivers can change over. Only one old secret does: another rotation ends it.",
  parameters: [idParameter],
  body: [{
    mediaType: "application/json",
    schema: webhookRotation,
    examples: {
      hour: { summary: "The old secret signs for an hour more", value: { grace_seconds: 3_600 } },
    },
  }],
  isBodyOptional: true,
  answers: [jsonAnswer("The webhook, and its new secret.", shownWebhook)],
  problems: [...BODY_PROBLEMS, "WEBHOOK_NOT_FOUND"],
};

const test: Operation = {
  method: "post",
  path: "/api/webhooks/{id}/test",
  id: "testWebhook",
  tag: "Webhooks",
  summary: "Send a test",
  description:
    "Sends an event of the type `webhook.test` at once, also to a webhook that is paused, " +
    "and returns what came back. It is not repeated and does not stand in the log.",
  parameters: [idParameter],
  answers: [jsonAnswer("What the receiver answered, or why there is no answer.", webhookTest)],
  problems: ["INVALID_REQUEST", "WEBHOOK_NOT_FOUND", "WEBHOOKS_OFF"],
};

const deliveries: Operation = {
  method: "get",
  path: "/api/webhooks/{id}/deliveries",
  id: "listWebhookDeliveries",
  tag: "Webhooks",
  summary: "List deliveries",
  description: "Returns the log of a webhook, the newest event first. It is kept for 14 days.",
  parameters: [
    idParameter,
    limitParameter,
    {
      in: "query",
      name: "cursor",
      description: "The id of the last delivery of the page before.",
      schema: z.string().regex(DELIVERY_ID_PATTERN),
      example: EXAMPLE_DELIVERY,
    },
    {
      in: "query",
      name: "state",
      description: "Only deliveries in this state.",
      schema: z.enum(DELIVERY_STATES),
      example: "failed",
    },
    {
      in: "query",
      name: "type",
      description: "Only deliveries of events of this type.",
      schema: z.enum(EVENT_TYPE_NAMES),
      example: "export.completed",
    },
  ],
  answers: [{ ...jsonAnswer("A page of deliveries.", deliveryList), mayHave: ["Link"] }],
  problems: ["INVALID_REQUEST", "WEBHOOK_NOT_FOUND"],
};

const delivery: Operation = {
  method: "get",
  path: "/api/webhooks/{id}/deliveries/{delivery_id}",
  id: "getWebhookDelivery",
  tag: "Webhooks",
  summary: "Get a delivery",
  description: "Returns a delivery with its latest ten attempts and its payload.",
  parameters: [idParameter, deliveryParameter],
  answers: [jsonAnswer("The delivery.", deliveryDetail)],
  problems: ["INVALID_REQUEST", "WEBHOOK_NOT_FOUND", "DELIVERY_NOT_FOUND"],
};

const replayOne: Operation = {
  method: "post",
  path: "/api/webhooks/{id}/deliveries/{delivery_id}/replay",
  id: "replayWebhookDelivery",
  tag: "Webhooks",
  summary: "Send a delivery again",
  description:
    "Makes the delivery pending, with all attempts before it. It keeps its `webhook-id`.",
  parameters: [idParameter, deliveryParameter],
  answers: [jsonAnswer("The delivery, which is pending.", deliveryDetail)],
  problems: ["INVALID_REQUEST", "WEBHOOK_NOT_FOUND", "DELIVERY_NOT_FOUND"],
};

const replayMany: Operation = {
  method: "post",
  path: "/api/webhooks/{id}/replay",
  id: "replayWebhook",
  tag: "Webhooks",
  summary: "Send the deliveries of a time range again",
  description:
    "Makes deliveries pending whose events are in the range. They are sent in the order of " +
    "their events, and keep their `webhook-id`.",
  parameters: [idParameter],
  body: [{
    mediaType: "application/json",
    schema: replayWebhookRequest,
    examples: {
      outage: {
        summary: "What a receiver missed in a night",
        value: { from: "2027-01-01T00:00:00Z", to: "2027-01-02T00:00:00Z" },
      },
    },
  }],
  answers: [jsonAnswer("How many are sent again.", webhookReplay)],
  problems: [...BODY_PROBLEMS, "WEBHOOK_NOT_FOUND"],
};

/** All operations on webhooks. */
export const webhookOperations: readonly Operation[] = [
  create,
  list,
  get,
  patch,
  remove,
  rotate,
  test,
  deliveries,
  delivery,
  replayOne,
  replayMany,
];
