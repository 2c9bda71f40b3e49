import { openS3Destination } from "../../../data/continuous/s3_destination.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
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

Deno.test("putStream() stores a short stream in one request and a long one in parts, and a failed one not at all", async () => {
  await using server = startS3Double();
  const { client } = await openS3Box(server);
  const partBytes = 5 * 1_048_576;
  const destination = openS3Destination({ client, prefix: "", partBytes });
  const key = "profile=battery/date=2026/02/07/day.csv";
  const store = (
    chunks: Iterable<Uint8Array<ArrayBuffer>> | AsyncIterable<Uint8Array<ArrayBuffer>>,
  ) =>
    destination.putStream(
      key,
      { body: ReadableStream.from(chunks), contentType: "text/csv" },
      never,
    );
  // From `printf abc | sha256sum`.
  const sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  const texts = ["a", "bc"].map((text) => new TextEncoder().encode(text));
  assertEquals(await store(texts), { sizeBytes: 3, sha256 });
  const chunks = Array.from({ length: 12 }, (_, index) => new Uint8Array(1_048_576).fill(index));
  assertEquals((await store(chunks)).sizeBytes, 12 * 1_048_576);
  const read = async () => await new Response(await client.get(key, { signal: never })).bytes();
  const stored = await read();
  assertEquals([0, 5, 11].map((at) => stored[at * 1_048_576]), [0, 5, 11]);
  const failing = async function* () {
    yield* chunks.slice(0, 7);
    await Promise.reject(new Error("enough"));
  };
  await assertRejects(() => store(failing()), Error, "enough");
  assertEquals((await read()).length, 12 * 1_048_576);
  const uploads = await Array.fromAsync(client.listUploads({ signal: never, prefix: "" }));
  assertEquals(uploads, []);
});
