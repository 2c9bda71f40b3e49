/**
 * Credentials of S3 that may change while the service runs: they are cached, renewed before they
 * expire, and read again at once if S3 rejects them.
 *
 * @module
 */

import { AppError } from "../app_error.ts";
import {
  type CredentialSettings,
  loadCredentials,
  type S3Credentials,
} from "./load_credentials.ts";

/** How long before they expire credentials are renewed, milliseconds. */
const RENEW_BEFORE_MS = 300_000;
/** How often to read credentials again that have no expiry, or little time left, milliseconds. */
const RECHECK_MS = 60_000;
/** How long reading may take, milliseconds. */
const LOAD_MS = 10_000;

/** The current credentials. */
export interface CredentialSource {
  /**
   * The current credentials. Pass those that S3 rejected, to read them again first. If reading fails,
   * the old ones are returned as long as they have not expired and were not rejected.
   *
   * @throws {AppError} STORAGE_UNAVAILABLE if there are none, or the reason of the signal.
   */
  get(signal: AbortSignal, rejected?: S3Credentials): Promise<S3Credentials>;
}

/** What a source needs. */
export interface CredentialDeps {
  /** Sends requests to the container endpoint and to STS. */
  readonly fetch: typeof fetch;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** Creates a source. It reads nothing before the first call. */
export function createCredentialSource(
  settings: CredentialSettings,
  { fetch, now }: CredentialDeps,
): CredentialSource {
  if (settings.kind === "keys") {
    const { accessKeyId, secretAccessKey, sessionToken } = settings;
    const fixed = { accessKeyId, secretAccessKey, sessionToken, expiresMs: null };
    return { get: () => Promise.resolve(fixed) };
  }
  const changing = settings;
  let current: S3Credentials | null = null;
  let renewMs = -Infinity;
  let loading: Promise<S3Credentials> | null = null;

  async function load(): Promise<S3Credentials> {
    try {
      const loaded = await loadCredentials(changing, fetch, AbortSignal.timeout(LOAD_MS));
      current = loaded;
      renewMs = renewalOf(loaded, now());
      return loaded;
    } finally {
      loading = null;
    }
  }

  return {
    async get(signal, rejected) {
      if (current !== null && current !== rejected && now() < renewMs) return current;
      // Requests that come meanwhile share the load, so it must not end with the signal of one.
      loading ??= load();
      try {
        return await abortable(loading, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (current === null || current === rejected || hasExpired(current, now())) {
          throw unavailable(error);
        }
        renewMs = now() + RECHECK_MS;
        return current;
      }
    },
  };
}

/** Whether two credentials are the same. */
export function areSameCredentials(a: S3Credentials, b: S3Credentials): boolean {
  return a.accessKeyId === b.accessKeyId && a.secretAccessKey === b.secretAccessKey &&
    a.sessionToken === b.sessionToken;
}

function renewalOf({ expiresMs }: S3Credentials, nowMs: number): number {
  if (expiresMs === null) return nowMs + RECHECK_MS;
  return Math.min(expiresMs, Math.max(expiresMs - RENEW_BEFORE_MS, nowMs + RECHECK_MS));
}

function hasExpired({ expiresMs }: S3Credentials, nowMs: number): boolean {
  return expiresMs !== null && nowMs >= expiresMs;
}

function unavailable(cause: unknown): AppError {
  return new AppError("STORAGE_UNAVAILABLE", "The credentials of S3 cannot be read", {
    details: "The service could not read the credentials of S3",
    cause,
  });
}

/** Waits for some work until a signal aborts. The work goes on. */
async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort);
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    // Not awaited further, so a later rejection must not count as unhandled.
    work.catch(() => {});
  }
}
