/**
 * Clients that download a file and only count its bytes.
 *
 * @module
 */

import type { ExportedFile } from "./export_client.ts";
import { findInPath, runProgram } from "./program.ts";
import { type Contestant, timed } from "./race.ts";

/** Buffer for reading from a socket, bytes. */
const READ_BYTES = 262_144;

/** All clients, as ways to download a file. */
export function downloadClients(file: ExportedFile, signal: AbortSignal): Contestant[] {
  return [
    { name: "fetch", path: null, run: () => timed(() => downloadByFetch(file)) },
    { name: "Deno.connect", path: null, run: () => timed(() => downloadBySocket(file)) },
    { name: "curl -o /dev/null", path: null, run: () => downloadByCurl(file, signal) },
  ];
}

/**
 * Downloads a file.
 *
 * @throws {Error} when the file is not complete.
 */
export async function downloadByFetch({ url, sizeBytes }: ExportedFile): Promise<void> {
  const response = await fetch(url);
  let count = 0;
  for await (const chunk of response.body ?? []) count += chunk.length;
  requireWhole(response.status, { count, sizeBytes });
}

async function downloadBySocket({ url, sizeBytes }: ExportedFile): Promise<void> {
  const { hostname, port, host, pathname, search } = new URL(url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  await connection.write(
    new TextEncoder().encode(`GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\n\r\n`),
  );
  const buffer = new Uint8Array(READ_BYTES);
  const first = await connection.read(buffer) ?? 0;
  // One character per byte, so that positions in the text are positions in the buffer.
  const text = new TextDecoder("latin1").decode(buffer.subarray(0, first));
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd < 0) throw new Error("the head of the response came in several reads");
  let count = first - headEnd - 4;
  while (count < sizeBytes) {
    const more = await connection.read(buffer);
    if (more === null) break;
    count += more;
  }
  requireWhole(Number(text.split(" ", 2)[1]), { count, sizeBytes });
}

/** Uses the time that curl reports: from the start of the connection, without the start of the process. */
async function downloadByCurl(
  { url, sizeBytes }: ExportedFile,
  signal: AbortSignal,
): Promise<number> {
  const curl = await findInPath("curl");
  if (curl === null) throw new Error("curl is not installed");
  const format = "%{http_code} %{size_download} %{time_total}";
  const args = ["-s", "-o", "/dev/null", "-w", format, url];
  const [status, count, seconds] = (await runProgram(curl, { args, signal })).split(" ").map(
    Number,
  );
  requireWhole(status, { count, sizeBytes });
  return seconds * 1000;
}

function requireWhole(
  status: number,
  { count, sizeBytes }: { count: number; sizeBytes: number },
): void {
  if (status === 200 && count === sizeBytes) return;
  throw new Error(`a download answered ${status} with ${count} bytes of ${sizeBytes}`);
}
