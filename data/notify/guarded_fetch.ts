/**
 * Requests to addresses that users name, such as those of webhooks.
 *
 * The name is resolved once. Every address of it must be public, and one of those that were checked is
 * the one that is connected to, so that DNS cannot change its answer in between. TLS still verifies
 * the name. Redirects are answers like any other: nothing is followed.
 *
 * A call uses one connection, which ends with it, and no proxy. Whoever calls limits how many calls
 * there are at a time.
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import type { Socket } from "node:net";
import { addressRefusal } from "./address_rule.ts";
import {
  AddressRefused,
  brokenAnswer,
  type GuardedAnswer,
  TargetFault,
  timedOut,
} from "./target_fault.ts";
import { isTlsFault, openConnection, tlsFault } from "./guarded_connection.ts";
import { createAnswerReader } from "./http_answer.ts";
import { hostRefusal, readTarget, type Target } from "./target_url.ts";

/** The request. */
export interface GuardedRequest {
  /** The method. */
  readonly method: "GET" | "POST" | "PUT";
  /** Headers besides those of {@link OWN_HEADERS}. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body; null for none. */
  readonly body: Uint8Array | null;
  /** How long everything may take, from the name to the end of the answer, milliseconds. */
  readonly timeoutMs: number;
  /** How much of the answer to read. The connection is closed after it. */
  readonly maxAnswerBytes: number;
  /** Whether addresses that are not public are allowed too. */
  readonly allowPrivate: boolean;
  /** Ends the request early. */
  readonly signal: AbortSignal;
  /** The addresses of a name; those that the machine knows if left out. */
  readonly resolve?: (name: string) => Promise<readonly string[]>;
  /** The only certificates of authorities to trust, PEM; those of the runtime if left out. */
  readonly trusted?: readonly string[];
}

/** The most addresses of a name that are tried. */
const ADDRESSES_MAX = 4;
/** The headers that guardedFetch() sets itself, as they say where a request goes and where it ends. */
const OWN_HEADERS = ["host", "connection", "content-length", "transfer-encoding"];
/** The name of a header: a token (RFC 9110 §5.6.2). */
const HEADER_NAME = /^[!#$%&'*+.^`|~\w-]+$/;
/** What may stand in a header that is sent. */
const HEADER_VALUE = /^[\t\x20-\x7e]*$/;

/**
 * Sends a request and reads the beginning of its answer.
 *
 * Throws {@link AddressRefused} and, for headers that cannot be sent, a `TypeError` before anything is
 * sent; {@link TargetFault}, and the reason of the signal when it is aborted.
 */
export async function guardedFetch(url: string, request: GuardedRequest): Promise<GuardedAnswer> {
  request.signal.throwIfAborted();
  const target = readTarget(url);
  if (typeof target === "string") throw new AddressRefused(`The URL ${target}`);
  const head = requestHead(target, request);
  const startMs = performance.now();
  const ended = new AbortController();
  const timer = setTimeout(() => ended.abort(TIMED_OUT), request.timeoutMs);
  const onAbort = () => ended.abort(request.signal.reason);
  request.signal.addEventListener("abort", onAbort);
  try {
    const addresses = await beforeEnd(checkedAddresses(target, request), ended.signal);
    const { trusted = null } = request;
    const how = { addresses, trusted, ended: ended.signal };
    const connection = await openConnection(target, how);
    try {
      return await exchange({ target, head, connection, request, startMs, ended: ended.signal });
    } finally {
      connection.destroy();
    }
  } catch (error) {
    if (error !== TIMED_OUT) throw error;
    throw timedOut(target, request.timeoutMs, null);
  } finally {
    clearTimeout(timer);
    request.signal.removeEventListener("abort", onAbort);
  }
}

/** Why a request ended that took too long. */
const TIMED_OUT = Symbol("timed out");

/** A promise, or the reason of the signal if that is first. */
function beforeEnd<T>(promise: Promise<T>, ended: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onEnd = () => reject(ended.reason);
    ended.addEventListener("abort", onEnd, { once: true });
    promise.then(resolve, reject).finally(() => ended.removeEventListener("abort", onEnd));
  });
}

/** The addresses of the target; throws {@link AddressRefused} if one of them is refused. */
async function checkedAddresses(
  target: Target,
  { allowPrivate, resolve = resolveName }: GuardedRequest,
): Promise<readonly string[]> {
  const { host, isAddress } = target;
  if (!allowPrivate) {
    const refusal = hostRefusal(target);
    if (refusal !== null) throw new AddressRefused(`${host} is ${refusal}`);
  }
  if (isAddress) return [host];
  let addresses: readonly string[];
  try {
    addresses = await resolve(host);
  } catch (cause) {
    throw new TargetFault("NAME_NOT_RESOLVED", `${host} cannot be resolved`, { cause });
  }
  if (addresses.length === 0) {
    throw new TargetFault("NAME_NOT_RESOLVED", `${host} has no address`);
  }
  for (const address of allowPrivate ? [] : addresses) {
    const refusal = addressRefusal(address);
    // The address is not named: who may not connect to it need not learn it.
    if (refusal !== null) throw new AddressRefused(`${host} leads to ${refusal}`);
  }
  return addresses.slice(0, ADDRESSES_MAX);
}

/** The addresses of a name as the machine knows them, from its file of hosts or from DNS. */
async function resolveName(name: string): Promise<readonly string[]> {
  return (await lookup(name, { all: true })).map(({ address }) => address);
}

/** Sends the request and reads the beginning of the answer. */
async function exchange({ target, head, connection, request, startMs, ended }: {
  readonly target: Target;
  readonly head: string;
  readonly connection: Socket;
  readonly request: GuardedRequest;
  readonly startMs: number;
  readonly ended: AbortSignal;
}): Promise<GuardedAnswer> {
  ended.throwIfAborted();
  return await new Promise((resolve, reject) => {
    const body = createBeginning(request.maxAnswerBytes);
    const reader = createAnswerReader(body.add);
    const part = (): GuardedAnswer | null =>
      reader.head && {
        ...reader.head,
        answer: body.bytes(),
        tookMs: Math.round(performance.now() - startMs),
      };
    const fail = (error: unknown) => {
      ended.removeEventListener("abort", onEnd);
      reject(error);
    };
    const broken = (cause?: unknown) =>
      fail(
        isTlsFault(target, cause) ? tlsFault(target, cause) : brokenAnswer(target, part(), cause),
      );
    const onEnd = () =>
      fail(ended.reason === TIMED_OUT ? timedOut(target, request.timeoutMs, part()) : ended.reason);
    function read(act: () => void): void {
      try {
        act();
      } catch (cause) {
        return broken(cause);
      }
      const answer = reader.isWhole || body.isFull() ? part() : null;
      if (answer === null) return;
      ended.removeEventListener("abort", onEnd);
      resolve(answer);
    }
    ended.addEventListener("abort", onEnd, { once: true });
    connection.on("data", (bytes: Uint8Array) => read(() => reader.add(bytes)));
    connection.on("end", () => read(reader.end));
    connection.on("close", () => read(reader.end));
    connection.on("error", broken);
    connection.write(head);
    if (request.body !== null) connection.write(request.body);
  });
}

/** The first line and the headers of a request (RFC 9112). */
function requestHead(
  { path, hostHeader }: Target,
  { method, headers, body }: GuardedRequest,
): string {
  for (const [name, value] of Object.entries(headers)) {
    const refusal = headerRefusal(name, value);
    if (refusal === null) continue;
    throw new TypeError(`Cannot send a header as ${refusal}: ${JSON.stringify(name)}`);
  }
  // Without a body, methods that usually have one say so (RFC 9110 §8.6).
  const length = body?.length ?? (method === "GET" ? null : 0);
  const sent = {
    ...headers,
    host: hostHeader,
    connection: "close",
    ...length === null ? {} : { "content-length": String(length) },
  };
  const lines = Object.entries(sent).map(([name, value]) => `${name}: ${value}`);
  return [`${method} ${path} HTTP/1.1`, ...lines, "", ""].join("\r\n");
}

/** Why a header cannot be sent; null if it can. */
function headerRefusal(name: string, value: string): string | null {
  if (!HEADER_NAME.test(name)) return "its name must be a token";
  if (OWN_HEADERS.includes(name.toLowerCase())) return "it belongs to the connection";
  return HEADER_VALUE.test(value) ? null : "it must be printable ASCII";
}

/** Keeps the first bytes of a body. */
function createBeginning(
  maxBytes: number,
): { add(bytes: Uint8Array): void; bytes(): Uint8Array; isFull(): boolean } {
  const chunks: Uint8Array[] = [];
  let size = 0;
  return {
    add(bytes) {
      // A copy, as the connection may use its buffer again.
      const taken = bytes.slice(0, maxBytes - size);
      chunks.push(taken);
      size += taken.length;
    },
    bytes() {
      const whole = new Uint8Array(size);
      let at = 0;
      for (const chunk of chunks) {
        whole.set(chunk, at);
        at += chunk.length;
      }
      return whole;
    },
    isFull: () => size >= maxBytes,
  };
}
