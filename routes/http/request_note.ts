/**
 * What code remembers of a request, for as long as the request is in use.
 *
 * @module
 */

/** Remembers one thing of each request. */
export interface RequestNote<T> {
  /** What was remembered; undefined if nothing was. */
  get(request: Request): T | undefined;
  /** Remembers it in place of what was. */
  set(request: Request, value: T): void;
}

/**
 * Creates a note with a name for debuggers. It is a property of the request, not an entry of a `WeakMap`:
 * V8 takes the values of those as in use whenever it collects young objects, so that each request would
 * move to the old heap with all that it refers to.
 */
export function requestNote<T extends object>(name: string): RequestNote<T> {
  const key = Symbol(name);
  type Noted = Request & { [key]?: T };
  return {
    get: (request) => (request as Noted)[key],
    set: (request, value) => void ((request as Noted)[key] = value),
  };
}
