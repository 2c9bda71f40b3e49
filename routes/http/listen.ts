/**
 * The server: it counts the requests that run, so that it can stop without cutting them off.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { runForRequest } from "../../data/request_context.ts";
import { allowOrigin } from "./cors.ts";
import { hideAddress } from "./hidden_address.ts";
import { compressesAnswers, unchanged } from "./no_compression.ts";
import { problemResponse } from "./problem.ts";
import { REQUEST_ID_HEADER, requestIdOf } from "./request_id.ts";
import { isBefore } from "./runtime_version.ts";
import { secured } from "./security_headers.ts";

/** How long old runtimes get to write what was sent, milliseconds. */
const FLUSH_MS = 100;

/** Where to listen, and how to stop. */
export interface ListenOptions {
  /** The address to listen on. */
  readonly host: string;
  /** The port; 0 for a free one. */
  readonly port: number;
  /** Origins whose pages may read answers; also that of a service that is stopping. */
  readonly corsOrigins: readonly string[];
  /** How long running requests may go on after {@link Listening.stop}, milliseconds. */
  readonly graceMs: number;
}

/** A server that listens. */
export interface Listening {
  /** Its address, `http://HOST:PORT`, or `unix:PATH` where the host of the service chose a socket. */
  readonly url: string;
  /** Refuses new requests with 503 and settles when the running ones have ended, or their grace. */
  stop(): Promise<void>;
}

/** Listens, and passes each request to a handler. Throws if the port is in use. */
export function listen(
  { host, port, corsOrigins, graceMs }: ListenOptions,
  handler: Deno.ServeHandler,
): Listening {
  const isCompressing = compressesAnswers(Deno.version.deno);
  // Until 2.6, a shutdown waits for connections on which nothing was ever asked.
  const cut = isBefore(Deno.version.deno, 7) ? new AbortController() : null;
  let isStopping = false;
  let open = 0, sending = 0;
  let onIdle = () => {}, onSent = () => {};
  const options = { hostname: host, port, onListen: () => {}, ...cut && { signal: cut.signal } };
  const server = Deno.serve(options, (request, info) => {
    if (cut !== null) {
      sending++;
      // It fails where the client goes.
      info.completed.catch(() => {}).finally(() => {
        if (--sending === 0) onSent();
      });
    }
    if (isStopping) return refusal(request);
    open++;
    // An async function would cost each request a little.
    return answerOf(request, info).then(ended, failed);
  });

  function answerOf(request: Request, info: Deno.ServeHandlerInfo): Promise<Response> {
    try {
      return Promise.resolve(handler(request, info));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  function ended(answer: Response): Response {
    if (--open === 0) onIdle();
    return isCompressing ? unchanged(answer) : answer;
  }

  function failed(error: unknown): never {
    if (--open === 0) onIdle();
    throw error;
  }

  /** The answer to a request that comes too late. */
  function refusal(request: Request): Response {
    hideAddress(request);
    const error = new AppError("SERVICE_STOPPING", "The service is stopping");
    const headers = { "retry-after": "5", "connection": "close" };
    const id = requestIdOf(request.headers);
    const answer = runForRequest(id, () => secured(problemResponse(error, headers)));
    answer.headers.set(REQUEST_ID_HEADER, id);
    allowOrigin(answer.headers, request, corsOrigins);
    return answer;
  }

  let stopping: Promise<void> | null = null;
  return {
    url: urlOf(server.addr),
    stop: () => stopping ??= stopServing(),
  };

  /**
   * Finishes running requests, then closes. A shutdown would cut uploads off, so it waits for the
   * requests first; downloads continue during it. A client that stops reading is not waited for.
   */
  async function stopServing(): Promise<void> {
    isStopping = true;
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, graceMs);
    const idle = open === 0 ? Promise.resolve() : new Promise<void>((done) => onIdle = done);
    await Promise.race([over, idle]);
    if (cut === null) {
      server.shutdown();
    } else {
      const sent = sending === 0 ? Promise.resolve() : new Promise<void>((done) => onSent = done);
      await Promise.race([over, sent]);
      // What was sent may still wait for its turn in the runtime.
      await new Promise((done) => setTimeout(done, FLUSH_MS));
      cut.abort();
    }
    await Promise.race([over, server.finished]);
    clearTimeout(timer);
  }
}

/** The URL of an address. A host may choose another one than the settings (`DENO_SERVE_ADDRESS`). */
function urlOf(address: Deno.Addr): string {
  if ("path" in address) return `unix:${address.path}`;
  if (!("hostname" in address)) return address.transport;
  const { hostname, port } = address;
  return `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
