/**
 * The public keys of an OpenID Connect issuer, kept in memory.
 *
 * | age of the keys | what happens |
 * |---|---|
 * | below 10 minutes | they are used |
 * | up to an hour | they are used, and read again meanwhile; if the issuer is away, they stay |
 * | older, or none yet | the request waits until they are read; if the issuer is away, it fails |
 *
 * A token that names an unknown key makes them read at once, because the issuer may have changed its
 * keys, but at most every 30 seconds, because anyone can send such tokens.
 *
 * @module
 */

import { createLocalJWKSet, type JSONWebKeySet, type LocalJWKSet } from "jose";
import { z } from "zod";
import { isSafeUrl, type OidcSettings } from "../../data/access_settings.ts";
import { AppError } from "../../data/app_error.ts";
import { startDeadline } from "../../data/files/deadline.ts";
import type { Log } from "../../data/log.ts";

/** From this age on, keys are read again, milliseconds. */
const FRESH_MS = 10 * 60_000;
/** From this age on, keys are not used, milliseconds. */
const USABLE_MS = 60 * 60_000;
/** Time between two reads because of unknown keys, milliseconds. */
const UNKNOWN_KEY_WAIT_MS = 30_000;
/** Time between two reads that failed, milliseconds. */
const FAILED_WAIT_MS = 5_000;
/** How long one answer of the issuer may take, milliseconds. */
const ANSWER_MS = 5_000;
/** The longest answer, bytes. */
const ANSWER_MAX_BYTES = 1_048_576;

/** The keys of an issuer. Disposing of them ends a read that is under way. */
export interface IssuerKeys extends AsyncDisposable {
  /**
   * The keys as they are known.
   *
   * @throws {AppError} ISSUER_UNAVAILABLE if there are none that may be used.
   */
  current(): Promise<LocalJWKSet>;
  /**
   * The keys, read again for a token that names a key that is not among them. Null if they were read
   * a moment ago: then the issuer has no such key.
   *
   * @throws {AppError} ISSUER_UNAVAILABLE if they cannot be read.
   */
  renewed(): Promise<LocalJWKSet | null>;
}

/** What the keys need. */
export interface IssuerKeysDeps {
  /** The issuer, and where its keys are. */
  readonly settings: Pick<OidcSettings, "issuer" | "jwksUrl">;
  /** Milliseconds since any moment; the clock of the machine, which may be set, does not move it. */
  readonly elapsedMs?: () => number;
  /** The log. */
  readonly log: Log;
  /** Asks the issuer. */
  readonly fetch?: typeof fetch;
}

const discoverySchema = z.looseObject({ issuer: z.string(), jwks_uri: z.string() });
const keysSchema = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })) });

/** The keys of an issuer. Nothing is read before they are asked for. */
export function openIssuerKeys(
  { settings, elapsedMs = () => performance.now(), log, fetch = globalThis.fetch }: IssuerKeysDeps,
): IssuerKeys {
  const stopping = new AbortController();
  let known: { set: LocalJWKSet; atMs: number } | null = null;
  let failure: { error: unknown; atMs: number } | null = null;
  let reading: Promise<LocalJWKSet> | null = null;

  /** Reads the keys; one read serves all who ask meanwhile. */
  function read(): Promise<LocalJWKSet> {
    if (failure !== null && elapsedMs() - failure.atMs < FAILED_WAIT_MS) {
      return Promise.reject(unavailable(failure.error));
    }
    return reading ??= readSet().finally(() => reading = null);
  }

  async function readSet(): Promise<LocalJWKSet> {
    const atMs = elapsedMs();
    try {
      const url = settings.jwksUrl ?? await discover();
      // The schema checks what jose relies on.
      const set = createLocalJWKSet(await ask(url, keysSchema) as JSONWebKeySet);
      known = { set, atMs };
      failure = null;
      return set;
    } catch (error) {
      failure = { error, atMs: elapsedMs() };
      if (!stopping.signal.aborted) {
        log("warn", "issuer keys not read", { issuer: settings.issuer, error: explained(error) });
      }
      throw unavailable(error);
    }
  }

  /** The address of the keys in the discovery document (OpenID Connect Discovery 1.0, section 4). */
  async function discover(): Promise<string> {
    const url = `${settings.issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    const { issuer, jwks_uri: jwksUrl } = await ask(url, discoverySchema);
    if (issuer !== settings.issuer) {
      throw new TypeError(`Cannot use ${url} as its issuer is not ${settings.issuer}: ${issuer}`);
    }
    if (!isSafeUrl(jwksUrl)) {
      throw new TypeError(`Cannot read keys as jwks_uri of ${url} is not an https URL: ${jwksUrl}`);
    }
    return jwksUrl;
  }

  async function ask<T>(url: string, schema: z.ZodType<T>): Promise<T> {
    // Not AbortSignal.any(): Deno up to 2.7 keeps a reference to each signal made of a lasting one.
    const deadline = startDeadline(stopping.signal, ANSWER_MS);
    try {
      const response = await fetch(url, {
        headers: { accept: "application/json" },
        redirect: "error",
        signal: deadline.signal,
      });
      const text = await limitedText(response, url);
      if (!response.ok) throw new TypeError(`Cannot read ${url} as it answers ${response.status}`);
      return schema.parse(JSON.parse(text));
    } finally {
      deadline.clear();
    }
  }

  return {
    async current() {
      const ageMs = known === null ? Infinity : elapsedMs() - known.atMs;
      if (known === null || ageMs >= USABLE_MS) return await read();
      // A failure is logged, and what is known is used until it is too old.
      if (ageMs >= FRESH_MS) read().catch(() => {});
      return known.set;
    },
    async renewed() {
      const isNew = known !== null && elapsedMs() - known.atMs < UNKNOWN_KEY_WAIT_MS;
      return isNew && failure === null ? null : await read();
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await reading?.catch(() => {});
    },
  };
}

/** An error of permissions, with what to do about it. */
function explained(error: unknown): unknown {
  if (!(error instanceof Deno.errors.NotCapable)) return error;
  const message = "Cannot read the keys of the issuer, as the task grants only the hosts that " +
    "settings name: set OIDC_JWKS_URL to jwks_uri of its discovery document";
  return new Error(message, { cause: error });
}

async function limitedText(response: Response, url: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = "", sizeBytes = 0;
  for await (const chunk of response.body ?? []) {
    sizeBytes += chunk.length;
    if (sizeBytes > ANSWER_MAX_BYTES) {
      throw new RangeError(`Cannot read ${url} as it answers more than ${ANSWER_MAX_BYTES} bytes`);
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function unavailable(cause: unknown): AppError {
  const detail = "The issuer of your token cannot be reached, so the token cannot be checked";
  return new AppError("ISSUER_UNAVAILABLE", detail, { cause });
}
