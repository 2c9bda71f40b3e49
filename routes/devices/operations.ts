/**
 * The operations under `/devices`, as the OpenAPI document describes them.
 *
 * @module
 */

import { z } from "zod";
import { DEVICE_PROFILES } from "../../data/readings/profile.ts";
import { deviceChange, profileText, stateText } from "./schemas.ts";
import { deviceIdParameter, deviceIdText } from "../openapi/device_id.ts";
import { cursorText, limitText } from "../openapi/list_query.ts";
import { count, instant } from "../openapi/schema_parts.ts";
import type { Operation, Parameter } from "../openapi/operation.ts";

const profile = z.enum(DEVICE_PROFILES)
  .meta({ description: "What it measures.", examples: ["battery"] });
const state = z.enum(["online", "offline"])
  .meta({ description: "Whether it is heard.", examples: ["online"] });
const words = (description: string, example: string) =>
  z.string().nullable().meta({ description, examples: [example] });

const shared = {
  device_id: deviceIdText,
  profile,
  device_type: words("What kind of thing it is.", "home battery"),
  location: words("Where it is.", "cellar"),
  state,
  last_seen: instant("When something was last received from it.", "2026-02-01T14:23:46Z")
    .nullable(),
};

/** A device as a list has it. */
export const deviceSchema: z.ZodType = z.strictObject(shared)
  .meta({ description: "A device." });

/** A page of devices. */
export const deviceList: z.ZodType = z.strictObject({
  devices: z.array(deviceSchema).meta({ description: "In the order of their ids." }),
  next: z.string().regex(/^\/devices\?/).nullable().meta({
    description: "The next page; null on the last.",
    examples: ["/devices?limit=100&cursor=test-001"],
  }),
}).meta({ description: "A page of devices." });

/** A device as a whole. */
export const deviceDetail: z.ZodType = z.strictObject({
  ...shared,
  offline_after_seconds: z.number().positive().meta({
    description: "How long it may be silent before it counts as offline.",
    examples: [600],
  }),
  count: count("How many readings it has.", 1),
  first_reading: instant("Time of the first; null without any.", "2026-02-01T14:23:45Z").nullable(),
  last_reading: instant("Time of the last; null without any.", "2026-02-01T14:23:45Z").nullable(),
  state_since: instant("Since when it is in its state.", "2026-02-01T14:23:46Z"),
}).meta({ description: "A device as a whole." });

/** What happened to a device. */
export const deviceEvents: z.ZodType = z.strictObject({
  device_id: deviceIdText,
  events: z.array(z.strictObject({
    at: instant("When.", "2026-02-01T14:33:46Z"),
    state,
    last_seen: instant("When something was last received then.", "2026-02-01T14:23:46Z")
      .nullable(),
  })).meta({ description: "The oldest first." }),
}).meta({ description: "When a device fell silent, and when it came back." });

const limit: Parameter = {
  in: "query",
  name: "limit",
  description: "How many at most, 1 to 1000.",
  schema: limitText,
  example: 10,
};

const list: Operation = {
  method: "get",
  path: "/devices",
  id: "listDevices",
  tag: "Devices",
  summary: "List devices",
  description: "Devices in the order of their ids. Meters are none.",
  parameters: [
    limit,
    {
      in: "query",
      name: "cursor",
      description: "Only those behind this id.",
      schema: cursorText,
      example: "a",
    },
    {
      in: "query",
      name: "state",
      description: "Only those in this state.",
      schema: stateText,
      example: "online",
    },
    {
      in: "query",
      name: "profile",
      description: "Only those of this profile.",
      schema: profileText,
      example: "battery",
    },
  ],
  answers: [{
    status: 200,
    description: "A page of them.",
    mayHave: ["Link"],
    content: [{ mediaType: "application/json", schema: deviceList }],
  }],
  problems: ["INVALID_REQUEST"],
};

const look: Operation = {
  method: "get",
  path: "/devices/{device_id}",
  id: "getDevice",
  tag: "Devices",
  summary: "Look at a device",
  description: "What it is, what readings it has, and whether it is heard.",
  parameters: [deviceIdParameter],
  answers: [{
    status: 200,
    description: "The device.",
    content: [{ mediaType: "application/json", schema: deviceDetail }],
  }],
  problems: ["INVALID_REQUEST", "DEVICE_NOT_FOUND"],
};

const setUp: Operation = {
  method: "put",
  path: "/devices/{device_id}",
  id: "putDevice",
  tag: "Devices",
  summary: "Set a device up",
  description: "Makes a device or changes it. What the body does not name stays as it is; null " +
    "takes it away. The profile stays once there are readings.",
  parameters: [deviceIdParameter],
  body: [{
    mediaType: "application/json",
    schema: deviceChange,
    examples: {
      all: {
        summary: "Everything there is to say",
        value: {
          profile: "battery",
          device_type: "home battery",
          location: "cellar",
          offline_after_seconds: 300,
        },
      },
      some: {
        summary: "Elsewhere, and heard as often as others",
        value: { location: "garage", offline_after_seconds: null },
      },
    },
  }],
  answers: [
    {
      status: 200,
      description: "The device, changed.",
      content: [{ mediaType: "application/json", schema: deviceDetail }],
    },
    {
      status: 201,
      description: "The device, which was not known.",
      content: [{ mediaType: "application/json", schema: deviceDetail }],
    },
  ],
  problems: [
    "INVALID_REQUEST",
    "MALFORMED_BODY",
    "BODY_TOO_LARGE",
    "UNSUPPORTED_MEDIA_TYPE",
    "DEVICE_PROFILE_FIXED",
  ],
};

const events: Operation = {
  method: "get",
  path: "/devices/{device_id}/events",
  id: "listDeviceEvents",
  tag: "Devices",
  summary: "List when a device fell silent and came back",
  description: "One event a change of state, the oldest first.",
  parameters: [
    deviceIdParameter,
    limit,
    {
      in: "query",
      name: "after",
      description: "Only those after this time.",
      schema: z.string(),
      example: "2026-02-01T00:00:00Z",
    },
  ],
  answers: [{
    status: 200,
    description: "Its events.",
    mayHave: ["Link"],
    content: [{ mediaType: "application/json", schema: deviceEvents }],
  }],
  problems: ["INVALID_REQUEST", "DEVICE_NOT_FOUND"],
};

/** All of them. */
export const deviceOperations: readonly Operation[] = [
  list,
  look,
  setUp,
  events,
];
