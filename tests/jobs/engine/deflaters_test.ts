import { inlineDeflater } from "../../../data/encoders/deflate.ts";
import { gzipBytes } from "../../../data/encoders/gzip.ts";
import { createDeflaters } from "../../../jobs/engine/deflaters.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { chunksOf, joined } from "../../support/encoded.ts";

const PLAIN = Uint8Array.from({ length: 3_000_000 }, (_, at) => at * at % 251);

Deno.test("two files compressed by the shared thread at once have the bytes of this thread, which stays free", async () => {
  const expected = await joined(gzipBytes(chunksOf(PLAIN, 65_536), inlineDeflater));
  const deflaters = createDeflaters();
  const files = Array.from({ length: 2 }, async () => {
    using deflater = deflaters.open();
    return await joined(gzipBytes(chunksOf(PLAIN, 65_536), deflater));
  });
  for (const file of await Promise.all(files)) assertEquals(file, expected);
  // The sanitizer of resources sees to it that the thread has stopped. Another file starts it again.
  using deflater = deflaters.open();
  assertEquals(await joined(gzipBytes(chunksOf(PLAIN, 65_536), deflater)), expected);
});

Deno.test("where no thread starts, or it fails on its way, the bytes are the same", async () => {
  const expected = await joined(gzipBytes(chunksOf(PLAIN, 65_536), inlineDeflater));
  let started = 0;
  const none = createDeflaters({
    startWorker() {
      started++;
      throw new Error("no workers here");
    },
  });
  const broken = createDeflaters({
    startWorker() {
      started++;
      return new Worker("data:text/javascript,throw new Error('broken')", { type: "module" });
    },
  });
  for (const deflaters of [none, broken]) {
    using deflater = deflaters.open();
    assertEquals(await joined(gzipBytes(chunksOf(PLAIN, 65_536), deflater)), expected);
  }
  assertEquals(started, 2);
});

Deno.test("a short file starts no thread", async () => {
  let started = 0;
  const deflaters = createDeflaters({
    startWorker() {
      started++;
      throw new Error("no workers here");
    },
  });
  using deflater = deflaters.open();
  const file = await joined(gzipBytes(chunksOf(PLAIN.subarray(0, 1_000_000), 65_536), deflater));
  assert(file.length > 0);
  assertEquals(started, 0);
});

Deno.test("a thread that is kept compresses the next file too, until all of them are disposed of", async () => {
  let started = 0;
  using deflaters = createDeflaters({
    keepMs: 600_000,
    startWorker() {
      started++;
      const url = new URL("../../../jobs/engine/deflate_worker.ts", import.meta.url);
      return new Worker(url, { type: "module" });
    },
  });
  for (let file = 0; file < 2; file++) {
    using deflater = deflaters.open();
    await joined(gzipBytes(chunksOf(PLAIN, 65_536), deflater));
  }
  assertEquals(started, 1);
});

Deno.test("timers fire between blocks that are compressed on this thread", async () => {
  const deflaters = createDeflaters({
    startWorker() {
      throw new Error("no workers here");
    },
  });
  using deflater = deflaters.open();
  let ticks = 0;
  const timer = setInterval(() => ticks++, 0);
  for await (const _ of gzipBytes(chunksOf(PLAIN.subarray(0, 1_000_000), 65_536), deflater));
  clearInterval(timer);
  assert(ticks >= 1);
});
