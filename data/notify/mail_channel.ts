/**
 * The channel of e-mail: a mail to each address, with the file or a link to it, and a link that cancels
 * these mails.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { DomainEvent, MailRecipient } from "../events/event.ts";
import { zoneTime } from "../time/zone_time.ts";
import { type Channel, DeliveryFault, type Message, type Sent } from "./channel.ts";
import {
  letterHtml,
  letterText,
  type MailContent,
  type MailLetter,
  subjectLine,
} from "./mail_content.ts";
import { STOP_WORDS, type StopScope, stopScope } from "./mail_stop.ts";
import { fileGone, type FileLink, type FindFile, type JobFile } from "./job_file.ts";
import type { OutgoingMail, SmtpTransport } from "./smtp_transport.ts";

/** The largest file that is attached, bytes: 10 MB, which most servers take in base64. */
export const MAIL_FILE_MAX_BYTES = 10_000_000;
/** How many mails are made at the same time. Each may hold a file in memory. */
const MAILS_AT_ONCE = 3;
/** The codes of servers to which a mail is too large (RFC 5321 §4.2.3, RFC 1870 §6). */
const TOO_LARGE: readonly (number | null)[] = [552, 523];

/** Why a mail was not sent: the delivery counts as stopped, not as failed. */
export const MAIL_STOPPED = "The recipient has cancelled these mails";

/** What the channel needs. */
export interface MailChannelDeps {
  /** Sends mails. */
  readonly transport: SmtpTransport;
  /** The address of the sender. */
  readonly senderAddress: string;
  /** What a mail says about an event. */
  readonly describe: (event: DomainEvent) => Promise<MailContent>;
  /** Finds the file of the job that an event reports, for recipients who get it. */
  readonly findFile: FindFile;
  /** Makes a link to that file, valid until it is deleted, at most seven days. */
  readonly linkTo: (event: DomainEvent, file: JobFile) => Promise<FileLink>;
  /** Mails that their recipients have cancelled. */
  readonly stops: {
    /** Whether an address gets no more mails. */
    isStopped(scope: StopScope, address: string): Promise<boolean>;
    /** The whole address of the link that cancels mails. */
    urlOf(scope: StopScope, address: string): Promise<string>;
  };
}

/** Creates the channel. */
export function createMailChannel(deps: MailChannelDeps): Channel {
  const slots = createSlots(MAILS_AT_ONCE);
  return {
    kind: "email",
    async send(message, signal) {
      const { recipient } = message;
      if (recipient.kind !== "email") {
        throw new TypeError(`Cannot send a mail to a recipient of kind ${recipient.kind}`);
      }
      const { to } = recipient;
      const scope = stopScope(message.event, recipient.origin);
      const sent: Sent[] = [];
      for (const address of to) {
        if (await deps.stops.isStopped(scope, address)) continue;
        sent.push(
          await slots.run(
            () => sendMail(deps, { message, recipient, address, scope }, signal),
            signal,
          ),
        );
      }
      const last = sent.at(-1);
      if (last === undefined) throw new DeliveryFault(MAIL_STOPPED, { isFinal: true });
      return last;
    },
  };
}

interface OneMail {
  readonly message: Message;
  readonly recipient: MailRecipient;
  readonly address: string;
  readonly scope: StopScope;
}

async function sendMail(deps: MailChannelDeps, mail: OneMail, signal: AbortSignal): Promise<Sent> {
  const { message: { event }, recipient, address } = mail;
  const content = await deps.describe(event);
  // A link needs no key, so who only hears of the file gets none.
  const file = recipient.hasFile === true ? await deps.findFile(event) : null;
  if (recipient.hasFile === true && file === null) throw fileGone();
  const request = `Mail to ${address}: ${subjectLine(content.subject)}`;
  const isAttached = file !== null && file.sizeBytes <= MAIL_FILE_MAX_BYTES;
  const send = async (attached: JobFile | null) => {
    const outgoing = await outgoingMail(deps, { ...mail, content, file, attached });
    return { request, ...await deps.transport.send(outgoing, signal) };
  };
  try {
    return await send(isAttached ? file : null);
  } catch (error) {
    if (!(error instanceof DeliveryFault)) throw error;
    // A server that takes less than 10 MB gets the link.
    if (isAttached && TOO_LARGE.includes(error.status)) return await send(null);
    const { message, isFinal, status, answer, cause } = error;
    throw new DeliveryFault(message, { isFinal, status, answer, cause, request });
  }
}

async function outgoingMail(
  { senderAddress, stops, linkTo }: MailChannelDeps,
  { message, address, scope, content, file, attached }: OneMail & {
    content: MailContent;
    file: JobFile | null;
    attached: JobFile | null;
  },
): Promise<OutgoingMail> {
  const { event, deliveryId, nowMs } = message;
  const bytes = attached === null ? null : await readFile(attached);
  const stopUrl = await stops.urlOf(scope, address);
  const letter: MailLetter = {
    ...content,
    link: file === null || attached !== null
      ? null
      : linkWords(await linkTo(event, file), file, content.zone),
    attached: attached?.filename ?? null,
    stopUrl,
    stops: STOP_WORDS[scope.kind],
  };
  return {
    messageId: `${messageWord(`${deliveryId}.${address}`)}@${senderAddress.split("@")[1]}`,
    to: address,
    subject: subjectLine(content.subject),
    text: letterText(letter),
    html: letterHtml(letter),
    headers: {
      "List-Unsubscribe": `<${stopUrl}>`,
      // Without TLS, programs must not cancel by themselves (RFC 8058 §3.1).
      ...(stopUrl.startsWith("https:")
        ? { "List-Unsubscribe-Post": "List-Unsubscribe=One-Click" }
        : {}),
      // So that no absence note answers (RFC 3834 §5).
      "Auto-Submitted": "auto-generated",
    },
    dateMs: nowMs,
    file: attached === null || bytes === null
      ? null
      : { filename: attached.filename, contentType: attached.contentType, bytes },
  };
}

/** The same mail has the same id, whichever attempt sends it, so that programs show it once. */
function messageWord(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

function linkWords(
  { url, expiresMs }: FileLink,
  { sizeBytes }: JobFile,
  zone: string,
): MailLetter["link"] {
  const note = `${sizeText(sizeBytes)}. The link is valid until ${zoneTime(expiresMs, zone)}.`;
  return { url, note };
}

/** A size in decimal units, as file managers show it. */
export function sizeText(bytes: number): string {
  if (bytes < 1_000) return bytes === 1 ? "1 byte" : `${bytes} bytes`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = bytes / 1_000, unit = 0;
  for (; value >= 999.95 && unit < units.length - 1; unit++) value /= 1_000;
  return `${value.toFixed(1)} ${units[unit]}`;
}

/** All bytes of a file, if they are those that the job wrote. */
async function readFile(file: JobFile): Promise<Uint8Array> {
  const body = await file.open();
  if (body === null) throw fileGone();
  const bytes = new Uint8Array(await new Response(body).arrayBuffer());
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (sha256 === file.sha256) return bytes;
  throw new DeliveryFault("The stored file is not the one that the job wrote", { isFinal: false });
}

/**
 * Runs a few pieces of work at the same time, the others after them in their order. Rejects if the
 * signal aborts before the work begins.
 */
function createSlots(
  count: number,
): { run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> } {
  let free = count;
  const waiting: (() => void)[] = [];
  return {
    async run(work, signal) {
      signal.throwIfAborted();
      if (free > 0) free--;
      else await waitInLine(waiting, signal);
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next === undefined) free++;
        else next();
      }
    },
  };
}

/** Waits for its turn. Leaves the line and rejects when the signal aborts. */
function waitInLine(line: (() => void)[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    function onTurn(): void {
      signal.removeEventListener("abort", onAbort);
      resolve();
    }
    function onAbort(): void {
      line.splice(line.indexOf(onTurn), 1);
      reject(signal.reason);
    }
    line.push(onTurn);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
