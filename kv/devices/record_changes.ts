/**
 * What processes rely on of a device while they keep its record in memory.
 *
 * @module
 */

/** Fields that follow from what a device sends. */
interface Seen {
  readonly lastSeenMs: number | null;
  readonly dueMs: number | null;
}

const UNSEEN: Seen = { lastSeenMs: null, dueMs: null };

/** Whether two records of a device differ in more than when it was last seen. */
export function differ<Fields extends Seen>(one: Fields, other: Fields): boolean {
  return JSON.stringify({ ...one, ...UNSEEN }) !== JSON.stringify({ ...other, ...UNSEEN });
}
