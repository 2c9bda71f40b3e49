import { createHash } from "node:crypto";
import { AppError } from "../../../data/app_error.ts";
import type { FileStore, FileWriter, KeptFile } from "../../../data/files/file_store.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { type Bytes, never } from "../../support/file_store_box.ts";
import {
  CHUNK,
  chunkedBytes,
  COMMIT,
  openKvFilesRig,
  storedParts,
  sweepStore,
} from "../../support/kv_files.ts";
import { cutAfter } from "../../support/strict_kv.ts";

const sha256 = (bytes: Bytes) => createHash("sha256").update(bytes).digest("hex");

async function open(store: FileStore, name: string, kept?: KeptFile): Promise<FileWriter> {
  const writer = await store.openWriter(name, { signal: never, kept });
  assert(writer !== null && writer !== undefined);
  return writer;
}

async function keep(writer: FileWriter): Promise<KeptFile> {
  const kept = await writer.keep();
  assert(kept !== null);
  // It is stored with the job.
  return JSON.parse(JSON.stringify(kept));
}

Deno.test("a file that was kept at any length goes on in another process, under another name", async () => {
  for (const keptBytes of [0, 1, CHUNK, CHUNK + 7, COMMIT, COMMIT + CHUNK, 3 * COMMIT + 12_345]) {
    using rig = await openKvFilesRig();
    const bytes = chunkedBytes(keptBytes + 2 * COMMIT + 99);
    const first = await open(rig.store, "job.1");
    await first.write(bytes.slice(0, keptBytes));
    const kept = await keep(first);
    assertEquals(kept.sizeBytes, keptBytes);
    assertEquals(kept.sha256, sha256(bytes.slice(0, keptBytes)));
    // What follows is lost with the process, even if it was stored.
    await first.write(bytes.slice(keptBytes, keptBytes + COMMIT + CHUNK));
    const second = await open(rig.other, "job.2", kept);
    assertEquals(await rig.other.read("job.2"), null);
    await second.write(bytes.slice(keptBytes));
    assertEquals(await second.finish(), { sizeBytes: bytes.length, sha256: sha256(bytes) });
    const read = await new Response(await rig.store.read("job.2")).bytes();
    assertEquals(sha256(read), sha256(bytes), `${keptBytes} bytes kept`);
    const error = await assertRejects(() => first.finish(), AppError);
    assertEquals(error.code, "STORAGE_UNAVAILABLE");
    await first.close();
    const chunk = Math.ceil(bytes.length / CHUNK);
    assertEquals(await storedParts(rig), { bytes: 1, chunk, whole: 1 });
  }
});

Deno.test("bytes may be written while what was written before is kept", async () => {
  using rig = await openKvFilesRig();
  const bytes = chunkedBytes(6 * COMMIT + 5);
  const writer = await open(rig.store, "job.1");
  let keeping: Promise<KeptFile | null> = Promise.resolve(null);
  const step = 300_001;
  for (let at = 0; at < bytes.length; at += step) {
    if (at % 3 === 0) {
      await keeping;
      keeping = writer.keep();
    }
    await writer.write(bytes.slice(at, at + step));
  }
  await keeping;
  assertEquals((await writer.finish()).sha256, sha256(bytes));
  await writer.close();
  const read = await new Response(await rig.store.read("job.1")).bytes();
  assertEquals(sha256(read), sha256(bytes));
});

Deno.test("a run that dies after it took a file over leaves what was kept for the next", async () => {
  using rig = await openKvFilesRig();
  const bytes = chunkedBytes(4 * COMMIT);
  const first = await open(rig.store, "job.1");
  await first.write(bytes.slice(0, 1_000_000));
  const kept = await keep(first);
  const second = await open(rig.store, "job.2", kept);
  await second.write(bytes.slice(1_000_000, 3 * COMMIT));
  assertEquals(await Array.fromAsync(rig.other.list()), [{ name: "job.2", isWhole: false }]);
  const third = await open(rig.other, "job.3", kept);
  await third.write(bytes.slice(1_000_000));
  assertEquals((await third.finish()).sha256, sha256(bytes));
  await second.close();
  assertEquals(await Array.fromAsync(rig.other.list()), [{ name: "job.3", isWhole: true }]);
});

Deno.test("wherever a process is killed, what it kept before is there and goes on", async () => {
  const bytes = chunkedBytes(5 * COMMIT);
  let goesOn = 0;
  for (let commits = 0; commits <= 7; commits++) {
    using rig = await openKvFilesRig();
    rig.plan.fate = cutAfter(commits);
    let kept: KeptFile | undefined;
    const first = await open(rig.store, "job.1");
    try {
      for (let at = 0; at < bytes.length; at += 1_000_000) {
        await first.write(bytes.slice(at, at + 1_000_000));
        kept = await keep(first);
      }
    } catch (error) {
      assert(error instanceof AppError);
    }
    if (kept === undefined) continue;
    goesOn++;
    const second = await open(rig.other, "job.2", kept);
    await second.write(bytes.slice(kept.sizeBytes));
    assertEquals((await second.finish()).sha256, sha256(bytes));
  }
  assert(goesOn >= 5, String(goesOn));
});

Deno.test("what was kept and is gone, or differs, is not continued, and is erased", async () => {
  using rig = await openKvFilesRig();
  const first = await open(rig.store, "job.1");
  await first.write(chunkedBytes(2 * COMMIT));
  const kept = await keep(first);
  const differs = { ...kept, sha256: sha256(new Uint8Array(1)) };
  assertEquals(await rig.other.openWriter("job.2", { signal: never, kept: differs }), null);
  assertEquals(await storedParts(rig), {});
  assertEquals(await rig.other.openWriter("job.2", { signal: never, kept }), null);
});

Deno.test("close() deletes a file unless it is shown or some of it was kept", async () => {
  using rig = await openKvFilesRig();
  const bytes = chunkedBytes(2 * COMMIT);
  const given = await open(rig.store, "a.1");
  await given.write(bytes);
  await given.close();
  assertEquals(await storedParts(rig), {});
  const shown = await open(rig.store, "b.1");
  await shown.write(bytes);
  await shown.finish();
  await shown.close();
  assertEquals(await storedParts(rig), { bytes: 1, chunk: 24, whole: 1 });
  await rig.store.remove("b.1");
  const kept = await open(rig.store, "c.1");
  await kept.write(bytes);
  await kept.keep();
  await kept.close();
  assertEquals(await storedParts(rig), { bytes: 1, chunk: 24, open: 1 });
  await sweepStore(rig.store);
  assertEquals(await storedParts(rig), {});
});

Deno.test("an aborted signal ends every call of a writer with its reason", async () => {
  using rig = await openKvFilesRig();
  const aborter = new AbortController();
  const reason = new DOMException("asked to stop", "AbortError");
  const writer = await rig.store.openWriter("a.1", { signal: aborter.signal });
  assert(writer !== null && writer !== undefined);
  await writer.write(chunkedBytes(10));
  aborter.abort(reason);
  const calls = [() => writer.write(chunkedBytes(1)), () => writer.keep(), () => writer.finish()];
  for (const call of calls) {
    assertEquals(await (call() as Promise<unknown>).catch((error: unknown) => error), reason);
  }
  await writer.close();
  assertEquals(await storedParts(rig), {});
});

Deno.test("going on ends with the reason of the signal between two reads, and what was kept stays", async () => {
  using rig = await openKvFilesRig();
  const bytes = chunkedBytes(100 * CHUNK);
  const first = await open(rig.other, "job.1");
  await first.write(bytes);
  const kept = await keep(first);
  const aborter = new AbortController();
  const reason = new DOMException("asked to stop", "AbortError");
  // The second list is the first of chunks; four would read all of them.
  let lists = 0;
  rig.plan.before = ({ kind, batch }) => {
    if (kind === "batch" && batch === 0 && ++lists === 2) aborter.abort(reason);
  };
  const opening = rig.store.openWriter("job.2", { signal: aborter.signal, kept });
  assertEquals(await Promise.resolve(opening).catch((error: unknown) => error), reason);
  assertEquals(lists, 2);
  const third = await open(rig.other, "job.3", kept);
  assertEquals((await third.finish()).sha256, sha256(bytes));
});
