/**
 * Destinations of continuous export, for tests that read the exported objects back.
 *
 * @module
 */

import type { TestDestination } from "../contracts/continuous_appliance_suite.ts";
import { never } from "./file_store_box.ts";
import { listFiles } from "./continuous_service.ts";
import { openS3Box, type S3Server } from "./s3_server.ts";
import { makeTempFolder } from "./temp_folder.ts";

/** A new folder. */
export async function folderDestination(): Promise<TestDestination> {
  const folder = await makeTempFolder();
  return {
    start: { path: folder.path },
    async read() {
      const objects: Record<string, Uint8Array> = {};
      for (const name of await listFiles(folder.path)) {
        if (name.endsWith(".parquet")) {
          objects[name] = await Deno.readFile(`${folder.path}/${name}`);
        }
      }
      return objects;
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** A new bucket on a server. Disposing stops the server. */
export async function bucketDestination(server: S3Server): Promise<TestDestination> {
  const { bucket, client } = await openS3Box(server);
  const prefix = "some/prefix";
  return {
    start: {
      path: "unused",
      s3: { ...server.access, bucket, prefix, encryption: null },
    },
    async read() {
      const objects: Record<string, Uint8Array> = {};
      for await (const { key } of client.list({ prefix: `${prefix}/`, signal: never })) {
        const body = await client.get(key, { signal: never });
        objects[key.slice(prefix.length + 1)] = await new Response(body).bytes();
      }
      return objects;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
