/**
 * Where the service runs, and what Deno Deploy cannot do.
 *
 * On Deno Deploy, an instance has a disk of its own that goes with it, so nothing that must last, or
 * that another instance reads, may be in a folder. The database is the one that is assigned to the app:
 * the platform names it in DENO_KV_DEFAULT_PATH. Without it, `Deno.openKv()` would open a database of
 * the instance alone.
 *
 * @module
 */

import { z } from "zod";

/** Where the service runs. */
export interface Platform {
  /** Whether it is Deno Deploy. */
  readonly isDeploy: boolean;
}

/**
 * How long a request waits for a job on Deno Deploy, milliseconds. The platform may stop an instance 5
 * seconds after it last received a request or sent a byte.
 */
export const DEPLOY_WAIT_MS = 4_000;

/** The variables that Deno Deploy sets. Nobody else should. */
export const PLATFORM_VARIABLES = {
  DENO_DEPLOY: z.string().optional(),
  DENO_DEPLOYMENT_ID: z.string().optional(),
  DENO_KV_DEFAULT_PATH: z.string().optional(),
};

/** Variables of an environment by name. */
type Variables = Readonly<Record<string, string | undefined>>;

/** Where a service with this environment runs. An empty variable counts as not set. */
export function platformOf({ DENO_DEPLOY: flag, DENO_DEPLOYMENT_ID: id }: Variables): Platform {
  const isFlagged = isSet(flag) && !/^(false|0)$/i.test(flag.trim());
  return { isDeploy: isFlagged || isSet(id) };
}

/** Whether all instances of a service reach a database at this place. */
export function isSharedDatabase(place: string | undefined): boolean {
  return place !== undefined && /^https?:\/\//.test(place);
}

/** What is set that Deno Deploy cannot do, one sentence each; nothing elsewhere. */
export function platformProblems(given: Variables): string[] {
  if (!platformOf(given).isDeploy) return [];
  return [
    ...databaseProblems(given),
    ...folderProblems(given),
    ...given.ROLE === "worker"
      ? ["ROLE must be all or api on Deno Deploy, where each instance answers requests: worker"]
      : [],
    ...given.METRICS_PORT === undefined ? [] : [
      "METRICS_PORT must not be set on Deno Deploy, where an instance has one port: " +
      given.METRICS_PORT,
    ],
  ];
}

function databaseProblems({ KV_PATH: path, DENO_KV_DEFAULT_PATH: assigned }: Variables): string[] {
  if (path !== undefined) {
    return isSharedDatabase(path) ? [] : [
      `KV_PATH must be an http(s) URL on Deno Deploy, or not be set, ${LOST_DISK}: ${path}`,
    ];
  }
  return isSharedDatabase(assigned) ? [] : [
    "The app has no database: assign a Deno KV database to it in the dashboard of Deno Deploy, " +
    `then deploy again (DENO_KV_DEFAULT_PATH is ${assigned ?? "not set"})`,
  ];
}

/** Why nothing that must last may be in a folder. */
const LOST_DISK = "as an instance's disk goes with it";

function folderProblems(given: Variables): string[] {
  const problems: string[] = [];
  const { FILE_STORE: files, S3_BUCKET: bucket } = given;
  if (files !== undefined && !/^\w\w+:/.test(files)) {
    problems.push(
      `FILE_STORE must be kv: or s3://BUCKET/PATH on Deno Deploy, ${LOST_DISK}: ${files}`,
    );
  }
  if (given.CONTINUOUS_EXPORT === "on" && bucket === undefined) {
    problems.push(
      `S3_BUCKET must be set for CONTINUOUS_EXPORT=on on Deno Deploy, ${LOST_DISK}`,
    );
  }
  for (const name of ["DELIVERY_PATH", "STORE_DATA_DIR"]) {
    const folder = given[name];
    if (folder === undefined) continue;
    problems.push(`${name} must not be set on Deno Deploy, ${LOST_DISK}: ${folder}`);
  }
  return problems;
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value.trim() !== "";
}
