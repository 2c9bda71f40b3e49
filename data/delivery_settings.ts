/**
 * The settings of deliveries: the mail server, and the places to which files go. They are part of all
 * settings (`data/settings.ts`).
 *
 * Only places that are set can be delivered to. Otherwise a caller could write wherever the service
 * may, such as over the files of others.
 *
 * @module
 */

import { z } from "zod";
import { MAIL_SENDER_RULE, type MailSender, parseSender } from "./notify/mail_address.ts";
import { S3_PLACE } from "./s3_settings.ts";

/** How a mail server is reached. */
export interface SmtpServer {
  /** Its host name or address. */
  readonly host: string;
  /** Its port. */
  readonly port: number;
  /** `tls` from the first byte, `starttls` before anything is said, or `none` for this machine. */
  readonly security: "tls" | "starttls" | "none";
  /** The name and password; null for a server that needs none. */
  readonly login: { readonly user: string; readonly password: string } | null;
}

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
}

/** What settings allow to deliver to. */
export function deliveryAbilities({ mail, folder, buckets }: DeliverySettings): DeliveryAbilities {
  return { hasMail: mail !== null, hasFolder: folder !== null, buckets };
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

/**
 * Reads `smtp://` or `smtps://` with an optional login, and `tls=off` in the query. Without a port it
 * is that of the scheme: 587 for submission with STARTTLS (RFC 6409), 465 with TLS (RFC 8314), 25
 * without. Null if the text is none.
 */
export function parseSmtpUrl(text: string): SmtpServer | null {
  const form = /^(smtps?):\/\/(?:[^/?#@\s]+@)?[^/?#@\s]+\/?(?:\?tls=off)?$/i;
  if (!form.test(text) || !URL.canParse(text)) return null;
  const { protocol, hostname, port, username, password, search } = new URL(text);
  const isOff = search !== "";
  if (hostname === "" || (isOff && protocol === "smtps:")) return null;
  const security = protocol === "smtps:" ? "tls" : isOff ? "none" : "starttls";
  const login = loginOf(username, password);
  if (login === undefined) return null;
  const usual = { tls: 465, starttls: 587, none: 25 }[security];
  return {
    // The brackets of an IPv6 address belong to the URL.
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? usual : Number(port),
    security,
    login,
  };
}

/** Name and password; null without both, undefined if one is missing or not encoded rightly. */
function loginOf(user: string, password: string): SmtpServer["login"] | undefined {
  if (user === "" && password === "") return null;
  try {
    const login = { user: decodeURIComponent(user), password: decodeURIComponent(password) };
    return user === "" || password === "" || /\p{Cc}/u.test(login.user + login.password)
      ? undefined
      : login;
  } catch {
    return undefined;
  }
}

function placesOf(text: string): string[] {
  const places = text.split(",").map((place) => place.trim()).filter((place) => place !== "");
  return [...new Set(places.map((place) => place.replace(/\/$/, "")))];
}
