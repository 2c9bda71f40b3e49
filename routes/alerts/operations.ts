/**
 * The operations under `/api/alerts`, for the OpenAPI document.
 *
 * @module
 */

import { z } from "zod";
import type { Operation, Parameter } from "../openapi/operation.ts";
import {
  ALERT_ID_PATTERN,
  ALERT_ID_RULE,
  alertDetail,
  alertDetailQuery,
  alertList,
  alertListQuery,
  alertRequest,
  alertSchema,
  alertTestRequest,
  firingList,
  firingQuery,
} from "./schemas.ts";
import { alertTestResult } from "./test_schemas.ts";

const EXAMPLE_ID = "0d3f7a52-93b1-4c60-8e0f-5b8a6d1c2e94";

const idParameter: Parameter = {
  in: "path",
  name: "id",
  description: `The alert's id: ${ALERT_ID_RULE}.`,
  schema: z.string().regex(ALERT_ID_PATTERN),
  example: EXAMPLE_ID,
};

function limitParameter(things: string, schema: z.ZodType): Parameter {
  return {
    in: "query",
    name: "limit",
    description: `Number of ${things} per page, 1 to 1000.`,
    schema,
    example: 10,
  };
}

const HOT = {
  name: "Battery too hot",
  note: "Open the vents, then call the site manager",
  severity: "critical",
  on: "devices",
  scope: { profile: "battery" },
  condition: { type: "above", metric: "temp_c", limit: 45, clear_at: 40, for_seconds: 300 },
};

const EXAMPLES = {
  hot: { summary: "A battery above 45 °C for 5 minutes, until it is at 40 °C", value: HOT },
  offline: {
    summary: "Devices of a site that have been offline for 10 minutes",
    value: {
      name: "Site A silent",
      on: "devices",
      scope: { ids: ["site-a.*"] },
      condition: { type: "offline", for_seconds: 600 },
    },
  },
  noData: {
    summary: "Meters without a reading for 26 hours",
    value: {
      name: "Meter without data",
      on: "meters",
      condition: { type: "no_data", for_seconds: 93_600 },
    },
  },
  change: {
    summary: "A state of charge that falls by more than 30 points within an hour",
    value: {
      name: "Battery drains",
      on: "devices",
      condition: {
        type: "change",
        metric: "soc_percent",
        by: 30,
        direction: "fall",
        within_seconds: 3_600,
      },
    },
  },
  down: {
    summary: "Stores that have been inactive for 30 minutes of their business hours",
    value: {
      name: "Store down",
      on: "stores",
      condition: { type: "down", for_seconds: 1_800 },
    },
  },
};

const RULES =
  "An alert watches all devices, meters or stores of its `scope`, also those that come " +
  "later, as far as the key that made it may touch them. Each is a subject with a state of its own.\n\n" +
  "- A condition on values holds from the first reading beyond the limit until one at `clear_at` or " +
  "further away; a value holds until the next one. What counts are the times of readings, so late ones " +
  "and ones out of order are judged as if they had come in time.\n" +
  "- When the condition has held for `for_seconds`, the subject fires. One message, the event " +
  "`alert.firing`, reports all subjects of the alert that fire within `group_seconds`; " +
  "`alert.resolved` reports those that are over. Webhooks get them whose filter matches, and those " +
  "in `notify`.\n" +
  "- A subject that flaps stays firing until it is calm.\n" +
  "- During [maintenance](#tag/Alerts/operation/createMaintenanceWindow) nothing is reported. What " +
  "still fires at its end is reported then.";

const list: Operation = {
  method: "get",
  path: "/api/alerts",
  id: "listAlerts",
  tag: "Alerts",
  summary: "List alerts",
  description:
    "Lists alerts, and how many of their subjects are not ok. A key that may not touch " +
    "every id sees only its own.",
  parameters: [limitParameter("alerts", alertListQuery.shape.limit), {
    in: "query",
    name: "cursor",
    description: "Lists only ids after this one. The id need not exist.",
    schema: alertListQuery.shape.cursor,
    example: "00000000",
  }],
  answers: [{
    status: 200,
    description: "A page of alerts.",
    mayHave: ["Link"],
    content: [{ mediaType: "application/json", schema: alertList }],
  }],
  problems: ["INVALID_REQUEST"],
};

const create: Operation = {
  method: "post",
  path: "/api/alerts",
  id: "createAlert",
  tag: "Alerts",
  summary: "Make an alert",
  description: RULES,
  body: [{ mediaType: "application/json", schema: alertRequest, examples: EXAMPLES }],
  answers: [{
    status: 201,
    description: "The new alert. Its subjects are judged within seconds.",
    content: [{ mediaType: "application/json", schema: alertSchema }],
    links: {
      alert: {
        operationId: "getAlert",
        parameters: { id: "$response.body#/id" },
        description: "The states of its subjects.",
      },
    },
  }],
  problems: [
    "INVALID_REQUEST",
    "MALFORMED_BODY",
    "BODY_TOO_LARGE",
    "UNSUPPORTED_MEDIA_TYPE",
    "DELIVERY_NOT_CONFIGURED",
    "TOO_MANY_ALERTS",
  ],
};

const firing: Operation = {
  method: "get",
  path: "/api/alerts/firing",
  id: "listFiring",
  tag: "Alerts",
  summary: "List what fires",
  description: "Lists the subjects that fire now, of all alerts. Muted ones are in it too.",
  parameters: [limitParameter("subjects", firingQuery.shape.limit), {
    in: "query",
    name: "cursor",
    description: "Where the page begins, as `next` of the page before says it.",
    schema: firingQuery.shape.cursor,
    example: `${EXAMPLE_ID}~test-001`,
  }, {
    in: "query",
    name: "severity",
    description: "Only alerts of this severity.",
    schema: firingQuery.shape.severity,
    example: "critical",
  }],
  answers: [{
    status: 200,
    description: "A page of what fires.",
    mayHave: ["Link"],
    content: [{ mediaType: "application/json", schema: firingList }],
  }],
  problems: ["INVALID_REQUEST"],
};

const test: Operation = {
  method: "post",
  path: "/api/alerts/test",
  id: "testAlert",
  tag: "Alerts",
  summary: "Test an alert on the past",
  description: "Says what an alert would have reported in the last day, or in another time of at " +
    "most 7 days, had every reading come at its own time. Nothing is stored and nobody is told. It " +
    "tests the first 500 subjects.",
  body: [{
    mediaType: "application/json",
    schema: alertTestRequest,
    examples: {
      hot: { summary: "The last day", value: HOT },
      day: {
        summary: "A day",
        value: { ...HOT, from: "2024-01-01T00:00:00Z", to: "2024-01-02T00:00:00Z" },
      },
    },
  }],
  answers: [{
    status: 200,
    description: "What it would have reported.",
    content: [{ mediaType: "application/json", schema: alertTestResult }],
  }],
  problems: ["INVALID_REQUEST", "MALFORMED_BODY", "BODY_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"],
};

const get: Operation = {
  method: "get",
  path: "/api/alerts/{id}",
  id: "getAlert",
  tag: "Alerts",
  summary: "Get an alert",
  description: "Returns an alert, and the states of its subjects.",
  parameters: [idParameter, limitParameter("subjects", alertDetailQuery.shape.limit), {
    in: "query",
    name: "cursor",
    description: "Lists only subjects with ids after this one. The id need not exist.",
    schema: alertDetailQuery.shape.cursor,
    example: "test-000",
  }, {
    in: "query",
    name: "state",
    description: "Lists only subjects in this state.",
    schema: alertDetailQuery.shape.state,
    example: "firing",
  }],
  answers: [{
    status: 200,
    description: "The alert.",
    mayHave: ["Link"],
    content: [{ mediaType: "application/json", schema: alertDetail }],
  }],
  problems: ["INVALID_REQUEST", "ALERT_NOT_FOUND"],
};

const put: Operation = {
  method: "put",
  path: "/api/alerts/{id}",
  id: "changeAlert",
  tag: "Alerts",
  summary: "Change an alert",
  description:
    "Replaces all settings of an alert. All of its subjects are judged again; those that " +
    "it does not watch any more leave without a message.",
  parameters: [idParameter],
  body: [{ mediaType: "application/json", schema: alertRequest, examples: EXAMPLES }],
  answers: [{
    status: 200,
    description: "The changed alert.",
    content: [{ mediaType: "application/json", schema: alertSchema }],
  }],
  problems: [
    "INVALID_REQUEST",
    "MALFORMED_BODY",
    "BODY_TOO_LARGE",
    "UNSUPPORTED_MEDIA_TYPE",
    "DELIVERY_NOT_CONFIGURED",
    "ALERT_NOT_FOUND",
  ],
};

const remove: Operation = {
  method: "delete",
  path: "/api/alerts/{id}",
  id: "deleteAlert",
  tag: "Alerts",
  summary: "Delete an alert",
  description: "Deletes an alert and its states, without a message.",
  parameters: [idParameter],
  answers: [{ status: 204, description: "The alert is deleted." }],
  problems: ["INVALID_REQUEST", "ALERT_NOT_FOUND"],
};

/** All operations on alerts. */
export const alertOperations: readonly Operation[] = [
  list,
  create,
  firing,
  test,
  get,
  put,
  remove,
];
