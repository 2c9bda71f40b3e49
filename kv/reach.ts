/**
 * Opens a database over the network, and waits for one that is away.
 *
 * @module
 */

/** How long to wait before the next try, milliseconds. */
const RETRY_MS = 1_000;
/** How often it is reported that the database does not answer, milliseconds. */
const REPORT_MS = 5_000;

/** Faults that pass once the server is back. A wrong address looks the same; a wrong token does not. */
const AWAY = /failed to connect to|timed out connecting|responded with status 5\d\d/;

/** Called while the database is away. */
export type OnAway = (error: unknown) => void;

/** Opens a database at a URL, or the default one of the host for null. Tries again while it is away. */
export async function reachKv(path: string | null, onAway: OnAway): Promise<Deno.Kv> {
  for (;;) {
    try {
      return await Deno.openKv(path ?? undefined);
    } catch (error) {
      if (!(error instanceof Error) || !AWAY.test(error.message)) throw error;
      onAway(error);
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/**
 * Reports that the database does not answer, every few seconds until it is disposed of. Work that takes
 * long while the database answers is not reported.
 *
 * @param waitingMs How long the database has not answered, milliseconds.
 * @param everyMs How often it looks, milliseconds.
 */
export function reportSilence(
  onAway: OnAway,
  waitingMs: () => number,
  everyMs: number = REPORT_MS,
): Disposable {
  const timer = setInterval(() => {
    if (waitingMs() >= REPORT_MS) onAway(new Error("The database does not answer"));
  }, everyMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
