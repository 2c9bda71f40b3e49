/**
 * The app with all of its real parts and a worker, whose callers are given by name instead of keys:
 * for tests of what exists for whom.
 *
 * @module
 */

import { type Caller, createCaller, type Patterns } from "../../data/access/caller.ts";
import { type Scope, SCOPES } from "../../data/access/scopes.ts";
import { openDiskFileStore } from "../../data/files/disk.ts";
import { createDeflaters } from "../../jobs/engine/deflaters.ts";
import { createJobEnds } from "../../jobs/engine/job_ends.ts";
import { createJobs } from "../../jobs/engine/jobs.ts";
import { createJobWatches } from "../../jobs/engine/job_watches.ts";
import { createExportPreviewer } from "../../jobs/exports/preview.ts";
import { jobKinds } from "../../jobs/kinds.ts";
import { startWorker } from "../../jobs/worker.ts";
import { createDeviceIntake } from "../../kv/devices/intake.ts";
import { openKv } from "../../kv/opened_kv.ts";
import { openProfiles } from "../../kv/profiles/profiles.ts";
import { createIngest } from "../../kv/series/ingest.ts";
import { createSeriesStore } from "../../kv/series/store.ts";
import type { AppDeps } from "../../routes/app.ts";
import { createTestApp } from "../routes/app_fixture.ts";
import { makeTempFolder } from "./temp_folder.ts";
import type { JsonAnswer } from "./service.ts";

/** What a caller may do; everything that is left out by default. */
export interface Rights {
  /** Its scopes; all by default. */
  readonly scopes?: readonly Scope[];
  /** The ids that it may touch; of a kind that is left out, all. */
  readonly patterns?: Partial<Patterns>;
}

/** A request without its method and path. */
export interface Sent {
  /** Headers. */
  readonly headers?: Record<string, string>;
  /** A body: a text, a stream, or an object, which is sent as JSON. */
  readonly body?: unknown;
}

/** An answer with its text. */
export interface KeyedAnswer extends JsonAnswer {
  /** The body as text. */
  readonly text: string;
}

/** Sends requests of one caller, such as `ask("GET /devices")`. */
export type Ask = (request: string, sent?: Sent) => Promise<KeyedAnswer>;

/** An app over its own database. */
export interface KeyedApp extends AsyncDisposable {
  /** The database. */
  readonly kv: Deno.Kv;
  /** Makes a caller and returns how to ask as it. */
  as(name: string, rights?: Rights): Ask;
  /** Waits until a job has ended. */
  ended(jobId: string): Promise<void>;
}

/** Opens an app whose devices may send as often as they like. Parts may be replaced. */
export async function openKeyedApp(
  now: () => number = Date.now,
  changes: Partial<AppDeps> = {},
): Promise<KeyedApp> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await makeTempFolder());
  const opened = stack.use(await openKv(":memory:"));
  const { kv } = opened;
  const files = await openDiskFileStore(folder.path);
  const log = () => {};
  const profiles = stack.use(await openProfiles(opened));
  const series = createSeriesStore({ kv, now, profiles });
  const ingest = createIngest({ kv, writer: "w", profiles, room: opened.ingestRoom });
  stack.defer(() => ingest.stop());
  const devices = { limit: { requests: 1e9, windowMs: 1_000 }, offlineAfterMs: 600_000 };
  const intake = createDeviceIntake({ ...opened, ...devices, series, now, owner: "w", ingest });
  const ends = createJobEnds({ kv, log }), watches = createJobWatches({ kv, log });
  const keeping = { fileRetentionMs: 3_600_000, jobRetentionMs: 86_400_000 };
  const parts = { ...opened, ...keeping, series, profiles, files, now, log, owner: "w" };
  const worker = await startWorker({
    ...parts,
    concurrency: 2,
    onEnded: ends.report,
    kinds: jobKinds({
      ...parts,
      version: "1.2.3",
      deflaters: createDeflaters(),
      offlineAfterMs: devices.offlineAfterMs,
      invalidateDevice: intake.invalidate,
      isExporting: false,
    }),
    startedMs: now(),
    offlineAfterMs: devices.offlineAfterMs,
  });
  stack.defer(async () => {
    await Promise.all([worker.stop(0), ends.stop(), watches.stop()]);
  });
  const jobs = createJobs({
    ...parts,
    ends,
    watches,
    newId: () => crypto.randomUUID(),
    poke: worker.poke,
    onCancelled: worker.cancel,
  });
  const callers = new Map<string, Caller>();
  const { app } = createTestApp({
    ...devices,
    kv,
    series,
    profiles,
    intake,
    files,
    jobs,
    now,
    previewer: createExportPreviewer({ series }),
    authenticators: [{ authenticate: ({ token }) => callers.get(token ?? "") ?? null }],
    ...changes,
  });

  async function ask(name: string, request: string, { headers, body }: Sent): Promise<KeyedAnswer> {
    const [method, path] = request.split(" ");
    const isText = typeof body === "string" || body === undefined ||
      body instanceof ReadableStream;
    const answer = await app.request(path, {
      method,
      headers: {
        authorization: `Bearer ${name}`,
        // So that answers to the same request can be compared as a whole.
        "x-request-id": "request",
        ...(isText ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      body: isText ? body : JSON.stringify(body),
    });
    const text = await answer.text();
    const isJson = answer.headers.get("content-type")?.includes("json") === true && text !== "";
    return {
      status: answer.status,
      headers: answer.headers,
      text,
      body: isJson ? JSON.parse(text) : null,
    };
  }

  const owned = stack.move();
  return {
    kv,
    as(name, { scopes = SCOPES, patterns = {} } = {}) {
      const actor = { kind: "key", id: name, name } as const;
      const all = { meter: null, device: null, store: null, ...patterns };
      callers.set(name, createCaller({ owner: `key:${name}`, actor, scopes, patterns: all }));
      return (request, sent = {}) => ask(name, request, sent);
    },
    async ended(jobId) {
      const job = await jobs.get(jobId);
      if (job === null) throw new Error(`There is no job ${jobId}`);
      await jobs.waitForEnd(job, { timeoutMs: 28_000, signal: new AbortController().signal });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
