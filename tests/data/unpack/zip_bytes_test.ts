import { crc32, deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { AppError } from "../../../data/app_error.ts";
import { zipEntryBytes } from "../../../data/unpack/zip_bytes.ts";
import { chunksOf } from "../imports/upload.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../../support/assert.ts";
import { bytesOf, REFUSED_ZIP_FILES, USAGE, ZIP_FILES } from "../../routes/http/zip_files.ts";

async function* streamOf(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}

/** The text of the file in a ZIP file, and how much of it came before an error. */
async function read(
  zip: Uint8Array,
  sizes: readonly number[] = [65_536],
): Promise<{ text: string; error: unknown }> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const part of zipEntryBytes(streamOf(chunksOf(zip, sizes)))) {
      text += decoder.decode(part, { stream: true });
    }
    return { text, error: null };
  } catch (error) {
    return { text, error };
  }
}

async function refusal(zip: Uint8Array): Promise<string> {
  const { error } = await read(zip);
  assert(error instanceof AppError, String(error));
  assertEquals(error.code, "MALFORMED_BODY");
  return error.message;
}

/** A ZIP file of one deflated file whose header says these sizes; the directory is left out. */
function craftedZip(packed: Uint8Array, { crc, fileBytes, method = 8, flags = 0 }: {
  crc: number;
  fileBytes: number;
  method?: number;
  flags?: number;
}): Uint8Array {
  const name = new TextEncoder().encode("x.csv");
  const bytes = new Uint8Array(30 + name.length + packed.length + 22);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x04034b50, true);
  view.setUint16(6, flags, true);
  view.setUint16(8, method, true);
  view.setUint32(14, crc, true);
  view.setUint32(18, packed.length, true);
  view.setUint32(22, fileBytes, true);
  view.setUint16(26, name.length, true);
  bytes.set(name, 30);
  bytes.set(packed, 30 + name.length);
  view.setUint32(bytes.length - 22, 0x06054b50, true);
  return bytes;
}

Deno.test("the one file of a ZIP comes out, in chunks of any lengths", async () => {
  for (const [kind, base64] of Object.entries(ZIP_FILES)) {
    const zip = bytesOf(base64);
    assertEquals(await read(zip), { text: USAGE, error: null }, kind);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 4 }),
        async (sizes) => assertEquals(await read(zip, sizes), { text: USAGE, error: null }, kind),
      ),
      { numRuns: 8 },
    );
  }
});

Deno.test("a ZIP with several files is refused with their names before anything comes out", async () => {
  const { text, error } = await read(bytesOf(REFUSED_ZIP_FILES["two files"]));
  assert(error instanceof AppError);
  assertEquals([text, error.message], [
    "",
    "The ZIP has several files; send each of them alone: a.csv, b.csv",
  ]);
});

Deno.test("a ZIP without a file, with a password or with another method is refused", async () => {
  assertEquals(await refusal(bytesOf(REFUSED_ZIP_FILES["no file"])), "The ZIP has no file");
  assertStringIncludes(
    await refusal(bytesOf(REFUSED_ZIP_FILES.bzip2)),
    "by method 12; deflate is read: usage.csv",
  );
  assertStringIncludes(
    await refusal(bytesOf(REFUSED_ZIP_FILES["stored, sizes after the data"])),
    "whose length it does not say",
  );
  const options = { crc: 0, fileBytes: 1 };
  const packed = new Uint8Array([1, 2, 3]);
  assertEquals(
    await refusal(craftedZip(packed, { ...options, flags: 1 })),
    "The ZIP is encrypted: x.csv",
  );
  assertEquals(
    await refusal(craftedZip(packed, { ...options, method: 99 })),
    "The ZIP is encrypted: x.csv",
  );
  for (const body of ["", "PK", "timestamp,energy_kwh\n2024-01-01T00:00:00Z,1\n"]) {
    assertStringIncludes(
      await refusal(new TextEncoder().encode(body)),
      body.length < 4 ? "was cut" : "is not a ZIP file",
    );
  }
});

Deno.test("a ZIP that is cut or damaged anywhere never passes for a whole one", async () => {
  for (const kind of ["deflated", "stored", "deflated, sizes after the data"]) {
    const zip = bytesOf(ZIP_FILES[kind]);
    const directory = zip.length - 22 - 46 - "usage.csv".length;
    for (let end = 0; end <= directory; end += 5) {
      const { text, error } = await read(zip.subarray(0, end));
      assert(error instanceof AppError, `${kind}, ${end}`);
      assertEquals(
        error.message,
        "The ZIP ends before its directory: it was cut",
        `${kind}, ${end}`,
      );
      assert(USAGE.startsWith(text));
    }
    // From the checksum in the header to the end of the data; the name may be any.
    const dataStart = 30 + "usage.csv".length;
    for (let at = dataStart; at < directory; at += 11) {
      const broken = zip.slice();
      broken[at] ^= 0x10;
      const { error } = await read(broken);
      assert(error instanceof AppError, `${kind}, byte ${at}`);
    }
  }
});

Deno.test("a bomb ends after a few megabytes, and a file never gets longer than it says", async () => {
  const zeros = deflateRawSync(new Uint8Array(64 * 1_048_576));
  let received = 0;
  const bomb = craftedZip(zeros, { crc: 0, fileBytes: 0xffff_fffe });
  const error = await assertRejects(async () => {
    for await (const part of zipEntryBytes(streamOf([bomb]))) received += part.length;
  }, AppError);
  assertEquals(error.message, "The file in the ZIP is more than 250 times as long as its entry");
  assert(received <= 17 * 1_048_576, `${received}`);
  const small = craftedZip(zeros, { crc: 0, fileBytes: 100_000 });
  assertStringIncludes(await refusal(small), "does not have the length and checksum it says");
});

Deno.test("of a ZIP over a megabyte the first file comes out before a second one is refused", async () => {
  const text = "a".repeat(1_300_000);
  const file = new TextEncoder().encode(text);
  const entry = craftedZip(file, { crc: crc32(file), fileBytes: file.length, method: 0 });
  const both = new Uint8Array(2 * entry.length - 22);
  both.set(entry);
  both.set(entry, entry.length - 22);
  assertEquals(await read(entry), { text, error: null });
  const { text: first, error } = await read(both);
  assert(error instanceof AppError);
  assertEquals(first.length, text.length);
  assertEquals(error.message, "The ZIP has several files; send each of them alone: x.csv, x.csv");
});
