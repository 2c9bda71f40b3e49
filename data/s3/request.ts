/**
 * Sends signed requests to S3, with a deadline, and with retries where they may help.
 *
 * @module
 */

import { inSpan } from "../tracing.ts";
import { startDeadline } from "../files/deadline.ts";
import { areSameCredentials, createCredentialSource } from "./credentials.ts";
import { bucketUrl, requestUrl, type S3Access, type S3Signable, signedRequest } from "./sign.ts";
import { answeredFault, mayPass, s3Error, type S3Fault, unansweredFault } from "./fault.ts";

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
export interface S3Request extends S3Signable {
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
  return (request) => {
    const fields = {
      "rpc.system": "aws-api",
      "rpc.service": "S3",
      "aws.s3.bucket": options.bucket,
      "aws.s3.key": request.key,
      "http.request.method": request.method,
    };
    return inSpan(`S3 ${request.method}`, { kind: "client", fields }, () => send(request));
  };

  /** Sends a request until an answer counts. */
  async function send(request: S3Request): Promise<S3Answer> {
    const patience = { ...S3_PATIENCE, ...options.patience, ...request.patience };
    const url = requestUrl(base, request);
    let isUncertain = false;
    let key = await credentials.get(request.signal);
    for (let tries = 1;; tries++) {
      const signed = await signedRequest(request, { access: options, url, key, cache });
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
  }
}

/** Whether other credentials may help. An answer to HEAD has no body and so no code. */
function isOfCredentials({ status, code }: S3Fault, { method }: S3Request): boolean {
  if (status !== 400 && status !== 403) return false;
  return CREDENTIAL_CODES.has(code) || (code === "" && method === "HEAD");
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
