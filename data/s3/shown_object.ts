/**
 * Goes on with a file whose object the run before has completed, but died before it could say so.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { type FileWriter, KeptFileLost } from "../files/file_store.ts";
import type { SavableSha256 } from "../files/savable_sha256.ts";
import type { S3CallOptions, S3Client } from "./client.ts";

/** The object, and how far what was kept of it goes. */
export interface ShownObject {
  /** The name of the file. */
  readonly name: string;
  /** The key of the object. */
  readonly key: string;
  /** The digest up to what was kept. */
  readonly hash: SavableSha256;
  /** The bytes up to what was kept. */
  readonly sizeBytes: number;
}

/**
 * A writer that sends nothing. At the end, it compares the object with what it was given: if they differ,
 * it throws {@link KeptFileLost}. `onShown` is called if they are the same.
 */
export function shownObjectWriter(
  client: Pick<S3Client, "get">,
  { name, key, hash, ...begun }: ShownObject,
  { signal, onShown }: S3CallOptions & { readonly onShown: () => Promise<void> },
): FileWriter {
  let { sizeBytes } = begun;
  return {
    name,
    write(chunk) {
      signal.throwIfAborted();
      hash.update(chunk);
      sizeBytes += chunk.length;
      return Promise.resolve();
    },
    // What was kept before is as good.
    keep: () => Promise.resolve(null),
    async finish() {
      const sha256 = hash.hex();
      await requireSame(client, { key, sha256 }, { signal });
      await onShown();
      return { sizeBytes, sha256 };
    },
    close: () => Promise.resolve(),
  };
}

/** Throws {@link KeptFileLost} unless an object has a digest. Reads all of it. */
export async function requireSame(
  client: Pick<S3Client, "get">,
  { key, sha256 }: { key: string; sha256: string },
  call: S3CallOptions,
): Promise<void> {
  const read = createHash("sha256");
  for await (const chunk of await client.get(key, call) ?? []) read.update(chunk);
  if (read.digest("hex") === sha256) return;
  throw new KeptFileLost("The object is not the one that was written");
}
