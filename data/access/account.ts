/**
 * Accounts: whom limits count for.
 *
 * @module
 */

import type { Caller } from "./caller.ts";
import { addressAccount } from "./client_address.ts";
import type { KeyLimits } from "./key_limits.ts";

/** The limits that hold for the account of a caller whose key has none of its own; null for none. */
export type AccountLimits = Pick<
  KeyLimits,
  "jobsWaiting" | "jobsRunning" | "storedReadings" | "fileBytes"
>;

/** No limits. */
export const NO_ACCOUNT_LIMITS: AccountLimits = {
  jobsWaiting: null,
  jobsRunning: null,
  storedReadings: null,
  fileBytes: null,
};

/**
 * The account of a caller: the key, the user of the identity provider, or the address; with IPv6 the
 * network of it.
 */
export function accountOf({ owner, actor }: Pick<Caller, "owner" | "actor">): string {
  return actor.kind === "anonymous" ? addressAccount(actor.id) : owner;
}

/** The limits that hold for an account: its own, and where it has none, those of the service. */
export function accountLimits(own: KeyLimits | null, service: AccountLimits): AccountLimits {
  return {
    jobsWaiting: own?.jobsWaiting ?? service.jobsWaiting,
    jobsRunning: own?.jobsRunning ?? service.jobsRunning,
    storedReadings: own?.storedReadings ?? service.storedReadings,
    fileBytes: own?.fileBytes ?? service.fileBytes,
  };
}

/**
 * How many jobs of an account may run at the same time; null for any number. `ownLimitsOf` looks up the
 * limits of a key by its id.
 */
export async function accountJobsRunning(
  account: string,
  service: AccountLimits,
  ownLimitsOf: (keyId: string) => Promise<KeyLimits | null>,
): Promise<number | null> {
  const [, keyId] = /^key:(.*)$/s.exec(account) ?? [];
  const own = keyId === undefined ? null : await ownLimitsOf(keyId);
  return accountLimits(own, service).jobsRunning;
}
