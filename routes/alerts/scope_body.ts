/**
 * Scopes between their form in requests and answers and that of the domain.
 *
 * @module
 */

import type { Kind } from "../../data/access/caller.ts";
import type { Scope } from "../../data/alerts/rule.ts";
import type { FieldError } from "../../data/app_error.ts";
import type { ScopeBody, ScopeInput } from "./scope_schemas.ts";

/** What is watched, as bodies name it. */
export type On = "devices" | "meters" | "stores";

const KINDS: Readonly<Record<On, Kind>> = { devices: "device", meters: "meter", stores: "store" };
const ON: Readonly<Record<Kind, On>> = { device: "devices", meter: "meters", store: "stores" };

/** The kind that a body names. */
export function kindOf(on: On): Kind {
  return KINDS[on];
}

/** How a body names a kind. */
export function onOf(kind: Kind): On {
  return ON[kind];
}

/** The scope that a request describes. */
export function scopeOf(on: On, scope: ScopeInput = {}): Scope {
  return {
    kind: kindOf(on),
    ids: scope.ids ?? null,
    deviceType: scope.device_type ?? null,
    location: scope.location ?? null,
    profile: scope.profile ?? null,
  };
}

/** A scope as an answer shows it. */
export function scopeBody({ ids, deviceType, location, profile }: Scope): ScopeBody {
  return {
    ids: ids === null ? null : [...ids],
    device_type: deviceType,
    location,
    profile,
  };
}

/** What is wrong with a scope whose form is right. */
export function scopeProblems(scope: Scope, pointer: string): FieldError[] {
  const { kind } = scope;
  const wrong = (field: string, value: string | null, isWrong: boolean, rule: string) =>
    value === null || !isWrong ? [] : [{
      pointer: `${pointer}/${field}`,
      detail: `scope.${field} must be null with on ${onOf(kind)}: ${rule}`,
      value,
      rule,
    }];
  const typeRule = "only devices have a type and a location";
  return [
    ...wrong("device_type", scope.deviceType, kind !== "device", typeRule),
    ...wrong("location", scope.location, kind !== "device", typeRule),
    ...wrong("profile", scope.profile, kind === "store", "all stores have the same profile"),
  ];
}
