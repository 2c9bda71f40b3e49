/**
 * Exports by `POST /api/exports`, to their files.
 *
 * @module
 */

import { type JsonAnswer, postJson, waitForEnd } from "../../support/service.ts";

/** A finished export. */
export interface ExportedFile {
  /** Its id. */
  readonly id: string;
  /** Its status by the first contract. */
  readonly status: JsonAnswer["body"];
  /** The bytes of its file. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The same as text. */
  readonly text: string;
  /** The headers of the download. */
  readonly headers: Headers;
}

/** Creates an export, waits for it and downloads its file. */
export async function exportOf(url: string, body: Record<string, unknown>): Promise<ExportedFile> {
  const created = await postJson(`${url}/api/exports`, body);
  if (created.status !== 200) throw new Error(JSON.stringify(created.body));
  const status = await waitForEnd(url, created.body.job_id);
  if (status.status !== "completed") throw new Error(JSON.stringify(status));
  const file = await fetch(url + status.file_info.download_url);
  const bytes = new Uint8Array(await file.arrayBuffer());
  const text = new TextDecoder().decode(bytes);
  return { id: created.body.job_id, status, bytes, text, headers: file.headers };
}

/** The lines of a text without the last, empty one. */
export function linesOf(text: string): string[] {
  return text.trimEnd().split(/\r?\n/);
}
