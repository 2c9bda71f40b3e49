import type { Stage } from "../../../kv/budget.ts";
import { createIngest, type Ingest } from "../../../kv/series/ingest.ts";
import { createSeriesStore, type SeriesStore } from "../../../kv/series/store.ts";
import { assertEquals, assertLess, assertRejects } from "../../support/assert.ts";
import {
  assertLines,
  DAY,
  entriesOf,
  gridPage,
  linesOf,
  METER,
  meterPage,
  readLines,
  tickingClock,
  wideValue,
} from "../../support/series.ts";
import { pageOf } from "../../support/pages.ts";
import {
  CommitFault,
  type Fate,
  randomFates,
  type StrictKv,
  strictKv,
  type StrictPlan,
} from "../../support/strict_kv.ts";

const BAD = { ...METER, id: "bad" };

interface Rig extends Disposable {
  readonly kv: StrictKv;
  readonly ingest: Ingest;
  readonly store: SeriesStore;
}

async function openRig(fate: StrictPlan["fate"]): Promise<Rig> {
  const kv = strictKv(await Deno.openKv(":memory:"), { fate });
  return {
    kv,
    ingest: createIngest({ kv, writer: "w" }),
    store: createSeriesStore({ kv, now: tickingClock() }),
    [Symbol.dispose]: () => kv.close(),
  };
}

for (const fate of ["lost", "unanswered"] as const) {
  Deno.test(`a commit that is ${fate} is retried, and its reading exists once`, async () => {
    using rig = await openRig(({ number }) => number < 3 ? fate : "happens");
    await rig.ingest.add(METER, meterPage([DAY, "1"]), (op) => op.max(["seen"], 5n));
    assertEquals(rig.kv.commits(), 3);
    assertEquals((await entriesOf(rig.kv, "segment", METER)).length, 1);
    assertEquals(await readLines(rig.store, METER), [`${DAY} 1,1,1,1`]);
    assertEquals((await rig.store.describe(METER))?.count, 1);
  });
}

Deno.test("a request whose commit keeps failing is rejected and stores nothing", async () => {
  using rig = await openRig(() => "lost");
  const add = rig.ingest.add(METER, meterPage([DAY, "1"]), (op) => op.set(["seen"], 1));
  await assertRejects(() => add, CommitFault);
  assertEquals(await Array.fromAsync(rig.kv.list({ prefix: [] })), []);
});

Deno.test("a request whose commit keeps failing does not fail the requests after it", async () => {
  const tried = Promise.withResolvers<void>();
  using rig = await openRig(({ keys }) => {
    tried.resolve();
    return keys.some((key) => key.includes("bad")) ? "lost" : "happens";
  });
  const bad = assertRejects(() => rig.ingest.add(BAD, meterPage([DAY, "1"])), CommitFault);
  await tried.promise;
  const good = ["a", "b", "c"].map((id) => ({ ...METER, id }));
  await Promise.all(good.map((ref) => rig.ingest.add(ref, meterPage([DAY, "1"]))));
  await bad;
  for (const ref of good) assertEquals((await rig.store.describe(ref))?.count, 1);
  assertEquals(await rig.store.describe(BAD), null);
});

Deno.test("a request of many commits is rejected when one of them keeps failing", async () => {
  const page = gridPage({ fromMs: DAY, stepMs: 1_000, count: 40_000, value: wideValue });
  let isBroken = true;
  using rig = await openRig(({ number }) => isBroken && number > 1 ? "lost" : "happens");
  await assertRejects(() => rig.ingest.add(METER, page), CommitFault);
  const lines = await readLines(rig.store, METER);
  assertLess(0, lines.length, "the first commit happened");
  assertLess(lines.length, 40_000, "the others did not");
  isBroken = false;
  await rig.ingest.add(METER, page);
  assertLines(await readLines(rig.store, METER), linesOf(page));
});

Deno.test("a request that resolves is stored, whichever commits fail; the others can be sent again", async () => {
  let fate: () => Fate = randomFates(7, 0.5);
  using rig = await openRig(() => fate());
  const page = gridPage({ fromMs: DAY, stepMs: 1_000, count: 60 });
  const lines = linesOf(page);
  const adds = lines.map((_, row) =>
    gridPage({ fromMs: DAY + row * 1_000, stepMs: 1, count: 1, value: () => row })
  );
  const results: PromiseSettledResult<void>[] = [];
  for (const add of adds) results.push(...await Promise.allSettled([rig.ingest.add(METER, add)]));
  const ended = lines.filter((_, row) => results[row].status === "fulfilled");
  const stored = await readLines(rig.store, METER);
  assertEquals(ended.filter((line) => !stored.includes(line)), []);
  assertLess(ended.length, lines.length, "some were rejected");
  fate = () => "happens";
  await Promise.all(adds.map((add) => rig.ingest.add(METER, add)));
  assertLines(await readLines(rig.store, METER), lines);
});

Deno.test("stop() ends even if a commit keeps failing", async () => {
  using rig = await openRig(() => "lost");
  const add = assertRejects(() => rig.ingest.add(METER, meterPage([DAY, "1"])), CommitFault);
  await rig.ingest.stop();
  await add;
});

Deno.test("a request whose stage throws is rejected, and later requests are accepted", async () => {
  using rig = await openRig(() => "happens");
  // If the committer broke instead, the test runner must not catch the error before this test does.
  const keep = (event: PromiseRejectionEvent) => event.preventDefault();
  globalThis.addEventListener("unhandledrejection", keep);
  try {
    const bad = rig.ingest.add(METER, meterPage([DAY, "1"]), () => {
      throw new RangeError("of the stage");
    });
    assertEquals(await outcome(bad), "rejected");
    const good = rig.ingest.add(METER, meterPage([DAY, "2"]));
    assertEquals(await outcome(good), "fulfilled");
    assertEquals(await readLines(rig.store, METER), [`${DAY} 2,2,2,2`]);
  } finally {
    globalThis.removeEventListener("unhandledrejection", keep);
  }
});

/** Stages that every database refuses. */
const REFUSED: Record<string, Stage> = {
  "has a value that is too large": (op) => op.set(["seen"], new Uint8Array(70_000)),
  "has a key that is too long": (op) => op.set(["seen", "x".repeat(3_000)], 1),
  "has a value that cannot be stored": (op) => op.set(["seen"], () => {}),
  "takes a whole commit": (op) => {
    for (let n = 0; n < 900; n++) op.set(["seen", n], n);
  },
  "throws": () => {
    throw new RangeError("of the stage");
  },
};

for (const [name, stage] of Object.entries(REFUSED)) {
  Deno.test(`a request whose stage ${name} is rejected, and none of the same turn`, async () => {
    using rig = await openRig(() => "happens");
    const other = { ...METER, id: "other" };
    const counted: Stage = (op) => op.sum(["counted"], 1n);
    const answers = await Promise.allSettled([
      rig.ingest.add(METER, meterPage([DAY, "1"]), counted),
      rig.ingest.add(METER, meterPage([DAY + 1, "2"]), stage),
      rig.ingest.add(METER, meterPage([DAY, "3"]), counted),
      rig.ingest.add(other, meterPage([DAY, "4"]), counted),
    ]);
    const statuses = answers.map(({ status }) => status);
    assertEquals(statuses, ["fulfilled", "rejected", "fulfilled", "fulfilled"]);
    assertEquals(await readLines(rig.store, METER), [`${DAY} 3,3,3,3`]);
    assertEquals(await readLines(rig.store, other), [`${DAY} 4,4,4,4`]);
    assertEquals((await rig.kv.get<Deno.KvU64>(["counted"])).value?.value, 3n);
    await rig.ingest.stop();
  });
}

Deno.test("a stage is run only once, even if its commit is retried", async () => {
  using rig = await openRig(({ number }) => number === 1 ? "lost" : "happens");
  let runs = 0;
  await rig.ingest.add(METER, meterPage([DAY, "1"]), (op) => {
    if (runs++ > 0) throw new RangeError("again");
    op.set(["seen"], 1);
  });
  assertEquals([runs, (await rig.kv.get(["seen"])).value], [1, 1]);
});

/** How a promise settles within a second. */
async function outcome(promise: Promise<unknown>): Promise<string> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve("pending"), 1_000);
  });
  const ended = promise.then(() => "fulfilled", () => "rejected");
  return await Promise.race([ended, late]).finally(() => clearTimeout(timer));
}

Deno.test("a page with more columns than its profile is rejected, and later pages are accepted", async () => {
  using kv = await Deno.openKv(":memory:");
  const ingest = createIngest({ kv, writer: "w" });
  const answers = await Promise.allSettled([
    ingest.add(METER, pageOf([[DAY, "1", "2", "3", "4", "5"]])),
    ingest.add(METER, meterPage([DAY, "1"])),
  ]);
  assertEquals(answers.map(({ status }) => status), ["rejected", "fulfilled"]);
  await ingest.add(METER, meterPage([DAY + 1, "1"]));
  await ingest.stop();
});
