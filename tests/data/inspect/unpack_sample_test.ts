import { gzipSync, zipSync } from "fflate";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import type { FileSample } from "../../../data/inspect/inspection.ts";
import { unpackSample } from "../../../data/inspect/unpack_sample.ts";

const LINES = Array.from({ length: 5_000 }, (_, index) => `2024-05-01,${index * 7919 % 1_000}\n`);
const TEXT = new TextEncoder().encode(LINES.join(""));
const MAX = 32_768;

function unpacked(bytes: Uint8Array, isWhole = true, max = MAX): FileSample {
  const sample = unpackSample({ bytes, isWhole }, max);
  assert(!("fault" in sample), JSON.stringify(sample));
  return sample;
}

Deno.test("a plain file is cut to what is looked at", () => {
  assertEquals(unpacked(TEXT), { bytes: TEXT.subarray(0, MAX), isWhole: false, compression: null });
  const short = TEXT.subarray(0, 100);
  assertEquals(unpacked(short), { bytes: short, isWhole: true, compression: null });
});

Deno.test("gzip and ZIP are unpacked as far as is looked at", () => {
  const packed = { gzip: gzipSync(TEXT), zip: zipSync({ "a.csv": TEXT }) };
  for (const [compression, bytes] of Object.entries(packed)) {
    const sample = unpacked(bytes);
    assertEquals([sample.compression, sample.isWhole], [compression, false]);
    assertEquals(sample.bytes, TEXT.subarray(0, MAX));
    const whole = unpacked(bytes, true, 1_000_000);
    assertEquals([whole.bytes.length, whole.isWhole], [TEXT.length, true]);
  }
});

Deno.test("the beginning of a packed file is enough", () => {
  for (const bytes of [gzipSync(TEXT), zipSync({ "a.csv": TEXT })]) {
    const sample = unpacked(bytes.subarray(0, bytes.length >> 1), false, 1_000_000);
    assert(sample.bytes.length > 1_000 && !sample.isWhole);
    assertEquals(sample.bytes, TEXT.subarray(0, sample.bytes.length));
  }
});

Deno.test("in a ZIP archive the first file counts, not a folder or a note of macOS", () => {
  const archive = zipSync({
    "data/": new Uint8Array(0),
    "__MACOSX/data/._a.csv": new Uint8Array([0, 5, 22, 7]),
    "data/a.csv": new TextEncoder().encode("a,b\n1,2\n"),
    "data/b.csv": new TextEncoder().encode("c,d\n3,4\n"),
  });
  assertEquals(new TextDecoder().decode(unpacked(archive).bytes), "a,b\n1,2\n");
});

Deno.test("bombs are unpacked no further than what is looked at", () => {
  // 8 MB of zeros are 8 KB.
  const zeros = new Uint8Array(8_000_000);
  for (const bytes of [gzipSync(zeros), zipSync({ a: zeros })]) {
    const sample = unpacked(bytes);
    assertEquals([sample.bytes.length, sample.isWhole], [MAX, false]);
  }
});

Deno.test("a damaged file is said to be damaged, one that is cut off before its content too", () => {
  const gzip = gzipSync(TEXT);
  const damaged = gzip.slice();
  damaged.fill(255, 10, 60);
  const cases: [Uint8Array, RegExp][] = [
    [damaged, /gzip file is damaged/],
    [gzip.subarray(0, 12), /gzip file is empty, cut off/],
    [Uint8Array.from([0x50, 0x4b, 3, 4, 0, 0]), /ZIP archive is empty, cut off/],
  ];
  for (const [bytes, message] of cases) {
    const sample = unpackSample({ bytes, isWhole: true }, MAX);
    assertMatch("fault" in sample ? sample.fault : "none", message);
  }
});
