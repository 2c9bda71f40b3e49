/**
 * What code remembers of an object that is not its own, such as a request, for as long as the object is in
 * use.
 *
 * @module
 */

/** Remembers one thing of each object. */
export interface ObjectNote<O extends object, T> {
  /** What was remembered; undefined if nothing was. */
  get(object: O): T | undefined;
  /** Remembers it in place of what was. */
  set(object: O, value: T): void;
}

/**
 * Creates a note with a name for debuggers, for objects of which there are many. It is a property of the
 * object, not an entry of a `WeakMap`: V8 takes the values of those as in use whenever it collects young
 * objects, so that each object to which its own value refers moves to the old heap.
 */
export function objectNote<O extends object, T extends object>(name: string): ObjectNote<O, T> {
  const key = Symbol(name);
  type Noted = O & { [key]?: T };
  return {
    get: (object) => (object as Noted)[key],
    set: (object, value) => void ((object as { [key]?: T })[key] = value),
  };
}
