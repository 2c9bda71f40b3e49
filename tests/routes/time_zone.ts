/**
 * Running a piece of a test as on a machine that stands elsewhere.
 *
 * @module
 */

/** What `act` gives while the machine's time zone is `zone`. */
export async function inZone<T>(zone: string, act: () => T | Promise<T>): Promise<T> {
  const before = Deno.env.get("TZ");
  Deno.env.set("TZ", zone);
  try {
    return await act();
  } finally {
    if (before === undefined) Deno.env.delete("TZ");
    else Deno.env.set("TZ", before);
  }
}
