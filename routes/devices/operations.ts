/**
 * The operations under `/devices`, for the OpenAPI document.
 *
 * @module
 */

import { z } from "zod";
import { deviceIdParameter } from "../openapi/device_id.ts";
import { cursorText, fieldsParameter, limitText } from "../openapi/list_query.ts";
import type { Operation, Parameter } from "../openapi/operation.ts";
import {
  deviceChange,
  deviceDetail,
  deviceEvents,
  deviceList,
  profileText,
  stateText,
} from "./schemas.ts";

const limit: Parameter = {
  in: "query",
  name: "limit",
  description: "Most entries of a page, 1 to 1000; 100 by default.",
  schema: limitText,
  example: 10,
};

const list: Operation = {
  method: "get",
  path: "/devices",
  id: "listDevices",
  tag: "Devices",
  summary: "List devices",
  description: "Returns devices in the order of their ids. Smart meters are not devices. With " +
    "`fields=latest` each device has its latest reading, so one request shows a whole list.",
  parameters: [
    limit,
    {
      in: "query",
      name: "cursor",
      description: "The id after which the page begins.",
      schema: cursorText,
      example: "a",
    },
    {
      in: "query",
      name: "state",
      description: "Only devices in this state.",
      schema: stateText,
      example: "online",
    },
    {
      in: "query",
      name: "profile",
      description: "Only devices with this profile.",
      schema: profileText,
      example: "battery",
    },
    fieldsParameter,
  ],
  answers: [{
    status: 200,
    description: "A page of devices.",
    mayHave: ["Link"],
    content: [{ mediaType: "application/json", schema: deviceList }],
  }],
  problems: ["INVALID_REQUEST"],
};

const get: Operation = {
  method: "get",
  path: "/devices/{device_id}",
  id: "getDevice",
  tag: "Devices",
  summary: "Get a device",
  description: "Returns its settings, its state, and the number and range of its readings.",
  parameters: [deviceIdParameter],
  answers: [{
    status: 200,
    description: "The device.",
    content: [{ mediaType: "application/json", schema: deviceDetail }],
  }],
  problems: ["INVALID_REQUEST", "DEVICE_NOT_FOUND"],
};

const put: Operation = {
  method: "put",
  path: "/devices/{device_id}",
  id: "putDevice",
  tag: "Devices",
  summary: "Create or change a device",
  description: "Members that the body does not name stay as they are; null resets a member. The " +
    "profile cannot change once there are readings. Without one, a new device is a `battery`.",
  parameters: [deviceIdParameter],
  body: [{
    mediaType: "application/json",
    schema: deviceChange,
    examples: {
      all: {
        summary: "Set everything",
        value: {
          profile: "battery",
          device_type: "home battery",
          location: "cellar",
          offline_after_seconds: 300,
        },
      },
      some: {
        summary: "Move it, and use the default time until offline",
        value: { location: "garage", offline_after_seconds: null },
      },
    },
  }],
  answers: [
    {
      status: 200,
      description: "The changed device.",
      content: [{ mediaType: "application/json", schema: deviceDetail }],
    },
    {
      status: 201,
      description: "The new device.",
      content: [{ mediaType: "application/json", schema: deviceDetail }],
    },
  ],
  problems: [
    "INVALID_REQUEST",
    "MALFORMED_BODY",
    "BODY_TOO_LARGE",
    "UNSUPPORTED_MEDIA_TYPE",
    "DEVICE_PROFILE_FIXED",
    "PROFILE_NOT_FOUND",
    "ID_TAKEN",
  ],
};

const events: Operation = {
  method: "get",
  path: "/devices/{device_id}/events",
  id: "listDeviceEvents",
  tag: "Devices",
  summary: "List when a device went offline and came online",
  description: "Returns one event for each change of state, oldest first.",
  parameters: [
    deviceIdParameter,
    limit,
    {
      in: "query",
      name: "after",
      description: "Only events after this time, ISO 8601.",
      schema: z.string().meta({ format: "date-time" }),
      example: "2026-02-01T00:00:00Z",
    },
  ],
  answers: [{
    status: 200,
    description: "The events of the device.",
    mayHave: ["Link"],
    content: [{ mediaType: "application/json", schema: deviceEvents }],
  }],
  problems: ["INVALID_REQUEST", "DEVICE_NOT_FOUND"],
};

/** Every operation of this file. */
export const deviceOperations: readonly Operation[] = [list, get, put, events];
