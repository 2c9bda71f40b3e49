import { DatabaseSync } from "node:sqlite";
import { openDatabaseFile, UnreadableFileError } from "../../kv/database_file.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../support/assert.ts";
import type { ReadFile } from "../support/database_file_worker.ts";
import { createRandom } from "../support/strict_kv.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

/** Texts and numbers whose order in keys is not obvious. */
const TEXTS = ["", "a", "a\0", "a\0\0b", "\0", "ab", "é", "\u{1F50B}", "\uffff", "store.1"];
const NUMBERS = [-Infinity, -1e9, -1, -0.5, -0, 0, 1e-300, 0.5, 1, 255, 256, 1.7e12, Infinity];

Deno.test("a file lists and gets the same entries as Deno KV", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/kv.sqlite3`;
  using kv = await Deno.openKv(path);
  const parts = [...TEXTS, ...NUMBERS];
  const values = [
    { v: 1, zone: "Europe/Berlin", spans: [0, 1.5], on: true, none: null },
    new Uint8Array([0, 1, 255]),
    new Uint8Array(),
    new Deno.KvU64(2n ** 63n),
    "text",
    [new Map([["a", 1n]])],
  ];
  const random = createRandom(3);
  const some = <T>(of: readonly T[]) => of[Math.floor(random() * of.length)];
  const someKey = () => Array.from({ length: 1 + Math.floor(random() * 3) }, () => some(parts));
  for (let i = 0; i < 300; i++) await kv.set(someKey(), some(values));
  using database = openDatabaseFile(path);
  const selectors: Deno.KvListSelector[] = [
    { prefix: [] },
    ...parts.map((part) => ({ prefix: [part] })),
    ...Array.from({ length: 60 }, () => ({ start: someKey(), end: someKey() })),
    ...parts.flatMap((part) => [
      { prefix: [part], start: [part, ...someKey()] },
      { prefix: [part], end: [part, ...someKey()] },
    ]),
  ];
  let found = 0;
  for (const selector of selectors) {
    const options = {
      limit: random() < 0.5 ? undefined : 1 + Math.floor(random() * 20),
      batchSize: 1 + Math.floor(random() * 10),
      reverse: random() < 0.5,
    };
    const expected = await Array.fromAsync(kv.list(selector, options)).catch(() => null);
    // Deno KV refuses a range that ends before it starts.
    if (expected === null) continue;
    assertEquals(await Array.fromAsync(database.list(selector, options)), expected);
    found += expected.length;
  }
  assert(found > 500);
  for await (const entry of kv.list({ prefix: [] })) {
    assertEquals<unknown>(await database.get(entry.key), entry);
  }
  const none = { key: ["nowhere"], value: null, versionstamp: null };
  assertEquals(await database.get(["nowhere"]), none);
});

Deno.test("a file that is read shows what others have written, and they need not wait", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/kv.sqlite3`;
  using kv = await Deno.openKv(path);
  for (let i = 0; i < 500; i++) await kv.set(["a", i], i);
  using database = openDatabaseFile(path);
  const list = database.list<number>({ prefix: ["a"] }, { batchSize: 10 });
  for (let i = 0; i < 10; i++) assertEquals((await list.next()).value?.value, i);
  for (let i = 0; i < 500; i++) {
    const entry = await kv.get(["a", i]);
    assert((await kv.atomic().check(entry).set(["a", i], -i).commit()).ok);
  }
  database.rest();
  // What was read before is not read again.
  const values = await Array.fromAsync(list, ({ value }) => value);
  assertEquals(values, Array.from({ length: 490 }, (_, index) => -10 - index));
  assertEquals((await database.get(["a", 3])).value, -3);
});

Deno.test("a file that is closed cannot be read, but one that rests can", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/kv.sqlite3`;
  const kv = await Deno.openKv(path);
  await kv.set(["a"], 1);
  const database = openDatabaseFile(path);
  database.rest();
  database.rest();
  assertEquals((await database.get(["a"])).value, 1);
  database.rest();
  kv.close();
  // The last connection removes the log, so there was no other one.
  assertEquals(await exists(`${path}-wal`), false);
  database[Symbol.dispose]();
  await assertRejects(() => database.get(["a"]), UnreadableFileError, "is closed");
  await assertRejects(() => database.list({ prefix: [] }).next(), UnreadableFileError, "is closed");
});

for (const hangs of [false, true]) {
  const what = hangs ? "computes" : "waits";
  Deno.test(`a worker that is terminated while it ${what} after reading a file keeps nobody from truncating the log`, async () => {
    await using folder = await makeTempFolder();
    for (const rests of [false, true]) {
      const path = `${folder.path}/${rests}.sqlite3`;
      const kv = await Deno.openKv(path);
      for (let i = 0; i < 20; i++) await kv.set(["a", i], i);
      const until = new Int32Array(new SharedArrayBuffer(4));
      using ends = new DisposableStack();
      ends.defer(() => Atomics.store(until, 0, 1));
      await terminateReader({ path, rests, until: hangs ? until : null });
      for (let i = 0; i < 200; i++) await kv.set(["a", i], new Uint8Array(1_000));
      assertEquals(truncateLog(path), { busy: 0, log: 0, checkpointed: 0 });
      assertEquals((await Deno.stat(`${path}-wal`)).size, 0);
      kv.close();
      if (rests) assertEquals(await exists(`${path}-wal`), false);
    }
  });
}

/** Runs a worker until it has read a file, and terminates it. */
async function terminateReader(task: ReadFile): Promise<void> {
  const url = new URL("../support/database_file_worker.ts", import.meta.url);
  const worker = new Worker(url, { type: "module" });
  await new Promise((resolve) => {
    worker.onmessage = resolve;
    worker.postMessage(task);
  });
  worker.terminate();
}

function truncateLog(path: string): unknown {
  return withDatabase(path, (database) => {
    return { ...database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").all()[0] as object };
  });
}

function withDatabase<T>(path: string, use: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(path);
  try {
    return use(database);
  } finally {
    database.close();
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

Deno.test("a file that is no database of Deno KV cannot be opened", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/text`;
  await Deno.writeTextFile(
    path,
    "not a database, but long enough to be looked at as one".repeat(20),
  );
  assertThrows(() => openDatabaseFile(path), UnreadableFileError);
  assertThrows(() => openDatabaseFile(`${folder.path}/nowhere`), UnreadableFileError);
});

Deno.test("a key that no database writes is an error, not an endless loop", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/kv.sqlite3`;
  using kv = await Deno.openKv(path);
  await kv.set(["a"], 1);
  withDatabase(path, (database) => database.exec("UPDATE kv SET k = x'0261'"));
  using database = openDatabaseFile(path);
  const list = database.list({ start: [], end: ["b"] });
  await assertRejects(() => list.next(), UnreadableFileError, "has no end");
});
