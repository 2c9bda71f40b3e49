/**
 * Recognizes callers by their keys.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { parseKey } from "../../data/access/key_text.ts";
import { createRefusalLines } from "../../data/access/refusal_lines.ts";
import type { Log } from "../../data/log.ts";
import type { Verified } from "../../kv/access/key_memory.ts";
import type { KeyStore } from "../../kv/access/keys.ts";
import type { Authenticator, Recognized } from "./authenticator.ts";

/** What the authenticator needs. */
export interface KeyAuthenticatorDeps {
  /** The keys. */
  readonly keys: Pick<KeyStore, "verify">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
}

/** Recognizes keys of the form `ow_<id>_<secret>`. It knows nothing about other tokens. */
export function keyAuthenticator({ keys, now, log }: KeyAuthenticatorDeps): Authenticator {
  const lines = createRefusalLines();

  function recognized(verified: Verified, id: string, address: string): Recognized {
    if ("caller" in verified) return verified.caller;
    // The reason is for those who run the service; the answer says nothing about keys that exist.
    if (lines.isDue(id, address, now())) {
      log("info", "key refused", { keyId: id, reason: verified.fault, address });
    }
    return new AppError("UNAUTHENTICATED", INVALID_KEY);
  }

  return {
    authenticate({ token, address }) {
      const parts = token === null ? null : parseKey(token);
      if (parts === null) return null;
      const verified = keys.verify(parts, address);
      if (!(verified instanceof Promise)) return recognized(verified, parts.id, address);
      return verified.then(
        (later) => recognized(later, parts.id, address),
        (error) => {
          log("error", "keys unavailable", { error });
          return new AppError("KEYS_UNAVAILABLE", "The keys cannot be read now; try again");
        },
      );
    },
  };
}

/** One sentence for every key that does not count. */
export const INVALID_KEY =
  "The key is not valid: it is unknown, revoked or expired, or not for your address";
