import { createS3Client } from "../../../data/s3/client.ts";
import { writeS3Object } from "../../../data/s3/write.ts";
import type { S3Encryption } from "../../../data/s3/sign.ts";
import { assertEquals } from "../../support/assert.ts";
import { never, textOf } from "../../support/file_store_box.ts";
import { startS3Double } from "../../support/s3_double.ts";
import { openS3Box } from "../../support/s3_server.ts";
import { s3StepOf } from "../../support/s3_steps.ts";

const call = { signal: never };

/** Writes a short object and one in parts. Returns the encryption headers of each step. */
async function stepsWith(encryption: S3Encryption | null): Promise<Record<string, unknown>> {
  await using server = startS3Double();
  const { bucket } = await openS3Box(server);
  const steps: Record<string, unknown> = {};
  const record: typeof fetch = async (input, init) => {
    const headers = new Headers(init?.headers);
    const name = "x-amz-server-side-encryption";
    steps[s3StepOf({ method: init?.method ?? "", target: String(input), atMs: 0 })] = [
      headers.get(name),
      headers.get(`${name}-aws-kms-key-id`),
    ];
    return await fetch(input, init);
  };
  const client = createS3Client({ ...server.access, bucket, encryption, fetch: record });
  const text = "0123456789".repeat(25_000);
  await client.put("short", new TextEncoder().encode("hello"), call);
  const body = new Blob([text]).stream();
  await writeS3Object(client, { key: "long", body }, { ...call, partBytes: server.partBytes });
  assertEquals(await textOf(await client.get("short", call)), "hello");
  assertEquals(await textOf(await client.get("long", call)), text);
  return steps;
}

Deno.test("every request that creates an object says how to encrypt it, and no other request does", async () => {
  const kms = ["aws:kms", "alias/exports"], none = [null, null];
  const steps = await stepsWith({ algorithm: "aws:kms", kmsKeyId: "alias/exports" });
  assertEquals(steps, {
    put: kms,
    create: kms,
    "upload part": none,
    complete: none,
    // The entity tag is no MD5 then, so a put checks what is stored.
    head: none,
    get: none,
  });
});

Deno.test("encryption with keys of S3 needs no key id, and without the setting no header is sent", async () => {
  const steps = await stepsWith({ algorithm: "AES256", kmsKeyId: null });
  assertEquals([steps.put, steps.create], [["AES256", null], ["AES256", null]]);
  for (const headers of Object.values(await stepsWith(null))) assertEquals(headers, [null, null]);
});
