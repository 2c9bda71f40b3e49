/**
 * The text of a key: `ow_`, its id, `_`, its secret. Only the hash of the secret is stored.
 *
 * @module
 */

import { hash } from "node:crypto";

/** The id of a key: 1 to 32 of `a-z 0-9`. */
export const KEY_ID_PATTERN: RegExp = /^[a-z0-9]{1,32}$/;
/** {@link KEY_ID_PATTERN} in words. */
export const KEY_ID_RULE = "1 to 32 characters of a-z 0-9";

/** How many random bytes a secret is made of. */
export const SECRET_BYTES = 32;
/** How many random bytes the id of a key is made of, besides the time. */
export const KEY_ID_BYTES = 5;

/** A key: 43 characters are 32 bytes in base64url, 64 the same in hexadecimal. */
const KEY_FORM = /^ow_([a-z0-9]{1,32})_([A-Za-z0-9_-]{43,128})$/;
/** The same anywhere in a text, also if a part of the secret is missing. */
const KEY_WITHIN = /(ow_[a-z0-9]{1,32}_)[A-Za-z0-9_-]{8,}/g;
/** The form of a key in words. */
export const KEY_RULE: string =
  "ow_, an id of 1 to 32 characters of a-z 0-9, _ and a secret of 43 to 128 characters of " +
  "A-Z a-z 0-9 _ -";

/** Digits in the order of ASCII, without those that are easily mixed up (Crockford's base 32). */
const DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";
/** Digits of the time in an id: enough seconds until the year 3058. */
const TIME_DIGITS = 7;
/** Letters and digits, so that a double click selects a whole key. */
const ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** Digits of 32 bytes in base 62. */
const SECRET_DIGITS = 43;

/** The parts of a key. */
export interface KeyParts {
  /** Its id, which is no secret. */
  readonly id: string;
  /** Its secret. */
  readonly secret: string;
}

/** The parts of the text of a key; null if it is not one. */
export function parseKey(text: string): KeyParts | null {
  const match = KEY_FORM.exec(text);
  return match === null ? null : { id: match[1], secret: match[2] };
}

/** The text of a key. */
export function keyText({ id, secret }: KeyParts): string {
  return `ow_${id}_${secret}`;
}

/** A text with the secrets of the keys in it left out. */
export function withoutSecrets(text: string): string {
  return text.includes("ow_") ? text.replaceAll(KEY_WITHIN, "$1…") : text;
}

/** A path of a URL without secrets of keys, also of those that are percent-encoded. */
export function pathWithoutSecrets(path: string): string {
  if (!path.includes("%")) return withoutSecrets(path);
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    // What is not UTF-8 may have a key in another place.
    decoded = path.replace(/%[0-7][0-9a-f]/gi, decodeURIComponent);
  }
  const safe = withoutSecrets(decoded);
  return safe === decoded ? withoutSecrets(path) : safe;
}

/** A new id. Ids are in the order of the seconds in which they were made. */
export function newKeyId(nowMs: number, random: Uint8Array): string {
  let seconds = Math.floor(nowMs / 1_000);
  let time = "";
  for (let digit = 0; digit < TIME_DIGITS; digit++) {
    time = DIGITS[seconds % 32] + time;
    seconds = Math.floor(seconds / 32);
  }
  return time + [...random].map((byte) => DIGITS[byte % 32]).join("");
}

/** The secret of {@link SECRET_BYTES} random bytes. */
export function newSecret(random: Uint8Array): string {
  let number = random.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  let text = "";
  for (let digit = 0; digit < SECRET_DIGITS; digit++) {
    text = ALPHANUMERIC[Number(number % 62n)] + text;
    number /= 62n;
  }
  return text;
}

/**
 * SHA-256 of a secret in hexadecimal. A secret has 256 random bits, so it needs neither salt nor a slow
 * hash.
 */
export function secretHash(secret: string): string {
  return hash("sha256", secret, "hex");
}

/** Whether two hashes are equal. It takes the same time wherever they differ. */
export function equalHashes(one: string, other: string): boolean {
  let difference = one.length ^ other.length;
  for (let at = 0; at < one.length; at++) {
    difference |= one.charCodeAt(at) ^ other.charCodeAt(at);
  }
  return difference === 0;
}
