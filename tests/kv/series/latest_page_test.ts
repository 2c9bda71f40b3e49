import fc from "fast-check";
import { createDamageRecord } from "../../../kv/series/damage_record.ts";
import { DamagedDataError } from "../../../kv/series/damage.ts";
import { createLatestDecoder } from "../../../kv/series/latest_page.ts";
import { reportingStore } from "../../../kv/series/reporting_store.ts";
import type { ScanSpan, SeriesStore } from "../../../kv/series/store.ts";
import { createSeriesStore } from "../../../kv/series/store.ts";
import { wrapKv } from "../../../kv/wrapped_kv.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { pageOf, type Row } from "../../support/pages.ts";
import { DAY, DAY_MS, linesOf, scanLines, SITE, tickingClock } from "../../support/series.ts";
import { openPlainRig } from "../../support/series_rig.ts";
import { strictKv } from "../../support/strict_kv.ts";

const HOUR_MS = 3_600_000;
const SPAN = { fromMs: DAY + 5 * HOUR_MS, toMs: DAY + 3 * DAY_MS };
const { signal } = new AbortController();

function site(id: string): typeof SITE {
  return { ...SITE, id };
}

/** What the packed scan of a store holds, decoded. */
async function packedLines(
  store: Pick<SeriesStore, "scanPacked">,
  span: ScanSpan,
): Promise<{ found: Map<string, string[]>; looked: number }> {
  const decode = createLatestDecoder("site", span);
  const found = new Map<string, string[]>();
  let looked = 0;
  for await (const batch of store.scanPacked("site", span, signal).batches) {
    looked += batch.looked;
    // The memory of a batch moves to a worker.
    const moved = structuredClone(batch);
    for (const [index, id] of moved.ids.entries()) {
      const lines = linesOf(decode(moved, index));
      if (lines.length > 0) found.set(id, lines);
    }
  }
  return { found, looked };
}

/** A poll at a time, as a row. */
const row = fc.record({
  hour: fc.integer({ min: -60, max: 100 }),
  value: fc.constantFrom("0", "1", "", "0.5", "1e-30"),
}).map(({ hour, value }): Row => [DAY + hour * HOUR_MS, value]);

Deno.test("a packed scan has the readings of a scan, whatever is stored", async () => {
  const stores = fc.array(
    fc.record({
      blocks: fc.array(row, { maxLength: 20 }),
      plain: fc.boolean(),
      segments: fc.array(row, { maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 5 },
  );
  await fc.assert(
    fc.asyncProperty(stores, async (all) => {
      using rig = await openPlainRig();
      for (const [index, { blocks, plain, segments }] of all.entries()) {
        const kept = blocks.filter(([, text]) => !plain || text === "0" || text === "1");
        if (kept.length > 0) await rig.store.write(site(`s${index}`), pageOf(kept));
        if (segments.length > 0) await rig.ingest.add(site(`s${index}`), pageOf(segments));
      }
      const expected = await scanLines(rig.store, "site", SPAN);
      assertEquals((await packedLines(rig.store, SPAN)).found, expected);
    }),
    { numRuns: 40 },
  );
});

Deno.test("a packed scan reads nothing of series that are not wanted, but counts them", async () => {
  using below = await Deno.openKv(":memory:");
  const kv = strictKv(below);
  const store = createSeriesStore({ kv, now: tickingClock() });
  for (let index = 0; index < 150; index++) {
    await store.write(site(`s${1_000 + index}`), pageOf([[DAY + index, "1"]]));
  }
  const before = kv.reads();
  const wants = (id: string) => id === "s1003" || id === "s1120";
  const { found, looked } = await packedLines(store, { ...SPAN, fromMs: DAY, wants });
  assertEquals([...found.keys()], ["s1003", "s1120"]);
  assertEquals(looked, 150);
  // Two batches: heads, segment counts and versions for each, and two series.
  assert(kv.reads() - before <= 2 * 3 + 2, `${kv.reads() - before} reads`);
});

Deno.test("a scan of a week reads the blocks of its days, and no others of a long history", async () => {
  using below = await Deno.openKv(":memory:");
  const sizes: (number | undefined)[] = [];
  let entries = 0;
  const list: Deno.Kv["list"] = <T>(...[selector, options]: Parameters<Deno.Kv["list"]>) => {
    const listed = below.list<T>(selector, options);
    if (!("start" in selector) || selector.start[0] !== "block") return listed;
    sizes.push(options?.batchSize);
    const next = async () => {
      entries++;
      return await listed.next();
    };
    return Object.assign(Object.create(listed), { next, [Symbol.asyncIterator]: () => ({ next }) });
  };
  const kv = wrapKv(below, { list });
  const store = createSeriesStore({ kv, now: tickingClock() });
  const rows = Array.from({ length: 90 * 24 }, (_, hour): Row => [DAY + hour * HOUR_MS, "1"]);
  await store.write(SITE, pageOf(rows));
  sizes.length = entries = 0;
  // Until 17:00 of day 80: a week back is 17:00 of day 73, so 8 days.
  const toMs = DAY + 80 * DAY_MS + 17 * HOUR_MS;
  const { found } = await packedLines(store, { fromMs: toMs - 7 * DAY_MS, toMs });
  assertEquals(found.get(SITE.id)?.length, 7 * 24 + 1);
  assertEquals([sizes, entries], [[8], 8]);
  // All readings are long before the span, so one block has the last.
  const later = toMs + 300 * DAY_MS;
  sizes.length = entries = 0;
  assertEquals(
    (await packedLines(store, { fromMs: later, toMs: later + DAY_MS })).found.get(SITE.id),
    [`${DAY + 90 * DAY_MS - HOUR_MS} 1`],
  );
  assertEquals([sizes, entries], [[1], 1]);
});

Deno.test("a batch with very many readings ends early, and the next one goes on after it", async () => {
  using rig = await openPlainRig();
  // 30,000 readings with 4 bytes of time and 1 of status: 30 series have 4.5 MB.
  const rows = Array.from({ length: 30_000 }, (_, second): Row => [
    DAY + 1_000 * second + second % 7,
    `${second % 2}`,
  ]);
  const page = pageOf(rows);
  const ids = Array.from({ length: 30 }, (_, index) => `s${10 + index}`);
  for (const id of ids) await rig.store.write(site(id), page);
  const span = { fromMs: DAY, toMs: DAY + DAY_MS };
  const decode = createLatestDecoder("site", span);
  const sizes: number[] = [], found: string[] = [];
  let looked = 0;
  for await (const batch of rig.store.scanPacked("site", span, signal).batches) {
    sizes.push(batch.ids.length);
    looked += batch.looked;
    for (const [index, id] of batch.ids.entries()) {
      assertEquals(decode(batch, index).timesMs.length, 30_000);
      found.push(id);
    }
  }
  assert(sizes.length > 1, `${sizes}`);
  assertEquals([found, looked], [ids, 30]);
});

/** What damage may make of the bytes of a block. */
const DAMAGES: Record<string, (bytes: Uint8Array<ArrayBuffer>) => unknown> = {
  "cut short": (bytes) => bytes.slice(0, bytes.length - 8),
  "without a header": (bytes) => bytes.slice(0, 7),
  "of another format": (bytes) => bytes.fill(9, 0, 1),
  "with times of another day": (bytes) => bytes.fill(1, 8, 16),
  "not bytes": () => "text",
  "a number": () => 7,
};

for (const [name, damage] of Object.entries(DAMAGES)) {
  Deno.test(`a block ${name} fails a scan that needs it, packed or not, and names its day`, async () => {
    using kv = await Deno.openKv(":memory:");
    const damages = createDamageRecord({ log: () => {} });
    const store = reportingStore(createSeriesStore({ kv, now: tickingClock() }), damages);
    const rows = Array.from(
      { length: 72 },
      (_, hour): Row => [DAY + hour * HOUR_MS, `${hour % 2}`],
    );
    await store.write(SITE, pageOf(rows));
    const key = ["block", "site", SITE.id, DAY + DAY_MS];
    const { value } = await kv.get<Uint8Array<ArrayBuffer>>(key);
    assert(value !== null);
    await kv.set(key, damage(value));
    const dayMs = DAY + DAY_MS;
    for (const scan of [() => packedLines(store, SPAN), () => scanLines(store, "site", SPAN)]) {
      const error = await assertRejects(scan, DamagedDataError);
      assertEquals(error.place, { ref: SITE, dayMs });
    }
    const after = { fromMs: DAY + 2 * DAY_MS + 1, toMs: DAY + 3 * DAY_MS };
    assertEquals((await packedLines(store, after)).found.get(SITE.id)?.length, 24);
  });
}
