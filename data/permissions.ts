/**
 * What a service with some settings needs of the machine: paths, hosts and variables. The task that
 * starts the service grants nothing else (`data/task_permissions.ts`).
 *
 * @module
 */

import { relative, resolve } from "node:path";
import { KV_PLACE } from "./files/kv_place.ts";
import { bucketUrl } from "./s3/sign.ts";
import { SETTING_NAMES, type Settings } from "./settings.ts";

/** What a service may use. */
export interface Permissions {
  /** Hosts with ports that it listens on or asks; null for all. */
  readonly net: readonly string[] | null;
  /** Files and folders that it reads. */
  readonly read: readonly string[];
  /** Files and folders that it writes. */
  readonly write: readonly string[];
  /** Variables of the environment. */
  readonly env: readonly string[];
  /** Calls that say something about the machine. */
  readonly sys: readonly string[];
}

/** Where a service runs. */
export interface Place {
  /** The folder to which paths in the settings are relative, absolute. */
  readonly folder: string;
  /** The folder of the code, absolute. */
  readonly codeFolder: string;
  /** The folders of the packages whose files pages show, absolute. */
  readonly packageFolders: readonly string[];
}

/** Variables besides the settings: the runtime reads the token of KV Connect. */
const OTHER_VARIABLES = ["DENO_KV_ACCESS_TOKEN"];
/** What of the folder of the code is code or says what runs. Data may be elsewhere in it. */
const CODE_PARTS = ["main.ts", "deno.json", "deno.lock", "data", "jobs", "kv", "routes"];
/** Hosts of databases whose addresses another host names, so that they are not known before. */
const NAMED_ELSEWHERE = /(^|\.)deno\.(com|dev|net)$/;

/** What a service needs with these settings. */
export function neededPermissions(settings: Settings, place: Place): Permissions {
  const {
    host,
    port,
    metricsPort,
    role,
    kvPath,
    fileStore,
    storeDataDir,
    continuous,
    s3,
    delivery,
    webhooks,
    workerThreads,
  } = settings;
  const filesBucket = bucketOf(fileStore);
  // Deletions find what continuous export has written, also while it is off.
  const lakeBucket = s3.bucket;
  const deliveryBuckets = delivery.buckets.map(bucketOf);
  const isShared = kvPath !== null && /^https?:/.test(kvPath);
  const urls = [
    ...[filesBucket, lakeBucket, ...deliveryBuckets].filter((bucket) => typeof bucket === "string")
      .map((bucket) => bucketUrl({ ...s3, bucket })),
    ...isShared ? [kvPath] : [],
    ...oidcUrls(settings),
    ...continuous.isOn && continuous.influx !== null ? [continuous.influx.url] : [],
  ];
  const usesS3 = filesBucket !== undefined || lakeBucket !== null || deliveryBuckets.length > 0;
  if (usesS3) urls.push(...credentialUrls(settings));
  const mailHost = mailHostOf(settings);
  const hosts = [...urls.map(hostOf), ...mailHost === null ? [] : [mailHost]];
  const written = [
    ...isShared || kvPath === null || kvPath === ":memory:" ? [] : databasePaths(kvPath, place),
    ...filesBucket === undefined && fileStore !== KV_PLACE ? [fileStore] : [],
    ...lakeBucket === null ? [continuous.path] : [],
    ...delivery.folder === null ? [] : [delivery.folder],
  ];
  return {
    // Users name the hosts of webhooks while the service runs; each request checks its address.
    net: webhooks.isOn || isName(mailHost) ||
        hosts.some((name) => NAMED_ELSEWHERE.test(name.replace(/:\d+$/, "")))
      ? null
      : [
        ...role === "worker" ? [] : [listenAddress(host, port)],
        ...metricsPort === null ? [] : [listenAddress(host, metricsPort)],
        ...hosts,
      ],
    read: [
      ".env",
      ...written,
      ...storeDataDir === null ? [] : [storeDataDir],
      ...credentialFiles(settings),
      // Threads load their code while the service runs.
      place.codeFolder,
      ...place.packageFolders,
    ],
    write: written,
    env: [...SETTING_NAMES, ...OTHER_VARIABLES],
    // The page Home shows how much room is left on the disk. Workers give way to the thread that serves.
    sys: [
      ...role === "worker" ? [] : ["statfs"],
      ...workerThreads === 0 ? [] : ["getPriority", "setPriority"],
    ],
  };
}

/** What is needed to read the settings, and to say what is wrong with them. */
export const SETTINGS_PERMISSIONS: Permissions = {
  net: [],
  read: [".env"],
  write: [],
  env: [...SETTING_NAMES, ...OTHER_VARIABLES],
  sys: [],
};

/**
 * Why flags cannot grant what is needed without granting too much, one sentence each: a service that
 * may write its code is not held by its permissions any more.
 */
export function permissionProblems(settings: Settings, place: Place): string[] {
  const { read, write } = neededPermissions(settings, place);
  const written = write.flatMap((path) => {
    const whole = spelled(path, place.folder);
    if (!holdsCode(resolve(place.folder, whole), place)) return [];
    return [
      UNSPELLABLE.test(path) && !holdsCode(resolve(place.folder, path), place)
        ? `${path} has a space or comma, so ${whole} would be granted, which holds the code`
        : `${path} holds the code, so the service cannot write there`,
    ];
  });
  const tooWide = read.flatMap((path) =>
    UNSPELLABLE.test(path) && spelled(path, place.folder) === "/"
      ? [`${path} has a space or comma, so the whole disk would be granted`]
      : []
  );
  return tooWide.length > 0 ? [...new Set(tooWide)] : [...new Set(written)];
}

/** Whether a folder holds, or is, a part of the code. */
function holdsCode(folder: string, { codeFolder }: Place): boolean {
  return CODE_PARTS.some((part) => {
    const [first] = relative(folder, `${codeFolder}/${part}`).split(/[/\\]/);
    return first !== "..";
  });
}

/** The flags that grant permissions. None of them has a space, because a shell splits them there. */
export function permissionFlags(
  { net, read, write, env, sys }: Permissions,
  folder: string,
): string[] {
  const paths = (list: readonly string[]) => list.map((path) => spelled(path, folder));
  return [
    flag("net", net),
    flag("read", paths(read)),
    flag("write", paths(write)),
    flag("env", env),
    flag("sys", sys),
  ].filter((text) => text !== "");
}

function flag(name: string, list: readonly string[] | null): string {
  if (list === null) return `--allow-${name}`;
  const items = [...new Set(list)];
  return items.length === 0 ? "" : `--allow-${name}=${items.join(",")}`;
}

/**
 * A path as an item of a flag. Where it has a space, at which the shell of the task would split the
 * flag, or a comma, which would end the item, the folder around it stands for it. Deno 2.9 knows no
 * way to write them.
 */
function spelled(path: string, folder: string): string {
  if (!UNSPELLABLE.test(path)) return path;
  const whole = resolve(folder, path);
  const short = relative(folder, whole) || ".";
  if (!UNSPELLABLE.test(short)) return short;
  return whole.replace(/[/\\][^/\\]*[\s,].*$/s, "") || "/";
}

const UNSPELLABLE = /[\s,]/;

/** The database, its lock and its folder, unless that holds code: nothing writes code. */
function databasePaths(kvPath: string, place: Place): string[] {
  const around = kvPath.includes("/") ? kvPath.slice(0, kvPath.lastIndexOf("/")) || "/" : ".";
  const isCode = holdsCode(resolve(place.folder, around), place);
  return [kvPath, `${kvPath}.lock`, ...isCode ? [] : [around]];
}

/** The bucket of a place; undefined for a folder. */
function bucketOf(place: string): string | undefined {
  return /^s3:\/\/([^/]+)/.exec(place)?.[1];
}

/** The mail server; null if this process sends no mail. Mail is sent where jobs run. */
function mailHostOf({ delivery: { mail }, role }: Settings): string | null {
  if (mail === null || role === "api") return null;
  return listenAddress(mail.server.host, mail.server.port);
}

/**
 * Whether a host is a name. The package for mail looks up its addresses and connects to one of them,
 * which no flag can name before.
 */
function isName(host: string | null): boolean {
  return host !== null && !/^(?:[\d.]+|\[.*\]):\d+$/.test(host);
}

function oidcUrls({ access: { oidc } }: Settings): string[] {
  if (oidc === null) return [];
  return oidc.jwksUrl === null ? [oidc.issuer] : [oidc.jwksUrl];
}

function credentialUrls({ s3: { credentials } }: Settings): string[] {
  return credentials.kind === "web_identity" || credentials.kind === "container"
    ? [credentials.url]
    : [];
}

function credentialFiles({ s3: { credentials } }: Settings): string[] {
  switch (credentials.kind) {
    case "file":
      return [credentials.path];
    case "web_identity":
      return [credentials.tokenFile];
    case "container":
      return credentials.authorizationFile === null ? [] : [credentials.authorizationFile];
    default:
      return [];
  }
}

/** The host and port of a URL. */
function hostOf(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
}

function listenAddress(host: string, port: number): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
