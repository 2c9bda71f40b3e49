import { Buffer } from "node:buffer";
import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { AppError } from "../../../data/app_error.ts";
import { uploadBytes } from "../../../routes/http/upload_body.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { chunksOf } from "../../data/imports/upload.ts";

const NO_GZIP = "The body is not valid gzip";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A file of one gzip member, as gzip(1) writes it. */
function gzip(text: string): Uint8Array {
  return new Uint8Array(gzipSync(text));
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function streamOf(chunks: Iterable<Uint8Array>): ReadableStream<Uint8Array> {
  return ReadableStream.from(chunks);
}

function requestOf(body: ReadableStream<Uint8Array> | null): Request {
  return new Request("http://x/", { method: "POST", body: body as BodyInit | null });
}

function* brokenOff(): Generator<Uint8Array> {
  yield gzip("a").subarray(0, 9);
  throw new Error("connection reset");
}

/** The text of a body, and how many bytes arrived. */
async function readBody(
  chunks: Iterable<Uint8Array>,
  isGzip = true,
): Promise<{ text: string; bytesIn: number }> {
  const parts: Uint8Array[] = [];
  let bytesIn = 0;
  const bytes = uploadBytes(requestOf(streamOf(chunks)), isGzip, (count) => bytesIn += count);
  // Copied: a chunk is valid only until the next one is read.
  for await (const part of bytes) parts.push(part.slice());
  return { text: decoder.decode(joined(...parts)), bytesIn };
}

async function refusal(body: Uint8Array, sizes: readonly number[]): Promise<string> {
  const { code, message, details } = await assertRejects(
    () => readBody(chunksOf(body, sizes)),
    AppError,
  );
  assertEquals(code, "MALFORMED_BODY");
  assert(details.startsWith("What was stored stays stored"), details);
  return message;
}

Deno.test("a plain body comes out unchanged, chunk by chunk", async () => {
  const chunks = ["a", "", "bc"].map((text) => encoder.encode(text));
  assertEquals(await readBody(chunks, false), { text: "abc", bytesIn: 3 });
  const none = uploadBytes(requestOf(null), false, () => {});
  assertEquals(await Array.fromAsync(none), []);
});

Deno.test("any members of gzip, in any chunks, come out as their texts in order", async () => {
  const texts = fc.array(fc.string({ maxLength: 300 }), { minLength: 1, maxLength: 4 });
  const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(texts, sizes, async (texts, sizes) => {
      const body = joined(...texts.map(gzip));
      const expected = decoder.decode(encoder.encode(texts.join("")));
      assertEquals(await readBody(chunksOf(body, sizes)), { text: expected, bytesIn: body.length });
    }),
    { numRuns: 100 },
  );
});

Deno.test("gzip of an empty text is an empty text", async () => {
  assertEquals((await readBody([gzip("")])).text, "");
  assertEquals((await readBody([gzip(""), gzip("a"), gzip("")])).text, "a");
});

Deno.test("a member with a name and a comment is read (RFC 1952, 2.3)", async () => {
  // Flags FNAME and FCOMMENT.
  const plain = gzip("hello");
  const head = Uint8Array.of(31, 139, 8, 16 + 8, 0, 0, 0, 0, 0, 255);
  const body = joined(head, encoder.encode("a.csv\0why\0"), plain.subarray(10));
  assertEquals(decoder.decode(gunzipSync(body)), "hello");
  for (const sizes of [[1], [1_000]]) {
    assertEquals((await readBody(chunksOf(body, sizes))).text, "hello");
  }
});

Deno.test("gzip that is cut off anywhere is refused", async () => {
  const body = joined(gzip("timestamp,power_kw\n"), gzip("2024-01-01T00:00:00Z,1\n"));
  const memberEnd = gzip("timestamp,power_kw\n").length;
  for (let length = 0; length < body.length; length++) {
    if (length === memberEnd) continue;
    assertEquals(await refusal(body.subarray(0, length), [1_000]), NO_GZIP, `${length} bytes`);
  }
});

Deno.test("text that is not gzip, damaged gzip, and gzip followed by other bytes are refused", async () => {
  const good = gzip("timestamp,power_kw\n".repeat(100));
  const flipped = (at: number) => good.map((byte, index) => index === at ? byte ^ 1 : byte);
  const bodies = [
    encoder.encode("timestamp,power_kw\n"),
    new Uint8Array(100),
    flipped(0),
    flipped(2),
    // The checksum and the length at its end.
    flipped(good.length - 8),
    flipped(good.length - 1),
    joined(good, encoder.encode("2024-01-01T00:00:00Z,1\n")),
    joined(good, good.subarray(0, 1)),
    joined(good, new Uint8Array(8), good),
    joined(good, new Uint8Array(8)),
  ];
  for (const [index, body] of bodies.entries()) {
    for (const sizes of [[1], [1_000]]) {
      assertEquals(await refusal(body, sizes), NO_GZIP, `body ${index} by ${sizes}`);
    }
  }
});

Deno.test("a body that breaks off says so, with gzip too", async () => {
  for (const isGzip of [false, true]) {
    const { code, message } = await assertRejects(() => readBody(brokenOff(), isGzip), AppError);
    assertEquals([code, message], ["MALFORMED_BODY", "The upload broke off"]);
  }
});

Deno.test("gzip that decompresses to a thousand times its length comes in chunks of at most 64 KiB", async () => {
  const megabytes = 64;
  const bomb = gzipSync(new Uint8Array(megabytes << 20), { level: 9 });
  assert(bomb.length < 100_000);
  let total = 0, longest = 0;
  for await (const { length } of uploadBytes(requestOf(streamOf([bomb])), true, () => {})) {
    total += length;
    longest = Math.max(longest, length);
  }
  assertEquals([total, longest], [megabytes << 20, 65_536]);
});

for (const isGzip of [false, true]) {
  Deno.test(`a reader that stops releases the body, ${isGzip ? "with gzip" : "plain"}`, async () => {
    const { promise: cancelled, resolve } = Promise.withResolvers<void>();
    const chunk = isGzip ? gzip("x".repeat(1_000)) : encoder.encode("x");
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(chunk),
      cancel: () => resolve(),
    });
    for await (const _chunk of uploadBytes(requestOf(body), isGzip, () => {})) break;
    await cancelled;
  });
}
