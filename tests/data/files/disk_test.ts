import { createHash } from "node:crypto";
import { AppError } from "../../../data/app_error.ts";
import { openDiskFileStore } from "../../../data/files/disk.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { type Bytes, never, openDiskBox, streamOf, textOf } from "./disk_box.ts";

Deno.test("a file of many chunks is read as it was written, whole and in parts", async () => {
  await using box = await openDiskBox();
  const bytes = Uint8Array.from({ length: 700_000 }, (_, at) => at * 7 % 251);
  const chunks = Array.from({ length: 7 }, (_, i) => bytes.slice(i * 100_000, (i + 1) * 100_000));
  const written = await box.store.write("big", ReadableStream.from(chunks), never);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  assertEquals(written, { sizeBytes: 700_000, sha256 });
  const read = async (range?: { start: number; end: number }) =>
    await new Response(await box.store.read("big", range)).bytes();
  assertEquals(await read(), bytes);
  for (const [start, end] of [[0, 1], [0, 700_000], [699_999, 700_000], [99_999, 650_001]]) {
    assertEquals(await read({ start, end }), bytes.slice(start, end), `${start} to ${end}`);
  }
  assertEquals(await read({ start: 5, end: 5 }), new Uint8Array(0));
});

Deno.test("a range past the end of the file fails instead of coming short", async () => {
  await using box = await openDiskBox();
  await box.store.write("abc", streamOf("abc"), never);
  const stream = await box.store.read("abc", { start: 1, end: 9 });
  await assertRejects(() => textOf(stream), Error, "past the end of the file: 3");
});

Deno.test("read() of a name that is not there is null", async () => {
  await using box = await openDiskBox();
  assertEquals(await box.store.read("none"), null);
  assertEquals(await box.store.read("none", { start: 0, end: 1 }), null);
});

Deno.test("cancelling a read closes the file", async () => {
  await using box = await openDiskBox();
  await box.store.write("big", streamOf("x".repeat(1_000_000)), never);
  for (const range of [undefined, { start: 10, end: 900_000 }]) {
    const unread = await box.store.read("big", range);
    await unread?.cancel();
    const reader = (await box.store.read("big", range))?.getReader();
    assertEquals((await reader?.read())?.done, false);
    await reader?.cancel();
  }
});

Deno.test("list() tells what an interrupted write left as not whole", async () => {
  await using box = await openDiskBox();
  await box.store.write("whole.csv", streamOf("1"), never);
  const longName = "n".repeat(200);
  for (const name of ["left.csv.part", `${longName}.part`, ".hidden", "odd name"]) {
    await Deno.writeTextFile(`${box.folder}/${name}`, "x");
  }
  await Deno.mkdir(`${box.folder}/folder`);
  const listed = await Array.fromAsync(box.store.list());
  assertEquals(listed.sort((a, b) => a.name < b.name ? -1 : 1), [
    { name: "left.csv", isWhole: false },
    { name: longName, isWhole: false },
    { name: "whole.csv", isWhole: true },
  ]);
});

Deno.test("remove() deletes a file and discard() what was left, each fine with none", async () => {
  await using box = await openDiskBox();
  await box.store.write("a", streamOf("1"), never);
  await Deno.writeTextFile(`${box.folder}/a.part`, "x");
  for (let round = 0; round < 2; round++) {
    await box.store.discard("a");
    assertEquals(box.names(), ["a"]);
  }
  await Deno.writeTextFile(`${box.folder}/a.part`, "x");
  for (let round = 0; round < 2; round++) {
    await box.store.remove("a");
    assertEquals(box.names(), ["a.part"]);
  }
});

Deno.test("names that are not plain are refused by every call", async () => {
  await using box = await openDiskBox();
  const { store } = box;
  const wrong = ["", ".", "..", "../a", "a/b", "/a", ".a", "-a", "a b", "a\\b", "a\0", "é"];
  wrong.push("a.part", "a\n", "n".repeat(201));
  for (const name of wrong) {
    const text = "not plain";
    await assertRejects(() => store.write(name, streamOf("x"), never), TypeError, text);
    await assertRejects(() => store.read(name), TypeError, text);
    await assertRejects(() => store.remove(name), TypeError, text);
    await assertRejects(() => store.discard(name), TypeError, text);
  }
  assertEquals(box.names(), []);
  await store.write("n".repeat(200), streamOf("x"), never);
  await store.write("A-1_b.csv", streamOf("x"), never);
  assertEquals(box.names().length, 2);
});

Deno.test("a folder that is missing is made, with those above it", async () => {
  await using box = await openDiskBox();
  const store = await openDiskFileStore(`${box.folder}/one/two`);
  await store.write("a", streamOf("1"), never);
  assertEquals(await Deno.readTextFile(`${box.folder}/one/two/a`), "1");
});

Deno.test("probe() is fine with a folder that can be written", async () => {
  await using box = await openDiskBox();
  await box.store.probe();
  assertEquals(box.names(), []);
});

Deno.test("a folder that is gone makes write() and probe() say STORAGE_UNAVAILABLE", async () => {
  await using box = await openDiskBox();
  await Deno.remove(box.folder, { recursive: true });
  let isCancelled = false;
  const stream = new ReadableStream<Bytes>({ cancel: () => void (isCancelled = true) });
  const calls = [() => box.store.write("a", stream, never), () => box.store.probe()];
  for (const call of calls) {
    const error = await assertRejects(call, AppError);
    assertEquals(error.code, "STORAGE_UNAVAILABLE");
    assert(error.cause instanceof Deno.errors.NotFound);
  }
  assert(isCancelled);
});
