/**
 * Keys as text, so that they can be compared and stored in SQLite.
 *
 * @module
 */

/** A key as text. Equal keys have equal texts. */
export function textOfKey(key: Deno.KvKey): string {
  return JSON.stringify(key.map(textOfPart));
}

/** The key of a text. */
export function keyOfText(text: string): Deno.KvKey {
  return (JSON.parse(text) as string[]).map(partOfText);
}

function textOfPart(part: Deno.KvKeyPart): string {
  if (typeof part === "string") return `s${part}`;
  // Distinguishes 0 and -0, which are different keys.
  if (typeof part === "number") return `n${Object.is(part, -0) ? "-0" : part}`;
  if (typeof part === "bigint") return `i${part}`;
  if (typeof part === "boolean") return `b${part}`;
  if (typeof part === "symbol") throw new TypeError("Cannot write key as a part is a symbol");
  return `x${Array.from(part, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

function partOfText(text: string): Deno.KvKeyPart {
  const rest = text.slice(1);
  switch (text[0]) {
    case "s":
      return rest;
    case "n":
      return Number(rest);
    case "i":
      return BigInt(rest);
    case "b":
      return rest === "true";
    default:
      return Uint8Array.from(rest.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  }
}
