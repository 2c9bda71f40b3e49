/**
 * Telemetry in requests and responses. The OpenAPI document and the types of the bodies come from
 * these schemas.
 *
 * @module
 */

import { z } from "zod";
import { METRIC_NAME_PATTERN, PROFILE_NAME_PATTERN, REJECTS_LISTED } from "../../data/limits.ts";
import type { Profile } from "../../data/readings/profile.ts";
import { BUILT_IN_PROFILES } from "../../data/readings/profiles.ts";
import { deviceIdText } from "../openapi/device_id.ts";
import { count, instant, pascalName } from "../openapi/schema_parts.ts";

/** The metrics of a profile, all of which must be present. */
function metricsSchema({ name: profile, metrics }: Profile) {
  const values = metrics.map(({ name, unit, min, max }) => [
    name,
    z.number().min(min).max(max).nullable().meta({ description: `${unit}; null if missing.` }),
  ]);
  return z.strictObject(Object.fromEntries(values))
    .meta({
      id: pascalName(profile, "Metrics"),
      description: `The metrics of a device with the profile ${profile}.`,
    });
}

const ownMetrics = z.record(z.string().regex(METRIC_NAME_PATTERN), z.number().nullable()).meta({
  id: "ProfileMetrics",
  description: "The metrics of a device with a profile that you defined; null if missing.",
});

/** One message. */
export const telemetryMessage = z.strictObject({
  device_id: deviceIdText,
  timestamp: z.union([
    z.string().meta({ format: "date-time", description: "ISO 8601; UTC without an offset." }),
    z.number().meta({
      description: "Unix time: seconds, milliseconds or microseconds, recognized by size.",
    }),
  ]).nullish().meta({
    description: "When it was measured, at most 5 minutes ahead and not before 2000 unless " +
      "settings say otherwise. If it is missing or null, the service uses the time of receipt.",
    examples: ["2026-02-01T14:23:45Z"],
  }),
  profile: z.string().regex(PROFILE_NAME_PATTERN).nullish().meta({
    description:
      "The profile that the metrics follow. By default that of the device, or for a new " +
      "device the one that shares most metrics with the message.",
    examples: ["battery"],
  }),
  metrics: z.union([...BUILT_IN_PROFILES.ofDevices().map(metricsSchema), ownMetrics]),
}).meta({ description: "A reading of a device." });

const receiptTime = instant(
  "The time of receipt. Present if the message had no timestamp.",
  "2026-02-01T14:23:45.120Z",
).optional();

/** The result of one message with a new time. */
export const telemetryCreated = z.strictObject({
  status: z.literal("created"),
  timestamp: receiptTime,
}).meta({ description: "The reading is durable." });

/** The result of one message that replaced a reading. */
export const telemetryUpdated = z.strictObject({
  status: z.literal("updated"),
  timestamp: receiptTime,
}).meta({ description: "The reading is durable and replaced the earlier one of its time." });

const problemOfMessage = {
  pointer: z.string().meta({
    description: "JSON Pointer into the message; empty if the whole message is wrong.",
    examples: ["/metrics/voltage_v"],
  }),
  value: z.unknown().optional().meta({ description: "The value you sent, shortened." }),
  rule: z.string().meta({
    description: "The rule that it breaks; `rate_limit` if the device sends too often.",
    examples: ["from 200 to 500 V"],
  }),
};

/** A rejected message of a batch. */
export const telemetryReject = z.union([
  z.strictObject({
    line: z.int().min(1).meta({ description: "Its line. The first is 1.", examples: [5] }),
    ...problemOfMessage,
  }).meta({ id: "RejectedMessageLine", description: "A rejected line." }),
  z.strictObject({
    index: z.int().min(0).meta({
      description: "Its index in the array. The first is 0.",
      examples: [3],
    }),
    ...problemOfMessage,
  }).meta({ id: "RejectedMessage", description: "A rejected element of the array." }),
]).meta({ description: "A rejected message." });

const batchCounts = {
  received: count("Messages of the batch.", 3),
  created: count("Readings with a new time.", 1),
  updated: count("Readings that replaced other values.", 1),
  unchanged: count("Readings that changed nothing.", 0),
  rejected: count("Messages that were rejected.", 1),
};

/** What a batch stored before it failed. */
export const storedCounts = z.strictObject(batchCounts).meta({
  description: "The messages that were read before the request failed. What they stored stays.",
});

/** The result of a batch. */
export const telemetryReport = z.strictObject({
  ...batchCounts,
  rejects: z.array(telemetryReject).max(REJECTS_LISTED)
    .meta({ description: `The first ${REJECTS_LISTED} rejected messages.` }),
  details: z.string().min(1).optional().meta({
    description: "What to do about metrics or values that were rejected. Present if there are any.",
  }),
  without_timestamp: count(
    "Accepted messages without a timestamp, which got the time of receipt. Present if there are " +
      "any.",
    1,
  ).optional(),
}).meta({
  description: "The result of a batch: `received` = `created` + `updated` + `unchanged` + " +
    "`rejected`.",
});

/** A JSON body: one message or several. */
export const telemetryMessages = z.union([telemetryMessage, z.array(telemetryMessage)])
  .meta({ description: "One message, or several." });

/** A body that is answered with 200. */
export const telemetryAnswer = z.union([telemetryUpdated, telemetryReport])
  .meta({ description: "The result of one message that replaced another, or of a batch." });

/** The counts of a batch. */
export type BatchCountsBody = z.infer<typeof storedCounts>;
/** The result of a batch. */
export type BatchReportBody = z.infer<typeof telemetryReport>;
