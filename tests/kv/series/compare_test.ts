import fc from "fast-check";
import { createIngest } from "../../../kv/series/ingest.ts";
import { compareReadings } from "../../../kv/series/compare.ts";
import { createSeriesStore } from "../../../kv/series/store.ts";
import { getSegmentCount } from "../../../kv/series/segment_counts.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { pageOf, type Row } from "../../support/pages.ts";
import { ALL, DAY, DAY_MS, gridPage, METER, meterPage, readLines } from "../../support/series.ts";
import { openPlainRig, type SeriesRig } from "../../support/series_rig.ts";

const HOUR_MS = 3_600_000;

/** The keys and versions of everything in a database. */
async function contentOf(kv: Deno.Kv): Promise<string[]> {
  const entries = await Array.fromAsync(kv.list({ prefix: [] }));
  return entries.map(({ key, versionstamp }) => `${key.join("/")} ${versionstamp}`);
}

/** Rows at some quarters of days from `DAY` on. */
function quarterRows(value: string): fc.Arbitrary<Row[]> {
  // More days than one read of blocks covers.
  return fc.uniqueArray(fc.nat(160), { maxLength: 60 }).map((quarters) =>
    quarters.sort((a, b) => a - b).map((quarter): Row => [
      DAY + quarter * DAY_MS / 4,
      quarter % 3 === 0 ? "7" : value,
      "",
      "",
      "",
    ])
  );
}

async function fill(rig: SeriesRig, imported: Row[], ingested: Row[]): Promise<void> {
  if (imported.length > 0) await rig.store.write(METER, pageOf(imported));
  if (ingested.length > 0) await rig.ingest.add(METER, pageOf(ingested));
}

Deno.test("compare() counts what write() then changes, with blocks, segments and gaps", async () => {
  await fc.assert(
    fc.asyncProperty(
      quarterRows("1"),
      quarterRows("2"),
      quarterRows("1"),
      async (imported, ingested, given) => {
        using rig = await openPlainRig();
        await fill(rig, imported, ingested);
        const page = pageOf(given, 4);
        const counts = await rig.store.compare(METER, page);
        assertEquals(counts, await rig.store.write(METER, page));
        const { inserted, updated, unchanged } = counts;
        assertEquals(inserted + updated + unchanged, given.length);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("compare() writes nothing", async () => {
  using rig = await openPlainRig();
  await fill(rig, [[DAY, "1", "", "", ""]], [[DAY + 1, "1", "", "", ""]]);
  const before = await contentOf(rig.below);
  const counts = await rig.store.compare(
    METER,
    meterPage([DAY, "2"], [DAY + 1, "2"], [DAY + 2, "2"]),
  );
  assertEquals(counts, { inserted: 1, updated: 2, unchanged: 0 });
  assertEquals(await contentOf(rig.below), before);
  await rig.store.compare({ ...METER, id: "new" }, meterPage([DAY, "1"]));
  assertEquals(await contentOf(rig.below), before);
});

Deno.test("compare() accepts rows in any order; the last row of a time wins", async () => {
  using rig = await openPlainRig();
  await rig.store.write(METER, meterPage([DAY, "1"]));
  const page = meterPage([DAY + 1, "9"], [DAY, "2"], [DAY, "1"]);
  assertEquals(await rig.store.compare(METER, page), { inserted: 1, updated: 0, unchanged: 1 });
});

Deno.test("compare() counts correctly without readings and for a series that does not exist", async () => {
  using rig = await openPlainRig();
  const none = gridPage({ fromMs: DAY, stepMs: 1, count: 0 });
  assertEquals(await rig.store.compare(METER, none), { inserted: 0, updated: 0, unchanged: 0 });
  const page = gridPage({ fromMs: DAY, stepMs: HOUR_MS, count: 500 });
  const allNew = { inserted: 500, updated: 0, unchanged: 0 };
  assertEquals(await rig.store.compare(METER, page), allNew);
  await rig.store.write(METER, page);
  assertEquals(await rig.store.compare(METER, page), { ...allNew, inserted: 0, unchanged: 500 });
  await rig.store.remove(METER);
  assertEquals(await rig.store.compare(METER, page), allNew);
});

Deno.test("compare() compares values as decimals, however many digits they have", async () => {
  using rig = await openPlainRig();
  await rig.store.write(METER, pageOf([[DAY, "0.5", "230.100", "0.1234567890123456", ""]]));
  const same: Row = [DAY, "5e-1", "230.1", "0.1234567890123456", ""];
  const unchanged = { inserted: 0, updated: 0, unchanged: 1 };
  assertEquals(await rig.store.compare(METER, pageOf([same])), unchanged);
  const updated = { inserted: 0, updated: 1, unchanged: 0 };
  const others: Row[] = [
    [DAY, "0.5", "230.100000001", "0.1234567890123456", ""],
    [DAY, "0.5", "", "0.1234567890123456", ""],
    [DAY, "0.5", "230.1", "0.1234567890123456", "0"],
  ];
  for (const other of others) {
    assertEquals(await rig.store.compare(METER, pageOf([other])), updated);
  }
});

Deno.test("a series that is removed during a comparison counts as a series that does not exist", async () => {
  using rig = await openPlainRig();
  const page = gridPage({ fromMs: DAY, stepMs: DAY_MS, count: 60 });
  await rig.store.write(METER, page);
  let gets = 0;
  const kv: Pick<Deno.Kv, "get" | "list"> = {
    list: (...args) => rig.below.list(...args),
    async get(...args) {
      // The second read of the head comes after the first blocks.
      if (++gets === 2) assert(await rig.store.remove(METER));
      return await rig.below.get(...args);
    },
  };
  const counts = await compareReadings(kv, METER, page);
  assertEquals(counts, { inserted: 60, updated: 0, unchanged: 0 });
  assertEquals(await readLines(rig.store, METER, ALL), []);
});

Deno.test("compare() folds very many segments first, and counts the same", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = createSeriesStore({ kv, now: () => DAY });
  const ingest = createIngest({ kv, writer: "w" });
  const segmentCount = async () =>
    (await Array.fromAsync(kv.list({ prefix: ["segment", METER.profile, METER.id] }))).length;
  // One by one, so that each is a segment of its own, and in a mixed order: 7 and 60 are coprime.
  for (let minute = 0; minute < 60; minute++) {
    const timeMs = DAY + (minute * 7 % 60) * 60_000;
    await ingest.add(METER, pageOf([[timeMs, String(minute), "", "", ""]]));
  }
  assertEquals(await segmentCount(), 60);
  const lines = await readLines(store, METER);
  const others = pageOf([
    [DAY, "0", "", "", ""],
    [DAY + 60_000, "1000", "", "", ""],
    [DAY + 60 * 60_000, "1", "", "", ""],
  ]);
  assertEquals(await store.compare(METER, others), { inserted: 1, updated: 1, unchanged: 1 });
  assertEquals([await segmentCount(), await readLines(store, METER)], [0, lines]);
  assertEquals(await getSegmentCount(kv, METER), null);
});
