import { SERVING_CALLS, WORKER_CALLS } from "../../../data/files/folder_calls.ts";
import { openFolderDestination } from "../../../data/continuous/folder_destination.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { never } from "../../support/file_store_box.ts";
import { listFiles } from "../../support/continuous_service.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";

const KEY = "device_id=D1/date=2026/02/07/export_120000.csv";
const object = (text: string) => ({
  bytes: new TextEncoder().encode(text),
  contentType: "text/csv",
});

Deno.test("put() returns length and checksum of an object, and replaces it whole", async () => {
  await using folder = await makeTempFolder();
  const destination = openFolderDestination(`${folder.path}/export`);
  // From `printf abc | sha256sum`.
  assertEquals(await destination.put(KEY, object("abc"), never), {
    sizeBytes: 3,
    sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  });
  await destination.put(KEY, object("d"), never);
  assertEquals(await Deno.readTextFile(`${folder.path}/export/${KEY}`), "d");
  assertEquals(await listFiles(`${folder.path}/export`), [KEY]);
  await destination.remove(KEY, never);
  await destination.remove(KEY, never);
  assertEquals(await listFiles(`${folder.path}/export`), []);
});

for (const [thread, calls] of [["serves", SERVING_CALLS], ["works", WORKER_CALLS]] as const) {
  Deno.test(`a thread that ${thread} puts many objects into one folder at once, and replaces them`, async () => {
    await using folder = await makeTempFolder();
    const destination = openFolderDestination(folder.path, { calls });
    const keys = Array.from({ length: 99 }, (_, index) => `device_id=D${index % 3}/a/${index}.csv`);
    for (const text of ["a longer text", "abc"]) {
      const puts = keys.map((key) => destination.put(key, object(text), never));
      assertEquals((await Promise.all(puts)).map(({ sizeBytes }) => sizeBytes), [
        ...keys.map(() => text.length),
      ]);
    }
    assertEquals(await listFiles(folder.path), keys.toSorted());
    for (const key of keys) assertEquals(await Deno.readTextFile(`${folder.path}/${key}`), "abc");
  });
}

Deno.test("an aborted put leaves the object unchanged and nothing else behind", async () => {
  await using folder = await makeTempFolder();
  const destination = openFolderDestination(folder.path);
  await destination.put(KEY, object("before"), never);
  const reason = new Error("enough");
  await assertRejects(
    () => destination.put(KEY, object("after"), AbortSignal.abort(reason)),
    Error,
    "enough",
  );
  assertEquals(await listFiles(folder.path), [KEY]);
  assertEquals(await Deno.readTextFile(`${folder.path}/${KEY}`), "before");
});

Deno.test("the sweep deletes unfinished files of killed processes, and no objects", async () => {
  await using folder = await makeTempFolder();
  const destination = openFolderDestination(folder.path);
  assertEquals(await destination.sweep(never), 0);
  await destination.put(KEY, object("abc"), never);
  await Deno.writeTextFile(`${folder.path}/.unfinished/one.part`, "ab");
  assertEquals(await destination.sweep(never), 1);
  assertEquals(await listFiles(folder.path), [KEY]);
});

Deno.test("a deleted folder is created again by the next put", async () => {
  await using folder = await makeTempFolder();
  const destination = openFolderDestination(`${folder.path}/export`);
  await destination.put(KEY, object("abc"), never);
  await Deno.remove(`${folder.path}/export`, { recursive: true });
  await destination.put(KEY, object("abc"), never).catch(() => {});
  await destination.put(KEY, object("abc"), never);
  assertEquals(await listFiles(`${folder.path}/export`), [KEY]);
});

Deno.test("putStream() stores chunks as one object, and returns its length and checksum", async () => {
  await using folder = await makeTempFolder();
  const destination = openFolderDestination(`${folder.path}/export`);
  const body = ReadableStream.from(["a", "", "bc"].map((text) => new TextEncoder().encode(text)));
  assertEquals(await destination.putStream(KEY, { body, contentType: "text/csv" }, never), {
    sizeBytes: 3,
    sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  });
  assertEquals(await Deno.readTextFile(`${folder.path}/export/${KEY}`), "abc");
  assertEquals(await listFiles(`${folder.path}/export`), [KEY]);
});

Deno.test("a stream that fails or is aborted leaves the object unchanged and nothing else behind", async () => {
  await using folder = await makeTempFolder();
  const destination = openFolderDestination(folder.path);
  await destination.put(KEY, object("before"), never);
  const aborter = new AbortController();
  for (const end of [() => Promise.reject(new Error("enough")), () => pauseForever(aborter)]) {
    let isEnded = false;
    const chunks = async function* () {
      try {
        yield new TextEncoder().encode("after");
        await end();
      } finally {
        isEnded = true;
      }
    };
    const stream = { body: ReadableStream.from(chunks()), contentType: "text/csv" };
    await assertRejects(() => destination.putStream(KEY, stream, aborter.signal), Error, "enough");
    assertEquals(isEnded, true);
    assertEquals(await listFiles(folder.path), [KEY]);
    assertEquals(await Deno.readTextFile(`${folder.path}/${KEY}`), "before");
  }
});

/** Aborts while a stream waits for its next chunk. */
async function pauseForever(aborter: AbortController): Promise<void> {
  setTimeout(() => aborter.abort(new Error("enough")));
  await new Promise((resolve) => aborter.signal.addEventListener("abort", resolve));
}
