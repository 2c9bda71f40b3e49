import { openDiskBox, openKvBox, openS3StoreBox } from "../support/file_store_box.ts";
import { startS3Double } from "../support/s3_double.ts";
import { testFileStore } from "./file_store_suite.ts";

testFileStore("disk", openDiskBox);
testFileStore("KV", () => openKvBox());
testFileStore("S3 in memory", async () => {
  const server = startS3Double();
  const box = await openS3StoreBox(server);
  return { ...box, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
});
