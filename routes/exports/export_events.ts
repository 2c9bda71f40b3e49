/**
 * The progress of an export as server-sent events (WHATWG HTML §9.2).
 *
 * The watchers of an export share one reader of its job, so each sees at most four events a second.
 * The id of an event names the state, so a client that comes back misses nothing and sees nothing
 * twice.
 *
 * @module
 */

import { followSignal } from "../../data/files/follow_signal.ts";
import type { Log } from "../../data/log.ts";
import type { JobRecord, Jobs } from "../../jobs/engine/jobs.ts";
import { currentState } from "../jobs/job_state.ts";
import { exportBodyOf } from "./export_body.ts";

/**
 * A comment is sent this often, so that proxies keep the connection, milliseconds. Deno Deploy may stop
 * an instance that has sent nothing for 5 seconds.
 */
const HEARTBEAT_MS = 4_000;
/** When a client whose connection broke comes back, milliseconds. */
const RETRY_MS = 2_000;

/** What events need. */
export interface EventsDeps {
  /** The jobs. */
  readonly jobs: Pick<Jobs, "watch">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
}

/** How events are sent. */
export interface EventOptions {
  /** The id of the last event that the client got. */
  readonly lastEventId: string | undefined;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
  /** Whether the client may still see the export: its key may have been revoked. */
  readonly isAllowed: () => Promise<boolean>;
}

/**
 * The stream of events of an export: `progress` for each change, `end` once it has ended. A client that
 * saw the end already (`lastEventId`) is answered with 204, so that it does not come back. The stream
 * breaks off before the first event that the client may not see any more.
 */
export function exportEvents(
  { jobs, now, log }: EventsDeps,
  job: JobRecord,
  { lastEventId, signal, isAllowed }: EventOptions,
): Response {
  if (isOver(job, now()) && lastEventId === eventId(job, now())) {
    return new Response(null, { status: 204 });
  }
  const gone = followSignal(signal);
  const changes = jobs.watch(job.id, gone.signal);
  const encoder = new TextEncoder();
  let heartbeat: ReturnType<typeof setInterval> | undefined;
  let isClosed = false;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      const send = (text: string) => {
        if (!isClosed) controller.enqueue(encoder.encode(text));
      };
      heartbeat = setInterval(() => {
        mayGoOn().then((yes) => yes && send(":\n\n"));
      }, HEARTBEAT_MS);
      send(`retry: ${RETRY_MS}\n\n`);
      forward().then(close).catch((error) => {
        log("error", "export not watched", { jobId: job.id, error });
        isClosed = true;
        gone.abort();
        controller.error(error);
      }).finally(() => {
        clearInterval(heartbeat);
        gone[Symbol.dispose]();
      });

      function close(): void {
        if (isClosed) return;
        isClosed = true;
        gone.abort();
        controller.close();
      }

      /** Closes the stream if the client may not see the export any more, or if nobody can say. */
      async function mayGoOn(): Promise<boolean> {
        const may = await isAllowed().catch(() => false);
        if (!may) close();
        return may;
      }

      async function forward(): Promise<void> {
        for await (const change of changes) {
          if (!await mayGoOn()) return;
          const id = change === null ? null : eventId(change, now());
          if (id !== lastEventId) send(eventText(change, now()));
        }
      }
    },
    cancel() {
      isClosed = true;
      clearInterval(heartbeat);
      gone.abort();
    },
  });
  return new Response(body, {
    headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
  });
}

/** An event: `progress` with status and progress, or `end` with the whole export. */
function eventText(job: JobRecord | null, nowMs: number): string {
  if (job === null) return "event: end\ndata: null\n\n";
  const body = exportBodyOf(job, nowMs);
  const id = eventId(job, nowMs);
  if (isOver(job, nowMs)) return `id: ${id}\nevent: end\ndata: ${JSON.stringify(body)}\n\n`;
  const data = JSON.stringify({ status: body.status, progress: body.progress });
  return `id: ${id}\nevent: progress\ndata: ${data}\n\n`;
}

function isOver(job: JobRecord, nowMs: number): boolean {
  const state = currentState(job, nowMs);
  return state !== "pending" && state !== "running";
}

function eventId(job: JobRecord, nowMs: number): string {
  const { done, percent } = job.progress;
  return `${currentState(job, nowMs)}-${job.epoch}-${job.attempt}-${done}-${percent}`;
}
