/**
 * A complete service in this process, for tests over HTTP.
 *
 * @module
 */

import { NO_ACCOUNT_LIMITS } from "../../data/access/account.ts";
import type { Log } from "../../data/log.ts";
import type { Settings } from "../../data/settings.ts";
import { ACCEPTED_TIMES } from "../../data/time/accepted_times.ts";
import { type Service, start } from "../../main.ts";

/** A running service, its address and its log. */
export interface TestService extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Folder of artifacts. */
  readonly folder: string;
  /** Events logged so far with their level and fields. */
  readonly logged: { level: string; event: string; fields?: Record<string, unknown> }[];
}

/** Starts a service on a free port, with a database in memory, an empty folder and no demo meter. */
export async function startTestService(
  { now = Date.now, ...changes }: Partial<Settings> & { now?: () => number } = {},
): Promise<TestService> {
  const folder = await Deno.makeTempDir({ prefix: "openwatts_" });
  const logged: TestService["logged"] = [];
  const log: Log = (level, event, fields) => logged.push({ level, event, fields });
  const service: Service = await start({ ...TEST_SETTINGS, fileStore: folder, ...changes }, {
    now,
    log,
    show: () => {},
    readyKeptMs: 0,
  });
  return {
    url: service.url ?? "",
    folder,
    logged,
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Settings for tests: a database in memory, a free port, no demo meter. */
export const TEST_SETTINGS: Settings = {
  isDeploy: false,
  graceMs: 10_000,
  host: "127.0.0.1",
  port: 0,
  metricsPort: null,
  limits: {
    trustedProxies: 0,
    requestRate: null,
    maxUploads: 256,
    maxUploadBytes: 2_147_483_648,
    uploadBytesAtOnce: 4_294_967_296,
  },
  access: { hasKeys: false, oidc: null, adminKey: null, publicUrl: null },
  corsOrigins: [],
  kvPath: ":memory:",
  fileStore: "",
  kvFilesMaxBytes: 1_073_741_824,
  storeDataDir: null,
  demoData: false,
  workerConcurrency: 4,
  workerThreads: 0,
  fileRetentionMs: 3_600_000,
  jobRetentionMs: 86_400_000,
  accountLimits: NO_ACCOUNT_LIMITS,
  rateLimit: { requests: 10, windowMs: 1000 },
  lineProtocolIdTags: ["device_id", "entity_id", "host", "id"],
  offlineAfterMs: 600_000,
  staleAfterMs: null,
  acceptedTimes: ACCEPTED_TIMES,
  retention: { days: null, daysByProfile: new Map(), auditDays: 365 },
  continuous: {
    isOn: false,
    intervalMs: 60_000,
    batchSize: 1_000,
    format: "parquet",
    layout: "plain",
    isCompacting: false,
    isSharing: false,
    deviceIds: [],
    lookbackMs: 3_600_000,
    path: "lake",
    isDestinationRequired: false,
    influx: null,
  },
  webhooks: { isOn: true, allowPrivate: true },
  delivery: { mail: null, folder: null, buckets: [] },
  publicStatus: { stores: [], devices: [] },
  role: "all",
  logLevel: "debug",
  s3: {
    endpoint: null,
    region: "us-east-1",
    bucket: null,
    prefix: "telemetry",
    credentials: { kind: "none" },
    encryption: null,
  },
};

/** The answer of a JSON endpoint. */
export interface JsonAnswer {
  /** The HTTP status. */
  readonly status: number;
  /** The headers. */
  readonly headers: Headers;
  /** The body, of any shape: tests check it. */
  // deno-lint-ignore no-explicit-any
  readonly body: any;
}

/** Sends a request to a JSON endpoint. */
export async function askJson(url: string, init?: RequestInit): Promise<JsonAnswer> {
  const response = await fetch(url, init);
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === "" ? null : JSON.parse(text),
  };
}

/** Posts JSON. */
export function postJson(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<JsonAnswer> {
  return askJson(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

/** Imports a CSV text into a meter. */
export function importText(url: string, meterId: string, csv: string): Promise<JsonAnswer> {
  return askJson(`${url}/api/meters/${meterId}/readings`, {
    method: "POST",
    headers: { "content-type": "text/csv" },
    body: csv,
  });
}

/** Creates an export and waits until it has ended. Returns its last status. */
export async function exportToEnd(
  url: string,
  range: { smart_meter_id: string; start_datetime: string; end_datetime: string },
): Promise<JsonAnswer["body"]> {
  const { body } = await postJson(`${url}/api/export/csv`, { ...range, format: "csv" });
  return await waitForEnd(url, body.job_id);
}

/**
 * Polls the status of a job until it is not pending. Returns the last status. By default it is shorter than a
 * lease, so that no job is saved by the end of its lease.
 */
export async function waitForEnd(
  url: string,
  jobId: string,
  timeoutMs = 28_000,
): Promise<JsonAnswer["body"]> {
  const endMs = Date.now() + timeoutMs;
  for (;;) {
    const { body } = await askJson(`${url}/api/export/status/${jobId}`);
    if (body.status !== "pending") return body;
    if (Date.now() > endMs) {
      throw new Error(`Job ${jobId} is still pending: ${JSON.stringify(body)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
