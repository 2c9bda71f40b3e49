/**
 * The loop that finds what time has made due: one range read a second, and one whenever poked.
 *
 * @module
 */

import type { Log } from "../../data/log.ts";
import { type Due, type DueKind, listDue } from "../../kv/jobs/due.ts";

/** How often the index is read whole, milliseconds. */
const LOOK_MS = 1_000;

/** What is done about an entry that is due. */
export type DueHandler = (due: Due) => Promise<void>;

/** What the loop needs. */
export interface DueLoopDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "list">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
  /** What is done, by kind of entry. */
  readonly handlers: Readonly<Record<DueKind, DueHandler>>;
  /** Whether there is room for another job. */
  readonly hasRoom: () => boolean;
}

/** The loop. */
export interface DueLoop {
  /** Starts looking. */
  start(): void;
  /** Looks now for jobs to begin, or once more when it is looking already. */
  poke(): void;
  /** When the index was last read to its end, epoch milliseconds. */
  lastLookMs(): number;
  /** Looks no more; settles when the look on its way has ended. */
  stop(): Promise<void>;
}

/** A loop that has not started. A handler that throws is logged and does not hold up the others. */
export function createDueLoop({ kv, now, log, handlers, hasRoom }: DueLoopDeps): DueLoop {
  let looking: Promise<void> | null = null;
  let isPoked = false;
  let isWholeWanted = false;
  let isStopped = true;
  let timer: ReturnType<typeof setInterval> | undefined;
  let lastLookMs = 0;

  function look(): void {
    if (isStopped || looking !== null) return;
    looking = (async () => {
      while ((isPoked || isWholeWanted) && !isStopped) {
        const isWhole = isWholeWanted;
        isPoked = isWholeWanted = false;
        await lookOnce(isWhole).catch((error) => log("error", "due index not read", { error }));
      }
      looking = null;
    })();
  }

  /** A whole look takes everything that is due; a short one ends when there is no room for jobs. */
  async function lookOnce(isWhole: boolean): Promise<void> {
    for await (const due of listDue(kv, { upToMs: now(), batchSize: isWhole ? 100 : 8 })) {
      if (isStopped || (!isWhole && !hasRoom())) return;
      if (due.kind === "job_wait" && !hasRoom()) continue;
      await handlers[due.kind](due).catch((error) => log("error", "due entry", { due, error }));
    }
    lastLookMs = now();
  }

  return {
    start() {
      isStopped = false;
      isWholeWanted = true;
      timer = setInterval(() => {
        isWholeWanted = true;
        look();
      }, LOOK_MS);
      look();
    },
    poke() {
      isPoked = true;
      look();
    },
    lastLookMs: () => lastLookMs,
    async stop() {
      isStopped = true;
      clearInterval(timer);
      await looking;
    },
  };
}
