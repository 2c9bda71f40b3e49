import fc from "fast-check";
import { NO_ACCOUNT_LIMITS } from "../../../data/access/account.ts";
import { NO_KEY_LIMITS } from "../../../data/access/key_limits.ts";
import { AppError } from "../../../data/app_error.ts";
import { openJournal } from "../../../kv/journal/journal.ts";
import { getReadingCount } from "../../../kv/jobs/accounts.ts";
import { JOURNALED } from "../../../kv/opened_kv.ts";
import { getHead } from "../../../kv/series/heads.ts";
import { createIngest } from "../../../kv/series/ingest.ts";
import { createReadingQuotas } from "../../../kv/series/quotas.ts";
import { createSeriesStore, type SeriesStore } from "../../../kv/series/store.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { pageOf } from "../../support/pages.ts";
import { ALL, DAY, DAY_MS, SITE } from "../../support/series.ts";
import { insist } from "../../support/series_rig.ts";
import { randomFates, strictKv, type StrictPlan } from "../../support/strict_kv.ts";

const { signal } = new AbortController();

function storeOver(kv: Deno.Kv, account?: string): SeriesStore {
  return createSeriesStore({ kv, now: Date.now, accountOf: () => Promise.resolve(account) });
}

Deno.test("readings count for the account that began their series, until they are removed", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = storeOver(kv);
  const counts = async () => [await getReadingCount(kv, "a"), await getReadingCount(kv, "b")];
  await store.ofAccount("a").write(SITE, pageOf([[DAY, "0"], [DAY + 1, "1"], [DAY + DAY_MS, "1"]]));
  assertEquals(await counts(), [3, 0]);
  // The same again, and a new value, are no new readings.
  await store.ofAccount("a").write(SITE, pageOf([[DAY, "0"], [DAY + 1, "0"]]));
  assertEquals(await counts(), [3, 0]);
  // A series stays with the account that began it.
  await store.ofAccount("b").write(SITE, pageOf([[DAY + 2, "0"]]));
  assertEquals(await counts(), [4, 0]);
  const others = ["s2", "s3"].map((id) => ({ profile: "site", id }));
  const page = () => pageOf([[DAY, "0"], [DAY + 1, "0"]]);
  await store.ofAccount("b").writeMany("site", ["s1", "s2", "s3"], page);
  assertEquals(await counts(), [4, 4]);
  assertEquals(await store.removeSpan(SITE, { fromMs: DAY, toMs: DAY + 2 }, { signal }), 2);
  assertEquals(await counts(), [2, 4]);
  assertEquals(await store.removeSpan(SITE, ALL, { signal }), 2);
  await store.remove(others[0]);
  assertEquals(await counts(), [0, 2]);
  // A series that begins again belongs to whoever begins it.
  await store.ofAccount("a").write(others[0], page());
  await store.write(SITE, page());
  assertEquals(await counts(), [2, 2]);
});

Deno.test("ingested readings count once they are folded, for the account of the device", async () => {
  const { kv } = await openJournal(await Deno.openKv(":memory:"), JOURNALED);
  using _closed = kv;
  const store = storeOver(kv, "a");
  const ingest = createIngest({ kv, writer: "w" });
  await ingest.add(SITE, pageOf([[DAY, "0"], [DAY + 1, "1"]]));
  assertEquals(await getReadingCount(kv, "a"), 0);
  await store.fold(SITE);
  assertEquals(await getReadingCount(kv, "a"), 2);
  await ingest.add(SITE, pageOf([[DAY + 1, "0"], [DAY + 2, "1"]]));
  await store.fold(SITE);
  assertEquals(await getReadingCount(kv, "a"), 3);
  await ingest.add(SITE, pageOf([[DAY + 3, "0"]]));
  await store.remove(SITE);
  assertEquals(await getReadingCount(kv, "a"), 0);
  await ingest.stop();
});

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom(
      "write" as const,
      "many" as const,
      "ingest" as const,
      "span" as const,
      "remove" as const,
    ),
    account: fc.constantFrom("a", "b"),
    id: fc.constantFrom("s1", "s2"),
    atMs: fc.integer({ min: 0, max: 5 }),
  }),
  { minLength: 5, maxLength: 25 },
);

Deno.test("the counts of accounts are those of the heads, whatever commits fail", async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.integer(), async (list, seed) => {
      using below = await Deno.openKv(":memory:");
      const plan: StrictPlan = { fate: randomFates(seed, 0.2) };
      const kv = strictKv(below, plan);
      const store = storeOver(kv, "device");
      const ingest = createIngest({ kv, writer: "w" });
      for (const { kind, account, id, atMs } of list) {
        const ref = { profile: "site", id };
        const page = pageOf([[DAY + atMs, "0"], [DAY + atMs + DAY_MS, "1"]]);
        const span = { fromMs: DAY + atMs, toMs: DAY + atMs + DAY_MS };
        await insist(async () => {
          if (kind === "write") await store.ofAccount(account).write(ref, page);
          if (kind === "many") {
            await store.ofAccount(account).writeMany("site", ["s1", "s2"], () => page);
          }
          if (kind === "ingest") await ingest.add(ref, page).then(() => store.fold(ref));
          if (kind === "span") await store.removeSpan(ref, span, { signal });
          if (kind === "remove") await store.remove(ref);
        });
      }
      delete plan.fate;
      const expected: Record<string, number> = { a: 0, b: 0, device: 0 };
      for (const id of ["s1", "s2"]) {
        await store.purge({ profile: "site", id });
        const { value } = await getHead(below, { profile: "site", id });
        if (value?.state === "live") expected[value.account ?? ""] += value.count;
      }
      for (const [account, count] of Object.entries(expected)) {
        assertEquals(await getReadingCount(below, account), count, account);
      }
      await ingest.stop();
    }),
    { numRuns: 20 },
  );
});

Deno.test("an account at its limit of stored readings is refused, with the limit and the number", async () => {
  using kv = strictKv(await Deno.openKv(":memory:"));
  const series = storeOver(kv);
  let nowMs = 0;
  const accountLimits = { ...NO_ACCOUNT_LIMITS, storedReadings: 3 };
  const quotas = createReadingQuotas({ kv, series, accountLimits, now: () => nowMs });
  const ofService = { account: "a", limits: null };
  const writers = quotas.writersOf(ofService);
  await writers.write(SITE, pageOf([[DAY, "0"], [DAY + 1, "0"]]));
  await quotas.requireRoom(ofService);
  // The write that reaches the limit is whole.
  await writers.write(SITE, pageOf([[DAY + 2, "0"], [DAY + 3, "0"]]));
  const error = await assertRejects(() => writers.write(SITE, pageOf([[DAY + 4, "0"]])), AppError);
  assertEquals([error.code, error.message], [
    "QUOTA_EXCEEDED",
    "At most 3 readings of yours may be stored, and 4 are stored now",
  ]);
  await assertRejects(
    () => writers.writeMany("site", ["s2"], () => pageOf([[DAY, "0"]])),
    AppError,
  );
  // A limit of its own comes before that of the service, and other accounts have room.
  await quotas.writersOf({ account: "a", limits: { ...NO_KEY_LIMITS, storedReadings: 9 } })
    .write(SITE, pageOf([[DAY + 4, "0"]]));
  await quotas.writersOf({ account: "b", limits: null }).write(SITE, pageOf([[DAY + 5, "0"]]));
  // Ingest notices within a second, and reads no more than once a second.
  await quotas.requireRoom(ofService);
  nowMs = 1_000;
  const reads = kv.reads();
  for (let time = 0; time < 5; time++) {
    await assertRejects(async () => await quotas.requireRoom(ofService), AppError);
  }
  assertEquals(kv.reads() - reads, 1);
  await series.remove(SITE);
  nowMs = 2_000;
  await quotas.requireRoom(ofService);
});

Deno.test("without a limit, ingest reads nothing and waits for nothing", async () => {
  using kv = strictKv(await Deno.openKv(":memory:"));
  const series = storeOver(kv);
  const deps = { kv, series, accountLimits: NO_ACCOUNT_LIMITS, now: Date.now };
  assertEquals(createReadingQuotas(deps).requireRoom({ account: "a", limits: null }), undefined);
  assertEquals(kv.reads(), 0);
});
