import { createHash } from "node:crypto";
import { type FileWriter, type KeptFile, KeptFileLost } from "../../../data/files/file_store.ts";
import { openS3FileStore } from "../../../data/s3/bucket_files.ts";
import { createS3Client, type S3Client } from "../../../data/s3/client.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { type Bytes, never } from "../../support/file_store_box.ts";
import { startS3Double } from "../../support/s3_double.ts";
import { openS3Box, type S3Server } from "../../support/s3_server.ts";
import { isThorough } from "../../support/thorough.ts";

const call = { signal: never };
/** The length of a part in the server in memory. */
const PART = 100_000;

interface Rig {
  readonly client: S3Client;
  /** Opens a writer, as another process does. */
  open(name: string, kept?: KeptFile | null): Promise<FileWriter>;
  /** The keys of all objects, and of all open uploads. */
  keys(): Promise<{ objects: string[]; uploads: string[] }>;
  read(key: string): Promise<Bytes>;
}

async function openRig(server: S3Server, fetching?: typeof fetch): Promise<Rig> {
  const { bucket } = await openS3Box(server);
  const client = createS3Client({
    ...server.access,
    bucket,
    fetch: fetching,
    patience: { retryBaseMs: 1 },
  });
  return {
    client,
    async open(name, kept) {
      const store = openS3FileStore({ client, prefix: "", partBytes: server.partBytes });
      const writer = await store.openWriter(name, { ...call, kept: kept ?? undefined });
      assert(writer !== null, "what was kept is not there");
      return writer;
    },
    async keys() {
      const objects = await Array.fromAsync(client.list({ ...call, prefix: "" }));
      const uploads = await Array.fromAsync(client.listUploads({ ...call, prefix: "" }));
      return { objects: objects.map(({ key }) => key), uploads: uploads.map(({ key }) => key) };
    },
    read: async (key) => await new Response(await client.get(key, call)).bytes(),
  };
}

function bytesOf(length: number, seed = 0): Bytes {
  return Uint8Array.from({ length }, (_, at) => (at * 7 + (at >> 9) + seed) % 251);
}

function digestOf(...parts: readonly Bytes[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

/** Writes bytes, keeps them, and dies. */
async function keepOf(writer: FileWriter, bytes: Bytes): Promise<KeptFile | null> {
  await writer.write(bytes);
  return await writer.keep();
}

Deno.test("what was kept says where it is, and stays as short as the parts are few", async () => {
  await using server = startS3Double();
  const { open, keys } = await openRig(server);
  const kept = await keepOf(await open("a"), bytesOf(2 * PART + 5));
  assertEquals([kept?.name, kept?.sizeBytes], ["a", 2 * PART + 5]);
  assertEquals(kept?.sha256, digestOf(bytesOf(2 * PART + 5)));
  assert(JSON.stringify(kept?.more).length < 600);
  const { objects, uploads } = await keys();
  assertEquals(uploads, ["a"]);
  assertEquals(objects.map((key) => key.replace(/[0-9a-f-]{36}$/, "UUID")), ["a.part/UUID"]);
});

Deno.test("a run that goes on sends only what follows, and reads no more than the last unfinished part", async () => {
  await using server = startS3Double();
  let sent = 0, read = 0;
  const { open } = await openRig(server, async (input, init) => {
    sent += init?.body instanceof Uint8Array ? init.body.length : 0;
    const response = await fetch(input, init);
    if (init?.method === "GET") read += Number(response.headers.get("content-length") ?? 0);
    return response;
  });
  const kept = await keepOf(await open("a"), bytesOf(20 * PART + 7));
  assert(sent > 20 * PART);
  sent = 0;
  read = 0;
  const writer = await open("b", kept);
  await writer.write(bytesOf(PART, 1));
  const { sizeBytes, sha256 } = await writer.finish();
  assertEquals(sizeBytes, 21 * PART + 7);
  assertEquals(sha256, digestOf(bytesOf(20 * PART + 7), bytesOf(PART, 1)));
  // The part that was unfinished and its rest; the XML that completes the upload is a few KB.
  assert(sent < PART + 7 + 5_000, `${sent} bytes sent`);
  assert(read < 3_000, `${read} bytes read`);
});

Deno.test("of what was kept only the newest stays while writing continues, and nothing when the file is shown", async () => {
  await using server = startS3Double();
  const { open, keys, read } = await openRig(server);
  const writer = await open("a");
  for (let count = 0; count < 8; count++) await keepOf(writer, bytesOf(PART / 2, count));
  assertEquals((await keys()).objects.length, 3);
  // Another process goes on, and keeps some as well.
  const kept = await writer.keep();
  const other = await open("b", kept);
  for (let count = 8; count < 12; count++) await keepOf(other, bytesOf(PART / 2, count));
  assertEquals((await keys()).objects.length, 3);
  const { sha256 } = await other.finish();
  await writer.close();
  assertEquals(await keys(), { objects: ["a"], uploads: [] });
  assertEquals(digestOf(await read("a")), sha256);
});

Deno.test("a part that the run before changed later is noticed, and the file is not shown", async () => {
  await using server = startS3Double();
  const { client, open, keys } = await openRig(server);
  const late = await open("a");
  const kept = await keepOf(late, bytesOf(PART + 1));
  const writer = await open("b", kept);
  await writer.write(bytesOf(3 * PART, 1));
  // Its parts are stored by then.
  await writer.keep();
  // The readings have changed for the run that is late.
  await late.write(bytesOf(3 * PART, 2));
  await late.keep();
  await assertRejects(() => writer.finish(), KeptFileLost);
  await writer.close();
  assertEquals((await keys()).uploads, []);
  assertEquals(await client.head("a", call), null);
});

Deno.test("a file that the run before completes is not taken for the own one, unless it has the same bytes", async () => {
  for (const seed of [1, 2]) {
    await using server = startS3Double();
    const { open, keys } = await openRig(server);
    const late = await open("a");
    const kept = await keepOf(late, bytesOf(PART + 1));
    const writer = await open("b", kept);
    // All of it is in parts that are sent already or in the last one.
    await writer.write(bytesOf(10, 1));
    await late.write(bytesOf(10, seed));
    await late.finish();
    // What the server does not know any more cannot get another part.
    await assertRejects(() => writer.finish());
    await writer.close();
    assertEquals((await keys()).uploads, []);
  }
});

Deno.test("a completion whose answer is lost is proven by what was stored", async () => {
  for (const isChanged of [false, true]) {
    await using server = startS3Double();
    let isStored = false;
    const { open, client } = await openRig(server, async (input, init) => {
      if (init?.method === "GET" && isStored && isChanged) {
        return new Response("of another run", { headers: { "content-length": "14" } });
      }
      const response = await fetch(input, init);
      const url = new URL(String(input));
      if (init?.method !== "POST" || !url.searchParams.has("uploadId") || isStored) return response;
      await response.body?.cancel();
      isStored = true;
      throw new TypeError("connection reset");
    });
    const kept = await keepOf(await open("a"), bytesOf(PART + 1));
    const writer = await open("b", kept);
    await writer.write(bytesOf(PART, 1));
    if (isChanged) await assertRejects(() => writer.finish(), KeptFileLost);
    else {
      const { sha256 } = await writer.finish();
      assertEquals(sha256, digestOf(bytesOf(PART + 1), bytesOf(PART, 1)));
    }
    assert(await client.head("a", call) !== null);
    await writer.close();
  }
});

Deno.test("a file that the run before has completed is not sent again, and is taken only if its bytes are the same", async () => {
  for (const seed of [1, 2]) {
    await using server = startS3Double();
    let sent = 0;
    const { open, keys } = await openRig(server, (input, init) => {
      sent += init?.body instanceof Uint8Array ? init.body.length : 0;
      return fetch(input, init);
    });
    const before = await open("a");
    const kept = await keepOf(before, bytesOf(2 * PART + 1));
    await before.write(bytesOf(PART, 1));
    // The process dies before anybody knows.
    await before.finish();
    sent = 0;
    const writer = await open("b", kept);
    assertEquals(writer.name, "a");
    await writer.write(bytesOf(PART, seed));
    assertEquals(await writer.keep(), null);
    if (seed === 2) await assertRejects(() => writer.finish(), KeptFileLost);
    else {
      const { sizeBytes, sha256 } = await writer.finish();
      assertEquals(sizeBytes, 3 * PART + 1);
      assertEquals(sha256, digestOf(bytesOf(2 * PART + 1), bytesOf(PART, 1)));
    }
    await writer.close();
    assertEquals(sent, 0);
    assertEquals(await keys(), { objects: ["a"], uploads: [] });
  }
});

Deno.test("a file with more parts than a checkpoint can name keeps nothing more, and is written", {
  ignore: !isThorough,
}, async () => {
  await using server = startS3Double();
  const { client } = await openRig(server);
  const store = openS3FileStore({ client, prefix: "", partBytes: 1 });
  const writer = await store.openWriter("a", call);
  assert(writer !== null);
  await writer.write(bytesOf(3_001));
  assertEquals(await writer.keep(), null);
  assertEquals((await writer.finish()).sizeBytes, 3_001);
});

Deno.test("what was kept elsewhere, or in a shape of another version, is refused", async () => {
  await using server = startS3Double();
  const { client, open } = await openRig(server);
  const store = openS3FileStore({ client, prefix: "", partBytes: PART });
  const kept = await keepOf(await open("a"), bytesOf(PART + 1));
  assert(kept !== null);
  for (const more of [null, { generation: "g1" }, {}]) {
    assertEquals(await store.openWriter("b", { ...call, kept: { ...kept, more } }), null);
  }
  const elsewhere = openS3FileStore({ client, prefix: "elsewhere/", partBytes: PART });
  assertEquals(await elsewhere.openWriter("b", { ...call, kept }), null);
});

Deno.test("what was kept with fewer bytes than its length says is refused", async () => {
  await using server = startS3Double();
  const { client, open } = await openRig(server);
  const store = openS3FileStore({ client, prefix: "", partBytes: PART });
  for (const length of [10, PART, 2 * PART + 1]) {
    const kept = await keepOf(await open("a"), bytesOf(length));
    assert(kept !== null);
    const longer = { ...kept, sizeBytes: length + 1 };
    assertEquals(await store.openWriter("b", { ...call, kept: longer }), null);
    await (await open("b", kept)).close();
  }
});

Deno.test("a kept end of a file without a whole part is listed as unfinished, and discarded with it", async () => {
  await using server = startS3Double();
  const { client, open, keys } = await openRig(server);
  const store = openS3FileStore({ client, prefix: "", partBytes: PART });
  for (const name of ["a", "b", "c", "d"]) {
    const writer = await open(name);
    await keepOf(writer, bytesOf(10));
    await writer.close();
  }
  // Folders of others.
  for (const key of ["x/y", "e.parts/y"]) await client.put(key, bytesOf(1), call);
  const listed = await Array.fromAsync(store.list());
  assertEquals(listed, ["a", "b", "c", "d"].map((name) => ({ name, isWhole: false })));
  for (const { name } of listed) await store.discard(name);
  assertEquals(await keys(), { objects: ["e.parts/y", "x/y"], uploads: [] });
});
