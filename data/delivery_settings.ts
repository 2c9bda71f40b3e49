/**
 * The settings of deliveries: the mail server, and the places to which files go. They are part of all
 * settings (`data/settings.ts`).
 *
 * Only places that are set can be delivered to. Otherwise a caller could write wherever the service
 * may, such as over the files of others.
 *
 * @module
 */

import { isAbsolute, join, relative } from "node:path";
import { z } from "zod";
import { DATA_DIR, placesIn } from "./data_places.ts";
import { KV_PLACE } from "./files/kv_place.ts";
import { MAIL_SENDER_RULE, type MailSender, parseSender } from "./notify/mail_address.ts";
import { parseSmtpUrl, type SmtpServer } from "./notify/smtp_server.ts";
import { isBelowPlace } from "./notify/targets.ts";
import { S3_PLACE } from "./s3_settings.ts";

/** The settings of mail. */
export interface MailSettings {
  /** The server. */
  readonly server: SmtpServer;
  /** Who sends. */
  readonly sender: MailSender;
}

/** The settings of deliveries. */
export interface DeliverySettings {
  /** The settings of mail; null for none. */
  readonly mail: MailSettings | null;
  /** The folder of delivered files; null for none. */
  readonly folder: string | null;
  /** Places of S3 below which files may be delivered, `s3://BUCKET/PREFIX` without a slash at the end. */
  readonly buckets: readonly string[];
}

/** What can be delivered to. */
export interface DeliveryAbilities extends Pick<DeliverySettings, "buckets"> {
  /** Whether there is a mail server. */
  readonly hasMail: boolean;
  /** Whether there is a folder. */
  readonly hasFolder: boolean;
  /** Whether links can be made, as the address of the service is known. */
  readonly hasLinks: boolean;
  /** Whether webhooks get events. */
  readonly hasWebhooks: boolean;
}

/** What settings allow to deliver to. */
export function deliveryAbilities(
  { mail, folder, buckets }: DeliverySettings,
  { publicUrl, hasWebhooks }: { publicUrl: string | null; hasWebhooks: boolean },
): DeliveryAbilities {
  const hasLinks = publicUrl !== null;
  return { hasMail: mail !== null, hasFolder: folder !== null, hasLinks, hasWebhooks, buckets };
}

/** The rule of each variable, in words. */
export const DELIVERY_RULES = {
  SMTP_URL: "smtps://USER:PASSWORD@HOST:PORT, smtp:// for STARTTLS, or smtp://…?tls=off for a " +
    "server without it",
  MAIL_FROM: MAIL_SENDER_RULE,
  DELIVERY_PATH: "a folder path",
  DELIVERY_BUCKETS: "places such as s3://BUCKET/PATH, separated by commas",
} as const;

/** Variables whose values never appear in messages. */
export const DELIVERY_SECRETS: readonly string[] = ["SMTP_URL"];

/** The schema of each variable. */
export const DELIVERY_VARIABLES = {
  SMTP_URL: z.string().refine((text) => parseSmtpUrl(text) !== null).optional(),
  MAIL_FROM: z.string().refine((text) => parseSender(text) !== null).optional(),
  DELIVERY_PATH: z.string().regex(/^(?!\w\w+:).+$/).optional(),
  DELIVERY_BUCKETS: z.string().transform(placesOf)
    .pipe(z.array(z.string().regex(S3_PLACE)).min(1)).optional(),
};

/** What is wrong because of other variables, one sentence each. */
export function deliveryProblems(given: Readonly<Record<string, string>>): string[] {
  return [...mailProblems(given), ...placeProblems(given)];
}

/** Names of delivered files come from users, so nothing of the service may be among them. */
function placeProblems(given: Readonly<Record<string, string>>): string[] {
  const folder = given.DELIVERY_PATH;
  const buckets = placesOf(given.DELIVERY_BUCKETS ?? "");
  const stores = given.STORE_DATA_DIR;
  const own = Object.entries(placesIn(given.DATA_DIR ?? DATA_DIR))
    .map(([name, usual]) => [name, given[name] ?? usual]);
  const bucket = given.S3_BUCKET === undefined
    ? []
    : [["S3_BUCKET", `s3://${given.S3_BUCKET}/${given.S3_PREFIX ?? "telemetry"}`]];
  const loaded = stores === undefined ? [] : [["STORE_DATA_DIR", stores]];
  return [...own, ...loaded, ...bucket].flatMap(([name, path]) => {
    const holder = path === KV_PLACE
      ? null
      : path.startsWith("s3://")
      ? buckets.some((place) => isBelowPlace(path, place)) ? "DELIVERY_BUCKETS" : null
      : folder !== undefined && isBelowFolder(path, folder)
      ? "DELIVERY_PATH"
      : null;
    return holder === null ? [] : [`${holder} must not hold ${name}: ${path}`];
  });
}

/** Whether a path is a folder or below it. Both are compared as they are written. */
function isBelowFolder(path: string, folder: string): boolean {
  if (isAbsolute(path) !== isAbsolute(folder)) return false;
  return !relative(join("/", folder), join("/", path)).startsWith("..");
}

function mailProblems(given: Readonly<Record<string, string>>): string[] {
  if (!("SMTP_URL" in given)) return [];
  const problems: string[] = [];
  if (!("MAIL_FROM" in given)) problems.push("MAIL_FROM must be set, as SMTP_URL is");
  if (!("PUBLIC_URL" in given)) {
    problems.push("PUBLIC_URL must be set, as SMTP_URL is: mails have links");
  }
  return problems;
}

/** The settings of variables without problems. */
export function deliverySettings(
  values: z.output<z.ZodObject<typeof DELIVERY_VARIABLES>>,
): DeliverySettings {
  const server = parseSmtpUrl(values.SMTP_URL ?? "");
  const sender = parseSender(values.MAIL_FROM ?? "");
  return {
    mail: server === null || sender === null ? null : { server, sender },
    folder: values.DELIVERY_PATH?.replace(/(?<=.)\/+$/, "") ?? null,
    buckets: values.DELIVERY_BUCKETS ?? [],
  };
}

function placesOf(text: string): string[] {
  const places = text.split(",").map((place) => place.trim()).filter((place) => place !== "");
  return [...new Set(places.map((place) => place.replace(/\/$/, "")))];
}
