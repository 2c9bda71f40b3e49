import { inlineDeflater } from "../../../data/encoders/deflate.ts";
import { zipBytes, type ZipEntry } from "../../../data/encoders/zip.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { chunksOf, joined } from "../../support/encoded.ts";
import { unzip } from "../../support/unzip.ts";

async function* entriesOf(
  files: Readonly<Record<string, Uint8Array<ArrayBuffer>>>,
  isLarge = false,
): AsyncGenerator<ZipEntry> {
  for (const [name, bytes] of Object.entries(files)) {
    yield { name, bytes: chunksOf(bytes, 50_000), isLarge };
  }
  await Promise.resolve();
}

const FILES = {
  "smart_meter_1.csv": new TextEncoder().encode("timestamp,power_kw\n".repeat(30_000)),
  "Zähler/leer.csv": new Uint8Array(0),
  "c.csv": new TextEncoder().encode("c"),
};

Deno.test("a reader of archives gets each file back, whatever its length and name", async () => {
  for (const isLarge of [false, true]) {
    const archive = await joined(zipBytes(entriesOf(FILES, isLarge), inlineDeflater));
    assertEquals(unzip(archive), FILES);
    assert(archive.length < 6_000, String(archive.length));
  }
});

Deno.test("an archive is the same each time, as all files are of 1980-01-01", async () => {
  const archive = await joined(zipBytes(entriesOf(FILES), inlineDeflater));
  assertEquals(await joined(zipBytes(entriesOf(FILES), inlineDeflater)), archive);
  // APPNOTE 4.3.7: the time at 10 and the date at 12; day 1, month 1, year 0 since 1980 is 0x0021.
  assertEquals([...archive.subarray(10, 14)], [0, 0, 0x21, 0]);
});

Deno.test("an archive without files is only its end", async () => {
  const archive = await joined(zipBytes(entriesOf({}), inlineDeflater));
  assertEquals(archive, Uint8Array.from([0x50, 0x4b, 5, 6, ...new Array(18).fill(0)]));
});
