/**
 * What a service with some settings needs of the machine: paths, hosts and variables. The task that
 * starts the service grants nothing else (`data/task_permissions.ts`).
 *
 * @module
 */

import { relative, resolve } from "node:path";
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
/** Hosts of databases whose addresses another host names, so that they are not known before. */
const NAMED_ELSEWHERE = /(^|\.)deno\.(com|dev|net)$/;

/** What a service needs with these settings. */
export function neededPermissions(settings: Settings, place: Place): Permissions {
  const { host, port, role, kvPath, fileStore, storeDataDir, continuous, s3 } = settings;
  const filesBucket = /^s3:\/\/([^/]+)/.exec(fileStore)?.[1];
  // Deletions find what continuous export has written, also while it is off.
  const lakeBucket = s3.bucket;
  const isShared = kvPath !== null && /^https?:/.test(kvPath);
  const urls = [
    ...[filesBucket, lakeBucket].filter((bucket) => typeof bucket === "string")
      .map((bucket) => bucketUrl({ ...s3, bucket })),
    ...isShared ? [kvPath] : [],
    ...oidcUrls(settings),
    ...continuous.isOn && continuous.influx !== null ? [continuous.influx.url] : [],
  ];
  if (filesBucket !== undefined || lakeBucket !== null) urls.push(...credentialUrls(settings));
  const hosts = urls.map(hostOf);
  const written = [
    ...isShared || kvPath === null || kvPath === ":memory:" ? [] : databasePaths(kvPath, place),
    ...filesBucket === undefined ? [fileStore] : [],
    ...lakeBucket === null ? [continuous.path] : [],
  ];
  return {
    net: hosts.some((name) => NAMED_ELSEWHERE.test(name.replace(/:\d+$/, "")))
      ? null
      : [...role === "worker" ? [] : [listenAddress(host, port)], ...hosts],
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
  };
}

/** What is needed to read the settings, and to say what is wrong with them. */
export const SETTINGS_PERMISSIONS: Permissions = {
  net: [],
  read: [".env"],
  write: [],
  env: [...SETTING_NAMES, ...OTHER_VARIABLES],
};

/** The flags that grant permissions. None of them has a space, because a shell splits them there. */
export function permissionFlags({ net, read, write, env }: Permissions, folder: string): string[] {
  const paths = (list: readonly string[]) => list.map((path) => spelled(path, folder));
  return [
    flag("net", net),
    flag("read", paths(read)),
    flag("write", paths(write)),
    flag("env", env),
  ].filter((text) => text !== "");
}

function flag(name: string, list: readonly string[] | null): string {
  if (list === null) return `--allow-${name}`;
  const items = [...new Set(list)];
  return items.length === 0 ? "" : `--allow-${name}=${items.join(",")}`;
}

/**
 * A path as an item of a flag. Where it has a space or a comma, which would end the item, the folder
 * around it stands for it.
 */
function spelled(path: string, folder: string): string {
  if (!/[\s,]/.test(path)) return path;
  const whole = resolve(folder, path);
  const short = relative(folder, whole);
  if (short !== "" && !/[\s,]/.test(short)) return short;
  return whole.replace(/[/\\][^/\\]*[\s,].*$/s, "") || "/";
}

/** The database, its lock and its folder, unless that holds the code: nothing writes code. */
function databasePaths(kvPath: string, { folder, codeFolder }: Place): string[] {
  const around = kvPath.includes("/") ? kvPath.slice(0, kvPath.lastIndexOf("/")) || "/" : ".";
  const isAbove = !relative(resolve(folder, around), codeFolder).startsWith("..");
  return [kvPath, `${kvPath}.lock`, ...isAbove ? [] : [around]];
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
