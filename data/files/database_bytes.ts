/**
 * How large a database file is.
 *
 * @module
 */

/** Bytes of a database file and its write-ahead log; null if the database is no file. */
export async function databaseBytes(kvPath: string | null): Promise<number | null> {
  if (kvPath === null || kvPath === ":memory:" || /^https?:/.test(kvPath)) return null;
  const sizes = await Promise.all([kvPath, `${kvPath}-wal`].map(sizeOf));
  return sizes[0] === null ? null : sizes[0] + (sizes[1] ?? 0);
}

/** The size of a file; null if there is none, or looking is not allowed. */
async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await Deno.stat(path)).size;
  } catch {
    return null;
  }
}
