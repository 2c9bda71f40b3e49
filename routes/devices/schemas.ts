/**
 * Requests and answers about devices. The OpenAPI document and the types of the bodies come from
 * these schemas.
 *
 * @module
 */

import { z } from "zod";
import { AppError } from "../../data/app_error.ts";
import type { Profile, ProfileName } from "../../data/readings/profile.ts";
import { BUILT_IN_PROFILES } from "../../data/readings/profiles.ts";
import type { ProfileStore } from "../../kv/profiles/profiles.ts";
import { TIMESTAMP_FORMS } from "../../data/devices/timestamp.ts";
import { deviceIdText } from "../openapi/device_id.ts";
import { count, instant, pascalName } from "../openapi/schema_parts.ts";
import { metricName, metricValue, ofMetrics } from "../readings/schemas.ts";

/** Most characters of a device's type or location. */
const TEXT_MAX = 200;
/** Longest time without messages until a device is offline: a year, seconds. */
const OFFLINE_AFTER_MAX_SECONDS = 31_536_000;

/** The profile of a device. */
export const profileText = z.string("profile must be the name of a profile").meta({
  id: "DeviceProfile",
  description: "What a device measures: `battery`, `appliance`, or a profile that you defined.",
  examples: ["battery"],
});

/** The state of a device. */
export const stateText = z.enum(["online", "offline"], "state must be online or offline").meta({
  id: "DeviceState",
  description: "`offline` if nothing was received for longer than its time until offline.",
  examples: ["online"],
});

function text(name: string) {
  const rule = `${name} must be null or a text of 1 to ${TEXT_MAX} characters`;
  return z.string(rule).min(1, rule).max(TEXT_MAX, rule).nullable().optional();
}

const offlineAfterRule =
  `offline_after_seconds must be null or a whole number of 1 to ${OFFLINE_AFTER_MAX_SECONDS}`;

/** The body of `PUT /devices/{id}`. Members that are absent stay as they are. */
export const deviceChange = z.strictObject({
  profile: profileText.optional(),
  device_type: text("device_type"),
  location: text("location"),
  offline_after_seconds: z.int(offlineAfterRule).min(1, offlineAfterRule)
    .max(OFFLINE_AFTER_MAX_SECONDS, offlineAfterRule).nullable().optional(),
}, {
  error: (issue) => issue.code === "invalid_type" ? "The body must be a JSON object" : undefined,
}).meta({ description: "What to change about a device." });

const words = (description: string, example: string) =>
  z.string().min(1).max(TEXT_MAX).nullable().meta({ description, examples: [example] });

const shared = {
  device_id: deviceIdText,
  profile: profileText,
  device_type: words("The kind of thing it is, in your words.", "home battery"),
  location: words("Where it is, in your words.", "cellar"),
  state: stateText,
  last_seen: instant("When something was last received from it, or null.", "2026-02-01T14:23:46Z")
    .nullable(),
};

/** The latest reading of a device, in a list that was requested with `fields=latest`. */
export const latestReading = z.strictObject({
  timestamp: instant("When it was measured.", "2026-02-01T14:23:45Z"),
  metrics: z.union([
    ...BUILT_IN_PROFILES.ofDevices().map((profile) =>
      z.strictObject(ofMetrics(profile, metricValue)).meta({
        id: pascalName(profile.name, "Values"),
        description: `The latest values of the profile ${profile.name}.`,
      })
    ),
    z.record(metricName, metricValue).meta({
      id: "ProfileValues",
      description: "The latest values of a profile that you defined.",
    }),
  ])
    .meta({ description: "The metrics of its profile. Null is a missing value." }),
}).meta({ id: "LatestReading", description: "The latest reading of a device by its time." })
  .nullable().meta({ description: "The latest reading by its time, or null if there is none." });

/** A device in a list. */
export const deviceSchema = z.strictObject({ ...shared, latest: latestReading.optional() })
  .meta({ description: "A device. `latest` is there if you requested `fields=latest`." });

/** A page of devices. */
export const deviceList = z.strictObject({
  devices: z.array(deviceSchema).meta({ description: "The devices, in the order of their ids." }),
  next: z.string().regex(/^\/devices\?/).nullable().meta({
    description: "The next page, or null on the last page.",
    examples: ["/devices?limit=100&cursor=test-001"],
  }),
}).meta({ description: "A page of devices." });

/** A device with all its details. */
export const deviceDetail = z.strictObject({
  ...shared,
  offline_after_seconds: z.number().positive().meta({
    description: "How long nothing may be received from it before it is offline.",
    examples: [600],
  }),
  count: count("Number of readings.", 1),
  first_reading: instant("Time of the first reading, or null.", "2026-02-01T14:23:45Z").nullable(),
  last_reading: instant("Time of the last reading, or null.", "2026-02-01T14:23:45Z").nullable(),
  state_since: instant("When its state began.", "2026-02-01T14:23:46Z"),
  timestamps: z.enum(TIMESTAMP_FORMS).meta({
    id: "TimestampForm",
    description:
      "How a device gives its times: ISO 8601, Unix time as a number, or `server` if it " +
      "gives none and gets the time of receipt.",
    examples: ["iso8601"],
  }).nullable().meta({ description: "How it gives its times, or null without readings." }),
  rejected_today: count("Messages that were rejected on this UTC day.", 0),
  last_rejected: z.strictObject({
    at: instant("When it was received.", "2026-02-01T14:23:46Z"),
    pointer: z.string().meta({
      description: "JSON Pointer to the first thing that is wrong; empty for the whole message.",
      examples: ["/timestamp"],
    }),
    rule: z.string().meta({
      description: "The rule that it breaks.",
      examples: ["at most 5 minutes ahead"],
    }),
    value: z.unknown().optional().meta({ description: "The value that was sent, shortened." }),
  }).meta({ id: "LastRejected", description: "The last rejected message of a device." })
    .nullable().meta({ description: "The last rejected message, or null." }),
  warning: z.string().min(1).nullable().meta({
    description: "Why the device has no current readings although it sends: its last message was " +
      "rejected. Null otherwise.",
    examples: [
      'The last message was rejected: /timestamp breaks the rule "at most 5 minutes ahead"',
    ],
  }),
}).meta({ description: "A device with all its details." });

/** The events of a device. */
export const deviceEvents = z.strictObject({
  device_id: deviceIdText,
  events: z.array(
    z.strictObject({
      at: instant("When its state changed.", "2026-02-01T14:33:46Z"),
      state: stateText,
      last_seen: instant("When something had last been received, or null.", "2026-02-01T14:23:46Z")
        .nullable(),
    }).meta({ id: "DeviceEvent", description: "A change of a device's state." }),
  )
    .meta({ description: "The events, oldest first." }),
}).meta({ description: "When a device went offline and came online again." });

/** The body of `PUT /devices/{id}`. */
export type DeviceChangeBody = z.infer<typeof deviceChange>;
/** The latest reading of a device. */
export type LatestReadingBody = z.infer<typeof latestReading>;
/** A device in a list. */
export type DeviceBody = z.infer<typeof deviceSchema>;
/** A page of devices. */
export type DeviceListBody = z.infer<typeof deviceList>;
/** A device with all its details. */
export type DeviceDetailBody = z.infer<typeof deviceDetail>;
/** The events of a device. */
export type DeviceEventsBody = z.infer<typeof deviceEvents>;

/**
 * The profile of a device, with every metric that its readings may have.
 *
 * @throws {Error} if there is no such profile, which is a defect: one that a device has is not deleted.
 */
export async function currentProfile(
  profiles: Pick<ProfileStore, "current">,
  name: ProfileName,
): Promise<Profile> {
  const profile = await profiles.current(name);
  if (profile === undefined) throw new Error(`Cannot find the profile of a device: ${name}`);
  return profile;
}

/** The error for a device that does not exist. */
export function unknownDevice(): AppError {
  return new AppError("DEVICE_NOT_FOUND", "Device not found");
}
