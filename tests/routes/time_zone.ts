/**
 * Runs a part of a test as on a machine in another time zone.
 *
 * @module
 */

/** Runs `act` while the time zone of the machine is `zone`. */
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
