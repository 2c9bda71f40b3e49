/**
 * What requests about devices look like.
 *
 * @module
 */

import { z } from "zod";
import { AppError } from "../../data/app_error.ts";
import { DEVICE_PROFILES, type DeviceProfileName } from "../../data/readings/profile.ts";

/** Most characters of a device's type or location. */
const TEXT_MAX = 200;
/** Longest silence that can be asked for: a year, seconds. */
const SILENCE_MAX_SECONDS = 31_536_000;

const profile = z.enum(DEVICE_PROFILES, `profile must be ${DEVICE_PROFILES.join(" or ")}`);

function text(name: string): z.ZodType<string | null | undefined> {
  const rule = `${name} must be null or a text of 1 to ${TEXT_MAX} characters`;
  return z.string(rule).min(1, rule).max(TEXT_MAX, rule).nullable().optional();
}

const silenceRule =
  `offline_after_seconds must be null or a whole number of 1 to ${SILENCE_MAX_SECONDS}`;

/** What `PUT /devices/{id}` takes; what is absent stays as it is. */
export interface DeviceChangeBody {
  /** What it measures. */
  readonly profile?: DeviceProfileName;
  /** What kind of thing it is, in the user's words. */
  readonly device_type?: string | null;
  /** Where it is, in the user's words. */
  readonly location?: string | null;
  /** How long it may be silent; null for what the service's setting says. */
  readonly offline_after_seconds?: number | null;
}

/** {@link DeviceChangeBody} as it is checked. */
export const deviceChange: z.ZodType<DeviceChangeBody> = z.strictObject({
  profile: profile.optional(),
  device_type: text("device_type"),
  location: text("location"),
  offline_after_seconds: z.int(silenceRule).min(1, silenceRule)
    .max(SILENCE_MAX_SECONDS, silenceRule).nullable().optional(),
}, {
  error: (issue) => issue.code === "invalid_type" ? "The body must be a JSON object" : undefined,
}).meta({ description: "What is to be changed about a device." });

/** Whether a device is heard. */
export const stateText: z.ZodType<"online" | "offline"> = z.enum(
  ["online", "offline"],
  "state must be online or offline",
);

/** What a device measures. */
export const profileText: z.ZodType<DeviceProfileName> = profile;

/** The error about a device that nobody knows. */
export function unknownDevice(): AppError {
  return new AppError("DEVICE_NOT_FOUND", "Device not found");
}
