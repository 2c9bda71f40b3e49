/**
 * Limits that are measured in the same run as our figures: what any implementation has to do at least.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { Bench } from "./bench.ts";
import type { Comparison, Target } from "./figure.ts";
import { type Contestant, timed } from "./race.ts";
import { type ServiceProcess, startServer } from "./service.ts";

/** Bytes of a write. */
const CHUNK_BYTES = 262_144;
/** How many files a bare script leaves at least. */
const KEPT = 8;
/** Bytes of the value of a bare commit, about those of a small record. */
const VALUE_BYTES = 200;

/** A limit as a contestant: the target is that of the first one, as a multiple of its time. */
export interface LimitTarget {
  /** The target. */
  readonly target: Target;
  /** How the first contestant is compared with it; by its time by default. */
  readonly as?: Comparison;
}

/**
 * The limit of an export: a bare script that writes, hashes and syncs as many bytes to files. Only one
 * run at a time in a folder.
 */
export function bareWrite(
  folder: string,
  { sizeBytes, files = 1, target, as = "long" }: LimitTarget & {
    sizeBytes: number;
    files?: number;
  },
): Contestant {
  let next = 0;
  const bytes = new Uint8Array(Math.ceil(sizeBytes / files));
  // Not only zeros, which a file system might keep as a hole.
  for (let at = 0; at < bytes.length; at++) bytes[at] = at % 251;
  return {
    name: "bytes written, hashed, synced",
    path: null,
    target,
    as,
    run: () =>
      timed(async () => {
        for (let index = 0; index < files; index++) {
          // Few are kept.
          await writeHashed(`${folder}/bare-${next++ % Math.max(files, KEPT)}`, bytes);
        }
      }),
  };
}

/** Writes bytes to a file that appears whole, and returns their SHA-256. */
async function writeHashed(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = createHash("sha256");
  {
    using file = await Deno.create(`${path}.part`);
    for (let at = 0; at < bytes.length;) {
      const chunk = bytes.subarray(at, at + CHUNK_BYTES);
      hash.update(chunk);
      at += await file.write(chunk);
    }
    await file.sync();
  }
  await Deno.rename(`${path}.part`, path);
  return hash.digest("hex");
}

/** Commits small values, one after the other. Returns what each commit took, milliseconds. */
export async function timeCommits(kv: Deno.Kv, count: number): Promise<number[]> {
  const tookMs: number[] = [];
  for (let index = 0; index < count; index++) {
    const value = new Uint8Array(VALUE_BYTES).fill(index % 256);
    tookMs.push(await timed(() => kv.atomic().set(["bare", index], value).commit()));
  }
  return tookMs;
}

/** Starts a bare server over a database. Its database is in a new folder unless another is named. */
export async function startBareServer(
  bench: Pick<Bench, "folder">,
  name: string,
  { kvPath, env = {} }: { kvPath?: string; env?: Record<string, string> } = {},
): Promise<ServiceProcess> {
  const folder = await bench.folder(name);
  const module = new URL("bare_server.ts", import.meta.url).pathname;
  const flags = ["run", "--quiet", "--no-check", "-A", "--unstable-kv"];
  return await startServer(Deno.execPath(), {
    args: [...flags, module, folder, kvPath ?? `${folder}/kv.sqlite3`],
    env,
  });
}
