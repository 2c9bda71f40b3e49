/**
 * Reads credentials of S3 from where AWS and Kubernetes put them: a shared credentials file, the
 * endpoint of a container (ECS, EKS Pod Identity), or a web identity token that STS exchanges.
 *
 * Errors contain paths and statuses, but nothing from the content of a file or an answer.
 *
 * @module
 */

import { xmlText } from "./xml.ts";

/** Where credentials come from. */
export type CredentialSettings =
  /** Nowhere: S3 is not used. */
  | { readonly kind: "none" }
  /** An access key that stays the same. */
  | {
    readonly kind: "keys";
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken: string | null;
  }
  /** A shared credentials file in the format of AWS, and the profile to read in it. */
  | { readonly kind: "file"; readonly path: string; readonly profile: string }
  /** An endpoint that returns credentials as JSON, and the header `Authorization` for it. */
  | {
    readonly kind: "container";
    readonly url: string;
    readonly authorization: string | null;
    /** A file with the value of the header, read for every request; wins over `authorization`. */
    readonly authorizationFile: string | null;
  }
  /** A role that STS grants for the token in a file. */
  | {
    readonly kind: "web_identity";
    readonly tokenFile: string;
    readonly roleArn: string;
    readonly sessionName: string;
    /** The URL of STS. */
    readonly url: string;
  };

/** Credentials. */
export interface S3Credentials {
  /** The id of the access key. */
  readonly accessKeyId: string;
  /** The secret of the access key. */
  readonly secretAccessKey: string;
  /** The session token of temporary credentials; null for others. */
  readonly sessionToken: string | null;
  /** When they expire, epoch milliseconds; null if unknown. */
  readonly expiresMs: number | null;
}

/** Reads the current credentials. Throws if they cannot be read. */
export async function loadCredentials(
  settings: Exclude<CredentialSettings, { kind: "keys" }>,
  send: typeof fetch,
  signal: AbortSignal,
): Promise<S3Credentials> {
  switch (settings.kind) {
    case "none":
      throw new Error("Cannot use S3 as no credentials are set");
    case "file":
      return profileCredentials(await Deno.readTextFile(settings.path), settings);
    case "container":
      return await containerCredentials(settings, send, signal);
    case "web_identity":
      return await webIdentityCredentials(settings, send, signal);
  }
}

type SettingsOf<K extends CredentialSettings["kind"]> = Extract<CredentialSettings, { kind: K }>;

/** Reads a profile in a file of sections `[profile]` and lines `name = value`. */
function profileCredentials(
  text: string,
  { path, profile }: SettingsOf<"file">,
): S3Credentials {
  const values = new Map<string, string>();
  let section = "";
  for (const line of text.split(/\r?\n/)) {
    const header = /^\s*\[\s*(?:profile\s+)?([^\]]*?)\s*\]/.exec(line);
    if (header !== null) section = header[1];
    const pair = /^\s*([A-Za-z_]+)\s*=\s*(\S*)\s*$/.exec(line);
    if (pair !== null && section === profile) values.set(pair[1].toLowerCase(), pair[2]);
  }
  return checked({
    accessKeyId: values.get("aws_access_key_id"),
    secretAccessKey: values.get("aws_secret_access_key"),
    sessionToken: values.get("aws_session_token"),
  }, `profile ${profile} in ${path}`);
}

async function containerCredentials(
  { url, authorization, authorizationFile }: SettingsOf<"container">,
  send: typeof fetch,
  signal: AbortSignal,
): Promise<S3Credentials> {
  const value = authorizationFile === null
    ? authorization
    : (await Deno.readTextFile(authorizationFile)).trim();
  const headers = new Headers(value === null ? [] : [["authorization", value]]);
  const response = await send(url, { headers, signal, redirect: "error" });
  const text = await successText(response, url);
  const answer = parsedObject(text, url);
  return checked({
    accessKeyId: answer.AccessKeyId,
    secretAccessKey: answer.SecretAccessKey,
    sessionToken: answer.Token,
    expiration: answer.Expiration,
  }, url);
}

/** Sends `AssumeRoleWithWebIdentity`, with the token in the body so that no log of URLs has it. */
async function webIdentityCredentials(
  { tokenFile, roleArn, sessionName, url }: SettingsOf<"web_identity">,
  send: typeof fetch,
  signal: AbortSignal,
): Promise<S3Credentials> {
  const body = new URLSearchParams({
    Action: "AssumeRoleWithWebIdentity",
    Version: "2011-06-15",
    RoleArn: roleArn,
    RoleSessionName: sessionName,
    WebIdentityToken: (await Deno.readTextFile(tokenFile)).trim(),
  });
  const response = await send(url, { method: "POST", body, signal, redirect: "error" });
  const text = await successText(response, url);
  return checked({
    accessKeyId: xmlText(text, "AccessKeyId"),
    secretAccessKey: xmlText(text, "SecretAccessKey"),
    sessionToken: xmlText(text, "SessionToken"),
    expiration: xmlText(text, "Expiration"),
  }, url);
}

async function successText(response: Response, url: string): Promise<string> {
  const text = await response.text();
  if (response.ok) return text;
  const code = xmlText(text, "Code") ?? "";
  throw new Error(`Cannot read credentials as ${url} answered ${response.status} ${code}`.trim());
}

function parsedObject(text: string, url: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return { ...value };
  } catch {
    // The error of the parser would quote the text.
  }
  throw new Error(`Cannot read credentials as the answer of ${url} is not a JSON object`);
}

function checked(
  { accessKeyId, secretAccessKey, sessionToken, expiration }: {
    accessKeyId: unknown;
    secretAccessKey: unknown;
    sessionToken: unknown;
    expiration?: unknown;
  },
  place: string,
): S3Credentials {
  const isText = (value: unknown) => typeof value === "string" && value !== "";
  if (!isText(accessKeyId) || !isText(secretAccessKey)) {
    throw new Error(`Cannot read credentials as ${place} has no access key`);
  }
  const expiresMs = typeof expiration === "string" ? Date.parse(expiration) : NaN;
  return {
    accessKeyId: String(accessKeyId),
    secretAccessKey: String(secretAccessKey),
    sessionToken: isText(sessionToken) ? String(sessionToken) : null,
    expiresMs: Number.isNaN(expiresMs) ? null : expiresMs,
  };
}
