import { AppError } from "../../../data/app_error.ts";
import { openDiskFileStore } from "../../../data/files/disk.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { type Bytes, never, openDiskBox, streamOf } from "../../support/file_store_box.ts";

Deno.test("list() marks what an interrupted write left as not whole", async () => {
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

Deno.test("a missing folder is created, with those above it", async () => {
  await using box = await openDiskBox();
  const store = await openDiskFileStore(`${box.folder}/one/two`);
  await store.write("a", streamOf("1"), never);
  assertEquals(await Deno.readTextFile(`${box.folder}/one/two/a`), "1");
});

Deno.test("write() and probe() throw STORAGE_UNAVAILABLE if the folder is gone", async () => {
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

Deno.test({
  name: "write() throws STORAGE_FULL on a full disk and leaves nothing behind",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using box = await openDiskBox();
    // Every write to /dev/full fails like one to a full disk.
    await Deno.symlink("/dev/full", `${box.folder}/a.part`);
    const write = () => box.store.write("a", streamOf("1"), never);
    assertEquals((await assertRejects(write, AppError)).code, "STORAGE_FULL");
    assertEquals(await box.names(), []);
  },
});

Deno.test("write() releases chunks once they are written", async () => {
  await using box = await openDiskBox();
  const chunks = [1, 2, 3].map((value) => new Uint8Array(20_000).fill(value));
  const released: number[] = [];
  const { sizeBytes } = await box.store.write("a", ReadableStream.from(chunks), never, {
    release(chunk) {
      released.push(chunk[0]);
      // What would be written of it now is lost.
      chunk.fill(0);
    },
  });
  assertEquals(sizeBytes, 60_000);
  assertEquals(
    await Deno.readFile(`${box.folder}/a`),
    Uint8Array.from({ length: 60_000 }, (_, at) => 1 + Math.floor(at / 20_000)),
  );
  // The last chunk is still in use when the file ends.
  assertEquals(released, [1, 2]);
});

Deno.test("going on ends with the reason of the signal, and what was kept stays", async () => {
  await using box = await openDiskBox();
  const writer = await box.store.openWriter("job.1", { signal: never });
  await writer?.write(new Uint8Array(3_000_000));
  const kept = await writer?.keep() ?? undefined;
  await writer?.close();
  const aborter = new AbortController();
  const reason = new DOMException("asked to stop", "AbortError");
  const opening = box.store.openWriter("job.2", { signal: aborter.signal, kept });
  aborter.abort(reason);
  assertEquals(await opening.catch((error: unknown) => error), reason);
  assertEquals(await box.names(), ["job.1.part"]);
  const next = await box.store.openWriter("job.3", { signal: never, kept });
  assertEquals((await next?.finish())?.sizeBytes, 3_000_000);
  await next?.close();
});
