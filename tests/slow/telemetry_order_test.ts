import { compactionDuty } from "../../jobs/upkeep/compaction.ts";
import { createIngest } from "../../kv/series/ingest.ts";
import { openKv } from "../../kv/opened_kv.ts";
import { countSegments } from "../../kv/series/segments.ts";
import { createSeriesStore, type SeriesStore } from "../../kv/series/store.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { amount } from "../support/thorough.ts";

const SENT = amount({ quick: 400_000, thorough: 600_000 });
/** Readings, one a second; a tenth of them is sent twice. */
const SECONDS = SENT * 9 / 10;
const PAGE = 1_000;
const FROM_MS = Date.UTC(2026, 0, 1);
const REF = { profile: "site", id: "order" } as const;
const LEASE = { v: 1 as const, owner: "me", epoch: 1, untilMs: 0, cursor: null };

/** Every second once and a tenth of them again, shuffled (Fisher–Yates) by a fixed sequence. */
function shuffledSeconds(): Uint32Array {
  const seconds = Uint32Array.from({ length: SENT }, (_, index) => index % SECONDS);
  let state = 12_345;
  for (let last = SENT - 1; last > 0; last--) {
    // The generator of Numerical Recipes; its high bits are the better ones.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const other = Math.floor(state / 2 ** 32 * (last + 1));
    [seconds[last], seconds[other]] = [seconds[other], seconds[last]];
  }
  return seconds;
}

Deno.test(`${SENT} live readings in random order, a tenth twice, are read sorted, with the last value of each`, async () => {
  await using folder = await makeTempFolder();
  await using opened = await openKv(`${folder.path}/kv.sqlite3`);
  const { kv } = opened;
  const series = createSeriesStore({ kv, now: Date.now });
  const ingest = createIngest({ kv, writer: "w" });
  const duty = compactionDuty({ settledKv: kv, series, now: Date.now, log: () => {} });
  const { signal } = new AbortController();
  const seconds = shuffledSeconds();
  const expected = new Float64Array(SECONDS);
  let folding = Promise.resolve();
  for (let start = 0; start < SENT; start += PAGE) {
    const rows = seconds.subarray(start, start + PAGE);
    // A status from 0 to 1 that identifies the reading: its number in millionths.
    const values = Float64Array.from(rows, (_, row) => start + row);
    rows.forEach((second, row) => expected[second] = values[row]);
    const timesMs = Float64Array.from(rows, (second) => FROM_MS + second * 1_000);
    await ingest.add(REF, { timesMs, columns: [{ scale: 6, values }] });
    // Compaction runs at the same time.
    if (start % 50_000 === 0) {
      await folding;
      folding = duty.round({ signal, lease: LEASE });
    }
  }
  await folding;
  await ingest.stop();
  const left = await countSegments(kv, REF, SENT / PAGE);
  assert(left < SENT / PAGE, "nothing was folded");
  // Once with segments over the blocks, once with blocks only.
  await expectReadings(series, expected);
  await series.fold(REF);
  assertEquals(await countSegments(kv, REF, 1), 0);
  await expectReadings(series, expected);
  assertEquals((await series.describe(REF))?.count, SECONDS);
});

async function expectReadings(
  series: Pick<SeriesStore, "read">,
  expected: Float64Array,
): Promise<void> {
  const { signal } = new AbortController();
  const span = { fromMs: 0, toMs: FROM_MS + SECONDS * 1_000 };
  let at = 0;
  for await (const { timesMs, columns: [{ scale, values }] } of series.read(REF, span, signal)) {
    for (let row = 0; row < timesMs.length; row++, at++) {
      const isAsSent = timesMs[row] === FROM_MS + at * 1_000 &&
        values[row] * 10 ** (6 - scale) === expected[at];
      assert(isAsSent, `reading ${at} is ${timesMs[row]}: ${values[row]} at scale ${scale}`);
    }
  }
  assertEquals(at, SECONDS);
}
