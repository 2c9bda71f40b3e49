/**
 * Exports to S3 of a service that is killed again and again, and stopped once.
 *
 * @module
 */

import { assertEquals } from "../support/assert.ts";
import { never } from "../support/file_store_box.ts";
import { expectKilledExports, type KilledExportsOptions } from "../support/killed_exports.ts";
import { startProcess } from "../support/process.ts";
import { openS3Box, type S3Server, s3Settings } from "../support/s3_server.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { until } from "../support/until.ts";

/** Expects that exports go on, and that the bucket has only their files in the end. */
export async function expectKilledExportsInS3(
  server: S3Server,
  options: Pick<KilledExportsOptions, "forms" | "rounds">,
): Promise<void> {
  await using folder = await makeTempFolder();
  const { bucket, client } = await openS3Box(server);
  const env = s3Settings(server, bucket);
  const ids = await expectKilledExports({
    ...options,
    isStoppedOnce: true,
    folder: folder.path,
    env,
  });
  // Its first round sweeps what runs have left that were killed before their first checkpoint.
  await using _ = await startProcess(folder.path, env);
  const call = { signal: never, prefix: "" };
  await until(async () => (await Array.fromAsync(client.listUploads(call))).length === 0);
  const keys = async () => (await Array.fromAsync(client.list(call))).map(({ key }) => key);
  await until(async () => (await keys()).length === ids.length);
  const owners = (await keys()).map((key) => /^files\/([0-9a-f-]{36})\.\d+$/.exec(key)?.[1]);
  assertEquals(owners.toSorted(), ids.toSorted());
}
