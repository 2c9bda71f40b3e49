/**
 * Settings, read from the environment once, at start.
 *
 * @module
 */

import { z } from "zod";
import {
  LAKE_RULES,
  LAKE_VARIABLES,
  type LakeSettings,
  lakeSettings,
  missingLakeVariables,
} from "./lake_settings.ts";
import { DAY_MS, HOUR_MS } from "./limits.ts";
import { LOG_LEVELS, type LogLevel } from "./log.ts";
import type { RateLimit } from "./rate_window.ts";

/** What one process does: answers requests, runs jobs, or both. */
export type Role = "all" | "api" | "worker";

/** Every setting with its value. */
export interface Settings {
  /** Address to listen on. */
  readonly host: string;
  /** Port to listen on; 0 takes a free one. */
  readonly port: number;
  /** A file, `:memory:`, the URL of a KV Connect server, or null: the host's own database. */
  readonly kvPath: string | null;
  /** Folder that holds the artifacts. */
  readonly fileStore: string;
  /** Folder of files about stores that are loaded at start, or null. */
  readonly storeDataDir: string | null;
  /** Whether the demo meter is made. */
  readonly demoData: boolean;
  /** How many jobs run at once. */
  readonly workerConcurrency: number;
  /** How long an artifact is kept, milliseconds. */
  readonly fileRetentionMs: number;
  /** How long an ended job's record is kept, milliseconds. */
  readonly jobRetentionMs: number;
  /** How often a device may send telemetry. */
  readonly rateLimit: RateLimit;
  /** After how long without a reading a device is offline that has no such time, milliseconds. */
  readonly offlineAfterMs: number;
  /** How telemetry is exported continuously. */
  readonly lake: LakeSettings;
  /** What this process does. */
  readonly role: Role;
  /** Least level of log records. */
  readonly logLevel: LogLevel;
}

/** Settings, or everything that is wrong with them, a sentence each. */
export type SettingsResult =
  | { readonly settings: Settings }
  | { readonly problems: readonly string[] };

const wholeNumber = (min: number, max: number) =>
  z.string().regex(/^\d+$/).transform(Number).pipe(z.number().min(min).max(max));
const positiveNumber = (max: number) =>
  z.string().regex(/^\d+(\.\d+)?$/).transform(Number).pipe(z.number().positive().max(max));

const RULES = {
  HOST: "a host name or IP address",
  PORT: "a whole number of 0 to 65535",
  KV_PATH: "a file path, :memory: or an http(s) URL",
  FILE_STORE: "a folder path (s3: and kv: are not there yet)",
  STORE_DATA_DIR: "a folder path",
  DEMO_DATA: "true or false",
  WORKER_CONCURRENCY: "a whole number of 1 to 64",
  FILE_RETENTION_HOURS: "a number above 0, at most 87600",
  JOB_RETENTION_DAYS: "a number above 0, at most 3650",
  RATE_LIMIT_REQUESTS: "a whole number of 1 to 1000000",
  RATE_LIMIT_WINDOW_SECONDS: "a whole number of 1 to 3600",
  OFFLINE_AFTER_SECONDS: "a whole number of 1 to 31536000",
  ROLE: "all, api or worker",
  LOG_LEVEL: LOG_LEVELS.join(", "),
  ...LAKE_RULES,
} as const;

const environmentSchema = z.object({
  HOST: z.string().regex(/^[A-Za-z0-9.:_-]+$/).default("127.0.0.1"),
  PORT: wholeNumber(0, 65_535).default(8000),
  KV_PATH: z.string().regex(/^(:memory:|https?:\/\/.+|(?!\w\w+:).+)$/).optional(),
  FILE_STORE: z.string().regex(/^(?!\w\w+:).+$/).default(".openwatts/files"),
  STORE_DATA_DIR: z.string().regex(/^(?!\w\w+:).+$/).optional(),
  DEMO_DATA: z.enum(["true", "false"]).default("true").transform((text) => text === "true"),
  WORKER_CONCURRENCY: wholeNumber(1, 64).default(4),
  FILE_RETENTION_HOURS: positiveNumber(87_600).default(168),
  JOB_RETENTION_DAYS: positiveNumber(3_650).default(30),
  RATE_LIMIT_REQUESTS: wholeNumber(1, 1_000_000).default(10),
  RATE_LIMIT_WINDOW_SECONDS: wholeNumber(1, 3_600).default(1),
  OFFLINE_AFTER_SECONDS: wholeNumber(1, 31_536_000).default(600),
  ROLE: z.enum(["all", "api", "worker"]).default("all"),
  LOG_LEVEL: z.enum(LOG_LEVELS).default("info"),
  DENO_DEPLOYMENT_ID: z.string().optional(),
  ...LAKE_VARIABLES,
});

/** Reads settings from an environment; a variable that is empty counts as not set. */
export function readSettings(environment: Readonly<Record<string, string>>): SettingsResult {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value.trim() !== ""),
  );
  const result = environmentSchema.safeParse(given);
  const wrong = result.error?.issues.map(({ path }) => String(path[0])) ?? [];
  const names = new Set([...wrong, ...missingLakeVariables(given)]);
  if (!result.success || names.size > 0) {
    return { problems: [...names].map((name) => problemText(name, given[name])) };
  }
  const values = result.data;
  const isDeploy = values.DENO_DEPLOYMENT_ID !== undefined;
  return {
    settings: {
      host: values.HOST,
      port: values.PORT,
      kvPath: values.KV_PATH ?? (isDeploy ? null : ".openwatts/kv.sqlite3"),
      fileStore: values.FILE_STORE,
      storeDataDir: values.STORE_DATA_DIR ?? null,
      demoData: values.DEMO_DATA,
      workerConcurrency: values.WORKER_CONCURRENCY,
      fileRetentionMs: values.FILE_RETENTION_HOURS * HOUR_MS,
      jobRetentionMs: values.JOB_RETENTION_DAYS * DAY_MS,
      rateLimit: {
        requests: values.RATE_LIMIT_REQUESTS,
        windowMs: values.RATE_LIMIT_WINDOW_SECONDS * 1000,
      },
      offlineAfterMs: values.OFFLINE_AFTER_SECONDS * 1_000,
      lake: lakeSettings(values),
      role: values.ROLE,
      logLevel: values.LOG_LEVEL,
    },
  };
}

function problemText(name: string, value: string | undefined): string {
  // Only names of RULES can fail; DENO_DEPLOYMENT_ID takes any text.
  const rule = RULES[name as keyof typeof RULES];
  return `${name} must be ${rule}: ${value === undefined ? "not set" : JSON.stringify(value)}`;
}
