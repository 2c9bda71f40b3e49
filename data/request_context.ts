/**
 * The request that code runs for, known without passing it through every call.
 *
 * What a request starts, it hands on: awaits, timers and callbacks of a request know its id. Work that
 * only happens to start during a request, such as a scan for jobs, runs outside of it.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";

const ids = new AsyncLocalStorage<string | undefined>();

/** Runs something for the request of this id. */
export function runForRequest<T>(id: string, run: () => T): T {
  return ids.run(id, run);
}

/** Runs something for no request, such as work that many requests share. */
export function outsideRequests<T>(run: () => T): T {
  return ids.run(undefined, run);
}

/** The id of the request that this code runs for; undefined if it runs for none. */
export function currentRequestId(): string | undefined {
  return ids.getStore();
}

/** What every log record says of the request that it belongs to: nothing outside of requests. */
export function requestFields(): { readonly requestId?: string } {
  const requestId = ids.getStore();
  return requestId === undefined ? {} : { requestId };
}
