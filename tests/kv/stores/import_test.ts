import type { Page } from "../../../data/readings/page.ts";
import { createSeriesStore } from "../../../kv/series/store.ts";
import { importStores, type StoreUploadKind } from "../../../kv/stores/import.ts";
import { getStoreSettings, listStoreSettings } from "../../../kv/stores/stores.ts";
import { ACCEPTED_TIMES } from "../../../data/time/accepted_times.ts";
import { assert, assertEquals, assertLess, assertRejects } from "../../support/assert.ts";
import { assertWhole, tickingClock } from "../../support/series.ts";
import {
  CommitFault,
  cutAfter,
  type StrictKv,
  strictKv,
  type StrictPlan,
} from "../../support/strict_kv.ts";
import { amount, isThorough } from "../../support/thorough.ts";

const START_MS = Date.UTC(2023, 0, 18);

/** Bounds that accept all polls here. */
const BOUNDS = { acceptedTimes: ACCEPTED_TIMES, now: () => Date.UTC(2100, 0, 1) };

function newProgress() {
  return { inserted: 0, updated: 0, unchanged: 0, repeated: 0, rejected: 0 };
}

/** A text in chunks. Throws `fault` after the last one if there is one. */
async function* chunksOf(text: string, fault?: Error): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += 10_000) yield bytes.subarray(at, at + 10_000);
  if (fault !== undefined) throw fault;
}

async function importText(kv: StrictKv, kind: StoreUploadKind, text: string, fault?: Error) {
  const series = createSeriesStore({ kv, now: tickingClock() });
  const progress = newProgress();
  const chunks = chunksOf(text, fault);
  const { counts } = await importStores({ kv, series, ...BOUNDS }, { kind, chunks, progress });
  return counts;
}

/** A poll an hour of each store. */
function statusText(stores: number, hours: number): string {
  const lines = ["store_id,timestamp_utc,status"];
  for (let hour = 0; hour < hours; hour++) {
    const time = new Date(START_MS + hour * 3_600_000).toISOString();
    for (let store = 0; store < stores; store++) lines.push(`s${store},${time},${hour % 2}`);
  }
  return lines.join("\n");
}

Deno.test("polls go into the strictest database, and sending them again changes nothing", async () => {
  using kv = strictKv(await Deno.openKv(":memory:"));
  const text = statusText(100, 60);
  const none = { received: 6_000, updated: 0, repeated: 0, rejected: 0 };
  assertEquals(await importText(kv, "status", text), { ...none, inserted: 6_000, unchanged: 0 });
  // 100 stores, 12 read at a time, at most 9 in a commit: 8 times 9 and 3, then 4.
  assertEquals(kv.commits(), 17);
  assertEquals(await importText(kv, "status", text), { ...none, inserted: 0, unchanged: 6_000 });
  assertEquals(kv.commits(), 17);
  for (let store = 0; store < 100; store++) {
    await assertWhole(kv, { profile: "site", id: `s${store}` });
  }
});

Deno.test("polls that arrived before an upload broke off are stored, and its error is thrown", async () => {
  using kv = strictKv(await Deno.openKv(":memory:"));
  const text = statusText(50, 4);
  const fault = new Error("broken off");
  await assertRejects(() => importText(kv, "status", `${text}\ns1,2023-01-1`, fault), Error, "off");
  const { received, unchanged } = { unchanged: 0, ...await importText(kv, "status", text) };
  assertEquals([received, unchanged], [200, 200]);
});

Deno.test("polls are written whenever about two million have arrived", {
  ignore: !isThorough,
}, async () => {
  const written: number[] = [];
  const series = {
    writeMany(_profile: string, ids: readonly string[], pageOf: (index: number) => Page) {
      const counts = ids.map((_, index) => pageOf(index).timesMs.length);
      const inserted = counts.reduce((sum, count) => sum + count, 0);
      written.push(inserted);
      return Promise.resolve({ inserted, updated: 0, unchanged: 0 });
    },
  };
  const rows = Array.from({ length: 1_000 }, (_, index) => `s${index % 9},TIME,1\n`).join("");
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield new TextEncoder().encode("store_id,timestamp_utc,status\n");
    for (let chunk = 0; chunk < 2_200; chunk++) {
      const time = new Date(START_MS + chunk * 60_000).toISOString();
      yield new TextEncoder().encode(rows.replaceAll("TIME", time));
    }
  }
  using kv = strictKv(await Deno.openKv(":memory:"));
  const progress = newProgress();
  await importStores({ kv, series, ...BOUNDS }, { kind: "status", chunks: chunks(), progress });
  // The buffer holds 2,097,152 polls; a chunk has 1,000.
  assertEquals(written.length, 2);
  // Nine stores with one new poll a chunk; the rest of its 1,000 rows repeat the same time.
  assertEquals(progress, {
    inserted: 19_800,
    updated: 0,
    unchanged: 0,
    repeated: 2_180_200,
    rejected: 0,
  });
});

function hoursText(stores: number, start: string): string {
  const rows = Array.from(
    { length: 7 },
    (_, day) => Array.from({ length: stores }, (_, store) => `s${store},${day},${start},23:00:00`),
  );
  return ["store_id,day,start,end", ...rows.flat()].join("\n");
}

Deno.test("an import of hours cut anywhere leaves each store old or new hours; again, all are new", async () => {
  const stores = amount({ quick: 300, thorough: 700 });
  for (let count = 0, isDone = false; !isDone; count++) {
    assertLess(count, 50);
    for (const last of ["happens", "unanswered"] as const) {
      const plan: StrictPlan = {};
      using kv = strictKv(await Deno.openKv(":memory:"), plan);
      await importText(kv, "hours", hoursText(stores, "01:00:00"));
      plan.fate = cutAfter(count, last);
      isDone = true;
      await importText(kv, "hours", hoursText(stores, "02:00:00")).catch((error) => {
        isDone = false;
        if (!(error instanceof CommitFault)) throw error;
      });
      delete plan.fate;
      const starts = new Set<number>();
      for await (const { hours } of listStoreSettings(kv)) {
        const ofStore = new Set((hours ?? []).map(({ startMs }) => startMs / 3_600_000));
        assertEquals([hours?.length, ofStore.size], [7, 1]);
        for (const start of ofStore) starts.add(start);
      }
      assert([...starts].every((start) => start === 1 || start === 2));
      if (isDone) assertEquals([...starts], [2]);
      await importText(kv, "hours", hoursText(stores, "02:00:00"));
      assertEquals((await getStoreSettings(kv, "s7"))?.hours?.[0].startMs, 7_200_000);
    }
  }
});

Deno.test("an upload of hours or zones that breaks off changes nothing", async () => {
  using kv = strictKv(await Deno.openKv(":memory:"));
  const fault = new Error("broken off");
  await assertRejects(
    () => importText(kv, "hours", hoursText(20, "01:00:00"), fault),
    Error,
    "off",
  );
  const zones = "store_id,timezone_str\ns1,UTC\n";
  await assertRejects(() => importText(kv, "timezones", zones, fault), Error, "off");
  assertEquals(kv.commits(), 0);
  assertEquals(await getStoreSettings(kv, "s1"), null);
});
