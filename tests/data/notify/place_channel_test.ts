import { createHash } from "node:crypto";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import type { DomainEvent } from "../../../data/events/event.ts";
import type { JobFile } from "../../../data/notify/job_file.ts";
import { DeliveryFault } from "../../../data/notify/channel.ts";
import { createPlaceChannel, type PlaceChannelDeps } from "../../../data/notify/place_channel.ts";
import { startS3Double } from "../../support/s3_double.ts";
import { openS3Box } from "../../support/s3_server.ts";
import { TEST_SETTINGS } from "../../support/service.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";

const EVENT: DomainEvent = {
  id: "evt_1",
  type: "export.completed",
  subject: { kind: "job", id: "j1" },
  atMs: 0,
  account: null,
  data: {},
};
const { signal } = new AbortController();

function fileOf(bytes: Uint8Array<ArrayBuffer>, changes: Partial<JobFile> = {}): JobFile {
  return {
    filename: "january.csv",
    contentType: "text/csv",
    sizeBytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    expiresMs: 0,
    open: () => Promise.resolve(new Blob([bytes]).stream()),
    ...changes,
  };
}

const FILE = fileOf(new TextEncoder().encode("a,1\n"));

function sendTo(
  place: { url: string; name: string },
  { attempt = 1, ...deps }: Partial<PlaceChannelDeps> & { attempt?: number },
) {
  const channel = createPlaceChannel({
    folder: null,
    buckets: [],
    s3: TEST_SETTINGS.s3,
    findFile: () => Promise.resolve(FILE),
    ...deps,
  });
  const recipient = { kind: "place", ...place } as const;
  return channel.send({ deliveryId: "d1", event: EVENT, recipient, attempt, nowMs: 0 }, signal);
}

/** The files below a folder with their texts; those that are not finished are among them. */
async function filesBelow(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (!isDirectory) {
      found[name] = await Deno.readTextFile(path);
      continue;
    }
    for (const [below, text] of Object.entries(await filesBelow(path))) {
      found[`${name}/${below}`] = text;
    }
  }
  return found;
}

Deno.test("a file is written below the folder, and one of the same name is replaced whole", async () => {
  await using temp = await makeTempFolder();
  const place = { url: "folder", name: "DE_1/2024-01.csv" };
  const sent = await sendTo(place, { folder: temp.path });
  // printf 'a,1\n' | sha256sum
  assertEquals(sent, {
    request: "Write DE_1/2024-01.csv",
    status: null,
    answer: `4 bytes, SHA-256 ${FILE.sha256}`,
  });
  const longer = fileOf(new TextEncoder().encode("b,22\nc,33\n"));
  await sendTo(place, { folder: temp.path, findFile: () => Promise.resolve(longer) });
  await sendTo(place, { folder: temp.path });
  assertEquals(await filesBelow(temp.path), { "DE_1/2024-01.csv": "a,1\n" });
});

Deno.test("bytes that the job did not write, and a stream that breaks off, leave the old file as it was", async () => {
  await using temp = await makeTempFolder();
  const place = { url: "folder", name: "x.csv" };
  await sendTo(place, { folder: temp.path });
  const broken = () =>
    Promise.resolve(
      new ReadableStream<Uint8Array<ArrayBuffer>>({
        pull(controller) {
          controller.enqueue(new TextEncoder().encode("a,"));
          controller.error(new Error("broken"));
        },
      }),
    );
  const wrong = [{ sha256: "0".repeat(64) }, { sizeBytes: 5 }, { open: broken }];
  for (const changes of wrong) {
    const findFile = () => Promise.resolve({ ...FILE, ...changes });
    const fault = await assertRejects(
      () => sendTo(place, { folder: temp.path, findFile }),
      DeliveryFault,
    );
    assertEquals([fault.isFinal, fault.request], [false, "Write x.csv"]);
  }
  assertEquals(await filesBelow(temp.path), { "x.csv": "a,1\n" });
});

Deno.test("a file that is gone, and a place that the settings do not allow any more, are final", async () => {
  await using temp = await makeTempFolder();
  const folder = { url: "folder", name: "x.csv" };
  const bucket = { url: "s3://grid/files", name: "x.csv" };
  const cases = [
    sendTo(folder, { folder: temp.path, findFile: () => Promise.resolve(null) }),
    sendTo(folder, { folder: null }),
    sendTo(bucket, { buckets: ["s3://grid/other"] }),
    sendTo({ ...bucket, url: "s3://grid/files2" }, { buckets: ["s3://grid/files"] }),
  ];
  for (const sending of cases) {
    const fault = await assertRejects(() => sending, DeliveryFault);
    assertEquals(fault.isFinal, true, fault.message);
  }
});

Deno.test("a folder that cannot be written is a fault that may pass", async () => {
  await using temp = await makeTempFolder();
  await Deno.writeTextFile(`${temp.path}/taken`, "");
  const fault = await assertRejects(
    () => sendTo({ url: "folder", name: "taken/x.csv" }, { folder: temp.path }),
    DeliveryFault,
  );
  assertEquals(fault.isFinal, false);
});

Deno.test("a file goes to a bucket, in one request or in parts, and a killed attempt's parts are dropped", async () => {
  await using server = startS3Double();
  const { bucket, client } = await openS3Box(server);
  const deps = { s3: server.access, buckets: [`s3://${bucket}/files`] };
  const sent = await sendTo({ url: `s3://${bucket}/files/a/`, name: "DE_1/x.csv" }, deps);
  assertEquals(sent.request, `PUT s3://${bucket}/files/a/DE_1/x.csv`);
  const stored = await client.get("files/a/DE_1/x.csv", { signal });
  assertEquals(await new Response(stored).text(), "a,1\n");
  const large = fileOf(new Uint8Array(9_000_000).fill(7));
  await client.createUpload("files/large.bin", { signal });
  await sendTo({ url: `s3://${bucket}/files`, name: "large.bin" }, {
    ...deps,
    attempt: 2,
    findFile: () => Promise.resolve(large),
  });
  assertEquals((await client.head("files/large.bin", { signal }))?.sizeBytes, 9_000_000);
  assertEquals(await Array.fromAsync(client.listUploads({ prefix: "", signal })), []);
});

Deno.test("a bucket that is away is a fault that may pass", async () => {
  await using server = startS3Double();
  const deps = { s3: server.access, buckets: ["s3://gone"] };
  const place = { url: "s3://gone", name: "x.csv" };
  const fault = await assertRejects(() => sendTo(place, deps), DeliveryFault);
  assertEquals([fault.isFinal, fault.request], [false, "PUT s3://gone/x.csv"]);
});
