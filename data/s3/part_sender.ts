/**
 * Sends the parts of an upload, a few of which are on their way at once.
 *
 * @module
 */

import type { S3CallOptions, S3Client, S3Digests, S3Part, S3Upload } from "./client.ts";

/** Parts on their way at once. Each is in memory. */
const PARTS_AT_ONCE = 3;

/** Sends parts. */
export interface PartSender {
  /** Sends the next part. Resolves when it is on its way; throws if one before has failed. */
  send(part: { body: Uint8Array<ArrayBuffer>; digests: S3Digests }): Promise<void>;
  /** All parts that were given so far, once they are stored. Throws if one has failed. */
  stored(): Promise<S3Part[]>;
  /** Gives up what is on its way. Settles when nothing is. */
  end(reason: unknown): Promise<void>;
}

/** What a sender needs. */
export interface PartSenderOptions extends S3CallOptions {
  /** The upload. */
  readonly upload: S3Upload;
  /** The parts that it has already, the first ones. */
  readonly before?: readonly S3Part[];
  /** How many parts may be on their way at once. */
  readonly partsAtOnce?: number;
}

/** Creates a sender for one upload. */
export function createPartSender(
  client: Pick<S3Client, "putPart">,
  { upload, before = [], signal, patience, partsAtOnce = PARTS_AT_ONCE }: PartSenderOptions,
): PartSender {
  // The first failure ends all other parts, as none may arrive after the upload is aborted.
  const failed = new AbortController();
  const follow = () => failed.abort(signal.reason);
  const call = { signal: failed.signal, patience };
  const parts = before.map((part) => Promise.resolve(part));
  const sending = new Set<Promise<void>>();
  return {
    async send({ body, digests }) {
      while (sending.size >= partsAtOnce) await Promise.race(sending);
      failed.signal.throwIfAborted();
      // Not AbortSignal.any(): Deno up to 2.7 keeps a reference to each signal made of a lasting one.
      if (signal.aborted) follow();
      else if (sending.size === 0) signal.addEventListener("abort", follow);
      const stored = client.putPart(upload, { number: parts.length + 1, body, digests }, call);
      parts.push(stored);
      const settled = stored.then(() => {}, (error) => failed.abort(error))
        .finally(() => {
          sending.delete(settled);
          if (sending.size === 0) signal.removeEventListener("abort", follow);
        });
      sending.add(settled);
    },
    stored: () => Promise.all(parts),
    async end(reason) {
      failed.abort(reason);
      await Promise.all(sending);
    },
  };
}
