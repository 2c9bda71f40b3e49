/**
 * The settings of S3. They are part of all settings (`data/settings.ts`).
 *
 * Credentials come from the variables that AWS tools use. If several kinds are set, the first of this
 * order counts: an access key, a shared credentials file, a web identity, a container endpoint.
 *
 * @module
 */

import { z } from "zod";
import type { CredentialSettings } from "./s3/load_credentials.ts";
import type { S3Access, S3Encryption } from "./s3/sign.ts";

/** The settings of S3. */
export interface S3Settings extends S3Access {
  /** The bucket of continuous export; null if unset. */
  readonly bucket: string | null;
  /** What all keys in that bucket start with, without a slash at either end; may be "". */
  readonly prefix: string;
  /** The encryption of new objects; null for what the bucket is set to. */
  readonly encryption: S3Encryption | null;
}

/** The rule of each variable, in words. */
export const S3_RULES = {
  S3_ENDPOINT: "an http(s) URL of a host, optionally with a path",
  S3_REGION: "a region name: a-z 0-9 and -",
  S3_BUCKET: "a bucket name: 3 to 63 characters of a-z 0-9 . and -",
  S3_PREFIX: "empty, or a path of names of A-Z a-z 0-9 _ . = and -, without a slash at either end",
  S3_ENCRYPTION: "AES256, aws:kms or aws:kms:dsse",
  S3_KMS_KEY_ID: "the id or ARN of a key in KMS, only with S3_ENCRYPTION=aws:kms or aws:kms:dsse",
  AWS_ACCESS_KEY_ID: "the id of an access key, without spaces",
  AWS_SECRET_ACCESS_KEY: "the secret of an access key, without spaces",
  AWS_SESSION_TOKEN: "a session token, without spaces",
  AWS_SHARED_CREDENTIALS_FILE: "a file path",
  AWS_PROFILE: "the name of a profile in AWS_SHARED_CREDENTIALS_FILE, without [ and ]",
  AWS_WEB_IDENTITY_TOKEN_FILE: "a file path",
  AWS_ROLE_ARN: "the ARN of a role, required with AWS_WEB_IDENTITY_TOKEN_FILE",
  AWS_ROLE_SESSION_NAME: "2 to 64 characters of A-Z a-z 0-9 _ + = , . @ and -",
  AWS_ENDPOINT_URL_STS: "an http(s) URL of a host, optionally with a path",
  AWS_CONTAINER_CREDENTIALS_FULL_URI:
    "an https URL, or an http URL of this machine, 169.254.170.2, 169.254.170.23 or [fd00:ec2::23]",
  AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "a path that starts with /",
  AWS_CONTAINER_AUTHORIZATION_TOKEN: "one line of text",
  AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: "a file path",
} as const;

/** Variables whose values never appear in messages. */
export const S3_SECRETS: readonly string[] = [
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN",
];

/** The variables of credentials other than an access key, each of which is enough to start with. */
const OTHER_CREDENTIALS = [
  "AWS_SHARED_CREDENTIALS_FILE",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
];

/** A path below a bucket. No part is `.` or `..`, as URLs drop them. */
const S3_PATH = String
  .raw`(?!\.{1,2}(?:/|$))[A-Za-z0-9_.=-]+(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9_.=-]+)*`;
const S3_BUCKET = "[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]";
/** Matches `s3://BUCKET` with an optional path. */
export const S3_PLACE: RegExp = new RegExp(`^s3://${S3_BUCKET}(?:/${S3_PATH})?/?$`);
/** Where AWS runs its endpoints of credentials: in ECS, and in EKS (IPv4 and IPv6). */
const CONTAINER_HOSTS = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"];

const word = z.string().regex(/^\S+$/);
const serverUrl = z.string()
  .regex(/^https?:\/\/[A-Za-z0-9.:_[\]-]+(\/[A-Za-z0-9._~/-]*)?$/);
const filePath = z.string().regex(/^(?!\w\w+:).+$/);

/** The schema of each variable. */
export const S3_VARIABLES = {
  S3_ENDPOINT: serverUrl.optional(),
  S3_REGION: z.string().regex(/^[a-z0-9-]{1,40}$/).default("us-east-1"),
  S3_BUCKET: z.string().regex(new RegExp(`^${S3_BUCKET}$`)).optional(),
  S3_PREFIX: z.string().regex(new RegExp(`^(?:${S3_PATH})?$`)).default("telemetry"),
  S3_ENCRYPTION: z.enum(["AES256", "aws:kms", "aws:kms:dsse"]).optional(),
  S3_KMS_KEY_ID: word.optional(),
  AWS_ACCESS_KEY_ID: word.optional(),
  AWS_SECRET_ACCESS_KEY: word.optional(),
  AWS_SESSION_TOKEN: word.optional(),
  AWS_SHARED_CREDENTIALS_FILE: filePath.optional(),
  AWS_PROFILE: z.string().regex(/^[^[\]]+$/).default("default"),
  AWS_WEB_IDENTITY_TOKEN_FILE: filePath.optional(),
  AWS_ROLE_ARN: word.optional(),
  AWS_ROLE_SESSION_NAME: z.string().regex(/^[\w+=,.@-]{2,64}$/).default("openwatts"),
  AWS_ENDPOINT_URL_STS: serverUrl.optional(),
  AWS_CONTAINER_CREDENTIALS_FULL_URI: z.string().refine(isContainerUrl).optional(),
  AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: z.string().regex(/^\/\S*$/).optional(),
  AWS_CONTAINER_AUTHORIZATION_TOKEN: z.string().regex(/^[^\r\n]+$/).optional(),
  AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: filePath.optional(),
};

type Values = z.output<z.ZodObject<typeof S3_VARIABLES>>;

/** The names of variables that are missing, or wrong, because of others. */
export function wrongS3Variables(given: Readonly<Record<string, string>>): string[] {
  const wrong: string[] = [];
  const { S3_ENCRYPTION: encryption = "" } = given;
  if ("S3_KMS_KEY_ID" in given && !encryption.startsWith("aws:kms")) wrong.push("S3_KMS_KEY_ID");
  if ("AWS_WEB_IDENTITY_TOKEN_FILE" in given && !("AWS_ROLE_ARN" in given)) {
    wrong.push("AWS_ROLE_ARN");
  }
  return wrong;
}

/** What is missing of the credentials although S3 is used, one sentence each. */
export function missingCredentials(given: Readonly<Record<string, string>>): string[] {
  const usesS3 = given.FILE_STORE?.startsWith("s3:") || given.S3_BUCKET !== undefined ||
    given.DELIVERY_BUCKETS !== undefined;
  const keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
  const missing = keys.filter((name) => given[name] === undefined);
  const hasOthers = OTHER_CREDENTIALS.some((name) => given[name] !== undefined);
  if (!usesS3 || (hasOthers && missing.length === keys.length)) return [];
  return missing.map((name) =>
    `${name} must be set, as FILE_STORE, S3_BUCKET or DELIVERY_BUCKETS uses S3`
  );
}

/** The settings of valid variables. */
export function s3Settings(values: Values): S3Settings {
  return {
    endpoint: values.S3_ENDPOINT ?? null,
    region: values.S3_REGION,
    bucket: values.S3_BUCKET ?? null,
    prefix: values.S3_PREFIX,
    credentials: credentialSettings(values),
    encryption: values.S3_ENCRYPTION === undefined ? null : {
      algorithm: values.S3_ENCRYPTION,
      kmsKeyId: values.S3_KMS_KEY_ID ?? null,
    },
  };
}

function credentialSettings(values: Values): CredentialSettings {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = values;
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    const sessionToken = values.AWS_SESSION_TOKEN ?? null;
    return { kind: "keys", accessKeyId, secretAccessKey, sessionToken };
  }
  const { AWS_SHARED_CREDENTIALS_FILE: path, AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile } = values;
  if (path !== undefined) return { kind: "file", path, profile: values.AWS_PROFILE };
  if (tokenFile !== undefined && values.AWS_ROLE_ARN !== undefined) {
    return {
      kind: "web_identity",
      tokenFile,
      roleArn: values.AWS_ROLE_ARN,
      sessionName: values.AWS_ROLE_SESSION_NAME,
      url: values.AWS_ENDPOINT_URL_STS ?? `https://sts.${values.S3_REGION}.amazonaws.com/`,
    };
  }
  const { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: relativeUri } = values;
  const url = relativeUri === undefined
    ? values.AWS_CONTAINER_CREDENTIALS_FULL_URI
    : `http://${CONTAINER_HOSTS[0]}${relativeUri}`;
  if (url === undefined) return { kind: "none" };
  return {
    kind: "container",
    url,
    authorization: values.AWS_CONTAINER_AUTHORIZATION_TOKEN ?? null,
    authorizationFile: values.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE ?? null,
  };
}

/** Credentials must not travel unencrypted, except within the machine or to endpoints of AWS. */
function isContainerUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  const isLocal = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname) ||
    CONTAINER_HOSTS.includes(hostname);
  return protocol === "https:" || (protocol === "http:" && isLocal);
}
