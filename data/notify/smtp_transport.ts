/**
 * Sends mails to one SMTP server over a few connections that are kept for a while.
 *
 * | what the server does | the mail |
 * |---|---|
 * | 4xx, breaks off, hangs, cannot be reached | may be sent again |
 * | 5xx to sender, recipient or content | is final |
 * | 5xx to the login, or no STARTTLS | may be sent again: the settings are wrong, not the mail |
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { SmtpServer } from "./smtp_server.ts";
import { DeliveryFault } from "./channel.ts";
import { startDeadline } from "../files/deadline.ts";
import { isMailAddress, type MailSender } from "./mail_address.ts";

/** How many connections there are at most, and so how many mails are in memory. */
const CONNECTIONS = 3;
/** How long the server may take to connect, to greet, and to answer, milliseconds. */
const CONNECT_MS = 10_000, SILENCE_MS = 30_000;
/** How long a mail may take in all, milliseconds: a server that says a byte now and then is never silent. */
const MAIL_MS = 180_000;
/** How long a connection is kept without a mail, milliseconds. */
const IDLE_MS = 30_000;
/** The pool has timers of up to 100 ms that nothing ends. */
const POOL_TIMERS_MS = 120;
/** How much of the answer of a server is kept, characters. */
const ANSWER_MAX = 1_024;

/** A mail to one recipient. */
export interface OutgoingMail {
  /** The id, without brackets. The same mail again has the same, so that programs show it once. */
  readonly messageId: string;
  /** The address of the recipient. */
  readonly to: string;
  /** The subject, one line. */
  readonly subject: string;
  /** The plain text. */
  readonly text: string;
  /** The HTML. */
  readonly html: string;
  /** More headers by name. */
  readonly headers: Readonly<Record<string, string>>;
  /** The time of the mail, epoch milliseconds. */
  readonly dateMs: number;
  /** The attached file; null for none. */
  readonly file: {
    readonly filename: string;
    readonly contentType: string;
    readonly bytes: Uint8Array;
  } | null;
}

/** What the server answered to a mail that it took. */
export interface MailAnswer {
  /** Its code, such as 250. */
  readonly status: number | null;
  /** Its words, at most 1 KiB. */
  readonly answer: string;
}

/** Sends mails. */
export interface SmtpTransport {
  /**
   * Sends a mail. Resolves when the server has taken it.
   *
   * @throws {DeliveryFault} if it has not.
   */
  send(mail: OutgoingMail, signal: AbortSignal): Promise<MailAnswer>;
  /** Closes all connections. */
  close(): Promise<void>;
}

/** How to send mails. */
export interface SmtpOptions {
  /** The server. */
  readonly server: SmtpServer;
  /** Who sends. */
  readonly sender: MailSender;
  /** How the service calls itself to the server; by default an address of this machine. */
  readonly clientName?: string;
  /** Certificates in PEM that count besides those of the machine; for tests. */
  readonly extraCertificates?: readonly string[];
  /** Other times to wait; for tests. */
  readonly patience?: { readonly connectMs?: number; readonly silenceMs?: number };
}

/** Sends mails to a server. Connects when the first mail comes. */
export function createSmtpTransport(
  { server, sender, clientName, extraCertificates, patience = {} }: SmtpOptions,
): SmtpTransport {
  const { host, port, security, login } = server;
  const connectMs = patience.connectMs ?? CONNECT_MS;
  const options = {
    pool: true as const,
    ...(clientName === undefined ? {} : { name: clientName }),
    host,
    port,
    secure: security === "tls",
    requireTLS: security === "starttls",
    ignoreTLS: security === "none",
    ...(login === null ? {} : { auth: { user: login.user, pass: login.password } }),
    ...(extraCertificates === undefined ? {} : { tls: { ca: [...extraCertificates] } }),
    connectionTimeout: connectMs,
    greetingTimeout: connectMs,
    dnsTimeout: connectMs,
    socketTimeout: patience.silenceMs ?? SILENCE_MS,
    idleTimeout: IDLE_MS,
    maxConnections: CONNECTIONS,
    // The job of a delivery retries, and says so in the log.
    maxRequeues: 0,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
  let opened: ReturnType<typeof open> | null = null;

  async function open() {
    // Most services send no mail, so the package is loaded with the first one.
    const { createTransport } = await import("nodemailer");
    const pool = createTransport(options);
    // A connection that breaks while it is idle is no fault of a mail; without a handler it would end the
    // process.
    pool.on("error", () => {});
    return pool;
  }

  return {
    async send(mail, signal) {
      // A list of addresses would be taken apart on the way.
      if (!isMailAddress(mail.to)) {
        throw new DeliveryFault("The recipient is not one address", { isFinal: true });
      }
      const pool = await (opened ??= open());
      const deadline = startDeadline(signal, MAIL_MS);
      try {
        const { response } = await pool.sendMail({
          ...messageOf(mail, sender),
          signal: deadline.signal,
        });
        return { status: codeOf(response), answer: cut(response) };
      } catch (error) {
        signal.throwIfAborted();
        throw faultOf(error, server);
      } finally {
        deadline.clear();
      }
    },
    async close() {
      if (opened === null) return;
      (await opened).close({ force: true });
      await new Promise((resolve) => setTimeout(resolve, POOL_TIMERS_MS));
    },
  };
}

function messageOf(mail: OutgoingMail, { name, address }: MailSender) {
  const { file, dateMs, to, messageId } = mail;
  return {
    from: { name, address },
    // An object is one address, whatever characters it has. A text would be parsed as a list.
    to: [{ name: "", address: to }],
    envelope: { from: address, to: [to] },
    messageId: `<${messageId}>`,
    subject: mail.subject,
    text: mail.text,
    html: mail.html,
    headers: { ...mail.headers },
    date: new Date(dateMs),
    attachments: file === null ? [] : [{
      filename: file.filename,
      contentType: file.contentType,
      content: Buffer.from(file.bytes.buffer, file.bytes.byteOffset, file.bytes.byteLength),
    }],
  };
}

function cut(text: string): string {
  return text.slice(0, ANSWER_MAX);
}

function codeOf(response: string): number | null {
  const code = /^\d{3}/.exec(response)?.[0];
  return code === undefined ? null : Number(code);
}

/** An error of nodemailer as far as it is read here. */
interface SmtpError {
  readonly code?: unknown;
  readonly response?: unknown;
  readonly responseCode?: unknown;
  readonly permanent?: unknown;
}

/** The fault that a failed mail is, in a sentence. */
function faultOf(error: unknown, { host, port }: SmtpServer): DeliveryFault {
  // Each field is checked before it is used.
  const { code, response, responseCode, permanent } = Object(error) as SmtpError;
  const answer = typeof response === "string" ? cut(response) : "";
  const status = typeof responseCode === "number" ? responseCode : null;
  const isLogin = code === "EAUTH" || code === "ENOAUTH";
  const name = `The mail server ${host}:${port}`;
  const words = isLogin
    ? `${name} refused the name and password of SMTP_URL`
    : code === "ETLS"
    ? `${name} offers no STARTTLS that can be trusted`
    : status !== null
    ? `${name} answered ${status}`
    : code === "ETIMEDOUT" || code === "EABORT"
    ? `${name} did not answer in time`
    : `${name} could not be reached, or broke off`;
  return new DeliveryFault(words, {
    isFinal: permanent === true && !isLogin && code !== "ETLS" && code !== "ECONNECTION",
    status,
    answer,
    cause: error,
  });
}
