/**
 * A model of a series, a map from times to readings, and what a store must return for it.
 *
 * @module
 */

import type { Span } from "../../data/readings/page.ts";
import { listChanges } from "../../kv/series/changes.ts";
import type { SeriesRef } from "../../kv/series/ref.ts";
import { assert, assertEquals } from "./assert.ts";
import type { Row } from "./pages.ts";
import { ALL, assertLines, DAY_MS, lineOf, readLines, scanLines } from "./series.ts";
import type { SeriesRig } from "./series_rig.ts";

/** The readings of a series: lines by their times. */
export type Readings = ReadonlyMap<number, string>;

/** Writes rows over readings in the model. If a time occurs twice, the last row wins. */
export function writeModel(before: Readings, page: readonly Row[]) {
  const last = new Map(page.map((row) => [row[0], lineOf(row)]));
  const counts = { inserted: 0, updated: 0, unchanged: 0 };
  const altered = new Map<number, string>();
  for (const [timeMs, line] of last) {
    const old = before.get(timeMs);
    counts[old === undefined ? "inserted" : old === line ? "unchanged" : "updated"]++;
    if (old !== line) altered.set(timeMs, line);
  }
  return { after: merged(before, last), counts, alteredDays: daysOf(altered) };
}

/** All counts together. */
export function sum({ inserted, updated, unchanged }: Record<string, number>): number {
  return inserted + updated + unchanged;
}

/** Fails unless each line is in one of two states, and each time that both have is there. */
export function assertBetween(lines: readonly string[], one: Readings, other: Readings): void {
  const allowed = new Set([...one.values(), ...other.values()]);
  for (const line of lines) assert(allowed.has(line), `unknown reading ${line}`);
  const seen = new Set(lines.map((line) => Number(line.split(" ")[0])));
  for (const timeMs of one.keys()) {
    if (other.has(timeMs)) assert(seen.has(timeMs), `lost reading of ${timeMs}`);
  }
}

/** Fails unless the store returns exactly the readings of the model. */
export async function assertReadings(
  rig: SeriesRig,
  ref: SeriesRef,
  model: Readings,
): Promise<void> {
  const timesMs = [...model.keys()].toSorted((a, b) => a - b);
  const lines = await readLines(rig.witness, ref, ALL);
  assertLines(lines, timesMs.map((timeMs) => model.get(timeMs) ?? ""));
  const extent = { count: timesMs.length, firstMs: timesMs[0], lastMs: timesMs.at(-1) ?? NaN };
  const info = timesMs.length === 0 ? null : { id: ref.id, ...extent };
  assertEquals(await rig.witness.describe(ref), info);
  for (const share of [0, 0.5, 0.9]) {
    const fromMs = (timesMs[Math.floor(share * timesMs.length)] ?? 0) + Math.round(share);
    const endMs = timesMs[Math.floor((1 + share) / 2 * timesMs.length)] ?? 0;
    const span = { fromMs, toMs: Math.max(fromMs, endMs) };
    const scanned = (await scanLines(rig.witness, ref.profile, span)).get(ref.id);
    assertLines(scanned ?? [], [...latest(model, span).values()]);
  }
}

/** The readings in a span and the last one before it, ascending. */
function latest(readings: Readings, { fromMs, toMs }: Span): Readings {
  const timesMs = [...readings.keys()].filter((timeMs) => timeMs < toMs).toSorted((a, b) => a - b);
  const before = timesMs.findLast((timeMs) => timeMs < fromMs) ?? fromMs;
  return new Map(
    timesMs.filter((timeMs) => timeMs >= before).map((
      timeMs,
    ) => [timeMs, readings.get(timeMs) ?? ""]),
  );
}

/** The state of the change feed at a moment. */
export interface Feed {
  readonly revision: number;
  readonly lastVersion: string;
}

/** The state of the change feed of a series now. */
export async function feedOf(rig: SeriesRig, ref: SeriesRef): Promise<Feed> {
  const changes = await Array.fromAsync(listChanges(rig.below, ref.profile, { id: ref.id }));
  const versions = changes.map(({ versionstamp }) => versionstamp).toSorted();
  return { revision: await rig.witness.revision(ref), lastVersion: versions.at(-1) ?? "" };
}

/** Fails unless exactly these days changed since `feed`, and the revision grew if there are any. */
export async function assertFeed(
  rig: SeriesRig,
  { profile, id }: SeriesRef,
  { feed, days }: { feed: Feed; days: readonly number[] },
): Promise<void> {
  const after = feed.lastVersion;
  const changes = await Array.fromAsync(listChanges(rig.below, profile, { id, after }));
  const expected = [...new Set(days)].toSorted((a, b) => a - b);
  assertEquals(changes.map(({ dayMs }) => dayMs), expected);
  const revision = await rig.witness.revision({ profile, id });
  assertEquals(
    revision > feed.revision,
    expected.length > 0,
    "the revision grows only with changes",
  );
}

/** Readings merged into one map. Later ones win. */
export function merged(...all: readonly Readings[]): Readings {
  return new Map(all.flatMap((readings) => [...readings]));
}

/** The readings in a span. */
export function clipped(readings: Readings, { fromMs, toMs }: Span): Readings {
  return new Map([...readings].filter(([timeMs]) => timeMs >= fromMs && timeMs < toMs));
}

/** The UTC days of readings. */
export function daysOf(readings: Readings): Set<number> {
  return new Set(Array.from(readings.keys(), (timeMs) => Math.floor(timeMs / DAY_MS) * DAY_MS));
}
