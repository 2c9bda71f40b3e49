import { readPeakMb } from "../bench/peak_memory.ts";
import { assertEquals, assertLess } from "../support/assert.ts";
import { greenButton, type MeterFile, nem12 } from "../support/meter_files.ts";
import { type ServiceProcess, startProcess } from "../support/process.ts";
import { openRequest } from "../support/raw_request.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { isThorough } from "../support/thorough.ts";
import { watchUpload } from "../support/upload_watch.ts";

/**
 * How much more memory a file of four times the length may take, MB. From 28 to 114 MB of Green Button
 * took 42 more, and the same file again none. All in memory, the longer file would take 86 more as
 * bytes, and as much again as text; 2.6 million more readings of NEM12 would take 110.
 */
const GROWTH_MB = 75;
const CHUNK_CHARS = 65_536;
/** How far the client may be ahead: Deno 2.9 keeps in memory what it has read and we have not. */
const AHEAD_BYTES = 8_000_000;

/** The pieces of a file in chunks, one after the other as the service reads them. */
function* chunksOf({ pieces }: MeterFile): Generator<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  let text = "";
  for (const piece of pieces()) {
    text += piece;
    if (text.length < CHUNK_CHARS) continue;
    yield encoder.encode(text);
    text = "";
  }
  yield encoder.encode(text);
}

/** Sends a file no faster than the service reads it. `meter` is its first meter. */
async function importFile(
  { url }: ServiceProcess,
  file: MeterFile,
  { contentType, meter }: { contentType: string; meter: string },
): Promise<void> {
  let length = 0, sent = 0;
  for (const chunk of chunksOf(file)) length += chunk.length;
  using request = await openRequest(`${url}/api/readings`, {
    "content-type": contentType,
    "content-length": String(length),
  });
  const watch = watchUpload(`${url}/api/meters/${meter}`);
  for (const chunk of chunksOf(file)) {
    await request.send(chunk);
    sent += chunk.length;
    if (sent > AHEAD_BYTES) await watch.until((seen) => seen.bytes_received > sent - AHEAD_BYTES);
  }
  const { status, body: { inserted, unchanged, rejected, repeated } } = await request.answer();
  await watch.stop();
  assertEquals([status, inserted + unchanged, rejected, repeated], [200, file.readings, 0, 0]);
}

for (
  const { name, fileOf, ...about } of [
    {
      name: "Green Button",
      contentType: "application/xml",
      meter: "01",
      fileOf: (size: number) => greenButton(size * 2_000),
    },
    {
      name: "NEM12",
      contentType: "text/csv",
      meter: "NMI0000000_E1",
      fileOf: (size: number) => nem12(20 * size, 900),
    },
  ]
) {
  Deno.test({
    name: `a ${name} file of four times the length takes hardly more memory`,
    ignore: !isThorough,
    async fn() {
      await using folder = await makeTempFolder();
      await using service = await startProcess(folder.path, {});
      // Twice, so that the first does not measure how the runtime warms up.
      for (let run = 0; run < 2; run++) await importFile(service, fileOf(1), about);
      const shortMb = await readPeakMb(service.pid);
      await importFile(service, fileOf(4), about);
      const longMb = await readPeakMb(service.pid);
      if (shortMb !== null && longMb !== null) assertLess(longMb - shortMb, GROWTH_MB);
    },
  });
}
