/**
 * Exported objects in S3.
 *
 * @module
 */

import { KEY_STARTS } from "./object_key.ts";
import type { ExportDestination } from "./destination.ts";
import type { S3Client } from "../s3/client.ts";
import { type S3WriteOptions, writeS3Object } from "../s3/write.ts";

/** Probe and sweep try only once: they must show the current state of S3. */
const PROBE_PATIENCE = { tries: 1, timeoutMs: 5_000 };
/** The key of the probe's object. No window has it. */
const PROBE = ".probe";

/** A destination in a bucket. Probe and sweep stay below `prefix`, as all keys do. */
export function openS3Destination(
  { client, prefix, partBytes }:
    & { client: S3Client; prefix: string }
    & Pick<
      S3WriteOptions,
      "partBytes"
    >,
): ExportDestination {
  const below = prefix === "" ? "" : `${prefix}/`;
  return {
    kind: "s3",
    put: (key, { bytes, contentType }, signal) => {
      const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
        start(controller) {
          controller.enqueue(bytes);
          controller.close();
        },
      });
      return writeS3Object(client, { key, body }, { signal, contentType, partBytes });
    },
    putStream: (key, { body, contentType }, signal) =>
      writeS3Object(client, { key, body }, { signal, contentType, partBytes }),
    remove: (key, signal) => client.remove(key, { signal }),
    async *list(folder, signal) {
      for await (const { key } of client.list({ prefix: `${folder}/`, isFlat: true, signal })) {
        yield key;
      }
    },
    async probe(signal) {
      const call = { signal, patience: PROBE_PATIENCE };
      await client.put(below + PROBE, new Uint8Array(1), call);
      await client.remove(below + PROBE, call);
    },
    async sweep(signal) {
      let count = 0;
      const call = { signal, patience: PROBE_PATIENCE };
      // Jobs may be uploading files below the same prefix, so sweep only keys of exported objects.
      for (const start of KEY_STARTS) {
        for await (const upload of client.listUploads({ ...call, prefix: below + start })) {
          await client.abortUpload(upload, call);
          count++;
        }
      }
      return count;
    },
  };
}
