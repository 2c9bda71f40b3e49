import { createHash } from "node:crypto";
import { AppError } from "../../../data/app_error.ts";
import type { FileStore } from "../../../data/files/file_store.ts";
import { withCommitsNoted } from "../../../kv/activity.ts";
import { openKvFileStore } from "../../../kv/files/kv_file_store.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { type Bytes, never, streamOf, textOf } from "../../support/file_store_box.ts";
import { until } from "../../support/until.ts";
import {
  CHUNK,
  chunkedBytes,
  COMMIT,
  type KvFilesRig,
  openKvFilesRig,
  storedParts,
  sweepStore,
} from "../../support/kv_files.ts";
import { cutAfter } from "../../support/strict_kv.ts";

const bodyOf = (bytes: Bytes) => ReadableStream.from([bytes]);
const sha256 = (bytes: Bytes) => createHash("sha256").update(bytes).digest("hex");

/** A store that says which chunks it reads. */
function watchReads({ kv }: KvFilesRig, onRead: (first: number, end: number) => void): FileStore {
  const { get, set, delete: remove, atomic } = kv;
  const list: Deno.Kv["list"] = (selector, options) => {
    if ("start" in selector && "end" in selector) {
      onRead(Number(selector.start[3]), Number(selector.end[3]));
    }
    return kv.list(selector, options);
  };
  const watched = { get, set, delete: remove, atomic, list };
  return openKvFileStore({ kv: watched, maxBytes: 1e9, newId: () => "g" });
}

Deno.test("a file of up to twelve chunks is one commit, a longer one also marks what is unfinished", async () => {
  using rig = await openKvFilesRig();
  await rig.store.write("short", bodyOf(chunkedBytes(COMMIT)), never);
  assertEquals(rig.kv.commits(), 1);
  assertEquals(await storedParts(rig), { bytes: 1, chunk: 12, whole: 1 });
  // 30 chunks: 12 with the mark, 12, and 6 with the end.
  await rig.store.write("long", bodyOf(chunkedBytes(30 * CHUNK)), never);
  assertEquals(rig.kv.commits(), 1 + 3);
  assertEquals(await storedParts(rig), { bytes: 2, chunk: 42, whole: 2 });
});

Deno.test("the longest name and full commits stay within the limits of every database", async () => {
  using rig = await openKvFilesRig();
  const name = "n".repeat(200);
  const bytes = chunkedBytes(3 * COMMIT);
  await rig.store.write(name, bodyOf(bytes), never);
  await rig.store.write(name, bodyOf(bytes), never);
  const read = await new Response(await rig.store.read(name)).bytes();
  assertEquals(sha256(read), sha256(bytes));
  assertEquals(await storedParts(rig), { bytes: 1, chunk: 36, whole: 1 });
});

Deno.test("a range reads the chunks that it needs and no other", async () => {
  using rig = await openKvFilesRig();
  const bytes = chunkedBytes(100 * CHUNK);
  await rig.store.write("a", bodyOf(bytes), never);
  const read: unknown[] = [];
  const store = watchReads(rig, (first, end) => read.push([first, end]));
  const cases = [
    { start: 5 * CHUNK, end: 5 * CHUNK + 1, chunks: [[5, 6]] },
    { start: 5 * CHUNK - 1, end: 5 * CHUNK + 1, chunks: [[4, 6]] },
    { start: 99 * CHUNK, end: 100 * CHUNK, chunks: [[99, 100]] },
    { start: 7, end: 7, chunks: [] },
    // Each read has twice as many chunks as the one before.
    { start: 10 * CHUNK, end: 30 * CHUNK, chunks: [[10, 14], [14, 22], [22, 30]] },
  ];
  for (const { start, end, chunks } of cases) {
    read.length = 0;
    const got = await new Response(await store.read("a", { start, end })).bytes();
    assertEquals(sha256(got), sha256(bytes.slice(start, end)), `${start}-${end}`);
    assertEquals(read, chunks, `${start}-${end}`);
  }
});

Deno.test("a reader who takes nothing keeps few chunks in memory, and many readers fewer each", async () => {
  using rig = await openKvFilesRig();
  await rig.store.write("a", bodyOf(chunkedBytes(200 * CHUNK)), never);
  let chunks = 0;
  const store = watchReads(rig, (first, end) => chunks += end - first);
  const readers: ReadableStreamDefaultReader<Bytes>[] = [];
  const open = async (count: number) => {
    for (let index = 0; index < count; index++) {
      const reader = (await store.read("a"))!.getReader();
      await reader.read();
      readers.push(reader);
    }
  };
  await open(1);
  // 4 that were read, and 8 ahead.
  assertEquals(chunks, 12);
  await open(299);
  // 512 for all of them is less than 2 for each: one was taken, one waits in the stream, one is ahead.
  const before = chunks;
  await open(1);
  assertEquals(chunks - before, 3);
  await Promise.all(readers.map((reader) => reader.cancel()));
});

Deno.test("who reads a file that is replaced or deleted reads on, and then its chunks are erased", async () => {
  using rig = await openKvFilesRig();
  const bytes = chunkedBytes(60 * CHUNK + 5);
  for (const end of ["replaced", "deleted"]) {
    await rig.store.write("a", bodyOf(bytes), never);
    const readers = [await rig.store.read("a"), await rig.store.read("a")];
    if (end === "replaced") await rig.store.write("a", streamOf("new"), never);
    else await rig.store.remove("a");
    await rig.store.tidy?.(never);
    assertEquals((await storedParts(rig)).dropped, 1);
    assertEquals(sha256(await new Response(readers[0]).bytes()), sha256(bytes));
    assertEquals((await storedParts(rig)).dropped, 1);
    await readers[1]!.cancel();
    const short: Record<string, number> = { bytes: 1, chunk: 1, whole: 1 };
    assertEquals(await storedParts(rig), end === "replaced" ? short : {});
  }
});

Deno.test("cancelling a read waits for the reads on their way, and no other begins", async () => {
  // The first read, while nothing is ahead of it; and the second, which the reader already waits for.
  for (const { held, taken } of [{ held: 1, taken: 0 }, { held: 2, taken: 4 }]) {
    using rig = await openKvFilesRig();
    await rig.store.write("a", bodyOf(chunkedBytes(60 * CHUNK)), never);
    const reached = Promise.withResolvers<void>(), gate = Promise.withResolvers<void>();
    let begun = 0, isOver = false;
    rig.plan.before = async ({ kind }) => {
      if (kind !== "batch" || ++begun !== held) return;
      reached.resolve();
      await gate.promise;
    };
    const reader = (await rig.store.read("a"))!.getReader();
    for (let chunk = 0; chunk < taken; chunk++) await reader.read();
    await reached.promise;
    const cancelling = reader.cancel().then(() => isOver = true);
    await new Promise((resolve) => setTimeout(resolve, 5));
    assertEquals(isOver, false, `read ${held}`);
    gate.resolve();
    await cancelling;
    await new Promise((resolve) => setTimeout(resolve, 5));
    assertEquals(begun, held);
  }
});

Deno.test("who reads a file that another instance deletes gets an error, never a short file", async () => {
  using rig = await openKvFilesRig();
  await rig.store.write("a", bodyOf(chunkedBytes(60 * CHUNK)), never);
  const stream = await rig.store.read("a");
  await rig.other.remove("a");
  const error = await assertRejects(() => new Response(stream).bytes(), AppError);
  assertEquals(error.message, "The file was deleted while it was read");
});

Deno.test("wherever a write is killed, the file is there whole or not at all, and the sweep leaves nothing else", async () => {
  const bytes = chunkedBytes(40 * CHUNK + 1);
  const shown: boolean[] = [];
  for (const last of ["happens", "unanswered"] as const) {
    for (let commits = 0; commits <= 5; commits++) {
      using rig = await openKvFilesRig();
      rig.plan.fate = cutAfter(commits, last);
      await rig.store.write("a", bodyOf(bytes), never).catch(() => {});
      const read = await rig.other.read("a");
      shown.push(read !== null);
      if (read !== null) assertEquals(sha256(await new Response(read).bytes()), sha256(bytes));
      await sweepStore(rig.other);
      assertEquals(await storedParts(rig), read === null ? {} : { bytes: 1, chunk: 41, whole: 1 });
    }
  }
  // 12 + 12 + 12 + 5 chunks are four commits.
  const each = [false, false, false, false, true, true];
  assertEquals(shown, [...each, ...each]);
});

Deno.test("wherever a deletion is killed, the sweep ends it or the file is still whole", async () => {
  // 300 chunks are erased in three commits, between the one that drops the file and the last.
  const bytes = chunkedBytes(300 * CHUNK);
  for (let commits = 0; commits <= 5; commits++) {
    using rig = await openKvFilesRig();
    await rig.store.write("a", bodyOf(bytes), never);
    rig.plan.fate = cutAfter(commits);
    const remove = () => rig.store.remove("a");
    if (commits === 0) {
      assertEquals((await assertRejects(remove, AppError)).code, "STORAGE_UNAVAILABLE");
    } else await remove();
    const { chunk = 0 } = await storedParts(rig);
    assertEquals(chunk, [300, 300, 172, 44, 0, 0][commits]);
    const read = await rig.other.read("a");
    assertEquals(read !== null, commits === 0);
    await read?.cancel();
    await sweepStore(rig.other);
    assertEquals(await storedParts(rig), commits === 0 ? { bytes: 1, chunk: 300, whole: 1 } : {});
  }
});

Deno.test("a last commit whose answer is lost has written the file", async () => {
  using rig = await openKvFilesRig();
  const bytes = chunkedBytes(20 * CHUNK);
  rig.plan.fate = ({ number }) => number === 2 ? "unanswered" : "happens";
  const written = await rig.store.write("a", bodyOf(bytes), never);
  assertEquals(written, { sizeBytes: 20 * CHUNK, sha256: sha256(bytes) });
  assertEquals(await storedParts(rig), { bytes: 1, chunk: 20, whole: 1 });
});

Deno.test("a commit that fails on the way ends the write as a fault of the store", async () => {
  using rig = await openKvFilesRig();
  rig.plan.fate = ({ number }) => number === 3 ? "lost" : "happens";
  const write = () => rig.store.write("a", bodyOf(chunkedBytes(100 * CHUNK)), never);
  assertEquals((await assertRejects(write, AppError)).code, "STORAGE_UNAVAILABLE");
  assertEquals(await storedParts(rig), {});
});

Deno.test("a write that another instance discards fails and leaves nothing", async () => {
  using rig = await openKvFilesRig();
  const { readable, writable } = new TransformStream<Bytes, Bytes>();
  const writing = assertRejects(() => rig.store.write("a", readable, never), AppError);
  const writer = writable.getWriter();
  await writer.write(chunkedBytes(2 * COMMIT + 1));
  await until(async () => (await storedParts(rig)).open === 1);
  await rig.other.discard("a");
  await writer.write(chunkedBytes(2 * COMMIT)).catch(() => {});
  await writer.close().catch(() => {});
  const error = await writing;
  assertEquals(error.message, "The file was discarded while it was written");
  assertEquals(await storedParts(rig), {});
});

Deno.test("of two writes of a name at the same time, one file is left, and it is whole", async () => {
  using rig = await openKvFilesRig();
  const files = [chunkedBytes(30 * CHUNK), chunkedBytes(31 * CHUNK)];
  await Promise.all(
    files.map((bytes, index) => [rig.store, rig.other][index].write("a", bodyOf(bytes), never)),
  );
  const read = await new Response(await rig.store.read("a")).bytes();
  assert(files.some((bytes) => sha256(bytes) === sha256(read)));
  assertEquals(await storedParts(rig), { bytes: 1, chunk: read.length / CHUNK, whole: 1 });
});

Deno.test("files may have KV_FILES_MAX_BYTES together, and a byte more is refused with STORAGE_FULL", async () => {
  using rig = await openKvFilesRig(2_000_000);
  const write = (name: string, size: number) =>
    rig.store.write(name, bodyOf(chunkedBytes(size)), never);
  await write("a", 500_000);
  assertEquals(await rig.store.room?.(), { freeBytes: 1_500_000, totalBytes: 2_000_000 });
  const error = await assertRejects(() => write("b", 1_500_001), AppError);
  assertEquals(error.code, "STORAGE_FULL");
  assert(error.details.includes("of the 2000000 bytes that KV_FILES_MAX_BYTES allows"));
  // What the refused write had stored is erased.
  assertEquals(await storedParts(rig), { bytes: 1, chunk: 8, whole: 1 });
  await write("b", 1_500_000);
  assertEquals(await rig.store.room?.(), { freeBytes: 0, totalBytes: 2_000_000 });
  assertEquals((await assertRejects(() => write("c", 1), AppError)).code, "STORAGE_FULL");
  await rig.other.remove("a");
  await write("c", 500_000);
  // A full store still works: others may read and delete.
  await rig.store.probe();
});

Deno.test("what other instances write counts too", async () => {
  using rig = await openKvFilesRig(20_000_000);
  await rig.store.write("a", streamOf("a"), never);
  for (const name of ["b", "c", "d", "e"]) {
    await rig.other.write(name, bodyOf(chunkedBytes(4_900_000)), never);
  }
  const write = () => rig.store.write("f", bodyOf(chunkedBytes(12_000_000)), never);
  assertEquals((await assertRejects(write, AppError)).code, "STORAGE_FULL");
});

Deno.test("a database that does not answer is a fault of the store, not of the reader", async () => {
  using rig = await openKvFilesRig();
  await rig.store.write("a", streamOf("a"), never);
  rig.plan.before = () => Promise.reject(new TypeError("connection refused"));
  for (const call of [() => rig.store.read("a"), () => rig.store.probe()]) {
    const error = await assertRejects(call, AppError);
    assertEquals(error.code, "STORAGE_UNAVAILABLE");
    assert(error.cause instanceof TypeError);
  }
  rig.plan.before = undefined;
  assertEquals(await textOf(await rig.store.read("a")), "a");
});

Deno.test("a probe is no reason to look for work, and a file is", async () => {
  using database = await Deno.openKv(":memory:");
  let notes = 0;
  const kv = withCommitsNoted(database, () => notes++);
  const store = openKvFileStore({ kv, quietKv: database, maxBytes: 1e9, newId: () => "g" });
  await store.probe();
  assertEquals(notes, 0);
  await store.write("a", bodyOf(chunkedBytes(1)), never);
  assertEquals(notes, 1);
});
