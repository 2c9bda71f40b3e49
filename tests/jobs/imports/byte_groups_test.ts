import { freeMemory } from "../../../data/encoders/chunk_memory.ts";
import { groupBytes } from "../../../jobs/imports/byte_groups.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { FakeTime } from "../../support/fake_time.ts";

const GROUP = 524_288;

/** Chunks that share their memory, as those of a body may. */
async function* chunksOf(lengths: readonly number[]): AsyncGenerator<Uint8Array> {
  const memory = new Uint8Array(Math.max(0, ...lengths));
  for (const [index, length] of lengths.entries()) {
    memory.fill(index);
    yield await Promise.resolve(memory.subarray(0, length));
  }
}

/** How often each byte follows itself. */
function runs(bytes: Uint8Array | null): [byte: number, count: number][] {
  const found: [number, number][] = [];
  for (const byte of bytes ?? []) {
    const last = found.at(-1);
    if (last?.[0] === byte) last[1]++;
    else found.push([byte, 1]);
  }
  return found;
}

Deno.test("chunks become pieces of at most 512 KiB, whole and in order", async () => {
  const groups = groupBytes(chunksOf([200_000, 200_000, 0, 200_000, 5, GROUP + 9, 1]));
  assertEquals(runs(await groups.next()), [[0, 200_000], [1, 200_000]]);
  assertEquals(runs(await groups.next()), [[3, 200_000], [4, 5]]);
  assertEquals(runs(await groups.next()), [[5, GROUP + 9]]);
  const last = await groups.next();
  assertEquals([runs(last), last?.buffer.byteLength], [[[6, 1]], 1]);
  assertEquals([await groups.next(), await groups.next()], [null, null]);
});

Deno.test("chunks can be freed as soon as they are copied", async () => {
  const chunks = [200_000, 200_000, GROUP + 9].map((length) => new Uint8Array(length).fill(7));
  async function* owned(): AsyncGenerator<Uint8Array> {
    for (const chunk of chunks) yield await Promise.resolve(chunk);
  }
  const groups = groupBytes(owned(), ({ buffer }) => freeMemory(buffer));
  assertEquals(runs(await groups.next()), [[7, 400_000]]);
  assertEquals(chunks.slice(0, 2).map(({ length }) => length), [0, 0]);
  assertEquals(runs(await groups.next()), [[7, GROUP + 9]]);
});

Deno.test("what a client sent before it paused is handed on, and what follows comes next", async () => {
  const sending = Promise.withResolvers<void>();
  async function* paused(): AsyncGenerator<Uint8Array> {
    yield Uint8Array.of(1);
    yield Uint8Array.of(2);
    await sending.promise;
    yield Uint8Array.of(3);
    throw new Error("gone");
  }
  const groups = groupBytes(paused());
  assertEquals(await groups.hasAtLeast(3), false);
  const next = [groups.next(), groups.next()];
  assertEquals([...await next[0] ?? []], [1, 2]);
  sending.resolve();
  assertEquals([...await next[1] ?? []], [3]);
  await assertRejects(() => groups.next(), Error, "gone");
  groups.close();
});

Deno.test("what came before a stream failed is handed on first", async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Uint8Array.of(1);
    yield await Promise.resolve(Uint8Array.of(2));
    throw new Error("gone");
  }
  const groups = groupBytes(broken());
  assertEquals([...await groups.next() ?? []], [1, 2]);
  await assertRejects(() => groups.next(), Error, "gone");
  await assertRejects(() => groups.next(), Error, "gone");
});

Deno.test("a stream has at least some bytes as soon as they arrive, and still has them then", async () => {
  let asked = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunksOf(Array(100).fill(65_536))) {
      asked++;
      yield chunk;
    }
  }
  const groups = groupBytes(counted());
  assertEquals(await groups.hasAtLeast(600_000), true);
  assert(asked <= 17, String(asked));
  let bytes = 0;
  for await (const piece of groups.rest()) bytes += piece.length;
  assertEquals(bytes, 6_553_600);
  const short = groupBytes(chunksOf([9, 9]));
  assertEquals(await short.hasAtLeast(19), false);
  assertEquals(runs(await short.next()), [[0, 9], [1, 9]]);
});

Deno.test("what came before a stream failed is handed on first, also if it was looked ahead", async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(Uint8Array.of(1, 2));
    throw new Error("gone");
  }
  const groups = groupBytes(broken());
  assertEquals(await groups.hasAtLeast(3), false);
  assertEquals([...await groups.next() ?? []], [1, 2]);
  await assertRejects(() => groups.next(), Error, "gone");
});

/** Whether a stream has 512 KiB in time, if its chunks come so often. */
async function hasGroupInTime(chunkBytes: number, everyMs: number): Promise<boolean> {
  using time = new FakeTime();
  async function* steady(): AsyncGenerator<Uint8Array> {
    for (let sent = 0; sent < 2 * GROUP; sent += chunkBytes) {
      await new Promise((resolve) => setTimeout(resolve, everyMs));
      yield new Uint8Array(chunkBytes);
    }
  }
  const groups = groupBytes(steady());
  let has: boolean | null = null;
  const looking = groups.hasAtLeast(GROUP).then((value) => has = value);
  while (has === null) await time.pass(1);
  groups.close();
  // The chunk that is on its way.
  await time.pass(everyMs);
  return await looking;
}

Deno.test("a client that sends steadily does not pause, however long a piece takes", async () => {
  assertEquals(await hasGroupInTime(65_536, 10), true);
  assertEquals(await hasGroupInTime(65_536, 49), true);
  assertEquals(await hasGroupInTime(65_536, 51), false);
});

Deno.test("a client that sends a little at a time is not waited for", async () => {
  assertEquals(await hasGroupInTime(4_096, 20), false);
});

Deno.test("closing ends the stream, but waits for no client", async () => {
  let isClosed = false;
  const sending = Promise.withResolvers<void>();
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      yield Uint8Array.of(1);
      await sending.promise;
      yield Uint8Array.of(2);
    } finally {
      isClosed = true;
    }
  }
  const groups = groupBytes(endless());
  await groups.next();
  groups.close();
  assertEquals(isClosed, false);
  sending.resolve();
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(isClosed, true);
});
