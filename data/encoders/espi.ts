/**
 * ESPI 4.0, the XML of Green Button: a feed with the clock of the zone, and for each source a meter
 * reading for each metric, whose values come in blocks of a day.
 *
 * Values are integers with a power of ten for all of a metric, so decimals are exact. Missing values are
 * left out, and so are fractions of a second, which ESPI does not have.
 *
 * A file has ten times as many characters as CSV, so they are written as bytes at once.
 *
 * @module
 */

import { asciiTextIn, ensureRoom, writeAscii } from "../text/ascii_text.ts";
import { type ChunkMemory, createChunkMemory } from "./chunk_memory.ts";
import { blockEnd, blockStart, FEED_END, feedStart } from "./espi_feed.ts";
import { createEspiReadings, type EspiReadings } from "./espi_readings.ts";
import { espiDecimals } from "./espi_types.ts";
import type { FileEncoder, FileHead } from "./encoder.ts";
import { createDurations, isSameLength } from "./row_duration.ts";
import type { Page } from "../readings/page.ts";
import { createRowClock } from "./row_clock.ts";
import { readTimeForm } from "./time_form.ts";

/** Enough for a day of minutes. */
const FIRST_CHARS = 1_048_576;
/** Most readings of a block: a day of them every 8 seconds. */
const BLOCK_READINGS = 10_800;

/** The readings of a metric of a source. */
interface Series {
  readonly readings: EspiReadings;
  /** The times of its block, epoch milliseconds. */
  firstMs: number;
  lastMs: number;
  /** How many blocks it has. */
  blocks: number;
}

/** An encoder of ESPI. */
export function createEspiEncoder(
  head: FileHead,
  memory: ChunkMemory = createChunkMemory(),
): FileEncoder<Uint8Array<ArrayBuffer>> {
  const clock = createRowClock({ zone: head.zone, hasUtc: false, form: readTimeForm("iso") });
  const file = createByteParts(memory);
  let source = -1, dayMs = NaN;
  let blocks: SourceBlocks | null = null;

  return {
    start() {
      file.addText(feedStart(head));
      return file.take();
    },
    rows(rows) {
      if (rows.source !== source || blocks === null) {
        blocks?.end();
        source = rows.source;
        dayMs = NaN;
        blocks = createSourceBlocks(head, head.sources[source], file);
      }
      for (const page of clock.cut(rows.page)) {
        const { wallDayMs } = clock.days(page).day;
        if (wallDayMs !== dayMs) blocks.end();
        dayMs = wallDayMs;
        blocks.add(page);
      }
      return file.take();
    },
    end() {
      blocks?.end();
      file.addText(FEED_END);
      return file.take();
    },
  };
}

/** The blocks of all metrics of a source. */
interface SourceBlocks {
  /** Adds rows of a day, and writes the blocks that are full. */
  add(page: Page): void;
  /** Writes the blocks that have readings. The next rows begin others. */
  end(): void;
}

function createSourceBlocks(head: FileHead, source: string, file: ByteParts): SourceBlocks {
  const durationMs = createDurations(head);
  const durationAt = (timeMs: number) => Math.round(durationMs(timeMs) / 1000);
  const durationS = isSameLength(head) ? durationAt(0) : durationAt;
  const series = head.columns.map((column): Series => ({
    readings: createEspiReadings(espiDecimals(column)),
    firstMs: NaN,
    lastMs: NaN,
    blocks: 0,
  }));

  function writeBlock(one: Series, index: number): void {
    if (one.readings.count() === 0) return;
    const fromS = Math.floor(one.firstMs / 1000);
    const toS = Math.floor(one.lastMs / 1000) + durationAt(one.lastMs);
    file.addText(blockStart(head, { source, index, number: ++one.blocks, fromS, toS }));
    file.addBytes(one.readings.take());
    file.addText(blockEnd(toS * 1000));
  }

  function addRows(page: Page, one: Series, index: number): void {
    const { timesMs, columns } = page;
    for (let row = 0; row < timesMs.length;) {
      const end = Math.min(timesMs.length, row + BLOCK_READINGS - one.readings.count());
      if (one.readings.count() === 0) one.firstMs = firstPresent(page, { index, start: row, end });
      const last = lastPresent(page, { index, start: row, end });
      if (last === last) one.lastMs = last;
      one.readings.add({ timesMs, column: columns[index], start: row, end, durationS });
      if (one.readings.count() === BLOCK_READINGS) writeBlock(one, index);
      row = end;
    }
  }

  return {
    add: (page) => series.forEach((one, index) => addRows(page, one, index)),
    end: () => series.forEach(writeBlock),
  };
}

/** Bytes that are collected, text as UTF-8. */
interface ByteParts {
  addText(text: string): void;
  addBytes(bytes: Uint8Array): void;
  /** The bytes so far; begins anew. */
  take(): Uint8Array<ArrayBuffer>;
}

function createByteParts(memory: ChunkMemory): ByteParts {
  let text = asciiTextIn(memory.take(FIRST_CHARS));
  let at = 0;
  return {
    addText(added) {
      // A character of UTF-16 takes up to 3 bytes.
      ensureRoom(text, at, 3 * added.length);
      at = writeAscii(text, at, added);
    },
    addBytes(bytes) {
      ensureRoom(text, at, bytes.length);
      text.bytes.set(bytes, at);
      at += bytes.length;
    },
    take() {
      if (at === 0) return new Uint8Array(0);
      // The memory belongs to the caller now. Pieces of few lengths leave no gaps in memory.
      const bytes = text.bytes.subarray(0, at);
      text = asciiTextIn(memory.take(Math.ceil(at / FIRST_CHARS) * FIRST_CHARS));
      at = 0;
      return bytes;
    },
  };
}

interface Rows {
  readonly index: number;
  readonly start: number;
  readonly end: number;
}

/** The time of the first value that is present, or NaN. */
function firstPresent({ timesMs, columns }: Page, { index, start, end }: Rows): number {
  const { values } = columns[index];
  for (let row = start; row < end; row++) if (values[row] === values[row]) return timesMs[row];
  return NaN;
}

/** The time of the last value that is present, or NaN. */
function lastPresent({ timesMs, columns }: Page, { index, start, end }: Rows): number {
  const { values } = columns[index];
  for (let row = end - 1; row >= start; row--) if (values[row] === values[row]) return timesMs[row];
  return NaN;
}
