/**
 * A request sent byte by byte over TCP, for tests that stop in the middle or check what arrives before
 * the answer.
 *
 * @module
 */

import { type Environment, pause } from "./process.ts";
import type { JsonAnswer } from "./service.ts";

/** How long to wait for what must arrive, milliseconds. */
const PATIENCE_MS = 60_000;

/** A request in progress. Disposing of it closes the connection. */
export interface RawRequest extends Disposable {
  /** Sends a part of the body; waits until the system has accepted it. */
  send(bytes: Uint8Array): Promise<void>;
  /** Settles when the received text contains `part`. */
  until(part: string): Promise<void>;
  /** The final answer, once it is complete. */
  answer(): Promise<RawAnswer>;
}

/** An answer, without its headers. */
export interface RawAnswer {
  /** The HTTP status. */
  readonly status: number;
  /** The JSON body, of any shape: tests check it. */
  readonly body: JsonAnswer["body"];
}

/** Connects and sends the head of a POST. */
export async function openRequest(address: string, headers: Environment): Promise<RawRequest> {
  const { hostname, port, pathname, search } = new URL(address);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const lines = { Host: `${hostname}:${port}`, Connection: "close", ...headers };
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  let text = "";
  let isClosed = false;
  readAll(connection, (part) => text += part).finally(() => isClosed = true);
  await sendAll(
    connection,
    new TextEncoder().encode(`POST ${pathname}${search} HTTP/1.1\r\n${head}\r\n`),
  );

  async function find<T>(look: () => T | null): Promise<T> {
    const endMs = Date.now() + PATIENCE_MS;
    for (;;) {
      const found = look();
      if (found !== null) return found;
      if (isClosed || Date.now() > endMs) throw new Error(`Only this was received: ${text}`);
      await pause(5);
    }
  }

  return {
    send: (bytes) => sendAll(connection, bytes),
    async until(part) {
      await find(() => text.includes(part) ? part : null);
    },
    // The server may keep the connection open until it has received the whole announced body.
    answer: () => find(() => answerIn(text)),
    [Symbol.dispose]: () => connection.close(),
  };
}

/** The answer in the received text, after any `100 Continue`; null while it is incomplete. */
function answerIn(text: string): RawAnswer | null {
  const final = text.replace(/^HTTP\/1\.1 100 [^]*?\r\n\r\n/, "");
  const [head, ...rest] = final.split("\r\n\r\n");
  const body = rest.join("\r\n\r\n");
  const length = /^content-length: (\d+)$/im.exec(head)?.[1];
  const isWhole = length !== undefined && new TextEncoder().encode(body).length >= Number(length);
  return isWhole ? { status: Number(head.slice(9, 12)), body: JSON.parse(body) } : null;
}

async function sendAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}

/** Reads until either side closes. */
async function readAll(connection: Deno.TcpConn, take: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  const bytes = new Uint8Array(16_384);
  try {
    for (;;) {
      const length = await connection.read(bytes);
      if (length === null) return;
      take(decoder.decode(bytes.subarray(0, length), { stream: true }));
    }
  } catch {
    // The connection is closed; nothing else will arrive.
  }
}
