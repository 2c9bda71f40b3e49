import fc from "fast-check";
import { AppError } from "../../../data/app_error.ts";
import { createIngest, type Ingest } from "../../../kv/series/ingest.ts";
import { createSeriesStore, type SeriesStore } from "../../../kv/series/store.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import {
  assertWhole,
  DAY,
  entriesOf,
  METER,
  meterPage,
  readLines,
  tickingClock,
} from "../../support/series.ts";
import { openTestLogs } from "../../support/series_rig.ts";
import { strictKv, type StrictPlan } from "../../support/strict_kv.ts";
import { amount } from "../../support/thorough.ts";

/** Something that is done to the series METER. Returns what its caller learns about the readings. */
type Operation = (instance: Instance) => Promise<unknown>;

/** A process that works on the database. */
interface Instance {
  readonly store: SeriesStore;
  ingest(timeMs: number, text: string): Promise<void>;
}

/** Opens a process that works on a database. */
type OpenInstance = (kv: Deno.Kv, writer: string, now: () => number) => Instance;

function plainInstance(kv: Deno.Kv, writer: string, now: () => number): Instance {
  return instanceOver(kv, createIngest({ kv, writer }), now);
}

function instanceWithLog(database: Deno.Kv, writer: string, now: () => number): Instance {
  const { kv, ingestKv } = openTestLogs(database);
  return instanceOver(kv, createIngest({ kv: ingestKv, writer }), now);
}

function instanceOver(kv: Deno.Kv, ingest: Ingest, now: () => number): Instance {
  return {
    store: createSeriesStore({ kv, now }),
    ingest: (timeMs, text) => ingest.add(METER, meterPage([timeMs, text])),
  };
}

const time = fc.constantFrom(DAY, DAY + 5, DAY + 7);
const text = fc.nat(99).map(String);
const rows = fc.array(fc.tuple(time, text), { minLength: 1, maxLength: 2 });
const writes: fc.Arbitrary<Operation> = rows.map((some) =>
  named(`write ${some}`, ({ store }) => store.write(METER, meterPage(...some)))
);
const ingests: fc.Arbitrary<Operation> = fc.tuple(time, text).map(([timeMs, value]) =>
  named(`ingest ${timeMs} ${value}`, (instance) => instance.ingest(timeMs, value))
);
const fold = named("fold", async ({ store }) => void await store.fold(METER));
const remove = named("remove", ({ store }) => store.remove(METER));
const { signal } = new AbortController();
const removeSpans: fc.Arbitrary<Operation> = fc.constantFrom(
  { fromMs: DAY, toMs: DAY + 8 },
  { fromMs: DAY + 1, toMs: DAY + 7 },
  { fromMs: DAY + 7, toMs: DAY + 9 },
).map((span) =>
  named(`remove ${JSON.stringify(span)}`, ({ store }) => store.removeSpan(METER, span, { signal }))
);
const describe = named("describe", ({ store }) => store.describe(METER));
const read = named("read", async ({ store }) => {
  try {
    return await readLines(store, METER);
  } catch (error) {
    if (error instanceof AppError && error.code === "SERIES_REMOVED") return "removed";
    throw error;
  }
});
const changes = fc.oneof(writes, ingests, fc.constantFrom(fold, remove), removeSpans);

/** Names an operation for failure messages. */
function named(name: string, operation: Operation): Operation {
  return Object.assign(operation, { [fc.toStringMethod]: () => name });
}

interface Scene {
  readonly open: OpenInstance;
  readonly before: readonly Operation[];
  readonly tested: Operation;
  /** What another instance does, and after how many accesses of the tested operation. */
  readonly others: readonly { readonly gap: number; readonly operation: Operation }[];
}

/** The final outcome: what each operation returned, and what a reader sees afterwards. */
async function outcomeOf(
  { before, open }: Scene,
  act: (tested: Instance, other: Instance, plan: StrictPlan) => Promise<unknown[]>,
): Promise<string> {
  using below = await Deno.openKv(":memory:");
  const now = tickingClock();
  const plan: StrictPlan = {};
  const other = open(below, "other", now);
  for (const operation of before) await operation(other);
  const returned = await act(open(strictKv(below, plan), "tested", now), other, plan);
  delete plan.before;
  const seen = [await readLines(other.store, METER), await other.store.describe(METER)];
  await other.store.fold(METER);
  await assertWhole(below, METER);
  assertEquals(await entriesOf(below, "segment", METER), [], "a fold finds every segment");
  return JSON.stringify([returned, seen]);
}

/** Runs the tested operation with the others between its accesses; those left over come after it. */
function runInterleaved(scene: Scene): Promise<string> {
  return outcomeOf(scene, async (tested, other, plan) => {
    const waiting = [...scene.others];
    const returned: unknown[] = [];
    let gap = waiting[0].gap;
    plan.before = async () => {
      while (waiting.length > 0 && gap-- === 0) {
        returned.push(await waiting.shift()?.operation(other));
        gap = waiting[0]?.gap ?? 0;
      }
    };
    const result = await scene.tested(tested);
    delete plan.before;
    for (const { operation } of waiting) returned.push(await operation(other));
    return [result, ...returned];
  });
}

/** Runs the tested operation as a whole, after the first `position` of the others. */
function runInTurn(scene: Scene, position: number): Promise<string> {
  return outcomeOf(scene, async (tested, other) => {
    const returned: unknown[] = [];
    let result: unknown;
    for (const [index, { operation }] of scene.others.entries()) {
      if (index === position) result = await scene.tested(tested);
      returned.push(await operation(other));
    }
    if (position === scene.others.length) result = await scene.tested(tested);
    return [result, ...returned];
  });
}

async function assertSerializable(scene: Scene): Promise<void> {
  const interleaved = await runInterleaved(scene);
  // A read may also fail because the series was removed during the read.
  if (scene.tested === read && interleaved.startsWith('[["removed"')) return;
  const inTurn: string[] = [];
  for (let position = 0; position <= scene.others.length; position++) {
    inTurn.push(await runInTurn(scene, position));
  }
  assert(inTurn.includes(interleaved), `${interleaved}\nis none of\n${inTurn.join("\n")}`);
}

const TESTED = {
  "a write": writes,
  "an ingest": ingests,
  "a fold": fc.constant(fold),
  "a removal": fc.constant(remove),
  "a removal of a span": removeSpans,
  "describe()": fc.constant(describe),
  "a read": fc.constant(read),
};

const KINDS = [
  { open: plainInstance, where: "", numRuns: amount({ quick: 12, thorough: 60 }) },
  { open: instanceWithLog, where: " (with logs)", numRuns: amount({ quick: 6, thorough: 60 }) },
];

for (const { open, where, numRuns } of KINDS) {
  for (const [name, tested] of Object.entries(TESTED)) {
    Deno.test(`what another instance does during ${name} is as if it came before or after${where}`, async () => {
      const scenes: fc.Arbitrary<Scene> = fc.record({
        open: fc.constant(open),
        before: fc.array(changes, { maxLength: 4 }),
        tested,
        others: fc.array(fc.record({ gap: fc.nat(6), operation: changes }), {
          minLength: 1,
          maxLength: 3,
        }),
      });
      await fc.assert(fc.asyncProperty(scenes, assertSerializable), { numRuns });
    });
  }
}
