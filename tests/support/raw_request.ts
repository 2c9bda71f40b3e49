/**
 * A request written byte by byte over TCP, for tests that stop in its middle or look at what comes
 * before its answer.
 *
 * @module
 */

import { type Environment, pause } from "./process.ts";

/** A request on its way. Disposing of it cuts the connection. */
export interface RawRequest extends Disposable {
  /** Sends more of the body; waits until the system has taken it. */
  send(bytes: Uint8Array): Promise<void>;
  /** What came back so far. */
  text(): string;
  /** Settles when what came back has such a part. */
  until(part: string): Promise<void>;
  /** The status and the JSON body of the final answer, when the other side has closed. */
  // deno-lint-ignore no-explicit-any
  answer(): Promise<{ status: number; body: any }>;
}

/** Connects and sends the head of a POST. */
export async function openRequest(address: string, headers: Environment): Promise<RawRequest> {
  const { hostname, port, pathname, search } = new URL(address);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const lines = { Host: `${hostname}:${port}`, Connection: "close", ...headers };
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  let text = "";
  const closed = readAll(connection, (part) => text += part);
  await sendAll(
    connection,
    new TextEncoder().encode(`POST ${pathname}${search} HTTP/1.1\r\n${head}\r\n`),
  );
  return {
    send: (bytes) => sendAll(connection, bytes),
    text: () => text,
    async until(part) {
      let isClosed = false;
      closed.then(() => isClosed = true);
      while (!text.includes(part)) {
        if (isClosed) throw new Error(`Closed without ${part}: ${text}`);
        await pause(5);
      }
    },
    async answer() {
      await closed;
      const final = text.replace(/^HTTP\/1\.1 100 [^]*?\r\n\r\n/, "");
      const end = final.indexOf("\r\n\r\n");
      return { status: Number(final.slice(9, 12)), body: JSON.parse(final.slice(end + 4)) };
    },
    [Symbol.dispose]: () => connection.close(),
  };
}

/** Bytes of a chunked body (RFC 9112 §7.1): one chunk; the last one is empty. */
export function chunkOf(bytes: Uint8Array): Uint8Array {
  const encoder = new TextEncoder();
  const size = encoder.encode(`${bytes.length.toString(16)}\r\n`);
  const chunk = new Uint8Array(size.length + bytes.length + 2);
  chunk.set(size);
  chunk.set(bytes, size.length);
  chunk.set([13, 10], size.length + bytes.length);
  return chunk;
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
    // The connection is gone: what came is all there is.
  }
}
