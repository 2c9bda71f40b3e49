/**
 * Writes one object of a store in parts, so that another run can go on with it.
 *
 * Whole parts stay in the upload, which the other run goes on with. The end of the file that makes no
 * whole part is kept as an object of its own, the tail. S3 does not show parts before the upload is
 * complete, so the state of the digest is kept as well. The run that had the upload before may still send
 * parts: if they differ, S3 refuses to complete the upload, as their entity tags are not those that the
 * other run names. If it has completed the upload, the other run sends nothing, and compares the object
 * with what it would have written.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { z } from "zod";
import { AppError } from "../app_error.ts";
import { PART } from "../files/file_name.ts";
import {
  type FileWriter,
  type KeptFile,
  KeptFileLost,
  type WriterOptions,
  type WrittenFile,
} from "../files/file_store.ts";
import { createSavableSha256, type SavableSha256 } from "../files/savable_sha256.ts";
import type { S3CallOptions, S3Client, S3Part } from "./client.ts";
import { S3Refusal } from "./fault.ts";
import { createPartSender, type PartSender } from "./part_sender.ts";
import { requireSame, type ShownObject, shownObjectWriter } from "./shown_object.ts";
import {
  cleanUploads,
  completeUpload,
  hasBecomeObject,
  type OpenUpload,
  openUpload,
  S3_PART_BYTES,
  startPart,
} from "./write.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** The newest tails, which stay while writing continues: a checkpoint with an older one is replaced. */
const TAILS = 3;
/** The most characters of what must be known to go on: {@link KeptFile} allows 100 KB. */
const MORE_MAX_CHARS = 100_000;

const keptMore = z.object({
  upload: z.object({ uploadId: z.string(), writeId: z.string(), etags: z.array(z.string()) })
    .nullable(),
  tail: z.object({ key: z.string(), sha256: z.string() }),
  hash: z.string(),
});

/** What must be known to go on: the upload with its parts, the tail, and the state of the digest. */
type KeptMore = z.infer<typeof keptMore>;

/** Where an object is written. */
export interface ObjectWriterOptions extends Pick<WriterOptions, "signal" | "kept"> {
  /** The key of the object with a name. */
  readonly keyOf: (name: string) => string;
  /** Length of every part except the last, bytes. */
  readonly partBytes?: number;
}

/** From where a writer goes on. */
interface Begun {
  readonly name: string;
  readonly sizeBytes: number;
  readonly hash: SavableSha256;
  readonly upload: { readonly open: OpenUpload; readonly parts: readonly S3Part[] } | null;
  readonly tail: { readonly key: string; readonly bytes: Bytes } | null;
}

/** Opens a writer. Null if what was kept is not there, or differs. */
export async function openObjectWriter(
  client: S3Client,
  name: string,
  options: ObjectWriterOptions,
): Promise<FileWriter | null> {
  const { kept } = options;
  if (kept === undefined) return objectWriter(client, await begin(name), options);
  const begun = await takeUp(client, { ...options, name, kept });
  if (begun !== null) return objectWriter(client, begun, options);
  const shown = await findShown(client, kept, options);
  return shown && shownObjectWriter(client, shown, {
    signal: options.signal,
    onShown: () => removeTails(client, shown.key, options).catch(() => {}),
  });
}

/** The object that the kept upload has become; null if it has become none. */
async function findShown(
  client: S3Client,
  { name, more, sha256, sizeBytes }: KeptFile,
  { keyOf, signal }: ObjectWriterOptions,
): Promise<ShownObject | null> {
  const { data } = keptMore.safeParse(more);
  if (!data?.upload) return null;
  const hash = await createSavableSha256(data.hash);
  if (hash?.hex() !== sha256) return null;
  const key = keyOf(name);
  const isShown = await hasBecomeObject(client, { key, writeId: data.upload.writeId }, { signal });
  return isShown ? { name, key, hash, sizeBytes } : null;
}

/** The folder of the tails of an object, as the start of their keys. */
function tailsOf(key: string): string {
  return `${key}${PART}/`;
}

/** The name of the file whose tails are in a folder; null if the folder is another one. */
export function nameOfTails(folder: string): string | null {
  const end = tailsOf("");
  return folder.endsWith(end) ? folder.slice(0, -end.length) : null;
}

/** Deletes the tails of an object, except `keep`. */
export async function removeTails(
  client: Pick<S3Client, "list" | "remove">,
  key: string,
  { keep, ...call }: S3CallOptions & { readonly keep?: string },
): Promise<void> {
  for await (const tail of client.list({ ...call, prefix: tailsOf(key), isFlat: true })) {
    if (tail.key !== keep) await client.remove(tail.key, call);
  }
}

async function begin(name: string): Promise<Begun> {
  const hash = await createSavableSha256();
  if (hash === null) throw new TypeError("Cannot write as no digest can be begun");
  return { name, sizeBytes: 0, hash, upload: null, tail: null };
}

/** Finds what was kept. A file without a whole part goes on under its new name. */
async function takeUp(
  client: S3Client,
  { name, kept, keyOf, signal, partBytes = S3_PART_BYTES }: ObjectWriterOptions & {
    name: string;
    kept: KeptFile;
  },
): Promise<Begun | null> {
  const { data: more } = keptMore.safeParse(kept.more);
  if (more === undefined) return null;
  const hash = await createSavableSha256(more.hash);
  if (hash?.hex() !== kept.sha256) return null;
  const { tail, upload } = more;
  const stream = await client.get(tail.key, { signal });
  if (stream === null) return null;
  const bytes = await new Response(stream).bytes();
  if (digestOf(bytes) !== tail.sha256) return null;
  // Nothing else shows whether the parts hold all that the digest counts.
  const partsBytes = (upload?.etags.length ?? 0) * partBytes;
  if (partsBytes + bytes.length !== kept.sizeBytes) return null;
  const key = keyOf(kept.name);
  // No checkpoint names the others any more. What cannot be deleted now is deleted at the end.
  await removeTails(client, key, { signal, keep: tail.key }).catch(() => {});
  const begun = { sizeBytes: kept.sizeBytes, hash, tail: { key: tail.key, bytes } };
  if (upload === null) return { ...begun, name, upload };
  const { uploadId, writeId, etags } = upload;
  for await (const open of client.listUploads({ signal, prefix: key })) {
    if (open.key !== key || open.uploadId !== uploadId) continue;
    const parts = etags.map((etag, index) => ({ number: index + 1, etag }));
    return { ...begun, name: kept.name, upload: { open: { key, uploadId, writeId }, parts } };
  }
  return null;
}

function digestOf(bytes: Bytes): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function objectWriter(
  client: S3Client,
  { name, hash, upload, tail, ...begun }: Begun,
  { keyOf, partBytes = S3_PART_BYTES, signal }: ObjectWriterOptions,
): FileWriter {
  const key = keyOf(name);
  const tails = tail === null ? [] : [tail.key];
  let open = upload?.open ?? null;
  let sender: PartSender | null = open &&
    createPartSender(client, { upload: open, before: upload?.parts, signal });
  let part = startPart();
  if (tail !== null) part.add(tail.bytes);
  let { sizeBytes } = begun;
  let isShown = false, isKept = tail !== null, isOpening = false;

  async function sendPart(isLast: boolean): Promise<void> {
    isOpening = true;
    open ??= await openUpload(client, key, { signal });
    sender ??= createPartSender(client, { upload: open, signal });
    const full = part.end(isLast);
    part = startPart();
    await sender.send(full);
  }

  /** Keeps a tail after those before it, of which only the newest stay. */
  async function keepTail(body: Bytes): Promise<KeptMore["tail"]> {
    const tail = { key: tailsOf(key) + crypto.randomUUID(), sha256: digestOf(body) };
    await client.put(tail.key, body, { signal });
    isKept = true;
    tails.push(tail.key);
    for (const old of tails.splice(0, Math.max(0, tails.length - TAILS))) {
      // The last of the run or the sweep deletes what stays.
      await client.remove(old, { signal }).catch(() => {});
    }
    return tail;
  }

  return {
    name,
    async write(chunk) {
      signal.throwIfAborted();
      hash.update(chunk);
      sizeBytes += chunk.length;
      for (let at = 0; at < chunk.length;) {
        // A full part waits for the next byte, as without one it is the last.
        if (part.sizeBytes() >= partBytes) await sendPart(false);
        const bytes = chunk.subarray(at, at + partBytes - part.sizeBytes());
        part.add(bytes);
        at += bytes.length;
      }
    },
    async keep() {
      signal.throwIfAborted();
      const kept = { name, sizeBytes, sha256: hash.hex() };
      const state = hash.save(), body = part.bytes();
      const etags = (await sender?.stored() ?? []).map(({ etag }) => etag);
      const upload = open && { uploadId: open.uploadId, writeId: open.writeId, etags };
      if (JSON.stringify(upload).length > MORE_MAX_CHARS) return null;
      const more: KeptMore = { upload, hash: state, tail: await keepTail(body) };
      return { ...kept, more };
    },
    async finish() {
      const sha256 = hash.hex();
      if (sender === null || open === null) {
        const { body, digests } = part.end(true);
        await client.put(key, body, { signal, digests });
      } else {
        if (part.sizeBytes() > 0) await sendPart(true);
        const parts = await sender.stored();
        signal.throwIfAborted();
        const isFirst = upload === null;
        await complete(client, { upload: open, parts, sizeBytes, sha256, isFirst }, { signal });
      }
      isShown = true;
      if (isKept) await removeTails(client, key, { signal }).catch(() => {});
      return { sizeBytes, sha256 };
    },
    async close() {
      if (isShown) return;
      await sender?.end(new DOMException("The file is given up", "AbortError"));
      if (!isKept && isOpening) await cleanUploads(client, { key, upload: open });
    },
  };
}

/** Completes an upload. Throws {@link KeptFileLost} if another run has changed it. */
async function complete(
  client: S3Client,
  { isFirst, sha256, ...completed }: WrittenFile & {
    upload: OpenUpload;
    parts: readonly S3Part[];
    isFirst: boolean;
  },
  call: S3CallOptions,
): Promise<void> {
  const { upload } = completed;
  try {
    if (await completeUpload(client, completed, call) || isFirst) return;
  } catch (error) {
    const cause = error instanceof AppError ? error.cause : null;
    if (isFirst || !(cause instanceof S3Refusal) || cause.code !== "InvalidPart") throw error;
    await cleanUploads(client, { key: upload.key, upload });
    throw new KeptFileLost("The parts of the upload are not those that were kept", { cause });
  }
  // The answer is lost, or the run before has completed the upload with parts of its own.
  await requireSame(client, { key: upload.key, sha256 }, call);
}
