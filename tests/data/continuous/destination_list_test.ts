import type { ExportDestination } from "../../../data/continuous/destination.ts";
import { openFolderDestination } from "../../../data/continuous/folder_destination.ts";
import { openS3Destination } from "../../../data/continuous/s3_destination.ts";
import { assertEquals } from "../../support/assert.ts";
import { never } from "../../support/file_store_box.ts";
import { startS3Double } from "../../support/s3_double.ts";
import { openS3Box } from "../../support/s3_server.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";

async function assertLists(destination: ExportDestination): Promise<void> {
  const object = { bytes: new TextEncoder().encode("a"), contentType: "text/csv" };
  const day = "device_id=a%3A1/date=2026/02/07";
  const keys = [
    `${day}/export_000000.csv`,
    `${day}/export_010000.csv`,
    `${day}/deeper/export_000000.csv`,
    `${day}0/export_000000.csv`,
    "device_id=a%3A1/date=2026/02/08/export_000000.csv",
  ];
  for (const key of keys) await destination.put(key, object, never);
  const list = async (folder: string) =>
    (await Array.fromAsync(destination.list(folder, never))).toSorted();
  assertEquals(await list(day), keys.slice(0, 2));
  assertEquals(await list("device_id=b/date=2026/02/07"), []);
}

Deno.test("list() of a folder has its objects, not those of folders below or beside it", async () => {
  await using folder = await makeTempFolder();
  await assertLists(openFolderDestination(`${folder.path}/lake`));
});

Deno.test("list() of S3 has the objects of a folder, not those of folders below or beside it", async () => {
  await using server = startS3Double();
  const { client } = await openS3Box(server);
  await assertLists(openS3Destination({ client, prefix: "" }));
});

Deno.test("list() of S3 goes through all pages", async () => {
  await using server = startS3Double();
  const { client } = await openS3Box(server);
  const destination = openS3Destination({ client, prefix: "" });
  const object = { bytes: new TextEncoder().encode("a"), contentType: "text/csv" };
  const keys = Array.from({ length: 12 }, (_, index) => `d/export_${100_000 + index}.csv`);
  for (const key of keys) await destination.put(key, object, never);
  assertEquals((await Array.fromAsync(destination.list("d", never))).toSorted(), keys);
});
