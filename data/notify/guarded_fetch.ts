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
import http from "node:http";
import type { Socket } from "node:net";
import { addressRefusal } from "./address_rule.ts";
import {
  AddressRefused,
  brokenAnswer,
  type GuardedAnswer,
  TargetFault,
  timedOut,
} from "./target_fault.ts";
import { openConnection } from "./guarded_connection.ts";
import { hostRefusal, readTarget, type Target } from "./target_url.ts";

/** The request. */
export interface GuardedRequest {
  /** The method. */
  readonly method: "GET" | "POST" | "PUT";
  /** Headers besides `Host` and `Content-Length`. */
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
/** The most interim answers (1xx). */
const INTERIM_MAX = 16;

/**
 * Sends a request and reads the beginning of its answer.
 *
 * Throws {@link AddressRefused} before anything is sent, {@link TargetFault}, and the reason of the
 * signal when it is aborted.
 */
export async function guardedFetch(url: string, request: GuardedRequest): Promise<GuardedAnswer> {
  request.signal.throwIfAborted();
  const target = readTarget(url);
  if (typeof target === "string") throw new AddressRefused(`The URL ${target}`);
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
      return await exchange({ target, connection, request, startMs, ended: ended.signal });
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
async function exchange({ target, connection, request, startMs, ended }: {
  readonly target: Target;
  readonly connection: Socket;
  readonly request: GuardedRequest;
  readonly startMs: number;
  readonly ended: AbortSignal;
}): Promise<GuardedAnswer> {
  ended.throwIfAborted();
  return await new Promise((resolve, reject) => {
    const sent = openRequest(target, connection, request);
    let readPart: () => GuardedAnswer | null = () => null;
    const settle = (act: () => void) => {
      ended.removeEventListener("abort", onEnd);
      sent.destroy();
      act();
    };
    const fail = (error: unknown) => settle(() => reject(error));
    const broken = (cause?: unknown) => fail(brokenAnswer(target, readPart(), cause));
    const onEnd = () =>
      fail(
        ended.reason === TIMED_OUT ? timedOut(target, request.timeoutMs, readPart()) : ended.reason,
      );
    ended.addEventListener("abort", onEnd, { once: true });
    connection.on("error", broken);
    let interim = 0;
    sent.on("information", () => {
      if (++interim > INTERIM_MAX) broken();
    });
    sent.on("upgrade", () => broken());
    sent.on("error", broken);
    sent.on("close", () => broken());
    sent.on("response", (response) => {
      const read = createAnswer(response, request.maxAnswerBytes, startMs);
      readPart = read.part;
      response.on("data", (bytes: Uint8Array) => {
        if (read.add(bytes)) settle(() => resolve(read.part()));
      });
      response.on("end", () => settle(() => resolve(read.part())));
      response.on("error", broken);
    });
    sent.end(request.body ?? undefined);
  });
}

function openRequest(
  target: Target,
  connection: Socket,
  { method, headers, body }: GuardedRequest,
): http.ClientRequest {
  const agent = new http.Agent({ keepAlive: false });
  agent.createConnection = () => connection;
  return http.request({
    agent,
    // Without the connection there is none: this name never has an address (RFC 6761).
    host: "checked.invalid",
    path: target.path,
    method,
    headers: {
      ...headers,
      host: target.hostHeader,
      connection: "close",
      ...body === null ? {} : { "content-length": String(body.length) },
    },
  });
}

/** Collects the beginning of an answer. `add` says whether that is enough. */
function createAnswer(
  { statusCode, headers }: http.IncomingMessage,
  maxBytes: number,
  startMs: number,
): { add(bytes: Uint8Array): boolean; part(): GuardedAnswer } {
  const chunks: Uint8Array[] = [];
  let size = 0;
  return {
    add(bytes) {
      const taken = bytes.slice(0, maxBytes - size);
      chunks.push(taken);
      size += taken.length;
      return size >= maxBytes;
    },
    part() {
      const answer = new Uint8Array(size);
      let at = 0;
      for (const chunk of chunks) {
        answer.set(chunk, at);
        at += chunk.length;
      }
      return {
        status: statusCode ?? 0,
        headers: Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [name, [value].flat().join(", ")]),
        ),
        answer,
        tookMs: Math.round(performance.now() - startMs),
      };
    },
  };
}
