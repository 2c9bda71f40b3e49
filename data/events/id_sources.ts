/**
 * Many ids as the sources of an event, which has little room.
 *
 * @module
 */

import type { EventSource } from "./event.ts";

/** How many ids an event names. */
const NAMED_MAX = 100;

/**
 * The sources of ids of one kind. More than 100 become one pattern: what all of them begin with, and
 * `*`. A pattern stands for more than the ids, so nobody sees the event who may not see all of them.
 */
export function idsAsSources(kind: EventSource["kind"], ids: readonly string[]): EventSource[] {
  if (ids.length <= NAMED_MAX) return ids.map((id) => ({ kind, id }));
  return [{ kind, id: `${ids.reduce(commonBeginning)}*` }];
}

function commonBeginning(one: string, other: string): string {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length++;
  return one.slice(0, length);
}
