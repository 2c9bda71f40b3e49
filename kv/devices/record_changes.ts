/**
 * What processes rely on of a device while they keep its record in memory.
 *
 * @module
 */

/** Fields that follow from what a device sends. Who relies on older ones sets them again. */
interface Seen {
  readonly lastSeenMs: number | null;
  readonly dueMs: number | null;
  readonly isProfileFixed: boolean;
  readonly timestampForm: string | null;
}

const UNSEEN: Seen = { lastSeenMs: null, dueMs: null, isProfileFixed: false, timestampForm: null };

/** Whether two records of a device differ in more than what follows from its messages. */
export function differ<Fields extends Seen>(one: Fields, other: Fields): boolean {
  return JSON.stringify({ ...one, ...UNSEEN }) !== JSON.stringify({ ...other, ...UNSEEN });
}
