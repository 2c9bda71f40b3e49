import { inlineDeflater } from "../../../data/encoders/deflate.ts";
import { fileBytes } from "../../../data/encoders/file_bytes.ts";
import { formatNamed } from "../../../data/encoders/formats.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { encodedText, fileHead } from "../../support/encoded.ts";
import type { Page } from "../../../data/readings/page.ts";

const KIB = 1_024, MINUTE_MS = 60_000;

/** Minutes of a meter. */
function readings(first: number, count: number): Page {
  const timesMs = Float64Array.from({ length: count }, (_, row) => (first + row) * MINUTE_MS);
  const columns = [4, 2, 1, 3].map((scale) => ({ scale, values: timesMs.map((ms) => ms % 9_973) }));
  return { timesMs, columns };
}

for (const name of ["ndjson", "json", "csv"] as const) {
  Deno.test(`${name} of long pages leaves in chunks of 160 to 256 KiB, with the rows of all of them`, async () => {
    // A page of 5,000 minutes has some 650 KB as NDJSON, and 240 KB as CSV.
    const pages = [0, 1, 2, 3].map((page) => ({ source: 0, page: readings(page * 5_000, 5_000) }));
    const whole = formatNamed(name);
    if (whole.parts !== "text") throw new Error(`not text: ${name}`);
    const chunks = await Array.fromAsync(fileBytes(whole, {
      head: fileHead(),
      pages: ReadableStream.from(pages),
      end: () => ({ gaps: null }),
      deflater: inlineDeflater,
    }));
    // The length of rows is not known before the first page.
    const lengths = chunks.slice(1, -1).map(({ length }) => length);
    assert(lengths.length > 3);
    for (const length of lengths) {
      assert(length >= 160 * KIB && length <= 256 * KIB, `${length} among ${lengths}`);
    }
    const expected = encodedText(await whole.open(fileHead()), pages);
    assertEquals(new TextDecoder().decode(await new Blob(chunks).bytes()), expected);
  });
}
