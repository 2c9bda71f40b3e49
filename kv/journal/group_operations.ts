/**
 * Operations of databases that take groups: one value in place of the mutations of each series.
 *
 * @module
 */

import { objectNote } from "../../data/object_note.ts";
import type { IngestGroup } from "./group.ts";

/** How to add groups to the operations that take them. */
const groupAdders = objectNote<object, (group: IngestGroup) => void>("add group");

/** Lets an operation take groups. */
export function takeGroups(
  op: Pick<Deno.AtomicOperation, "commit">,
  add: (group: IngestGroup) => void,
): void {
  groupAdders.set(op, add);
}

/**
 * Adds a group to an operation that takes groups: one at most, and then it has no checks or sums of keys
 * that groups stand for. False if the operation takes none; then nothing was added.
 */
export function addGroup(op: Deno.AtomicOperation, group: IngestGroup): boolean {
  const add = groupAdders.get(op);
  add?.(group);
  return add !== undefined;
}

/** Whether an operation takes a group. */
export function holdsGroups(op: Deno.AtomicOperation): boolean {
  return groupAdders.get(op) !== undefined;
}
