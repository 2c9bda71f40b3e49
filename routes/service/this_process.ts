/**
 * What this process says to who started it, and when it is to stop.
 *
 * @module
 */

/** Prints text whole, or throws if nobody reads the output any more. */
export function print(text: string): void {
  let bytes = new TextEncoder().encode(`${text}\n`);
  while (bytes.length > 0) bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
}

/** Settles at the first SIGINT or SIGTERM. Repeats are ignored, because `deno task` sends two. */
export function stopRequested(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      Deno.addSignalListener(signal, () => resolve());
    }
  });
}
