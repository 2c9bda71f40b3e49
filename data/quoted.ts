/**
 * Shortens values that an error quotes.
 *
 * @module
 */

import { QUOTED_VALUE_MAX } from "./limits.ts";

/** A wrong value, shortened: long texts are cut, large objects become the start of their JSON. */
export function quoted(value: unknown): unknown {
  if (typeof value === "string") return value.slice(0, QUOTED_VALUE_MAX);
  // JSON cannot represent them: 1e999 is parsed as Infinity.
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (typeof value !== "object" || value === null) return value;
  const text = JSON.stringify(value);
  return text.length <= QUOTED_VALUE_MAX ? value : text.slice(0, QUOTED_VALUE_MAX);
}

/** The name of a property, shortened, as part of a JSON Pointer (RFC 6901 §3). */
export function pointerPart(name: string): string {
  return name.slice(0, QUOTED_VALUE_MAX).replaceAll("~", "~0").replaceAll("/", "~1");
}
