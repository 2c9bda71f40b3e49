/**
 * What devices send, as the OpenAPI document describes it.
 *
 * @module
 */

import { z } from "zod";
import { DEVICE_ID_PATTERN, REJECTS_LISTED } from "../../data/limits.ts";
import { DEVICE_PROFILES, type DeviceProfileName, PROFILES } from "../../data/readings/profile.ts";
import { count, pascalName } from "../openapi/schema_parts.ts";
import { contentEncoding, uploadText } from "../openapi/upload_parts.ts";
import type { Operation } from "../openapi/operation.ts";

const TIME = "2026-02-01T14:23:45Z";

/** The metrics of a profile, each of which must be there. */
export function metricsSchema(profile: DeviceProfileName): z.ZodType {
  const values = PROFILES[profile].metrics.map(({ name, unit, min, max }) => [
    name,
    z.number().min(min).max(max).nullable().meta({ description: `${unit}; null for missing.` }),
  ]);
  return z.strictObject(Object.fromEntries(values))
    .meta({
      id: pascalName(profile, "Metrics"),
      description: `The metrics of a device of the profile ${profile}.`,
    });
}

/** One message. */
export const telemetryMessage: z.ZodType = z.strictObject({
  device_id: z.string().regex(DEVICE_ID_PATTERN)
    .meta({ description: "The device.", examples: ["test-001"] }),
  timestamp: z.string().meta({
    format: "date-time",
    description: "When it was measured: ISO 8601, at most 5 minutes ahead.",
    examples: [TIME],
  }),
  metrics: z.union(DEVICE_PROFILES.map(metricsSchema)),
}).meta({ description: "A reading of a device." });

/** What came of one message. */
export const telemetryTaken: z.ZodType = z.strictObject({ status: z.literal("created") })
  .meta({ id: "TelemetryCreated", description: "The reading is durable." });

/** What came of one message that replaced another. */
export const telemetryReplaced: z.ZodType = z.strictObject({ status: z.literal("updated") })
  .meta({ description: "The reading is durable, in the place of one of the same time." });

const problemOfMessage = {
  pointer: z.string().meta({
    description: "JSON Pointer into the message; empty where the whole message is wrong.",
    examples: ["/metrics/voltage_v"],
  }),
  value: z.unknown().optional().meta({ description: "What was sent, shortened." }),
  rule: z.string().meta({
    description: "The rule it breaks; `rate_limit` where its device sends too often.",
    examples: ["200 to 500 V"],
  }),
};

/** A message of a batch that was not taken. */
export const telemetryReject: z.ZodType = z.union([
  z.strictObject({
    line: z.int().min(1).meta({ description: "Its line. The first is 1.", examples: [5] }),
    ...problemOfMessage,
  }).meta({ id: "RejectedMessageLine", description: "A line that was rejected." }),
  z.strictObject({
    index: z.int().min(0).meta({
      description: "Its place in the array. The first is 0.",
      examples: [3],
    }),
    ...problemOfMessage,
  }).meta({ id: "RejectedMessage", description: "An element of the array that was rejected." }),
]).meta({ description: "A message that was not taken." });

/** What came of a batch. */
export const telemetryReport: z.ZodType = z.strictObject({
  received: count("Messages of the batch.", 3),
  created: count("Readings that were new.", 1),
  updated: count("Readings that replaced others.", 1),
  unchanged: count("Readings that changed nothing.", 0),
  rejected: count("Messages that were not taken.", 1),
  rejects: z.array(telemetryReject).max(REJECTS_LISTED)
    .meta({ description: `The first ${REJECTS_LISTED} of those.` }),
}).meta({
  description: "What came of a batch: `received` = `created` + `updated` + `unchanged` + " +
    "`rejected`.",
});

/** What a JSON body may be. */
export const telemetryMessages: z.ZodType = z.union([telemetryMessage, z.array(telemetryMessage)])
  .meta({ description: "One message, or several." });

/** What is answered with 200. */
export const telemetryAnswer: z.ZodType = z.union([telemetryReplaced, telemetryReport])
  .meta({ description: "What came of one message that replaced another, or of a batch." });

const battery = {
  device_id: "test-001",
  timestamp: TIME,
  metrics: { soc_percent: 67.5, voltage_v: 385.2, current_a: -45.3, temp_c: 28.4 },
};
const appliance = {
  device_id: "fridge-1",
  timestamp: TIME,
  metrics: { voltage: 229.8, current: 0.61, power: 131.5, temperature: null },
};

/** The operation. */
export const telemetryOperation: Operation = {
  method: "post",
  path: "/telemetry",
  id: "postTelemetry",
  tag: "Telemetry",
  summary: "Send readings of devices",
  description: "Takes one message, a JSON array of messages, or a message a line (NDJSON) of any " +
    "length. It is answered when the readings are durable. A device that is not known is made: a " +
    "`battery`, or an `appliance` where the metrics are those of one. The same device and time " +
    "again replaces the reading. A batch counts once a device that is in it, and is answered " +
    "with 429 only where each of its messages is over its device's limit. Over several " +
    "instances a message that is sent again may be told `created` twice.",
  parameters: [contentEncoding],
  body: [
    {
      mediaType: "application/json",
      schema: telemetryMessages,
      examples: {
        battery: { summary: "A battery", value: battery },
        appliance: { summary: "An appliance", value: appliance },
        batch: { summary: "Two of them at once", value: [battery, appliance] },
      },
    },
    {
      mediaType: "application/x-ndjson",
      schema: uploadText("A message a line."),
      examples: {
        lines: {
          summary: "Two messages",
          value: `${JSON.stringify(battery)}\n${JSON.stringify(appliance)}\n`,
        },
      },
    },
  ],
  answers: [
    {
      status: 201,
      description: "One message: a new reading.",
      headers: ["RateLimit-Policy", "RateLimit"],
      content: [{ mediaType: "application/json", schema: telemetryTaken }],
    },
    {
      status: 200,
      description: "One message that replaced a reading, or a batch that was read to its end.",
      mayHave: ["RateLimit-Policy", "RateLimit"],
      content: [{
        mediaType: "application/json",
        schema: telemetryAnswer,
      }],
    },
  ],
  problems: [
    "INVALID_REQUEST",
    "MALFORMED_BODY",
    "BODY_TOO_LARGE",
    "UNSUPPORTED_MEDIA_TYPE",
    "RATE_LIMITED",
  ],
};
