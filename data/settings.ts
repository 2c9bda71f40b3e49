/**
 * All settings. They are read from the environment once, at the start.
 *
 * @module
 */

import { z } from "zod";
import type { AccountLimits } from "./access/account.ts";
import { ACCOUNT_RULES, ACCOUNT_VARIABLES, accountLimitsOf } from "./access/account_settings.ts";
import {
  ACCESS_RULES,
  ACCESS_SECRETS,
  ACCESS_VARIABLES,
  accessProblems,
  type AccessSettings,
  accessSettings,
  HOST_PATTERN,
  isLoopback,
} from "./access_settings.ts";
import {
  CONTINUOUS_RULES,
  CONTINUOUS_VARIABLES,
  type ContinuousSettings,
  continuousSettings,
  missingContinuousVariables,
} from "./continuous_settings.ts";
import {
  DELIVERY_RULES,
  DELIVERY_SECRETS,
  DELIVERY_VARIABLES,
  deliveryProblems,
  type DeliverySettings,
  deliverySettings,
} from "./delivery_settings.ts";
import {
  PUBLIC_RULES,
  PUBLIC_VARIABLES,
  type PublicSettings,
  publicSettings,
} from "./public_settings.ts";
import { PLATFORM_VARIABLES, platformOf, platformProblems } from "./platform.ts";
import { DATA_DIR, placesIn } from "./data_places.ts";
import { DAY_MS, HOUR_MS, STALE_MAX_HOURS } from "./limits.ts";
import { KV_PLACE } from "./files/kv_place.ts";
import {
  LIMIT_RULES,
  LIMIT_VARIABLES,
  type LimitSettings,
  limitSettings,
} from "./limit_settings.ts";
import {
  RETENTION_RULES,
  RETENTION_VARIABLES,
  type RetentionSettings,
  retentionSettings,
} from "./retention_settings.ts";
import {
  missingCredentials,
  S3_PLACE,
  S3_RULES,
  S3_SECRETS,
  S3_VARIABLES,
  type S3Settings,
  s3Settings,
  wrongS3Variables,
} from "./s3_settings.ts";
import {
  WEBHOOK_RULES,
  WEBHOOK_VARIABLES,
  type WebhookSettings,
  webhookSettings,
} from "./webhook_settings.ts";
import { WORK_RULES, WORK_VARIABLES, type WorkSettings, workSettings } from "./work_settings.ts";
import { LOG_LEVELS, type LogLevel } from "./log.ts";
import type { AcceptedTimes } from "./time/accepted_times.ts";
import { parseInstant } from "./time/time_text.ts";
import { localDaySpan } from "./time/zone.ts";
import type { RateLimit } from "./devices/rate_window.ts";

/** What a process does: answers requests, runs jobs, or both. */
export type Role = "all" | "api" | "worker";

/** All settings. */
export interface Settings extends WorkSettings {
  /** Whether the service runs on Deno Deploy. */
  readonly isDeploy: boolean;
  /** Address to listen on. */
  readonly host: string;
  /** Port to listen on; 0 for any free one. */
  readonly port: number;
  /** Port of `GET /metrics`; 0 for any free one, null to serve it with everything else. */
  readonly metricsPort: number | null;
  /** Who may use the service. */
  readonly access: AccessSettings;
  /** What callers may send. */
  readonly limits: LimitSettings;
  /** Origins whose pages may read answers in a browser; `*` alone allows all. */
  readonly corsOrigins: readonly string[];
  /** A file, `:memory:`, the URL of a KV Connect server, or null for the database of the host. */
  readonly kvPath: string | null;
  /** Where artifacts are stored: a folder, `s3://BUCKET` with an optional path, or {@link KV_PLACE}. */
  readonly fileStore: string;
  /** Most bytes of all artifacts together if they are stored in the database. */
  readonly kvFilesMaxBytes: number;
  /** The folder of store files to load at the start; null for none. */
  readonly storeDataDir: string | null;
  /** How to reach S3, and the place in it for continuous export. */
  readonly s3: S3Settings;
  /** Whether to create the demo meter: always, never, or only in a database that is new. */
  readonly demoData: boolean | "if_new";
  /** How long to keep an artifact, milliseconds. */
  readonly fileRetentionMs: number;
  /** How long to keep the record of an ended job, milliseconds. */
  readonly jobRetentionMs: number;
  /** The limits of each account that has none of its own. */
  readonly accountLimits: AccountLimits;
  /** How often a device may send telemetry. */
  readonly rateLimit: RateLimit;
  /** The tags of line protocol that may name a device; the first one that a line has does. */
  readonly lineProtocolIdTags: readonly string[];
  /** When a device without its own setting counts as offline: after this long without a reading, ms. */
  readonly offlineAfterMs: number;
  /** The age of the last poll from which reports mark a store as stale, milliseconds; null for none. */
  readonly staleAfterMs: number | null;
  /** The range of times that readings and polls may have. */
  readonly acceptedTimes: AcceptedTimes;
  /** How long readings and the audit trail are kept. */
  readonly retention: RetentionSettings;
  /** The settings of continuous export. */
  readonly continuous: ContinuousSettings;
  /** The settings of webhooks. */
  readonly webhooks: WebhookSettings;
  /** Where files and mails are delivered. */
  readonly delivery: DeliverySettings;
  /** What everyone may see. */
  readonly publicStatus: PublicSettings;
  /** What this process does. */
  readonly role: Role;
  /** How long requests and jobs may go on when the service stops, milliseconds. */
  readonly graceMs: number;
  /** The lowest level of log records to write. */
  readonly logLevel: LogLevel;
}

/** The settings, or everything that is wrong with them, one sentence each. */
export type SettingsResult =
  | { readonly settings: Settings }
  | { readonly problems: readonly string[] };

const wholeNumber = (min: number, max: number) =>
  z.string().regex(/^\d+$/).transform(Number).pipe(z.number().min(min).max(max));
const positiveNumber = (max: number) =>
  z.string().regex(/^\d+(\.\d+)?$/).transform(Number).pipe(z.number().positive().max(max));

/** Deno Deploy ends an instance 5 seconds after it asked it to stop. */
const DEPLOY_GRACE_SECONDS = 4;

const RULES = {
  HOST: "a host name or IP address",
  PORT: "a whole number of 0 to 65535",
  METRICS_PORT: "a whole number of 0 to 65535",
  CORS_ORIGINS: "* or origins such as https://app.example, separated by commas",
  KV_PATH: "a file path, :memory: or an http(s) URL",
  DATA_DIR: "a folder path",
  FILE_STORE: "a folder path, s3://BUCKET/PATH, or kv: for the database",
  KV_FILES_MAX_BYTES: "a whole number of 1048576 to 1099511627776",
  STORE_DATA_DIR: "a folder path",
  DEMO_DATA: "true or false",
  FILE_RETENTION_HOURS: "a number above 0, at most 87600",
  JOB_RETENTION_DAYS: "a number above 0, at most 3650",
  RATE_LIMIT_REQUESTS: "a whole number of 1 to 1000000",
  RATE_LIMIT_WINDOW_SECONDS: "a whole number of 1 to 3600",
  OFFLINE_AFTER_SECONDS: "a whole number of 1 to 31536000",
  LINE_PROTOCOL_ID_TAGS: "names of tags, separated by commas",
  STALE_AFTER_HOURS: `a number above 0, at most ${STALE_MAX_HOURS}`,
  FUTURE_TOLERANCE_SECONDS: "a whole number of 0 to 31536000",
  OLDEST_READING: "a date such as 2000-01-01, or an ISO 8601 time, from 1970 on",
  ROLE: "all, api or worker",
  STOP_GRACE_SECONDS: "a whole number of 1 to 600",
  LOG_LEVEL: LOG_LEVELS.join(", "),
  ...ACCESS_RULES,
  ...ACCOUNT_RULES,
  ...LIMIT_RULES,
  ...CONTINUOUS_RULES,
  ...DELIVERY_RULES,
  ...PUBLIC_RULES,
  ...RETENTION_RULES,
  ...S3_RULES,
  ...WEBHOOK_RULES,
  ...WORK_RULES,
} as const;

const environmentSchema = z.object({
  HOST: z.string().regex(HOST_PATTERN).default("127.0.0.1"),
  PORT: wholeNumber(0, 65_535).default(8000),
  METRICS_PORT: wholeNumber(0, 65_535).optional(),
  CORS_ORIGINS: z.string().transform((text) => text.trim() === "*" ? ["*"] : originsOf(text))
    .pipe(z.array(z.string())).default([]),
  DATA_DIR: z.string().regex(/^(?!\w\w+:).+$/).default(DATA_DIR),
  KV_PATH: z.string().regex(/^(:memory:|https?:\/\/.+|(?!\w\w+:).+)$/).optional(),
  FILE_STORE: z.string()
    .refine((text) => /^(?!\w\w+:).+$/.test(text) || S3_PLACE.test(text) || text === KV_PLACE)
    .optional(),
  KV_FILES_MAX_BYTES: wholeNumber(1_048_576, 1_099_511_627_776).default(1_073_741_824),
  STORE_DATA_DIR: z.string().regex(/^(?!\w\w+:).+$/).optional(),
  DEMO_DATA: z.enum(["true", "false"]).transform((text) => text === "true").optional(),
  ...WORK_VARIABLES,
  FILE_RETENTION_HOURS: positiveNumber(87_600).default(168),
  JOB_RETENTION_DAYS: positiveNumber(3_650).default(30),
  RATE_LIMIT_REQUESTS: wholeNumber(1, 1_000_000).default(10),
  RATE_LIMIT_WINDOW_SECONDS: wholeNumber(1, 3_600).default(1),
  OFFLINE_AFTER_SECONDS: wholeNumber(1, 31_536_000).default(600),
  LINE_PROTOCOL_ID_TAGS: z.string().transform(tagNames).pipe(z.array(z.string()).min(1))
    .default(["device_id", "entity_id", "host", "id"]),
  STALE_AFTER_HOURS: positiveNumber(STALE_MAX_HOURS).optional(),
  FUTURE_TOLERANCE_SECONDS: wholeNumber(0, 31_536_000).default(300),
  OLDEST_READING: z.string().refine((text) => firstMomentMs(text) >= 0).default("2000-01-01"),
  ROLE: z.enum(["all", "api", "worker"]).default("all"),
  STOP_GRACE_SECONDS: wholeNumber(1, 600).optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS).default("info"),
  ...ACCESS_VARIABLES,
  ...RETENTION_VARIABLES,
  ...LIMIT_VARIABLES,
  ...S3_VARIABLES,
  ...ACCOUNT_VARIABLES,
  ...PLATFORM_VARIABLES,
  ...CONTINUOUS_VARIABLES,
  ...DELIVERY_VARIABLES,
  ...PUBLIC_VARIABLES,
  ...WEBHOOK_VARIABLES,
});

/** Why the metrics cannot have the port that they are to have. */
function portProblems(
  { PORT: port = "8000", METRICS_PORT: metricsPort }: Readonly<Record<string, string>>,
): string[] {
  return metricsPort === undefined || metricsPort === "0" || metricsPort !== port ? [] : [
    `METRICS_PORT must be another port than PORT, or not be set: ${metricsPort}`,
  ];
}

/** The names of all variables that the settings are read from. */
export const SETTING_NAMES: readonly string[] = Object.keys(environmentSchema.shape);

/**
 * Reads the settings from an environment. An empty variable counts as not set, except S3_PREFIX, which
 * may be empty.
 */
export function readSettings(environment: Readonly<Record<string, string>>): SettingsResult {
  const given = Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, value.trim() === "" ? "" : value])
      .filter(([name, value]) => value !== "" || name === "S3_PREFIX"),
  );
  const result = environmentSchema.safeParse(given);
  const wrong = result.error?.issues.map(({ path }) => String(path[0])) ?? [];
  const names = new Set([
    ...wrong,
    ...missingContinuousVariables(given),
    ...wrongS3Variables(given),
  ]);
  const problems = [...names].map((name) => problemText(name, given[name]));
  problems.push(...missingCredentials(given), ...portProblems(given));
  problems.push(...accessProblems(given), ...deliveryProblems(given), ...platformProblems(given));
  if (!result.success || problems.length > 0) return { problems };
  const values = result.data;
  const { isDeploy } = platformOf(given);
  const places = placesIn(values.DATA_DIR);
  // Without these, only programs of this machine reach the service (`data/access_settings.ts`).
  const isReachable = isDeploy || !values.AUTH.includes("off") || values.ALLOW_ANONYMOUS === "true";
  return {
    settings: {
      isDeploy,
      host: values.HOST,
      port: values.PORT,
      metricsPort: values.METRICS_PORT ?? null,
      access: accessSettings(values),
      limits: limitSettings(values, isReachable),
      corsOrigins: values.CORS_ORIGINS,
      kvPath: values.KV_PATH ?? (isDeploy ? null : places.KV_PATH),
      fileStore: values.FILE_STORE ?? (isDeploy ? KV_PLACE : places.FILE_STORE),
      kvFilesMaxBytes: values.KV_FILES_MAX_BYTES,
      storeDataDir: values.STORE_DATA_DIR ?? null,
      s3: s3Settings(values),
      demoData: values.DEMO_DATA ?? (!isDeploy && isLoopback(values.HOST) ? "if_new" : false),
      ...workSettings(values, { isDeploy }),
      fileRetentionMs: values.FILE_RETENTION_HOURS * HOUR_MS,
      jobRetentionMs: values.JOB_RETENTION_DAYS * DAY_MS,
      accountLimits: accountLimitsOf(values),
      rateLimit: {
        requests: values.RATE_LIMIT_REQUESTS,
        windowMs: values.RATE_LIMIT_WINDOW_SECONDS * 1000,
      },
      offlineAfterMs: values.OFFLINE_AFTER_SECONDS * 1_000,
      // device_id names the device wherever it is.
      lineProtocolIdTags: [...new Set(["device_id", ...values.LINE_PROTOCOL_ID_TAGS])],
      staleAfterMs: values.STALE_AFTER_HOURS === undefined
        ? null
        : Math.round(values.STALE_AFTER_HOURS * HOUR_MS),
      acceptedTimes: {
        oldestMs: firstMomentMs(values.OLDEST_READING),
        futureToleranceMs: values.FUTURE_TOLERANCE_SECONDS * 1_000,
      },
      retention: retentionSettings(values),
      continuous: continuousSettings({
        ...values,
        LAKE_PATH: values.LAKE_PATH ?? places.LAKE_PATH,
      }),
      delivery: deliverySettings(values),
      publicStatus: publicSettings(values),
      webhooks: webhookSettings(values),
      role: values.ROLE,
      graceMs: (values.STOP_GRACE_SECONDS ?? (isDeploy ? DEPLOY_GRACE_SECONDS : 10)) * 1_000,
      logLevel: values.LOG_LEVEL,
    },
  };
}

/** The names in a list separated by commas. */
function tagNames(text: string): string[] {
  return text.split(",").map((name) => name.trim()).filter((name) => name !== "");
}

/** The time in a text, or the first moment of the UTC day in it; NaN if it is neither. */
function firstMomentMs(text: string): number {
  return parseInstant(text) ?? localDaySpan("UTC", text)?.fromMs ?? NaN;
}

/**
 * The origins in a list separated by commas, as browsers write them: `HTTPS://App.example:443/`
 * becomes `https://app.example`. Null if one of them is not an origin.
 */
function originsOf(text: string): string[] | null {
  const names = text.split(",").map((name) => name.trim()).filter((name) => name !== "");
  const areOrigins = names.every((name) =>
    /^https?:\/\/[^/?#@\\\s*]+\/?$/i.test(name) && URL.canParse(name)
  );
  return areOrigins ? [...new Set(names.map((name) => new URL(name).origin))] : null;
}

function problemText(name: string, value: string | undefined): string {
  // Only names in RULES can fail: the variables of the platform accept any text.
  const rule = RULES[name as keyof typeof RULES];
  const isSecret = [...S3_SECRETS, ...ACCESS_SECRETS, ...DELIVERY_SECRETS].includes(name);
  const shown = value === undefined ? "not set" : isSecret ? "(not shown)" : JSON.stringify(value);
  return `${name} must be ${rule}: ${shown}`;
}
