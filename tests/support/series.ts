/**
 * Series for tests: large pages, readings as lines, and the invariants of stored blocks.
 *
 * @module
 */

import { BUILT_IN_PROFILES } from "../../data/readings/profiles.ts";
import { decodePage } from "../../data/readings/page_decoder.ts";
import { FLOAT } from "../../data/readings/decimal.ts";
import type { Page, Span } from "../../data/readings/page.ts";
import type { ProfileName } from "../../data/readings/profile.ts";
import type { SeriesRef } from "../../kv/series/ref.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import { assert, assertEquals, assertLess, assertLessOrEqual } from "./assert.ts";
import { pageOf, type Row } from "./pages.ts";

/** Milliseconds in a UTC day. */
export const DAY_MS = 86_400_000;
/** 2024-03-30T00:00:00Z, the day before daylight saving time begins in Europe. */
export const DAY = 1_711_756_800_000;
/** Every time a reading may have. */
export const ALL: Span = { fromMs: 0, toMs: 253_402_300_800_000 };
/** A series of four metrics. */
export const METER: SeriesRef = { profile: "meter", id: "m1" };
/** A series of one metric. */
export const SITE: SeriesRef = { profile: "site", id: "s1" };

/** A page with one reading per row. All four metrics have the value of the text. */
export function meterPage(...rows: readonly (readonly [timeMs: number, text: string])[]): Page {
  return pageOf(rows.map(([timeMs, text]): Row => [timeMs, text, text, text, text]));
}

/** Readings at equal distances. */
export interface Grid {
  readonly fromMs: number;
  readonly stepMs: number;
  readonly count: number;
  /** Number of metrics: 4 for a meter, the default. */
  readonly width?: number;
  /** The mantissa of a row at scale 1; by default the number of the row. */
  readonly value?: (row: number) => number;
}

/** A page of readings at equal distances. */
export function gridPage(
  { fromMs, stepMs, count, width = 4, value = (row) => row }: Grid,
): Page {
  const column = { scale: 1, values: Float64Array.from({ length: count }, (_, row) => value(row)) };
  return {
    timesMs: Float64Array.from({ length: count }, (_, row) => fromMs + row * stepMs),
    columns: Array.from({ length: width }, () => column),
  };
}

/** Values that hardly pack: a block of 1,500 readings with four of them has nearly 50 KB. */
export function wideValue(row: number): number {
  return (row * 7_919 % 1_009) * 8_000_000_011 + row;
}

/** The readings of a page as `time value,value,…`. A missing value is empty. */
export function linesOf({ timesMs, columns }: Page): string[] {
  const texts = columns.map(({ scale, values }) =>
    Array.from(values, (value) => {
      if (Number.isNaN(value)) return "";
      // Exact, because IEEE 754 rounds the quotient of two exact numbers correctly.
      return String(scale === FLOAT ? value : value / 10 ** scale);
    })
  );
  return Array.from(timesMs, (timeMs, row) => `${timeMs} ${texts.map((column) => column[row])}`);
}

/** The line of a row. */
export function lineOf([timeMs, ...texts]: Row): string {
  return `${timeMs} ${texts.map((text) => text === "" ? "" : String(Number(text)))}`;
}

/** The readings of a series as lines. Fails unless they are strictly ascending. */
export async function readLines(
  store: Pick<SeriesStore, "read">,
  ref: SeriesRef,
  span: Span = ALL,
): Promise<string[]> {
  const lines: string[] = [];
  let lastMs = -Infinity;
  for await (const page of store.read(ref, span, new AbortController().signal)) {
    assertLess(0, page.timesMs.length, "a page without readings");
    for (const timeMs of page.timesMs) {
      assertLess(lastMs, timeMs, "readings out of order");
      lastMs = timeMs;
    }
    lines.push(...linesOf(page));
  }
  return lines;
}

/** The latest readings of each series of a profile, as lines by id. Fails unless the ids ascend. */
export async function scanLines(
  store: Pick<SeriesStore, "scan">,
  profile: ProfileName,
  span: Span,
): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  let lastId = "";
  for await (const batch of store.scan(profile, span, new AbortController().signal)) {
    for (const { id, page } of batch) {
      assert(lastId < id, "series out of order");
      assertLess(0, page.timesMs.length, "a series without readings");
      found.set(id, linesOf(page));
      lastId = id;
    }
  }
  return found;
}

/** Fails unless two lists of lines are equal. Fast for long lists. */
export function assertLines(actual: readonly string[], expected: readonly string[]): void {
  if (actual.join("\n") === expected.join("\n")) return;
  const at = expected.findIndex((line, index) => line !== actual[index]);
  assertEquals(actual.slice(at, at + 5), expected.slice(at, at + 5), `from line ${at} on`);
  assertEquals(actual.length, expected.length);
}

/** A clock that advances by a millisecond each time it is read. */
export function tickingClock(startMs = DAY + 1_000 * DAY_MS): () => number {
  let nowMs = startMs;
  return () => nowMs++;
}

/** Where each block of a series starts. */
export async function blockStarts(kv: Deno.Kv, ref: SeriesRef): Promise<number[]> {
  return (await entriesOf<Uint8Array>(kv, "block", ref)).map(({ key }) => Number(key[3]));
}

/** All entries of a series in one key space. */
export function entriesOf<T>(
  kv: Deno.Kv,
  space: string,
  { profile, id }: SeriesRef,
): Promise<Deno.KvEntry<T>[]> {
  return Array.fromAsync(kv.list<T>({ prefix: [space, profile, id] }, { batchSize: 500 }));
}

/**
 * Fails unless the stored blocks of a series are consistent: each reading is within the range of its
 * block, once, ascending; no block is too long, too large or empty; and the head matches.
 */
export async function assertWhole(kv: Deno.Kv, ref: SeriesRef): Promise<void> {
  const blocks = await entriesOf<Uint8Array>(kv, "block", ref);
  const timesMs: number[] = [];
  blocks.forEach(({ key, value }, index) => {
    const startMs = Number(key[3]);
    const dayMs = Math.floor(startMs / DAY_MS) * DAY_MS;
    const endMs = Math.min(dayMs + DAY_MS, Number(blocks[index + 1]?.key[3] ?? Infinity));
    const page = decodePage(value);
    assertLessOrEqual(value.length, 65_536);
    assertLessOrEqual(page.timesMs.length, 1_500);
    assertLess(0, page.timesMs.length);
    assertEquals(page.columns.length, BUILT_IN_PROFILES.get(ref.profile)?.metrics.length);
    for (const timeMs of page.timesMs) {
      assert(startMs <= timeMs && timeMs < endMs, `${timeMs} is not in [${startMs}, ${endMs})`);
      assertLess(timesMs.at(-1) ?? -1, timeMs);
      timesMs.push(timeMs);
    }
  });
  const { value } = await kv.get<Record<string, unknown>>(["series", ref.profile, ref.id]);
  const { count = 0, firstMs, lastMs } = value?.state === "live" ? value : {};
  assertEquals([count, firstMs, lastMs], [timesMs.length, timesMs[0], timesMs.at(-1)]);
}
