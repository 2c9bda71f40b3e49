/**
 * A file store in the database, for places without a disk that lasts: files as chunks, each file shown
 * by the last commit of its write.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { FileStore } from "../../data/files/file_store.ts";
import { checkedName } from "../../data/files/file_name.ts";
import { untilAborted } from "../../data/files/until_aborted.ts";
import { createFileReads } from "./file_reads.ts";
import {
  dropOpen,
  dropWhole,
  eraseGeneration,
  type FilesKv,
  listDropped,
  listOpen,
  listWhole,
  probeFiles,
  type Spot,
  usedBytes,
} from "./generations.ts";
import { startGeneration } from "./generation_writer.ts";
import { openKvFileWriter } from "./kv_file_writer.ts";
import { onKv } from "./on_kv.ts";
import { createQuota } from "./quota.ts";

/** What the store needs. */
export interface KvFilesDeps {
  /** The database. */
  readonly kv: FilesKv;
  /** The same, for probes, which are no reason to look for work; `kv` by default. */
  readonly quietKv?: Pick<Deno.Kv, "set" | "delete">;
  /** Most bytes of all files together. */
  readonly maxBytes: number;
  /** An id that nothing else has. */
  readonly newId: () => string;
}

/** Opens the store. Nothing is read or written before the first call. */
export function openKvFileStore({ kv, quietKv = kv, maxBytes, newId }: KvFilesDeps): FileStore {
  const reads = createFileReads(kv);
  const quota = createQuota(kv, maxBytes);
  /** Erases a generation that is dropped, or leaves it to the last reader, else to the sweep. */
  const erase = async (generation: string | null) => {
    if (generation === null) return;
    await reads.whenUnread(generation, () => eraseGeneration(kv, generation)).catch(() => {});
  };
  return {
    async write(name, body, signal, { release } = {}) {
      const writer = startGeneration({ kv, quota }, spotOf(name, newId));
      const hash = createHash("sha256");
      try {
        for await (const chunk of untilAborted(body, signal)) {
          hash.update(chunk);
          await writer.add(chunk);
          release?.(chunk);
        }
        const sha256 = hash.digest("hex");
        const { sizeBytes, replaced } = await writer.end({ sha256, signal });
        await erase(replaced);
        return { sizeBytes, sha256 };
      } catch (error) {
        await body.cancel(error).catch(() => {});
        // The sweep finds what cannot be dropped now.
        await writer.drop().catch(() => {});
        throw error;
      }
    },
    openWriter: async (name, options) =>
      await openKvFileWriter({ kv, quota, newId, erase }, checkedName(name), options),
    read: async (name, range) => await reads.open(checkedName(name), range),
    remove: async (name) => await erase(await onKv(dropWhole(kv, checkedName(name)))),
    discard: async (name) => await onKv(discard(kv, checkedName(name))),
    async *list() {
      for await (const name of listWhole(kv)) yield { name, isWhole: true };
      for await (const { name } of listOpen(kv)) yield { name, isWhole: false };
    },
    probe: async () => await onKv(probeFiles(quietKv)),
    async tidy(signal) {
      for (const generation of await listDropped(kv)) {
        if (!reads.isRead(generation)) await eraseGeneration(kv, generation, signal);
      }
    },
    async room() {
      return { freeBytes: Math.max(0, maxBytes - await usedBytes(kv)), totalBytes: maxBytes };
    },
  };
}

function spotOf(name: string, newId: () => string): Spot {
  return { name: checkedName(name), generation: newId() };
}

async function discard(kv: FilesKv, name: string): Promise<void> {
  for await (const spot of listOpen(kv, name)) {
    if (await dropOpen(kv, spot)) await eraseGeneration(kv, spot.generation);
  }
}
