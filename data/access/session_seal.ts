/**
 * The id of a session, and what it seals: the key or token with which somebody signed in. Each request
 * checks that key again, so a session ends with its key, and holds only for the networks of it.
 *
 * The database has neither the id nor the key: it has the hash of the id, and the key encrypted
 * (AES-256-GCM) under another hash of the id. Only the cookie of the browser opens it.
 *
 * @module
 */

import { createCipheriv, createDecipheriv, hash } from "node:crypto";

/** How many random bytes the id of a session is made of. */
export const SESSION_ID_BYTES = 32;

/** An id as it stands in a cookie: 32 bytes in hexadecimal. */
const SESSION_ID = /^[0-9a-f]{64}$/;
/** AES-GCM as in NIST SP 800-38D: a 96-bit nonce, a 128-bit tag. */
const CIPHER = "aes-256-gcm";
const TAG_BYTES = 16;
/**
 * The nonce. It need not differ, because each key encrypts one text only: it is made of a random id.
 */
const NONCE = new Uint8Array(12);

/** The id of a session of {@link SESSION_ID_BYTES} random bytes. */
export function newSessionId(random: Uint8Array): string {
  return random.toHex();
}

/** Whether a text can be the id of a session. */
export function isSessionId(text: string): boolean {
  return SESSION_ID.test(text);
}

/** The hash under which a session is stored. */
export function sessionHash(id: string): string {
  return hash("sha256", `openwatts session name ${id}`, "hex");
}

/** Encrypts the text of a key or token, so that the id opens it. */
export function sealToken(id: string, token: string): Uint8Array<ArrayBuffer> {
  const cipher = createCipheriv(CIPHER, sealKey(id), NONCE);
  const parts = [cipher.update(token, "utf8"), cipher.final(), cipher.getAuthTag()];
  const sealed = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    sealed.set(part, at);
    at += part.length;
  }
  return sealed;
}

/** Opens what {@link sealToken} made; null if it was made with another id or was changed. */
export function openToken(id: string, sealed: Uint8Array): string | null {
  if (sealed.length < TAG_BYTES) return null;
  const decipher = createDecipheriv(CIPHER, sealKey(id), NONCE);
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  try {
    const text = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES));
    const end = decipher.final();
    return new TextDecoder().decode(new Uint8Array([...text, ...end]));
  } catch {
    return null;
  }
}

function sealKey(id: string): Uint8Array {
  return Uint8Array.fromHex(hash("sha256", `openwatts session seal ${id}`, "hex"));
}
