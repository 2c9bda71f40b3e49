/**
 * The operations under `/api/maintenance-windows`, for the OpenAPI document.
 *
 * @module
 */

import { z } from "zod";
import type { Operation, Parameter } from "../openapi/operation.ts";
import {
  maintenanceList,
  maintenanceListQuery,
  maintenanceRequest,
  maintenanceSchema,
} from "./maintenance_schemas.ts";
import { ALERT_ID_PATTERN, ALERT_ID_RULE } from "./schemas.ts";

const idParameter: Parameter = {
  in: "path",
  name: "id",
  description: `The window's id: ${ALERT_ID_RULE}.`,
  schema: z.string().regex(ALERT_ID_PATTERN),
  example: "6a1e4c0b-2b7d-4d0c-9c1a-7f3e5d9b8a21",
};

const EXAMPLES = {
  sunday: {
    summary: "Every Sunday from 2 to 4 in Berlin, devices of a site",
    value: {
      name: "Weekly updates",
      scopes: [{ on: "devices", scope: { ids: ["site-a.*"] } }],
      repeat: { timezone: "Europe/Berlin", days: ["sunday"], start: "02:00", end: "04:00" },
    },
  },
  once: {
    summary: "A night, everything",
    value: {
      name: "New switch",
      once: { from: "2026-12-01T22:00:00Z", to: "2026-12-02T04:00:00Z" },
    },
  },
};

const BODY_PROBLEMS = [
  "INVALID_REQUEST",
  "MALFORMED_BODY",
  "BODY_TOO_LARGE",
  "UNSUPPORTED_MEDIA_TYPE",
] as const;

const list: Operation = {
  method: "get",
  path: "/api/maintenance-windows",
  id: "listMaintenanceWindows",
  tag: "Alerts",
  summary: "List maintenance windows",
  description:
    "Lists maintenance windows and their next times. A key that may not touch every id " +
    "sees only its own.",
  parameters: [{
    in: "query",
    name: "limit",
    description: "Number of windows per page, 1 to 1000.",
    schema: maintenanceListQuery.shape.limit,
    example: 10,
  }, {
    in: "query",
    name: "cursor",
    description: "Lists only ids after this one. The id need not exist.",
    schema: maintenanceListQuery.shape.cursor,
    example: "00000000",
  }],
  answers: [{
    status: 200,
    description: "A page of windows.",
    mayHave: ["Link"],
    content: [{ mediaType: "application/json", schema: maintenanceList }],
  }],
  problems: ["INVALID_REQUEST"],
};

const create: Operation = {
  method: "post",
  path: "/api/maintenance-windows",
  id: "createMaintenanceWindow",
  tag: "Alerts",
  summary: "Make a maintenance window",
  description:
    "A time in which alerts report nothing that begins to fire, once (`once`) or again " +
    "and again (`repeat`). States are still judged; what would fire is shown as `muted`. What still " +
    "fires at the end is reported then. What was reported before is still reported as resolved.\n\n" +
    "A repeated window begins and ends by the clock of its zone. A time that the clock skips counts " +
    "as that much later; of a time that it shows twice, the first one counts.",
  body: [{ mediaType: "application/json", schema: maintenanceRequest, examples: EXAMPLES }],
  answers: [{
    status: 201,
    description: "The new window.",
    content: [{ mediaType: "application/json", schema: maintenanceSchema }],
    links: {
      window: {
        operationId: "getMaintenanceWindow",
        parameters: { id: "$response.body#/id" },
        description: "The window.",
      },
    },
  }],
  problems: [...BODY_PROBLEMS, "TOO_MANY_MAINTENANCE_WINDOWS"],
};

const get: Operation = {
  method: "get",
  path: "/api/maintenance-windows/{id}",
  id: "getMaintenanceWindow",
  tag: "Alerts",
  summary: "Get a maintenance window",
  description: "Returns a maintenance window and its next times.",
  parameters: [idParameter],
  answers: [{
    status: 200,
    description: "The window.",
    content: [{ mediaType: "application/json", schema: maintenanceSchema }],
  }],
  problems: ["INVALID_REQUEST", "MAINTENANCE_WINDOW_NOT_FOUND"],
};

const put: Operation = {
  method: "put",
  path: "/api/maintenance-windows/{id}",
  id: "changeMaintenanceWindow",
  tag: "Alerts",
  summary: "Change a maintenance window",
  description: "Replaces all settings of a window. It counts from then on: what it does not mute " +
    "any more, and still fires, is reported.",
  parameters: [idParameter],
  body: [{ mediaType: "application/json", schema: maintenanceRequest, examples: EXAMPLES }],
  answers: [{
    status: 200,
    description: "The changed window.",
    content: [{ mediaType: "application/json", schema: maintenanceSchema }],
  }],
  problems: [...BODY_PROBLEMS, "MAINTENANCE_WINDOW_NOT_FOUND"],
};

const remove: Operation = {
  method: "delete",
  path: "/api/maintenance-windows/{id}",
  id: "deleteMaintenanceWindow",
  tag: "Alerts",
  summary: "Delete a maintenance window",
  description: "Deletes a window. What it muted, and still fires, is reported.",
  parameters: [idParameter],
  answers: [{ status: 204, description: "The window is deleted." }],
  problems: ["INVALID_REQUEST", "MAINTENANCE_WINDOW_NOT_FOUND"],
};

/** All operations on maintenance windows. */
export const maintenanceOperations: readonly Operation[] = [list, create, get, put, remove];
