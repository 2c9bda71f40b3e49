import { AppError } from "../../../data/app_error.ts";
import {
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStrictEquals,
} from "../../support/assert.ts";
import { type Bytes, never, openDiskBox, streamOf, textOf } from "./disk_box.ts";

const encoder = new TextEncoder();

/** A stream of some bytes that then fails. */
function failingStream(error: unknown): ReadableStream<Bytes> {
  let pulled = 0;
  return new ReadableStream({
    pull(controller) {
      if (pulled++ < 3) controller.enqueue(encoder.encode("some bytes"));
      else controller.error(error);
    },
  });
}

Deno.test("write() answers with the size and SHA-256 of FIPS 180-4's examples", async () => {
  await using box = await openDiskBox();
  assertEquals(await box.store.write("empty", streamOf(), never), {
    sizeBytes: 0,
    sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  });
  assertEquals(await box.store.write("abc", streamOf("a", "", "bc"), never), {
    sizeBytes: 3,
    sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  });
  assertEquals(box.names(), ["abc", "empty"]);
  assertEquals(await Deno.readTextFile(`${box.folder}/abc`), "abc");
});

Deno.test("write() replaces a file, and readers of the old one go on", async () => {
  await using box = await openDiskBox();
  await box.store.write("a", streamOf("old"), never);
  const before = await box.store.read("a");
  await box.store.write("a", streamOf("new"), never);
  assertEquals(await textOf(before), "old");
  assertEquals(await textOf(await box.store.read("a")), "new");
});

Deno.test("a file is not shown before its last byte is written", async () => {
  await using box = await openDiskBox();
  const { readable, writable } = new TransformStream<Bytes, Bytes>();
  const writing = box.store.write("slow", readable, never);
  const writer = writable.getWriter();
  await writer.write(encoder.encode("half"));
  await writer.write(encoder.encode(" of it"));
  assertEquals(await box.store.read("slow"), null);
  assertEquals(await Array.fromAsync(box.store.list()), [{ name: "slow", isWhole: false }]);
  await writer.close();
  await writing;
  assertEquals(await Array.fromAsync(box.store.list()), [{ name: "slow", isWhole: true }]);
});

Deno.test("a stream that fails leaves nothing, and an older file as it was", async () => {
  await using box = await openDiskBox();
  const reason = new RangeError("the source broke");
  const thrown = await assertRejects(() => box.store.write("a", failingStream(reason), never));
  assertStrictEquals(thrown, reason);
  assertEquals(box.names(), []);
  await box.store.write("a", streamOf("old"), never);
  await assertRejects(() => box.store.write("a", failingStream(reason), never), RangeError);
  assertEquals(box.names(), ["a"]);
  assertEquals(await textOf(await box.store.read("a")), "old");
});

Deno.test("a stream's own fault is not told as one of the store", async () => {
  await using box = await openDiskBox();
  const reason = Object.assign(new Error("the database hung up"), { code: "ECONNRESET" });
  const thrown = await assertRejects(() => box.store.write("a", failingStream(reason), never));
  assertStrictEquals(thrown, reason);
  assertEquals(box.names(), []);
});

Deno.test("an aborted signal leaves nothing, cancels the stream and is the reason", async () => {
  await using box = await openDiskBox();
  for (const chunksBefore of [0, 3]) {
    const aborter = new AbortController();
    const reason = new DOMException("asked to stop", "AbortError");
    let pulled = 0;
    let cancelledWith: unknown = null;
    const endless = new ReadableStream<Bytes>({
      pull(controller) {
        if (pulled++ === chunksBefore) aborter.abort(reason);
        controller.enqueue(encoder.encode("more"));
      },
      cancel: (why) => void (cancelledWith = why ?? "cancelled"),
    });
    const thrown = await assertRejects(() => box.store.write("a", endless, aborter.signal));
    assertStrictEquals(thrown, reason);
    assertNotEquals(cancelledWith, null);
    assertEquals(box.names(), []);
  }
});

Deno.test("a signal aborted at the end of a stream keeps the file from showing", async () => {
  await using box = await openDiskBox();
  const reason = new Error("asked to stop");
  const write = () => box.store.write("a", streamOf(), AbortSignal.abort(reason));
  assertStrictEquals(await assertRejects(write), reason);
  assertEquals(box.names(), []);
});

Deno.test("an aborted signal ends a write whose stream gives nothing more", async () => {
  await using box = await openDiskBox();
  const aborter = new AbortController();
  const { readable, writable } = new TransformStream<Bytes, Bytes>();
  const writer = writable.getWriter();
  const outcome = box.store.write("a", readable, aborter.signal)
    .then(() => "written", (error: unknown) => error);
  await writer.write(encoder.encode("first"));
  const reason = new Error("asked to stop");
  aborter.abort(reason);
  const late = Promise.withResolvers<string>();
  const timer = setTimeout(() => late.resolve("still waiting for the stream"), 1_000);
  const ended = await Promise.race([outcome, late.promise]);
  clearTimeout(timer);
  await writer.close().catch(() => {}); // Lets a write that is stuck end before the test does.
  await outcome;
  assertEquals(ended, reason);
  assertEquals(box.names(), []);
});

Deno.test({
  name: "a disk without room makes write() say STORAGE_FULL and leaves nothing",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using box = await openDiskBox();
    // Every write to /dev/full fails as one to a full disk does.
    await Deno.symlink("/dev/full", `${box.folder}/a.part`);
    const write = () => box.store.write("a", streamOf("1"), never);
    assertEquals((await assertRejects(write, AppError)).code, "STORAGE_FULL");
    assertEquals(box.names(), []);
  },
});
