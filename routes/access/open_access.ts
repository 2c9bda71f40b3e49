/**
 * Opens the ways to prove who one is that the settings name.
 *
 * @module
 */

import type { AccessSettings } from "../../data/access_settings.ts";
import type { Log } from "../../data/log.ts";
import type { KeyStore } from "../../kv/access/keys.ts";
import type { Authenticator } from "./authenticator.ts";
import { openIssuerKeys } from "./issuer_keys.ts";
import { keyAuthenticator } from "./key_authenticator.ts";
import { type FindMaker, UNKNOWN_MAKER } from "./links.ts";
import { oidcAuthenticator } from "./oidc.ts";
import { sessionAuthenticator } from "./session_authenticator.ts";

/** The ways to prove who one is. Disposing of them ends what they do in the background. */
export interface OpenedAccess extends AsyncDisposable {
  /** The ways; null if authentication is off, so that everyone may do everything. */
  readonly authenticators: readonly Authenticator[] | null;
  /** Finds who made a signed link. A way that is closed also ends the links of those who came by it. */
  readonly findMaker: FindMaker;
}

/** What they need. */
export interface AccessDeps {
  /** The database, for sessions. */
  readonly kv: Pick<Deno.Kv, "get">;
  /** The keys. */
  readonly keys: Pick<KeyStore, "verify" | "callerOf">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
}

/** Opens the ways that the settings name. */
export function openAccess(settings: AccessSettings, deps: AccessDeps): OpenedAccess {
  const { hasKeys, oidc, publicUrl } = settings;
  const stack = new AsyncDisposableStack();
  const authenticators: Authenticator[] = [];
  if (hasKeys) authenticators.push(keyAuthenticator(deps));
  if (oidc !== null) {
    const keys = stack.use(openIssuerKeys({ ...deps, settings: oidc }));
    authenticators.push(oidcAuthenticator({ ...deps, settings: oidc, keys }));
  }
  const isOff = !hasKeys && oidc === null;
  return {
    authenticators: isOff
      ? null
      : [...authenticators, sessionAuthenticator(authenticators, { ...deps, publicUrl })],
    findMaker(maker) {
      if (maker.kind === "key") return hasKeys ? deps.keys.callerOf(maker.id) : null;
      return (maker.kind === "oidc" && oidc !== null) || (maker.kind === "anyone" && isOff)
        ? UNKNOWN_MAKER
        : null;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
