/**
 * An upload over its own connection, which a test sends piece by piece.
 *
 * @module
 */

import type { JsonAnswer } from "../../support/service.ts";

/** A running upload. Disposing of it closes the connection. */
export interface HeldUpload extends Disposable {
  /** Sends more of the body. */
  send(body: string | Uint8Array): Promise<void>;
  /** The answer, without its headers. */
  answer(): Promise<Pick<JsonAnswer, "status" | "body">>;
  /** Closes the connection in the middle of the body. */
  cut(): void;
}

/** Sends the head of an upload with these headers. */
export async function holdUpload(
  url: string,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<HeldUpload> {
  const { hostname, port } = new URL(url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  let isOpen = true;
  const lines = Object.entries({ host: hostname, connection: "close", ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`);
  await send(`POST ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);

  async function send(body: string | Uint8Array): Promise<void> {
    let bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
    while (bytes.length > 0) bytes = bytes.subarray(await connection.write(bytes));
  }

  function cut(): void {
    if (isOpen) connection.close();
    isOpen = false;
  }

  return {
    send,
    cut,
    async answer() {
      let text = "";
      const chunk = new Uint8Array(65_536);
      // Up to its length: a server that refuses the rest of a body may leave the connection open.
      while (!isWhole(text)) {
        const count = await connection.read(chunk);
        if (count === null) throw new Error(`the answer broke off: ${text}`);
        text += new TextDecoder().decode(chunk.subarray(0, count));
      }
      return { status: Number(text.split(" ")[1]), body: JSON.parse(bodyOf(text)) };
    },
    [Symbol.dispose]: cut,
  };
}

/** Whether an ASCII answer has arrived with its whole body. */
function isWhole(text: string): boolean {
  const length = /^content-length: (\d+)/im.exec(text)?.[1];
  return length !== undefined && bodyOf(text).length >= Number(length);
}

function bodyOf(text: string): string {
  const end = text.indexOf("\r\n\r\n");
  return end < 0 ? "" : text.slice(end + 4);
}
