/**
 * Sends requests to S3: signed (AWS Signature Version 4), with a deadline, and with retries where they
 * may help.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { AwsV4Signer } from "aws4fetch";
import { startDeadline } from "../files/deadline.ts";
import { areSameCredentials, createCredentialSource } from "./credentials.ts";
import type { CredentialSettings, S3Credentials } from "./load_credentials.ts";
import { answeredFault, mayPass, s3Error, type S3Fault, unansweredFault } from "./fault.ts";

/** Encryption at rest that S3 must use, with a key of its own or of KMS. */
export interface S3Encryption {
  /** `AES256`, `aws:kms` or `aws:kms:dsse`. */
  readonly algorithm: string;
  /** The id of the key in KMS; null for the default key. */
  readonly kmsKeyId: string | null;
}

/** The server and the credentials for it. */
export interface S3Access {
  /** URL of an S3-compatible server; null for AWS itself. */
  readonly endpoint: string | null;
  /** The region, which is part of signatures. */
  readonly region: string;
  /** Where the credentials come from. */
  readonly credentials: CredentialSettings;
  /** The encryption of new objects; by default what the bucket is set to. */
  readonly encryption?: S3Encryption | null;
}

/** How long to wait for S3, and how often to try. */
export interface S3Patience {
  /** How long an answer or its next bytes may take, milliseconds. */
  readonly timeoutMs: number;
  /** Adds time for the body of a request, at this rate. */
  readonly minBytesPerSecond: number;
  /** The maximum number of tries. */
  readonly tries: number;
  /** The longest wait before the second try, milliseconds. It doubles with each further try. */
  readonly retryBaseMs: number;
  /** The longest wait before any try, even if `Retry-After` asks for more, milliseconds. */
  readonly retryMaxMs: number;
}

/** The default patience. */
export const S3_PATIENCE: S3Patience = {
  timeoutMs: 20_000,
  minBytesPerSecond: 131_072,
  tries: 6,
  retryBaseMs: 200,
  retryMaxMs: 20_000,
};

/** A request. */
export interface S3Request {
  /** The method. */
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  /** The key of the object; "" for the bucket itself. */
  readonly key: string;
  /** The query parameters. */
  readonly query?: Readonly<Record<string, string>>;
  /** Headers in addition to those that signing adds. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether the request creates an object, so that it must say how to encrypt it. */
  readonly isCreating?: boolean;
  /** The body, sent whole with each try. */
  readonly body?: Uint8Array<ArrayBuffer>;
  /** SHA-256 of the body, hexadecimal, if known. */
  readonly sha256?: string;
  /** Statuses that are valid answers in addition to 2xx. */
  readonly accepts?: readonly number[];
  /** Whether to return the body of a successful answer as a stream, which the signal ends. */
  readonly isStreamed?: boolean;
  /** Called before a retry: whether an earlier try succeeded although its answer was lost. */
  readonly isDone?: () => Promise<boolean>;
  /** Ends the request and its retries. */
  readonly signal: AbortSignal;
  /** Overrides the patience of the client. */
  readonly patience?: Partial<S3Patience>;
}

/** An answer. */
export interface S3Answer {
  /** The HTTP status. */
  readonly status: number;
  /** The headers. */
  readonly headers: Headers;
  /** The body; "" if it is streamed. */
  readonly text: string;
  /** The body if it is streamed. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>> | null;
  /** Whether an earlier try may have been carried out although its answer was lost. */
  readonly isUncertain: boolean;
}

/** Sends a request. Throws AppError, or the reason of its signal. */
export type S3Send = (request: S3Request) => Promise<S3Answer>;

/** What sending needs. */
export interface S3SenderOptions extends S3Access {
  /** The bucket. */
  readonly bucket: string;
  /** How requests leave; `fetch` by default. */
  readonly fetch?: typeof fetch;
  /** Epoch milliseconds now, to renew credentials in time; `Date.now` by default. */
  readonly now?: () => number;
  /** How long to wait and how often to try. */
  readonly patience?: Partial<S3Patience>;
}

/** Error codes that other credentials may cure. */
const CREDENTIAL_CODES: ReadonlySet<string> = new Set([
  "ExpiredToken",
  "ExpiredTokenException",
  "InvalidAccessKeyId",
  "InvalidToken",
  "InvalidClientTokenId",
  "SignatureDoesNotMatch",
  "TokenRefreshRequired",
]);

const DONE: S3Answer = {
  status: 200,
  headers: new Headers(),
  text: "",
  stream: null,
  isUncertain: true,
};

type Outcome = { readonly answer: Omit<S3Answer, "isUncertain"> } | { readonly fault: S3Fault };

/** Creates a sender of requests to one bucket. */
export function createS3Sender(options: S3SenderOptions): S3Send {
  const base = bucketUrl(options);
  const cache = new Map<string, ArrayBuffer>();
  const credentials = createCredentialSource(options.credentials, {
    fetch: options.fetch ?? fetch,
    now: options.now ?? Date.now,
  });
  return async (request) => {
    const patience = { ...S3_PATIENCE, ...options.patience, ...request.patience };
    const url = requestUrl(base, request);
    let isUncertain = false;
    let key = await credentials.get(request.signal);
    for (let tries = 1;; tries++) {
      const signed = await signedRequest(request, { options, url, key, cache });
      const outcome = await tryOnce(options.fetch ?? fetch, { request, signed, patience });
      if ("answer" in outcome) return { ...outcome.answer, isUncertain };
      const { fault } = outcome;
      if (fault.status === null || fault.status >= 500) isUncertain = true;
      if (isOfCredentials(fault, request) && tries < patience.tries) {
        const rejected = key;
        key = await credentials.get(request.signal, rejected);
        if (!areSameCredentials(key, rejected)) {
          // It holds keys derived from the old secret.
          cache.clear();
          continue;
        }
      }
      if (!mayPass(fault) || tries >= patience.tries) {
        const times = tries === 1 ? "" : ` (${tries} times)`;
        throw s3Error(`${request.method} ${base}/${request.key}${times}`, fault);
      }
      await pause(retryDelayMs(tries, fault, patience), request.signal);
      if (await request.isDone?.()) return DONE;
      key = await credentials.get(request.signal);
    }
  };
}

/** Whether other credentials may help. An answer to HEAD has no body and so no code. */
function isOfCredentials({ status, code }: S3Fault, { method }: S3Request): boolean {
  if (status !== 400 && status !== 403) return false;
  return CREDENTIAL_CODES.has(code) || (code === "" && method === "HEAD");
}

/**
 * Uses path-style URLs, except for AWS, where each bucket has its own host. A bucket with a dot uses
 * path style there too, as its host would not match the certificate.
 */
function bucketUrl({ endpoint, region, bucket }: S3SenderOptions): string {
  if (endpoint !== null) return `${endpoint.replace(/\/+$/, "")}/${bucket}`;
  const host = `s3.${region}.amazonaws.com`;
  return bucket.includes(".") ? `https://${host}/${bucket}` : `https://${bucket}.${host}`;
}

function requestUrl(base: string, { key, query = {} }: S3Request): string {
  const search = Object.entries(query).map((pair) => pair.map(encoded).join("=")).join("&");
  const path = key === "" ? "" : `/${key.split("/").map(encoded).join("/")}`;
  return `${base}${path}${search && `?${search}`}`;
}

/** Encodes everything except `A-Z a-z 0-9 - _ . ~`, as signatures require. */
function encoded(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

async function signedRequest(
  request: S3Request,
  { options, url, key, cache }: {
    options: S3SenderOptions;
    url: string;
    key: S3Credentials;
    cache: Map<string, ArrayBuffer>;
  },
): Promise<{ url: URL; headers: Headers }> {
  const sha256 = request.sha256 ??
    createHash("sha256").update(request.body ?? new Uint8Array(0)).digest("hex");
  const headers = {
    ...request.headers,
    ...(request.isCreating ? encryptionHeaders(options.encryption ?? null) : {}),
    "x-amz-content-sha256": sha256,
  };
  const { accessKeyId, secretAccessKey } = key;
  const sessionToken = key.sessionToken ?? undefined;
  const { region } = options;
  const who = { accessKeyId, secretAccessKey, sessionToken, region, service: "s3", cache };
  return await new AwsV4Signer({ method: request.method, url, headers, ...who }).sign();
}

function encryptionHeaders(encryption: S3Encryption | null): Record<string, string> {
  if (encryption === null) return {};
  const name = "x-amz-server-side-encryption";
  const { algorithm, kmsKeyId } = encryption;
  return {
    [name]: algorithm,
    ...(kmsKeyId === null ? {} : { [`${name}-aws-kms-key-id`]: kmsKeyId }),
  };
}

async function tryOnce(
  send: typeof fetch,
  { request, signed, patience }: {
    request: S3Request;
    signed: { url: URL; headers: Headers };
    patience: S3Patience;
  },
): Promise<Outcome> {
  const { method, body, signal, accepts = [] } = request;
  signal.throwIfAborted();
  const sendMs = (body?.length ?? 0) / patience.minBytesPerSecond * 1000;
  const timeoutMs = Math.ceil(patience.timeoutMs + sendMs);
  const deadline = startDeadline(signal, timeoutMs);
  let isOpen = false;
  try {
    const { url, headers } = signed;
    const init: RequestInit = { method, headers, redirect: "manual", signal: deadline.signal };
    const response = await send(url, body === undefined ? init : { ...init, body });
    const { status } = response;
    if (response.ok && request.isStreamed) {
      isOpen = true;
      const stream = response.body;
      return { answer: { status, headers: response.headers, text: "", stream } };
    }
    const text = await response.text();
    // Completing an upload may fail after its 200 was sent, so the body may contain an error.
    const isGood = response.ok && !/^(<\?xml[^>]*\?>)?\s*<Error[\s>]/.test(text);
    if (isGood || accepts.includes(status)) {
      return { answer: { status, headers: response.headers, text, stream: null } };
    }
    return { fault: answeredFault(response, text) };
  } catch (error) {
    signal.throwIfAborted();
    return { fault: unansweredFault(error, deadline.isOver() ? timeoutMs : null) };
  } finally {
    // The reader of a stream sets its own deadlines, and ends it through the same signal.
    if (isOpen) deadline.pause();
    else deadline.clear();
  }
}

/** Full jitter, so that requests that failed together are not retried together. */
function retryDelayMs(tries: number, { retryAfterMs }: S3Fault, patience: S3Patience): number {
  const jitterMs = Math.random() * patience.retryBaseMs * 2 ** (tries - 1);
  return Math.min(retryAfterMs + jitterMs, patience.retryMaxMs);
}

function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    }, delayMs);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
}
