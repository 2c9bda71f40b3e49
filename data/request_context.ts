/**
 * The request that code runs for, known without passing it through every call.
 *
 * What a request starts, it hands on: awaits, timers and callbacks of a request know its id. Work that
 * only happens to start during a request, such as a scan for jobs, runs outside of it.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { currentTraceparent, outsideSpans } from "./tracing.ts";

const ids = new AsyncLocalStorage<string | undefined>();

/** Runs something for the request of this id. */
export function runForRequest<T>(id: string, run: () => T): T {
  return ids.run(id, run);
}

/** Runs something for no request, such as work that many requests share. */
export function outsideRequests<T>(run: () => T): T {
  return ids.run(undefined, () => outsideSpans(run));
}

/** The id of the request that this code runs for; undefined if it runs for none. */
export function currentRequestId(): string | undefined {
  return ids.getStore();
}

/**
 * What every log record says of the request that it belongs to, and of the trace if there is one: nothing
 * outside of requests and traces.
 */
export function requestFields(): { readonly requestId?: string; readonly traceId?: string } {
  const requestId = ids.getStore();
  const traceId = currentTraceparent()?.split("-")[1];
  return {
    ...(requestId === undefined ? {} : { requestId }),
    ...(traceId === undefined ? {} : { traceId }),
  };
}
