/**
 * The app with small working parts, each of which a test can replace by one that fails.
 *
 * @module
 */

import { builtInProfiles } from "../support/profiles.ts";
import type { Hono } from "hono";
import { NO_ACCOUNT_LIMITS } from "../../data/access/account.ts";
import { AppError } from "../../data/app_error.ts";
import { emptyPage } from "../../data/readings/page.ts";
import { ACCEPTED_TIMES } from "../../data/time/accepted_times.ts";
import type { JobRecord } from "../../jobs/engine/jobs.ts";
import { NO_THREADS } from "../../jobs/engine/threads.ts";
import { newJob } from "../../jobs/engine/transitions.ts";
import { createExportPreviewer } from "../../jobs/exports/preview.ts";
import { createUploadReading } from "../../jobs/imports/read_in_thread.ts";
import { METER_EXPORT } from "../../jobs/exports/meter_export_contract.ts";
import { UNKNOWN_MAKER } from "../../routes/access/links.ts";
import { type AppDeps, createApp } from "../../routes/app.ts";
import { TEST_SETTINGS, type TestService } from "../support/service.ts";
import { NOW_MS } from "./exports/export_example.ts";

/** The id of the job that {@link exportJob} makes. */
export const JOB_ID = "4a9c7a4e-8f0e-4c57-9d3f-2b6f0c1d5e7a";

/** An app and its log. */
export interface TestApp {
  /** The app. */
  readonly app: Hono;
  /** Events logged so far. */
  readonly logged: TestService["logged"];
}

/** Creates an app without meters and jobs, whose parts all work except as changed. */
export function createTestApp(changes: Partial<AppDeps> = {}): TestApp {
  const logged: TestService["logged"] = [];
  const works = () => Promise.resolve();
  const app = createApp({
    version: "1.2.3",
    now: () => NOW_MS,
    authenticators: null,
    limits: TEST_SETTINGS.limits,
    corsOrigins: [],
    log: (level, event, fields) => logged.push({ level, event, fields }),
    kv: emptyKv(),
    audit: { begin: () => Promise.resolve({ end: works }), record: works },
    keys: noKeys(),
    series: emptySeries(),
    profiles: builtInProfiles(),
    intake: {
      accept: ({ page, rows = { start: 0, end: page.timesMs.length } }) =>
        Promise.resolve({
          kind: "accepted",
          created: rows.end - rows.start,
          updated: 0,
          unchanged: 0,
          remaining: 9,
        }),
      acceptMany: (all) =>
        Promise.resolve(all.map(({ page, rows = { start: 0, end: page.timesMs.length } }) => ({
          status: "fulfilled",
          value: {
            kind: "accepted",
            created: rows.end - rows.start,
            updated: 0,
            unchanged: 0,
            remaining: 9,
          },
        }))),
      reject: () => Promise.resolve(),
      knownProfile: () => undefined,
      findProfile: () => Promise.resolve(null),
      invalidate: () => {},
    },
    accountLimits: NO_ACCOUNT_LIMITS,
    quotas: { requireRoom: () => undefined, writersOf: () => changes.series ?? emptySeries() },
    limit: { requests: 10, windowMs: 1_000 },
    offlineAfterMs: 600_000,
    idTags: ["device_id", "entity_id", "host", "id"],
    staleAfterMs: null,
    webhooks: noWebhooks(),
    sending: {
      request: () => Promise.reject(new TypeError("Cannot send from a test app")),
      allowPrivate: false,
      version: "1.2.3",
    },
    hasWebhooks: true,
    pokeEvents: () => {},
    alertTester: {
      test: () => Promise.resolve({ tested: 0, hasMore: false, subjects: [], messages: [] }),
    },
    findOwner: () => undefined,
    newId: () => JOB_ID,
    publicStatus: { stores: [], devices: [] },
    abilities: {
      hasMail: false,
      hasFolder: false,
      hasLinks: false,
      hasWebhooks: true,
      buckets: [],
    },
    acceptedTimes: ACCEPTED_TIMES,
    continuous: { isOn: true, isSharing: false, deviceIds: [], influx: null },
    previewer: createExportPreviewer({
      series: {
        read: async function* () {},
        extents: (_profile, ids) => Promise.resolve(ids.map(() => null)),
        count: () => Promise.resolve({ count: 0, isExact: true }),
      },
    }),
    uploads: createUploadReading(NO_THREADS),
    links: { kv: emptyKv(), now: () => NOW_MS, publicUrl: null, findMaker: () => UNKNOWN_MAKER },
    scheduler: {
      findOwner: () => Promise.resolve({ caller: UNKNOWN_MAKER, reason: null }),
      nextRuns: () => [],
      armed: (schedule) => schedule,
      paused: (schedule) => schedule,
      resumed: (schedule) => ({ schedule }),
      runNow: () => Promise.resolve(null),
    },
    files: { read: () => Promise.resolve(null) },
    readPackageFile: () => Promise.reject(new AppError("PAGE_NOT_INSTALLED", "It is not there")),
    jobs: {
      get: () => Promise.resolve(null),
      waitForEnd: (job) => Promise.resolve(job),
      list: () => Promise.resolve({ jobs: [], next: null }),
      watch: async function* () {},
      cancel: () => Promise.resolve(false),
      remove: () => Promise.resolve(false),
      create: (request) => Promise.resolve(newJob({ ...request, id: JOB_ID }, NOW_MS)),
    },
    diskSpace: () => Promise.resolve(null),
    readMetrics: () => Promise.resolve({ text: "", contentType: "text/plain" }),
    ready: { kv: works, file_store: works, worker_running: works, continuous: null },
    ...changes,
  });
  return { app, logged };
}

/** A store without keys that refuses changes. */
export function noKeys(): AppDeps["keys"] {
  const unknown = () => Promise.reject(new AppError("KEY_NOT_FOUND", "There is no such key"));
  return {
    callerOf: () => Promise.resolve(null),
    limitsOf: () => Promise.resolve(null),
    get: () => Promise.resolve(null),
    list: () => Promise.resolve([]),
    listUses: () => Promise.resolve(new Map()),
    hasActiveAdmin: () => Promise.resolve(false),
    create: unknown,
    createFirst: () => Promise.resolve(null),
    importKey: () => Promise.resolve(false),
    change: unknown,
    revoke: unknown,
    rotate: unknown,
    refresh: () => Promise.resolve(),
    flushUses: () => Promise.resolve(),
  };
}

/** A store without webhooks that refuses changes. */
export function noWebhooks(): AppDeps["webhooks"] {
  const none = () => Promise.resolve(null);
  return {
    list: () => Promise.resolve([]),
    get: none,
    callerOf: none,
    listLive: () => Promise.resolve([]),
    hasAny: () => false,
    create: () => Promise.reject(new TypeError("Cannot write to the empty database")),
    change: none,
    remove: () => Promise.resolve(false),
  };
}

/** A database without entries that refuses writes. */
export function emptyKv(): AppDeps["kv"] {
  const kv = {
    get: (key: Deno.KvKey) => Promise.resolve({ key, value: null, versionstamp: null }),
    getMany: (keys: Deno.KvKey[]) =>
      Promise.resolve(keys.map((key) => ({ key, value: null, versionstamp: null }))),
    async *list() {},
    atomic() {
      throw new TypeError("Cannot write to the empty database");
    },
  };
  // An iterator of Deno KV also has a cursor, which nothing reads here.
  return kv as unknown as AppDeps["kv"];
}

/** A store without series that counts every reading as new. */
export function emptySeries(): AppDeps["series"] {
  return {
    describe: () => Promise.resolve(null),
    count: () => Promise.resolve({ count: 0, isExact: true }),
    list: () => Promise.resolve([]),
    latest: () => Promise.resolve(new Map()),
    revision: () => Promise.resolve(0),
    withPrevious: () => Promise.resolve(emptyPage(1)),
    async *read() {},
    remove: () => Promise.resolve(false),
    writeMany(_profile, ids, pageOf, onWritten = () => {}) {
      const counts = ids.map((_, index) => pageOf(index).timesMs.length);
      counts.forEach((inserted, index) => onWritten(index, { inserted, updated: 0, unchanged: 0 }));
      const inserted = counts.reduce((sum, one) => sum + one, 0);
      return Promise.resolve({ inserted, updated: 0, unchanged: 0 });
    },
    write: (_ref, { timesMs }) =>
      Promise.resolve({ inserted: timesMs.length, updated: 0, unchanged: 0 }),
    compare: (_ref, { timesMs }) =>
      Promise.resolve({ inserted: timesMs.length, updated: 0, unchanged: 0 }),
  };
}

/** An app that knows one job. */
export function appWithJob(job: JobRecord, changes: Partial<AppDeps> = {}): TestApp {
  const get = (id: string) => Promise.resolve(id === job.id ? job : null);
  const create = () => Promise.resolve(job);
  const list = () => Promise.resolve({ jobs: [job], next: null });
  const watch = async function* () {
    yield await get(job.id);
  };
  const not = () => Promise.resolve(false);
  return createTestApp({
    jobs: {
      get,
      create,
      waitForEnd: create,
      list,
      watch,
      cancel: not,
      remove: not,
    },
    ...changes,
  });
}

/** A pending export: the example of the contract, created at `NOW_MS`. */
export function exportJob(kind = METER_EXPORT): JobRecord {
  const params = {
    meterId: "123",
    fromMs: Date.UTC(2024, 0, 1),
    toMs: Date.UTC(2024, 0, 31, 23, 59, 59) + 1,
    format: "csv",
  };
  return newJob({ id: JOB_ID, kind, params, owner: "anyone", slot: null }, NOW_MS);
}
