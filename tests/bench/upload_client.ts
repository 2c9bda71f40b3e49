/**
 * A client that uploads a file.
 *
 * It is curl if that is installed: a fetch whose body is a stream of the file sometimes stalls by
 * itself, for seconds, and then its time says nothing about the service. Without curl the file is
 * sent from memory.
 *
 * @module
 */

import { askJson } from "./export_client.ts";
import { findInPath, runProgram } from "./program.ts";
import { type Contestant, timed } from "./race.ts";

/** Uploads a CSV file. Returns the answer of the service. Throws if that is an error. */
export async function uploadCsv(
  url: string,
  path: string,
  signal: AbortSignal,
): Promise<unknown> {
  return await uploadFile(url, { path, type: "text/csv" }, signal);
}

/** Uploads a file of any media type, as {@link uploadCsv} does. */
export async function uploadFile(
  url: string,
  { path, type }: { path: string; type: string },
  signal: AbortSignal,
): Promise<unknown> {
  const curl = await findInPath("curl");
  if (curl === null) {
    const init = { method: "POST", headers: { "content-type": type }, signal };
    return await askJson(url, { ...init, body: await Deno.readFile(path) });
  }
  const headers = ["-H", `Content-Type: ${type}`, "-H", "Expect:"];
  const args = ["-sS", "--fail-with-body", "-X", "POST", ...headers, "-T", path, url];
  return JSON.parse(await runProgram(curl, { args, signal }));
}

/** The limit of an upload: a bare server that writes the same file and syncs it. */
export function bareUpload(
  url: string,
  file: { path: string; type: string },
  signal: AbortSignal,
): Contestant {
  return {
    name: "bare Deno.serve that writes and syncs it",
    path: null,
    as: "long",
    run: () => timed(() => uploadFile(`${url}/upload`, file, signal)),
  };
}
