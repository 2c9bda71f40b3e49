import { encodePage } from "../../../data/readings/page_encoder.ts";
import { createRecorder } from "../../../data/metrics/recorder.ts";
import { DamagedDataError } from "../../../kv/series/damage.ts";
import { createDamageRecord } from "../../../kv/series/damage_record.ts";
import { reportingStore } from "../../../kv/series/reporting_store.ts";
import { createSeriesStore, type SeriesStore } from "../../../kv/series/store.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { ALL, DAY, DAY_MS, gridPage, METER } from "../../support/series.ts";

const { signal } = new AbortController();
const HOUR_MS = 3_600_000;
/** Three days of hours, the middle one of which is damaged: 30 March to 1 April 2024. */
const PAGE = gridPage({ fromMs: DAY, stepMs: HOUR_MS, count: 72 });
const DAMAGED_DAY = DAY + DAY_MS;
const BLOCK_KEY = ["block", "meter", METER.id, DAMAGED_DAY];

/** What damage may make of the bytes of a block. */
const DAMAGES: Record<string, (bytes: Uint8Array<ArrayBuffer>) => unknown> = {
  "cut short": (bytes) => bytes.slice(0, bytes.length - 8),
  "without a header": (bytes) => bytes.slice(0, 7),
  "empty": () => new Uint8Array(),
  "of another format": (bytes) => bytes.fill(9, 0, 1),
  "with an impossible count": (bytes) => bytes.fill(255, 4, 8),
  "with an impossible width of times": (bytes) => bytes.fill(3, 2, 3),
  "with an impossible width of a column": (bytes) => bytes.fill(5, 25, 26),
  "with an impossible scale": (bytes) => bytes.fill(99, 24, 25),
  "with impossible nulls": (bytes) => bytes.fill(7, 26, 27),
  "of another day": () => encodePage(gridPage({ fromMs: DAY, stepMs: HOUR_MS, count: 24 })),
  "not bytes": () => "text",
};

for (const [name, damage] of Object.entries(DAMAGES)) {
  Deno.test(`a block ${name} fails only reads of its day, with the series and the day`, async () => {
    using kv = await Deno.openKv(":memory:");
    const { store, record, counted } = await damagedStore(kv, damage);
    assertEquals([record.list(), counted()], [[], 0]);
    await assertDamaged(() => readings(store, { fromMs: DAMAGED_DAY, toMs: DAMAGED_DAY + 1 }));
    assertEquals(record.list(), [{ ref: METER, dayMs: DAMAGED_DAY }]);
    await assertDamaged(() => readings(store, ALL));
    assertEquals([record.list().length, counted()], [1, 1]);
    assertEquals(await readings(store, { fromMs: DAY, toMs: DAMAGED_DAY }), 24);
    assertEquals(await readings(store, { fromMs: DAMAGED_DAY + DAY_MS, toMs: ALL.toMs }), 24);
    assertEquals((await store.describe(METER))?.count, 72);
  });
}

Deno.test("writes to a damaged day fail, and writes to other days do not", async () => {
  using kv = await Deno.openKv(":memory:");
  const { store } = await damagedStore(kv, (bytes) => bytes.slice(0, 40));
  const half = (fromMs: number) => gridPage({ fromMs: fromMs + 60_000, stepMs: HOUR_MS, count: 1 });
  await assertDamaged(() => store.write(METER, half(DAMAGED_DAY)));
  assertEquals((await store.write(METER, half(DAY))).inserted, 1);
});

Deno.test("a series whose latest readings are damaged does not keep others out of a list", async () => {
  using kv = await Deno.openKv(":memory:");
  const { store, record } = await damagedStore(kv, (bytes) => bytes.slice(0, 40), DAY + 2 * DAY_MS);
  await store.write({ profile: "meter", id: "m2" }, PAGE);
  const latest = await store.latest("meter", [METER.id, "m2"]);
  assertEquals([...latest.keys()], ["m2"]);
  assertEquals(record.list(), [{ ref: METER, dayMs: DAY + 2 * DAY_MS }]);
  assertEquals((await store.list("meter", { afterId: "", limit: 9 })).length, 2);
});

Deno.test("a damaged segment fails reads of its series, which stays in lists", async () => {
  using kv = await Deno.openKv(":memory:");
  const { store, record } = await damagedStore(kv, (bytes) => bytes);
  await kv.set(["segment", "meter", METER.id, "w", 1], Uint8Array.of(1, 4, 0));
  const error = await assertRejects(() => readings(store, ALL), DamagedDataError);
  assertEquals(error.message, "The latest stored readings of 'm1' (profile meter) are damaged");
  assertEquals(record.list(), [{ ref: METER, dayMs: null }]);
  assertEquals((await store.describe(METER))?.count, 72);
});

Deno.test("damaged readings can be removed, by the day and with their series", async () => {
  using kv = await Deno.openKv(":memory:");
  const { store, record } = await damagedStore(kv, (bytes) => bytes.slice(0, 7));
  await kv.set(["segment", "meter", METER.id, "w", 1], Uint8Array.of(1, 4, 0));
  await assertDamaged(() => readings(store, ALL), /latest/);
  await kv.delete(["segment", "meter", METER.id, "w", 1]);
  const day = { fromMs: DAMAGED_DAY, toMs: DAMAGED_DAY + DAY_MS };
  await store.removeSpan(METER, day, { signal });
  assertEquals(await readings(store, ALL), 48);
  assertEquals(record.list(), []);
  // Half of a damaged day cannot be kept.
  await kv.set(["block", "meter", METER.id, DAY], Uint8Array.of(1));
  const half = { fromMs: DAY, toMs: DAY + HOUR_MS };
  await assertDamaged(() => store.removeSpan(METER, half, { signal }), /2024-03-30/);
  assert(await store.remove(METER));
  assertEquals(await store.describe(METER), null);
  assertEquals(record.list(), []);
});

Deno.test("a series that had only damaged readings is gone when they are removed", async () => {
  using kv = await Deno.openKv(":memory:");
  const { store } = await damagedStore(kv, (bytes) => bytes.slice(0, 7));
  await store.removeSpan(METER, { fromMs: DAY, toMs: DAMAGED_DAY }, { signal });
  await store.removeSpan(METER, { fromMs: DAMAGED_DAY, toMs: ALL.toMs }, { signal });
  assertEquals(await store.describe(METER), null);
});

/** A store of three days whose second one, or another, is damaged. */
async function damagedStore(
  kv: Deno.Kv,
  damage: (bytes: Uint8Array<ArrayBuffer>) => unknown,
  dayMs = DAMAGED_DAY,
) {
  const recorder = createRecorder();
  const record = createDamageRecord({ log: () => {}, record: recorder });
  const stored = createSeriesStore({ kv, now: Date.now, onDamage: record.report });
  const store = reportingStore(stored, record);
  await store.write(METER, PAGE);
  const key = [...BLOCK_KEY.slice(0, 3), dayMs];
  const { value } = await kv.get<Uint8Array<ArrayBuffer>>(key);
  assert(value !== null);
  await kv.set(key, damage(value));
  const counted = () => recorder.samples("openwatts_damaged_days")[0].value;
  return { store, record, counted };
}

async function readings(
  store: SeriesStore,
  span: { fromMs: number; toMs: number },
): Promise<number> {
  let count = 0;
  for await (const { timesMs } of store.read(METER, span, signal)) count += timesMs.length;
  return count;
}

async function assertDamaged(act: () => Promise<unknown>, message = /2024-03-31/): Promise<void> {
  const error = await assertRejects(act, DamagedDataError);
  assertEquals(error.code, "STORED_DATA_DAMAGED");
  assert(message.test(error.message), error.message);
}
