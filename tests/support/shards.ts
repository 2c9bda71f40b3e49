/**
 * Which shard of continuous export a device belongs to.
 *
 * @module
 */

/** Ids of a shard: that is the last digit of FNV-1a of the id, upper half xor lower half. */
export function idsOfShard(shard: number, count = 2): string[] {
  const hashOf = (id: string) =>
    [...id].reduce((hash, char) => Math.imul(hash ^ char.charCodeAt(0), 0x01000193), 0x811c9dc5);
  const ids = Array.from({ length: 1_000 }, (_, index) => `device-${index}`);
  return ids.filter((id) => (((hashOf(id) >>> 16) ^ hashOf(id)) & 15) === shard).slice(0, count);
}
