/**
 * One request to S3: signed (AWS Signature Version 4), within a deadline, tried again where that may
 * help.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { AwsV4Signer } from "aws4fetch";
import { startDeadline } from "../files/deadline.ts";
import { answeredFault, mayPass, s3Error, type S3Fault, unansweredFault } from "./fault.ts";

/** Where S3 is and who asks. */
export interface S3Access {
  /** URL of an S3-compatible server; null for AWS itself. */
  readonly endpoint: string | null;
  /** Region, as it is part of signatures. */
  readonly region: string;
  /** The key's id. */
  readonly accessKeyId: string;
  /** The key. */
  readonly secretAccessKey: string;
}

/** How long S3 is waited for and how often it is asked. */
export interface S3Patience {
  /** How long an answer, or the next bytes of one, may take, milliseconds. */
  readonly timeoutMs: number;
  /** Bytes that are sent add to that time as if the line took so many a second. */
  readonly minBytesPerSecond: number;
  /** How often a request is sent at most. */
  readonly tries: number;
  /** The longest wait before the second try, milliseconds; it doubles with each. */
  readonly retryBaseMs: number;
  /** The longest wait before any try, whatever `Retry-After` asks for, milliseconds. */
  readonly retryMaxMs: number;
}

/** What is waited where nobody says otherwise. */
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
  /** The object's key; "" for the bucket itself. */
  readonly key: string;
  /** Parameters of the query. */
  readonly query?: Readonly<Record<string, string>>;
  /** Headers beside those that signing adds. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The body, sent whole at each try. */
  readonly body?: Uint8Array<ArrayBuffer>;
  /** SHA-256 of the body, hexadecimal, where it is known. */
  readonly sha256?: string;
  /** Statuses that are answers beside 2xx. */
  readonly accepts?: readonly number[];
  /** Whether a good answer's body is left to be read as a stream, which the signal ends. */
  readonly isStreamed?: boolean;
  /** Asked before another try: whether an earlier one did it all the same. */
  readonly isDone?: () => Promise<boolean>;
  /** Ends it all. */
  readonly signal: AbortSignal;
  /** Differs from the client's for this request. */
  readonly patience?: Partial<S3Patience>;
}

/** An answer. */
export interface S3Answer {
  /** The HTTP status. */
  readonly status: number;
  /** The headers. */
  readonly headers: Headers;
  /** The body; "" where it is streamed. */
  readonly text: string;
  /** The body where it is streamed. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>> | null;
  /** Whether an earlier try may have been carried out, though its answer was lost. */
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
  /** How long it is waited. */
  readonly patience?: Partial<S3Patience>;
}

const DONE: S3Answer = {
  status: 200,
  headers: new Headers(),
  text: "",
  stream: null,
  isUncertain: true,
};

type Outcome = { readonly answer: Omit<S3Answer, "isUncertain"> } | { readonly fault: S3Fault };

/** What sends requests to one bucket. */
export function createS3Sender(options: S3SenderOptions): S3Send {
  const base = bucketUrl(options);
  const cache = new Map<string, ArrayBuffer>();
  return async (request) => {
    const patience = { ...S3_PATIENCE, ...options.patience, ...request.patience };
    const url = requestUrl(base, request);
    let isUncertain = false;
    for (let tries = 1;; tries++) {
      const signed = await signedRequest(request, { options, url, cache });
      const outcome = await tryOnce(options.fetch ?? fetch, { request, signed, patience });
      if ("answer" in outcome) return { ...outcome.answer, isUncertain };
      const { fault } = outcome;
      if (fault.status === null || fault.status >= 500) isUncertain = true;
      if (!mayPass(fault) || tries >= patience.tries) {
        const times = tries === 1 ? "" : ` (${tries} times)`;
        throw s3Error(`${request.method} ${base}/${request.key}${times}`, fault);
      }
      await pause(retryDelayMs(tries, fault, patience), request.signal);
      if (await request.isDone?.()) return DONE;
    }
  };
}

/** Path-style, but at AWS itself, where each bucket has a host. A dot would break its certificate. */
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

/** As signatures want it: everything but `A-Z a-z 0-9 - _ . ~`. */
function encoded(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

async function signedRequest(
  request: S3Request,
  { options, url, cache }: {
    options: S3SenderOptions;
    url: string;
    cache: Map<string, ArrayBuffer>;
  },
): Promise<{ url: URL; headers: Headers }> {
  const sha256 = request.sha256 ??
    createHash("sha256").update(request.body ?? new Uint8Array(0)).digest("hex");
  const { accessKeyId, secretAccessKey, region } = options;
  const headers = { ...request.headers, "x-amz-content-sha256": sha256 };
  const who = { accessKeyId, secretAccessKey, region, service: "s3", cache };
  return await new AwsV4Signer({ method: request.method, url, headers, ...who }).sign();
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
    // Completing an upload may fail long after its 200 was sent.
    const isGood = response.ok && !/^(<\?xml[^>]*\?>)?\s*<Error[\s>]/.test(text);
    if (isGood || accepts.includes(status)) {
      return { answer: { status, headers: response.headers, text, stream: null } };
    }
    return { fault: answeredFault(response, text) };
  } catch (error) {
    signal.throwIfAborted();
    return { fault: unansweredFault(error, deadline.isOver() ? timeoutMs : null) };
  } finally {
    // Whoever reads a stream looks after its time, and ends it by the same signal.
    if (isOpen) deadline.pause();
    else deadline.clear();
  }
}

/** Full jitter, so that many who failed together do not come back together. */
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
