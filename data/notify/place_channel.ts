/**
 * The channel of places: it copies the file of a job into a folder or a bucket. The copy is whole or
 * not there: in a folder it is written beside, synced and renamed, in S3 it is put in one request or in
 * parts that are completed together. It replaces a file of the same name, so a repeat is harmless.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { AppError } from "../app_error.ts";
import { openFolderDestination } from "../continuous/folder_destination.ts";
import type { WrittenFile } from "../files/file_store.ts";
import { createS3Client, type S3Client } from "../s3/client.ts";
import type { S3Access } from "../s3/sign.ts";
import { abortS3Uploads, writeS3Object } from "../s3/write.ts";
import { type Channel, DeliveryFault, type Message, type Sent } from "./channel.ts";
import { fileGone, type FindFile, type JobFile } from "./job_file.ts";
import { isBelowPlace } from "./targets.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What the channel needs. */
export interface PlaceChannelDeps {
  /** The folder of delivered files; null for none. */
  readonly folder: string | null;
  /** Places of S3 below which files may be delivered. */
  readonly buckets: readonly string[];
  /** How to reach S3. */
  readonly s3: S3Access;
  /** Finds the file. */
  readonly findFile: FindFile;
}

/** The channel of places. */
export interface PlaceChannel extends Channel {
  /**
   * Deletes what deliveries of killed processes left in the folder. It may make deliveries fail that
   * run at the same time; they are tried again.
   */
  sweep(signal: AbortSignal): Promise<number>;
}

/** What writes to one place. */
type Write = (key: string, file: JobFile, body: ReadableStream<Bytes>) => Promise<WrittenFile>;

/** Creates the channel. It reaches for nothing before the first message. */
export function createPlaceChannel(deps: PlaceChannelDeps): PlaceChannel {
  const { folder, buckets, s3, findFile } = deps;
  const destination = folder === null ? null : openFolderDestination(folder);
  const clients = new Map<string, S3Client>();

  function clientOf(bucket: string): S3Client {
    const client = clients.get(bucket) ?? createS3Client({ ...s3, bucket });
    clients.set(bucket, client);
    return client;
  }

  function writerTo(url: string, message: Message, signal: AbortSignal): Write {
    if (url === "folder") {
      if (destination === null) throw unset("DELIVERY_PATH");
      return (key, { contentType }, body) =>
        destination.putStream(key, { body, contentType }, signal);
    }
    if (!buckets.some((place) => isBelowPlace(url, place))) throw unset("DELIVERY_BUCKETS");
    const [, bucket = "", path = ""] = /^s3:\/\/([^/]+)\/?(.*?)\/?$/.exec(url) ?? [];
    const client = clientOf(bucket);
    return async (name, { contentType }, body) => {
      const key = path === "" ? name : `${path}/${name}`;
      // An attempt that was killed may have left an upload, which nobody would ever see but the bill.
      if (message.attempt > 1) await abortS3Uploads(client, { key, signal });
      return await writeS3Object(client, { key, body }, { signal, contentType });
    };
  }

  return {
    kind: "place",
    async send(message, signal) {
      const { recipient, event } = message;
      if (recipient.kind !== "place") {
        throw new TypeError(`Cannot deliver to a place of kind ${recipient.kind}`);
      }
      const { url, name } = recipient;
      const request = url === "folder" ? `Write ${name}` : `PUT ${url.replace(/\/$/, "")}/${name}`;
      try {
        const write = writerTo(url, message, signal);
        return await deliver({ write, name, request }, await findFile(event), signal);
      } catch (error) {
        signal.throwIfAborted();
        throw faultOf(error, request);
      }
    },
    sweep: (signal) => destination?.sweep(signal) ?? Promise.resolve(0),
  };
}

async function deliver(
  { write, name, request }: { write: Write; name: string; request: string },
  file: JobFile | null,
  signal: AbortSignal,
): Promise<Sent> {
  const body = await file?.open() ?? null;
  if (file === null || body === null) throw fileGone();
  signal.throwIfAborted();
  const { sizeBytes, sha256 } = await write(name, file, body.pipeThrough(checkedBytes(file)));
  return { request, status: null, answer: `${sizeBytes} bytes, SHA-256 ${sha256}` };
}

/** Passes bytes on, and fails at the end if they are not those that the job wrote. */
function checkedBytes({ sizeBytes, sha256 }: JobFile): TransformStream<Bytes, Bytes> {
  const hash = createHash("sha256");
  let length = 0;
  return new TransformStream({
    transform(chunk, controller) {
      hash.update(chunk);
      length += chunk.length;
      controller.enqueue(chunk);
    },
    flush(controller) {
      if (length === sizeBytes && hash.digest("hex") === sha256) return;
      controller.error(
        new DeliveryFault("The stored file is not the one that the job wrote", { isFinal: false }),
      );
    },
  });
}

function unset(setting: string): DeliveryFault {
  return new DeliveryFault(`The setting ${setting} does not allow this place any more`, {
    isFinal: true,
  });
}

function faultOf(error: unknown, request: string): DeliveryFault {
  if (error instanceof DeliveryFault) {
    const { message, isFinal, cause } = error;
    return new DeliveryFault(message, { isFinal, cause, request });
  }
  const words = error instanceof AppError
    ? [error.message, error.details].filter((text) => text !== "").join(". ")
    : "The file could not be written";
  return new DeliveryFault(words, { isFinal: false, request, cause: error });
}
