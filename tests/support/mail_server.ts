/**
 * A real SMTP server for tests, whose answers a test chooses.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import type { SmtpServer } from "../../data/notify/smtp_server.ts";

/** A mail that the server took. */
export interface ReceivedMail {
  /** Its sender and recipients by the envelope. */
  readonly from: string;
  readonly to: readonly string[];
  /** All of it as sent, lines ending in CRLF. */
  readonly raw: string;
  /** Whether it came over TLS, and the name that logged in. */
  readonly isSecure: boolean;
  readonly user: string | null;
  /** The name that the client gave itself. */
  readonly client: string | null;
}

/** What the server does at each step: an SMTP code and text to refuse, or null to go on. */
export interface MailBehaviour {
  readonly onRecipient?: (address: string) => string | null;
  readonly onData?: () => string | null;
  readonly login?: { readonly user: string; readonly password: string };
  readonly certificate?: { readonly key: string; readonly cert: string };
  readonly hidesStartTls?: boolean;
}

/** A running server. */
export interface MailServer extends AsyncDisposable {
  /** How to reach it. */
  readonly server: SmtpServer;
  /** What it took so far. */
  readonly received: ReceivedMail[];
}

/** Starts a server on a free port of this machine. */
export async function startMailServer(
  { onRecipient, onData, login, certificate, hidesStartTls }: MailBehaviour = {},
): Promise<MailServer> {
  const received: ReceivedMail[] = [];
  const refusal = (text: string): Error => {
    return Object.assign(new Error(text.slice(4)), { responseCode: Number(text.slice(0, 3)) });
  };
  const options: SMTPServerOptions = {
    logger: false,
    authOptional: login === undefined,
    disabledCommands: [
      ...hidesStartTls ?? certificate === undefined ? ["STARTTLS"] : [],
      ...login === undefined ? ["AUTH"] : [],
    ],
    ...certificate,
    onAuth({ username, password }, _session, done) {
      if (username === login?.user && password === login?.password) done(null, { user: username });
      else done(refusal("535 Wrong name or password"));
    },
    onRcptTo({ address }, _session, done) {
      const text = onRecipient?.(address) ?? null;
      done(text === null ? null : refusal(text));
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const text = onData?.() ?? null;
        if (text !== null) return done(refusal(text));
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          from: mailFrom === false ? "" : mailFrom?.address ?? "",
          to: rcptTo.map(({ address }) => address),
          raw: chunks.map((chunk) => chunk.toString("latin1")).join(""),
          isSecure: session.secure,
          client: session.hostNameAppearsAs || null,
          user: session.user === undefined ? null : String(session.user),
        });
        done();
      });
    },
  };
  const smtp = new SMTPServer(options);
  smtp.on("error", () => {});
  const listening = Promise.withResolvers<void>();
  const server = smtp.listen(0, "127.0.0.1", () => listening.resolve());
  await listening.promise;
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("No port");
  return {
    server: {
      host: "127.0.0.1",
      port: address.port,
      security: certificate === undefined || hidesStartTls ? "none" : "starttls",
      login: login ?? null,
    },
    received,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        smtp.close(() => resolve());
        for (const connection of smtp.connections) connection.close();
      }),
  };
}

/** A header of a mail with its folds undone; null if it has none. */
export function headerOf({ raw }: Pick<ReceivedMail, "raw">, name: string): string | null {
  const head = raw.slice(0, raw.indexOf("\r\n\r\n") + 2).replaceAll(/\r\n[ \t]+/g, " ");
  const line = head.split("\r\n").find((text) => text.toLowerCase().startsWith(`${name}: `));
  return line === undefined ? null : line.slice(name.length + 2);
}

/** The parts of a mail with a media type, decoded from base64 or quoted-printable. */
export function partsOf({ raw }: Pick<ReceivedMail, "raw">, type: string): Uint8Array[] {
  const boundaries = [...raw.matchAll(/boundary="([^"]+)"/g)].map(([, name]) => name);
  const pieces = boundaries.length === 0 ? [raw] : raw.split(
    new RegExp(`(?:\r\n)?--(?:${boundaries.join("|").replaceAll(/[.+?]/g, "\\$&")})(?:--)?\r\n`),
  );
  return pieces.filter((piece) => new RegExp(`^content-type: ${type}`, "im").test(headOf(piece)))
    .filter((piece) => !/^content-type: multipart/im.test(headOf(piece)))
    .map((piece) => {
      const body = piece.slice(piece.indexOf("\r\n\r\n") + 4);
      if (/^content-transfer-encoding: base64/im.test(headOf(piece))) {
        return Uint8Array.fromBase64(body.replaceAll(/\s/g, ""));
      }
      const text = body.replaceAll("=\r\n", "").replaceAll(
        /=([0-9A-F]{2})/g,
        (_all, hex) => String.fromCharCode(parseInt(hex, 16)),
      );
      return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    });
}

function headOf(piece: string): string {
  return piece.slice(0, piece.indexOf("\r\n\r\n") + 2);
}

/** The text of the first part of a type. */
export function textOf(mail: Pick<ReceivedMail, "raw">, type = "text/plain"): string {
  const [first] = partsOf(mail, type);
  return first === undefined ? "" : new TextDecoder().decode(first);
}
