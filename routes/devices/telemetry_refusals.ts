/**
 * Why readings of a device are refused that are right by themselves.
 *
 * @module
 */

import type { FieldError } from "../../data/app_error.ts";
import type { ProfileName } from "../../data/readings/profile.ts";
import type { IntakeResult } from "../../kv/devices/intake.ts";

/** A result of an intake that stored nothing, but not because the device sends too often. */
export type Refusal = Exclude<IntakeResult, { kind: "accepted" } | { kind: "limited" }>;

/** What is wrong with messages of a device that follow a profile. */
export function refusalOf(
  refusal: Refusal,
  { id, profile }: { id: string; profile: ProfileName },
): FieldError {
  switch (refusal.kind) {
    case "other profile":
      return {
        pointer: "/metrics",
        detail: `metrics must be those of the profile ${refusal.profile}, which device ${id} has`,
        value: profile,
        rule: `metrics of the profile ${refusal.profile}`,
      };
    case "id taken":
      return {
        pointer: "/device_id",
        detail: `device_id must not be that of a meter with the profile ${profile}`,
        value: id,
        rule: `not that of a meter with the profile ${profile}`,
      };
    case "other definition":
      return {
        pointer: "/metrics",
        detail: `metrics must be those of the profile ${profile}, which changed just now`,
        value: profile,
        rule: `metrics of the profile ${profile}, which changed just now`,
      };
  }
}
