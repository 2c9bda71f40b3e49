/**
 * What was sent, short enough to be sent back in an error.
 *
 * @module
 */

import { QUOTED_VALUE_MAX } from "./limits.ts";

/** A wrong value, shortened: long texts are cut off, large objects become the start of their JSON. */
export function quoted(value: unknown): unknown {
  if (typeof value === "string") return value.slice(0, QUOTED_VALUE_MAX);
  // JSON has no word for these: 1e999 is read as Infinity.
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (typeof value !== "object" || value === null) return value;
  const text = JSON.stringify(value);
  return text.length <= QUOTED_VALUE_MAX ? value : text.slice(0, QUOTED_VALUE_MAX);
}

/** A property's name as part of a JSON Pointer, shortened (RFC 6901 §3). */
export function pointerPart(name: string): string {
  return name.slice(0, QUOTED_VALUE_MAX).replaceAll("~", "~0").replaceAll("/", "~1");
}
