/**
 * Reads parts of a file that is to be uploaded. A file of any length costs little memory: it is
 * sliced or streamed, never read whole.
 *
 * @module
 */

/** The service looks at so many bytes; one more tells it that the file goes on. */
const SAMPLE_BYTES = 262_144 + 1;
/** How much of the end of a file is looked at. */
const TAIL_BYTES = 16_384;
/** How much of a file is searched for lines. */
const SCAN_MAX_BYTES = 64 * 1_048_576;
/** After so many bytes of a search the page may draw a frame. */
const PIECE_BYTES = 131_072;
/** Characters of a line that are kept. */
const LINE_MAX = 400;

/**
 * The beginning of a file, to be inspected.
 *
 * @param {File} file
 */
export function sampleOf(file) {
  return file.slice(0, SAMPLE_BYTES);
}

/**
 * The lines of a sample as text; null if it is packed in a way that is not unpacked here.
 *
 * @param {File} file
 * @param {string | null} compression
 * @param {string | null} encoding
 * @returns {Promise<string[] | null>}
 */
export async function linesOf(file, compression, encoding) {
  if (compression === "zip") return null;
  const bytes = await bytesOf(sampleOf(file), compression);
  const text = decoderOf(encoding).decode(bytes);
  const lines = text.split(/\r\n|\n|\r/);
  // The last line of a sample may be cut off; that of a whole file is often empty.
  if (file.size >= SAMPLE_BYTES || lines.at(-1) === "") lines.pop();
  return lines.map((line) => line.slice(0, LINE_MAX));
}

/**
 * The header of a table and its last lines, to be inspected: they say where the file ends.
 *
 * @param {File} file
 * @param {{ lines: readonly string[], headerLines: number, count: number, encoding: string | null }} table
 *   The lines of the sample, and how many of the end to take.
 */
export async function tailOf(file, { lines, headerLines, count, encoding }) {
  const start = Math.max(0, file.size - TAIL_BYTES);
  const bytes = new Uint8Array(await file.slice(start).arrayBuffer());
  const last = decoderOf(encoding).decode(bytes).split(/\r\n|\n|\r/);
  // The first one may be cut off, and begin in the middle of a character.
  last.splice(0, start > 0 ? 1 : headerLines);
  const rows = last.filter((line) => line.trim() !== "").slice(-count);
  return new Blob([[...lines.slice(0, headerLines), ...rows].join("\n"), "\n"]);
}

/**
 * Some lines of a file by their numbers, found by streaming it.
 *
 * @param {File} file
 * @param {readonly number[]} numbers The first line is 1.
 * @param {string | null} compression
 * @param {string | null} encoding
 * @returns {Promise<Map<number, string>>}
 */
export async function findLines(file, numbers, compression, encoding) {
  /** @type {Map<number, string>} */
  const found = new Map();
  if (compression === "zip" || numbers.length === 0) return found;
  const wanted = new Set(numbers);
  const last = Math.max(...numbers);
  const decoder = decoderOf(encoding);
  let stream = file.stream();
  if (compression === "gzip") stream = stream.pipeThrough(new DecompressionStream("gzip"));
  const reader = stream.getReader();
  let line = 1, rest = "", read = 0, sinceRest = 0;

  /** @param {string} text */
  function search(text) {
    const all = rest + text;
    let at = 0;
    for (let end = all.indexOf("\n"); end !== -1; end = all.indexOf("\n", at)) {
      if (wanted.has(line)) {
        found.set(line, all.slice(at, end).replace(/\r$/, "").slice(0, LINE_MAX));
      }
      at = end + 1;
      line++;
    }
    rest = all.slice(at, at + 1_000_000);
  }

  try {
    for (;;) {
      const { done, value = new Uint8Array(0) } = await reader.read();
      // A piece may be the whole file, and reading the next one does not let the page draw.
      for (let from = 0; from < value.length; from += PIECE_BYTES) {
        const piece = value.subarray(from, from + PIECE_BYTES);
        search(decoder.decode(piece, { stream: true }));
        sinceRest += piece.length;
        if (sinceRest < PIECE_BYTES) continue;
        sinceRest = 0;
        await letPageDraw();
      }
      read += value.length;
      if (done) search("\n");
      if (done || line > last || read > SCAN_MAX_BYTES) return found;
    }
  } catch {
    return found;
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** Settles in a task of its own, so that the page answers and draws meanwhile. */
function letPageDraw() {
  /** @type {{ scheduler?: { yield?(): Promise<void> } }} */
  const { scheduler } = globalThis;
  // Timers of a page in the background run once a second, yields do not.
  return scheduler?.yield?.() ?? new Promise((resolve) => setTimeout(resolve));
}

/** @param {string | null} encoding */
function decoderOf(encoding) {
  try {
    return new TextDecoder(encoding ?? "utf-8");
  } catch {
    return new TextDecoder();
  }
}

/**
 * @param {Blob} blob
 * @param {string | null} compression
 */
async function bytesOf(blob, compression) {
  if (compression !== "gzip") return new Uint8Array(await blob.arrayBuffer());
  const reader = blob.stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  /** @type {Uint8Array[]} */
  const parts = [];
  let size = 0;
  try {
    while (size < SAMPLE_BYTES) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      size += value.length;
    }
  } catch {
    // A sample of a packed file has no end.
  }
  reader.cancel().catch(() => {});
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
