/**
 * Files in S3 when any step of a write meets any fault.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { openS3FileStore } from "../../data/s3/bucket_files.ts";
import { createS3Client } from "../../data/s3/client.ts";
import type { S3Patience } from "../../data/s3/request.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { FAULTS, startFaultProxy } from "../support/fault_proxy.ts";
import { never } from "../support/file_store_box.ts";
import { openS3Box, type S3Server } from "../support/s3_server.ts";
import { s3StepOf, WRITE_STEPS } from "../support/s3_steps.ts";

/** Defines a test for every fault at every step of a write, for some requests and for all. */
export function testS3Faults(
  place: string,
  openServer: () => Promise<S3Server>,
  { patience, times, ignore = false }: {
    patience: Pick<S3Patience, "timeoutMs" | "retryMaxMs">;
    times: readonly number[];
    ignore?: boolean;
  },
): void {
  for (const step of WRITE_STEPS) {
    for (const fault of FAULTS) {
      for (const count of [...times, Infinity]) {
        const often = count === Infinity ? "every request" : `${count} request(s)`;
        Deno.test({
          name:
            `files are correct and no upload is open: ${fault} at ${often} of ${step} (${place})`,
          ignore,
          async fn() {
            await using server = await openServer();
            await using rig = await openFaultRig(server, patience);
            rig.proxy.setRule({
              matches: (request) => s3StepOf(request) === step,
              fault,
              times: count,
            });
            const results = await Promise.all([
              rig.write("small", 10),
              rig.write("big", rig.bigBytes),
            ]);
            assert(rig.proxy.met() > 0);
            // Callers must not notice a fault that passes, or one that is only slow.
            if (count !== Infinity || fault === "slow") {
              assertEquals(results, ["written", "written"]);
            }
            await rig.assertCorrect(results);
          },
        });
      }
    }
  }
}

/** A file store behind a proxy. */
interface FaultRig extends AsyncDisposable {
  readonly proxy: ReturnType<typeof startFaultProxy>;
  /** The size of a file that is uploaded in three parts. */
  readonly bigBytes: number;
  /** Writes a file of `sizeBytes` bytes. */
  write(name: string, sizeBytes: number): Promise<"written" | "refused">;
  /** Checks without the proxy: written files exist, every file is whole, no upload is open. */
  assertCorrect(results: readonly string[]): Promise<void>;
}

async function openFaultRig(
  server: S3Server,
  some: Pick<S3Patience, "timeoutMs" | "retryMaxMs">,
): Promise<FaultRig> {
  const { bucket, client } = await openS3Box(server);
  const proxy = startFaultProxy(server.access.endpoint);
  const patience = { ...some, tries: 4, retryBaseMs: 5 };
  const access = { ...server.access, endpoint: proxy.url };
  const broken = createS3Client({ ...access, bucket, patience });
  const store = openS3FileStore({ client: broken, prefix: "", partBytes: server.partBytes });
  const sizes = new Map<string, number>();
  return {
    proxy,
    bigBytes: server.partBytes * 2 + 12_345,
    async write(name, sizeBytes) {
      sizes.set(name, sizeBytes);
      try {
        const written = await store.write(name, streamOfBytes(sizeBytes), never);
        assertEquals(written.sizeBytes, sizeBytes);
        return "written";
      } catch (error) {
        assert(error instanceof AppError, String(error));
        assertEquals(error.code, "STORAGE_UNAVAILABLE");
        return "refused";
      }
    },
    async assertCorrect(results) {
      const call = { signal: never, prefix: "" };
      assertEquals(await Array.fromAsync(client.listUploads(call)), []);
      const found = await Array.fromAsync(client.list(call));
      for (const { key } of found) {
        const stored = await new Response(await client.get(key, call)).bytes();
        assertEquals(stored.length, sizes.get(key));
        assert(stored.every((byte, at) => byte === at % 251), key);
      }
      const keys = found.map(({ key }) => key);
      [...sizes.keys()].forEach((name, at) => {
        assert(results[at] === "refused" || keys.includes(name), name);
      });
    },
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
}

/** The bytes 0 to 250, repeated, in chunks. */
function streamOfBytes(sizeBytes: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at === sizeBytes) return controller.close();
      const length = Math.min(65_536, sizeBytes - at);
      controller.enqueue(Uint8Array.from({ length }, (_, i) => (at + i) % 251));
      at += length;
    },
  });
}
