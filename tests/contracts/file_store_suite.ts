/**
 * The behaviour of every file store, wherever its files are.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { type FileWriter, type KeptFile, KeptFileLost } from "../../data/files/file_store.ts";
import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStrictEquals,
} from "../support/assert.ts";
import {
  type Bytes,
  type FileStoreBox,
  never,
  streamOf,
  textOf,
} from "../support/file_store_box.ts";
import { until } from "../support/until.ts";

const encoder = new TextEncoder();

/** Bytes that differ from one part to the next. */
function bytesOf(length: number): Bytes {
  return Uint8Array.from({ length }, (_, at) => (at * 7 + (at >> 13)) % 251);
}

function joined(parts: readonly Bytes[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

async function openWriter(
  { store }: FileStoreBox,
  name: string,
  kept?: KeptFile,
): Promise<FileWriter> {
  const writer = await store.openWriter(name, { signal: never, kept });
  assert(writer !== null, "what was kept is not there");
  return writer;
}

/** Defines all tests, on stores that `openBox` opens, each in an empty place. */
export function testFileStore(
  place: string,
  openBox: () => Promise<FileStoreBox>,
  { ignore = false }: { ignore?: boolean } = {},
): void {
  const test = (name: string, fn: (box: FileStoreBox) => Promise<void>) =>
    Deno.test({
      name: `${name} (${place})`,
      ignore,
      async fn() {
        await using box = await openBox();
        await fn(box);
      },
    });

  test("write() returns the size and SHA-256 of the examples of FIPS 180-4", async (box) => {
    assertEquals(await box.store.write("empty", streamOf(), never), {
      sizeBytes: 0,
      sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    });
    assertEquals(await box.store.write("abc", streamOf("a", "", "bc"), never), {
      sizeBytes: 3,
      sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    });
    assertEquals(await box.names(), ["abc", "empty"]);
    assertEquals(await textOf(await box.store.read("abc")), "abc");
  });

  test("write() replaces a file, and readers of the old one continue", async (box) => {
    await box.store.write("a", streamOf("old"), never);
    const before = await box.store.read("a");
    await box.store.write("a", streamOf("new"), never);
    assertEquals(await textOf(before), "old");
    assertEquals(await textOf(await box.store.read("a")), "new");
  });

  test("a file is not shown before its last byte is written", async (box) => {
    const { readable, writable } = new TransformStream<Bytes, Bytes>();
    const writing = box.store.write("slow", readable, never);
    const writer = writable.getWriter();
    await writer.write(encoder.encode("half"));
    await writer.write(new Uint8Array(box.shownBytes));
    // If this write is accepted, the one before was consumed.
    await writer.write(encoder.encode(" of it"));
    await until(async () => (await box.names()).length > 0);
    assertEquals(await box.store.read("slow"), null);
    assertEquals(await Array.fromAsync(box.store.list()), [{ name: "slow", isWhole: false }]);
    await writer.close();
    await writing;
    assertEquals(await Array.fromAsync(box.store.list()), [{ name: "slow", isWhole: true }]);
  });

  test("a failed stream leaves nothing, and an older file unchanged", async (box) => {
    const reason = new RangeError("the source broke");
    const thrown = await assertRejects(() =>
      box.store.write("a", failingStream(reason, box), never)
    );
    assertStrictEquals(thrown, reason);
    assertEquals(await box.names(), []);
    await box.store.write("a", streamOf("old"), never);
    await assertRejects(() => box.store.write("a", failingStream(reason, box), never), RangeError);
    assertEquals(await box.names(), ["a"]);
    assertEquals(await textOf(await box.store.read("a")), "old");
  });

  test("an error of the stream is not reported as one of the store", async (box) => {
    const reason = Object.assign(new Error("the database hung up"), { code: "ECONNRESET" });
    const thrown = await assertRejects(() =>
      box.store.write("a", failingStream(reason, box), never)
    );
    assertStrictEquals(thrown, reason);
    assertEquals(await box.names(), []);
  });

  test("an aborted signal leaves nothing, cancels the stream, and its reason is thrown", async (box) => {
    for (const chunksBefore of [0, 3]) {
      const aborter = new AbortController();
      const reason = new DOMException("asked to stop", "AbortError");
      let pulled = 0;
      let cancelledWith: unknown = null;
      const endless = new ReadableStream<Bytes>({
        pull(controller) {
          if (pulled++ === chunksBefore) aborter.abort(reason);
          controller.enqueue(new Uint8Array(box.shownBytes));
        },
        cancel: (why) => void (cancelledWith = why ?? "cancelled"),
      });
      const thrown = await assertRejects(() => box.store.write("a", endless, aborter.signal));
      assertStrictEquals(thrown, reason);
      assertNotEquals(cancelledWith, null);
      assertEquals(await box.names(), []);
    }
  });

  test("a signal aborted at the end of a stream prevents the file", async (box) => {
    const reason = new Error("asked to stop");
    const write = () => box.store.write("a", streamOf(), AbortSignal.abort(reason));
    assertStrictEquals(await assertRejects(write), reason);
    assertEquals(await box.names(), []);
  });

  test("an aborted signal ends a write whose stream has stalled", async (box) => {
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
    await writer.close().catch(() => {}); // Lets a stuck write end before the test does.
    await outcome;
    assertEquals(ended, reason);
    assertEquals(await box.names(), []);
  });

  test("a file of many chunks is read back whole and in parts", async (box) => {
    // Larger than two parts, and not a multiple of their length.
    const size = Math.max(700_000, Math.ceil(box.shownBytes * 2.3));
    const bytes = Uint8Array.from({ length: size }, (_, at) => at * 7 % 251);
    const cuts = Array.from({ length: 8 }, (_, i) => Math.round(size * i / 7));
    const chunks = cuts.slice(1).map((cut, i) => bytes.slice(cuts[i], cut));
    const written = await box.store.write("big", ReadableStream.from(chunks), never);
    assertEquals(written, { sizeBytes: size, sha256: sha256(bytes) });
    const read = async (range?: { start: number; end: number }) =>
      sha256(await new Response(await box.store.read("big", range)).bytes());
    assertEquals(await read(), sha256(bytes));
    const ranges = [[0, 1], [0, size], [size - 1, size], [99_999, 650_001], [5, 5]];
    for (const [start, end] of ranges) {
      assertEquals(await read({ start, end }), sha256(bytes.slice(start, end)), `${start}-${end}`);
    }
  });

  test("files of one part, a byte less and a byte more are read back", async (box) => {
    for (const more of [-1, 0, 1]) {
      const bytes = new Uint8Array(box.shownBytes + more).fill(7);
      await box.store.write("edge", ReadableStream.from([bytes]), never);
      const read = await new Response(await box.store.read("edge")).bytes();
      assertEquals(sha256(read), sha256(bytes), `${bytes.length} bytes`);
    }
  });

  test("a writer shows its file at the end, and leaves nothing when it is given up", async (box) => {
    const writer = await openWriter(box, "a");
    await writer.write(encoder.encode("ab"));
    await writer.write(encoder.encode("c"));
    assertEquals(await box.store.read("a"), null);
    // FIPS 180-4
    const sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assertEquals(await writer.finish(), { sizeBytes: 3, sha256 });
    await writer.close();
    assertEquals(await textOf(await box.store.read("a")), "abc");
    const other = await openWriter(box, "b");
    await other.write(new Uint8Array(box.shownBytes));
    await other.close();
    assertEquals(await box.names(), ["a"]);
  });

  test("a file goes on after what was kept, whatever was written after it", async (box) => {
    const parts = [1, box.shownBytes + 70_000, 3, 100_000].map(bytesOf);
    let kept: KeptFile | undefined;
    for (const [run, part] of parts.entries()) {
      const writer = await openWriter(box, `job.${run}`, kept);
      // Chunks of any length.
      await writer.write(part.subarray(0, 1));
      await writer.write(part.subarray(1));
      const keeping = writer.keep();
      await writer.write(encoder.encode("lost"));
      kept = await keeping ?? undefined;
      await writer.close();
      if (kept === undefined) return;
    }
    const whole = joined(parts);
    assertEquals(kept?.sizeBytes, whole.length);
    assertEquals(kept?.sha256, createHash("sha256").update(whole).digest("hex"));
    const last = await openWriter(box, "job.9", JSON.parse(JSON.stringify(kept)));
    await last.write(encoder.encode("end"));
    const written = await last.finish();
    const expected = joined([whole, encoder.encode("end")]);
    assertEquals(written.sizeBytes, expected.length);
    assertEquals(written.sha256, createHash("sha256").update(expected).digest("hex"));
    const stored = await new Response(await box.store.read(last.name)).bytes();
    assertEquals(createHash("sha256").update(stored).digest("hex"), written.sha256);
  });

  test("a run that comes back after another one went on with its file changes nothing", async (box) => {
    const first = await openWriter(box, "job.1");
    await first.write(bytesOf(200_000));
    const kept = await first.keep();
    if (kept === null) return await first.close();
    const second = await openWriter(box, "job.2", kept);
    await second.write(encoder.encode("right"));
    // It may fail or not, as the store sees fit.
    await first.write(encoder.encode("wrong")).then(() => first.keep()).catch(() => {});
    await second.write(encoder.encode("!"));
    const { sizeBytes, sha256 } = await second.finish();
    await first.write(encoder.encode("wrong")).catch(() => {});
    await first.close();
    const expected = joined([bytesOf(200_000), encoder.encode("right!")]);
    assertEquals(sizeBytes, expected.length);
    assertEquals(sha256, createHash("sha256").update(expected).digest("hex"));
    const stored = await new Response(await box.store.read(second.name)).bytes();
    assertEquals(createHash("sha256").update(stored).digest("hex"), sha256);
  });

  test("a file that gets shorter than the run before had made it is right, or must begin anew", async (box) => {
    const first = await openWriter(box, "job.1");
    await first.write(bytesOf(box.shownBytes + 10));
    const kept = await first.keep();
    await first.write(bytesOf(3 * box.shownBytes));
    // Now that is stored, too.
    await first.keep();
    await first.close();
    if (kept === null) return;
    const second = await openWriter(box, "job.2", kept);
    await second.write(encoder.encode("end"));
    const expected = joined([bytesOf(box.shownBytes + 10), encoder.encode("end")]);
    try {
      assertEquals((await second.finish()).sizeBytes, expected.length);
    } catch (error) {
      assert(error instanceof KeptFileLost, String(error));
      assertEquals(await box.store.read(second.name), null);
      await second.close();
      assertEquals(await box.store.openWriter("job.3", { signal: never, kept }), null);
      return;
    }
    const stored = await new Response(await box.store.read(second.name)).bytes();
    assertEquals(sha256(stored), sha256(expected));
  });

  test("what was kept is refused if it is gone or differs", async (box) => {
    const writer = await openWriter(box, "job.1");
    await writer.write(bytesOf(200_000));
    const kept = await writer.keep();
    await writer.close();
    if (kept === null) return;
    const other = { ...kept, sha256: "0".repeat(64) };
    assertEquals(await box.store.openWriter("job.2", { signal: never, kept: other }), null);
    for await (const { name } of box.store.list()) await box.store.discard(name);
    assertEquals(await box.store.openWriter("job.3", { signal: never, kept }), null);
    assertEquals(await box.names(), []);
  });

  test("list() returns every file, and marks what interrupted writes left as not whole", async (box) => {
    const names = Array.from({ length: 8 }, (_, i) => `file-${i}.csv`);
    for (const name of names) await box.store.write(name, streamOf(name), never);
    const longName = "n".repeat(200);
    const left = [...names.slice(0, 4), longName];
    for (const name of left) await box.leave(name);
    const listed = await Array.fromAsync(box.store.list());
    const namesOf = (isWhole: boolean) =>
      listed.filter((file) => file.isWhole === isWhole).map(({ name }) => name).sort();
    assertEquals(namesOf(true), names);
    assertEquals(namesOf(false), left);
  });

  test("a range past the end of the file fails instead of being short", async (box) => {
    await box.store.write("abc", streamOf("abc"), never);
    const stream = await box.store.read("abc", { start: 1, end: 9 });
    await assertRejects(() => textOf(stream), Error, "past the end of the file: 3");
  });

  test("read() of a missing file returns null", async (box) => {
    assertEquals(await box.store.read("none"), null);
    assertEquals(await box.store.read("none", { start: 0, end: 1 }), null);
    assertEquals(await box.store.read("none", { start: 5, end: 9 }), null);
  });

  test("cancelling a read closes the file", async (box) => {
    await box.store.write("big", streamOf("x".repeat(1_000_000)), never);
    for (const range of [undefined, { start: 10, end: 900_000 }]) {
      const unread = await box.store.read("big", range);
      await unread?.cancel();
      const reader = (await box.store.read("big", range))?.getReader();
      assertEquals((await reader?.read())?.done, false);
      await reader?.cancel();
    }
  });

  test("remove() deletes a file and discard() an interrupted write, and both accept a missing one", async (box) => {
    await box.store.write("a", streamOf("1"), never);
    await box.leave("a");
    for (let round = 0; round < 2; round++) {
      await box.store.discard("a");
      assertEquals(await box.names(), ["a"]);
    }
    await box.leave("a");
    for (let round = 0; round < 2; round++) {
      await box.store.remove("a");
      assertEquals(await box.names(), ["a.part"]);
    }
  });

  test("every call rejects names that are not plain", async (box) => {
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
    assertEquals(await box.names(), []);
    await store.write("n".repeat(200), streamOf("x"), never);
    await store.write("A-1_b.csv", streamOf("x"), never);
    assertEquals((await box.names()).length, 2);
  });

  test("probe() succeeds on a store that works", async (box) => {
    await box.store.probe();
    assertEquals(await box.names(), []);
  });
}

/** A stream that fails after the store has started to list it as unfinished. */
function failingStream(error: unknown, { shownBytes }: FileStoreBox): ReadableStream<Bytes> {
  let pulled = 0;
  return new ReadableStream({
    pull(controller) {
      if (pulled++ < 3) controller.enqueue(new Uint8Array(shownBytes));
      else controller.error(error);
    },
  });
}

function sha256(bytes: Bytes): string {
  return createHash("sha256").update(bytes).digest("hex");
}
