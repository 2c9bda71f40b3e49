/**
 * Rules between the parts of a key.
 *
 * @module
 */

import type { FieldError } from "../app_error.ts";
import { instantText } from "../time/time_text.ts";
import type { Kind, Patterns } from "./caller.ts";
import type { KeyGrant } from "./key.ts";

/** The name of each kind in requests. */
export const KIND_FIELDS: Readonly<Record<Kind, string>> = {
  meter: "meters",
  device: "devices",
  store: "stores",
};

/** What is wrong with a key that is made or changed now. */
export function grantProblems(
  { scopes, patterns, expiresMs }: KeyGrant,
  nowMs: number,
): FieldError[] {
  const problems: FieldError[] = [];
  if (expiresMs !== null && expiresMs <= nowMs) {
    const detail = "expires_at must be in the future";
    problems.push({ pointer: "/expires_at", detail, value: instantText(expiresMs) });
  }
  // Such a key could make another one without the restriction.
  if (scopes.includes("admin")) {
    for (const kind of ["meter", "device", "store"] as const) {
      if (patterns[kind] === null) continue;
      const field = KIND_FIELDS[kind];
      const detail = `${field} must be null with the scope admin, which may touch every id`;
      problems.push({ pointer: `/${field}`, detail, value: [...patterns[kind]].slice(0, 3) });
    }
  }
  return problems;
}

/** The patterns of a new key: if any kind has patterns, it touches nothing of the kinds left out. */
export function newPatterns(
  given: Readonly<Record<Kind, readonly string[] | null | undefined>>,
): Patterns {
  const others = Object.values(given).some((list) => Array.isArray(list)) ? [] : null;
  const { meter = others, device = others, store = others } = given;
  return { meter, device, store };
}
