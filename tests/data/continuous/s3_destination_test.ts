import { openS3Destination } from "../../../data/continuous/s3_destination.ts";
import { assertEquals } from "../../support/assert.ts";
import { never } from "../../support/file_store_box.ts";
import { startS3Double } from "../../support/s3_double.ts";
import { openS3Box } from "../../support/s3_server.ts";

Deno.test("without a prefix, objects are at the top of the bucket, and probe and sweep keep to it", async () => {
  await using server = startS3Double();
  const { client } = await openS3Box(server);
  const call = { signal: never };
  const destination = openS3Destination({ client, prefix: "" });
  const key = "device_id=D1/date=2026/02/07/export_120000.csv";
  const object = { bytes: new TextEncoder().encode("abc"), contentType: "text/csv" };
  await destination.put(key, object, never);
  await destination.probe(never);
  for (const open of [key, "profile=battery/a.csv", `telemetry/${key}`, "report.csv"]) {
    await client.createUpload(open, call);
  }
  assertEquals(await destination.sweep(never), 2);
  const uploads = await Array.fromAsync(client.listUploads({ ...call, prefix: "" }));
  assertEquals(uploads.map((upload) => upload.key).toSorted(), ["report.csv", `telemetry/${key}`]);
  const objects = await Array.fromAsync(client.list({ ...call, prefix: "" }));
  assertEquals(objects.map((listed) => listed.key), [key]);
});
