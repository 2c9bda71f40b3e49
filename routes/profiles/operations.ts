/**
 * The operations under `/api/profiles`, for the OpenAPI document.
 *
 * @module
 */

import { z } from "zod";
import { PROFILE_NAME_PATTERN, PROFILE_NAME_RULE } from "../../data/limits.ts";
import type { Operation, Parameter } from "../openapi/operation.ts";
import { profileDefinition, profileList, profileSchema } from "./schemas.ts";

function nameParameter(example: string): Parameter {
  return {
    in: "path",
    name: "name",
    description: `The profile's name: ${PROFILE_NAME_RULE}.`,
    schema: z.string().regex(PROFILE_NAME_PATTERN),
    example,
  };
}

const inverter = {
  title: "Hybrid inverter",
  metrics: [
    { name: "pv_power_w", unit: "W", min: 0, max: 20_000, aggregate: "mean", required: true },
    { name: "battery_voltage_v", unit: "V", min: 40, max: 60, aggregate: "mean" },
    { name: "yield_kwh", unit: "kWh", label: "Yield since midnight", aggregate: "max" },
  ],
};

const list: Operation = {
  method: "get",
  path: "/api/profiles",
  id: "listProfiles",
  tag: "Profiles",
  summary: "List profiles",
  description:
    "Returns all profiles: `meter`, `battery` and `appliance`, which are built in, and " +
    "those that you defined.",
  answers: [{
    status: 200,
    description: "The profiles.",
    content: [{ mediaType: "application/json", schema: profileList }],
  }],
  problems: [],
};

const get: Operation = {
  method: "get",
  path: "/api/profiles/{name}",
  id: "getProfile",
  tag: "Profiles",
  summary: "Get a profile",
  description: "Returns the metrics of a profile, and whether a device or meter has it.",
  parameters: [nameParameter("battery")],
  answers: [{
    status: 200,
    description: "The profile.",
    content: [{ mediaType: "application/json", schema: profileSchema }],
  }],
  problems: ["INVALID_REQUEST", "PROFILE_NOT_FOUND"],
};

const put: Operation = {
  method: "put",
  path: "/api/profiles/{name}",
  id: "putProfile",
  tag: "Profiles",
  summary: "Define or change a profile",
  description: "A profile says what a kind of device or meter measures. Name it in messages " +
    "(`profile`), or give it to a device or meter with `PUT /devices/{device_id}` or " +
    "`PUT /api/meters/{id}`.\n\nAs long as no device or meter has it, it can change in any way. " +
    "After that, you can append metrics at the end, and change ranges, titles, labels and what is " +
    "required; ranges count for new readings. Everything else would change what stored readings " +
    "mean and gets 409. Other instances of the service know a change within 5 seconds.\n\n" +
    "A key that may not touch every device and meter gets 403 for a change of a profile that one " +
    "of the others has, and for another `retention_days`.",
  parameters: [nameParameter("inverter")],
  body: [{
    mediaType: "application/json",
    schema: profileDefinition,
    examples: {
      inverter: { summary: "An inverter with a 48 V battery", value: inverter },
      appended: {
        summary: "The same with a metric more, at the end",
        value: {
          ...inverter,
          metrics: [...inverter.metrics, { name: "grid_power_w", unit: "W", aggregate: "mean" }],
        },
      },
    },
  }],
  answers: [
    {
      status: 200,
      description: "The changed profile.",
      content: [{ mediaType: "application/json", schema: profileSchema }],
    },
    {
      status: 201,
      description: "The new profile.",
      content: [{ mediaType: "application/json", schema: profileSchema }],
    },
  ],
  problems: [
    "INVALID_REQUEST",
    "MALFORMED_BODY",
    "BODY_TOO_LARGE",
    "UNSUPPORTED_MEDIA_TYPE",
    "PROFILE_FIXED",
    "PROFILE_IN_USE",
    "TOO_MANY_PROFILES",
  ],
};

const remove: Operation = {
  method: "delete",
  path: "/api/profiles/{name}",
  id: "deleteProfile",
  tag: "Profiles",
  summary: "Delete a profile",
  description: "Deletes a profile that no device and no meter has.",
  parameters: [nameParameter("unused_profile")],
  answers: [{ status: 204, description: "The profile is deleted." }],
  problems: ["INVALID_REQUEST", "PROFILE_NOT_FOUND", "PROFILE_FIXED", "PROFILE_IN_USE"],
};

/** All operations on profiles. */
export const profileOperations: readonly Operation[] = [list, get, put, remove];
