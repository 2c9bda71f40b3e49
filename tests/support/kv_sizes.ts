/**
 * Sizes of keys and values as Deno KV counts them.
 *
 * @module
 */

import { serialize } from "node:v8";

/** Size of a key as Deno KV encodes it, bytes. */
export function keyBytes(key: Deno.KvKey): number {
  return key.reduce<number>((size, part) => size + partBytes(part), 0);
}

/** Size of a value as Deno KV stores it, bytes. */
export function valueBytes(value: unknown): number {
  if (value instanceof Uint8Array) return value.length;
  return value instanceof Deno.KvU64 ? 8 : serialize(value).length;
}

function partBytes(part: Deno.KvKeyPart): number {
  if (typeof part === "boolean") return 1;
  if (typeof part === "number") return 9;
  if (typeof part === "bigint") return 3 + Math.ceil(part.toString(16).length / 2);
  // The versionstamp of the commit itself, as text.
  if (typeof part === "symbol") return 22;
  const bytes = typeof part === "string" ? new TextEncoder().encode(part) : part;
  return 2 + bytes.length + bytes.filter((byte) => byte === 0).length;
}
