import fc from "fast-check";
import { encodeWindowCsv } from "../../../data/continuous/csv.ts";
import { createParquetEncoder } from "../../../data/continuous/parquet.ts";
import { type FilledWindow, splitWindows } from "../../../data/continuous/split_windows.ts";
import { startPlan } from "../../../data/continuous/window.ts";
import { emptyPage, type Page, slicePage } from "../../../data/readings/page.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import type { SourcePart } from "../../../data/continuous/telemetry_source.ts";
import { assertEquals } from "../../support/assert.ts";
import { pageOf, type Row, rowsOf } from "../../support/pages.ts";

const HOUR_MS = 3_600_000;

function pageAt(...timesMs: number[]): Page {
  return pageOf(timesMs.map((timeMs): Row => [timeMs, "230", "0.5", String(timeMs % 97), ""]), 4);
}

async function* partsOf(...pages: Page[]): AsyncGenerator<SourcePart> {
  for (const page of pages) {
    yield await Promise.resolve({
      profile: PROFILES.appliance,
      deviceType: "a",
      location: null,
      page,
    });
  }
}

function split(lengthMs: number, ...pages: Page[]): Promise<FilledWindow[]> {
  return Array.fromAsync(splitWindows(startPlan(lengthMs), partsOf(...pages)));
}

/** The start and the times of each window, in minutes. */
function minutesOf(windows: FilledWindow[]): [number, ...number[]][] {
  return windows.map(({ window, parts }) => [
    window.fromMs / 60_000,
    ...parts.flatMap(({ page }) => [...page.timesMs].map((timeMs) => timeMs / 60_000)),
  ]);
}

Deno.test("splitWindows() returns each window that has readings once, in order", async () => {
  const pages = [
    pageAt(0, 59 * 60_000),
    pageAt(60 * 60_000, 61 * 60_000, 300 * 60_000),
    emptyPage(4),
    pageAt(359 * 60_000),
    pageAt(360 * 60_000),
  ];
  assertEquals(minutesOf(await split(HOUR_MS, ...pages)), [
    [0, 0, 59],
    [60, 60, 61],
    [300, 300, 359],
    [360, 360],
  ]);
  assertEquals(await split(HOUR_MS), []);
});

Deno.test("splitWindows() keeps profile, type and location with the readings", async () => {
  const page = pageAt(0, HOUR_MS);
  const [first, second] = await split(HOUR_MS, page);
  for (const { parts } of [first, second]) {
    const [{ profile, deviceType, location }] = parts;
    assertEquals([parts.length, profile.name, deviceType, location], [1, "appliance", "a", null]);
  }
});

Deno.test("windows and their files do not depend on how readings come in parts", async () => {
  const { encode: encodeParquet } = createParquetEncoder();
  const times = fc.uniqueArray(fc.nat(5 * HOUR_MS), { maxLength: 60 })
    .map((list) => list.toSorted((a, b) => a - b));
  const cuts = fc.array(fc.nat(60), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(times, cuts, async (timesMs, places) => {
      const page = pageAt(...timesMs);
      const edges = [0, ...places.map((at) => Math.min(at, timesMs.length)), timesMs.length]
        .toSorted((a, b) => a - b);
      const pages = edges.slice(1).map((end, index) => slicePage(page, edges[index], end));
      const [whole, parted] = [await split(HOUR_MS, page), await split(HOUR_MS, ...pages)];
      assertEquals(minutesOf(parted), minutesOf(whole));
      assertEquals(
        whole.flatMap(({ parts }) => parts.flatMap((part) => rowsOf(part.page))),
        rowsOf(page),
      );
      for (const encode of [encodeWindowCsv, encodeParquet]) {
        const files = [whole, parted].map((windows) =>
          windows.map(({ parts }) => encode({ deviceId: "D1", profile: PROFILES.appliance, parts }))
        );
        assertEquals(files[1], files[0]);
      }
    }),
    { numRuns: 60 },
  );
});
