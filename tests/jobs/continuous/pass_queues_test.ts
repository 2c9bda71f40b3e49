import type { Threads } from "../../../jobs/engine/threads.ts";
import { getExportCheckpoint } from "../../../kv/continuous/checkpoints.ts";
import { assertEquals } from "../../support/assert.ts";
import { openContinuousRig } from "../../support/continuous_rig.ts";
import { never } from "../../support/file_store_box.ts";
import { gridPage } from "../../support/series.ts";
import { idsOfShard } from "../../support/shards.ts";
import { until } from "../../support/until.ts";

const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 1, 6, 23, 0, 0);
const LEASE = { v: 1 as const, owner: "one", epoch: 1, cursor: null, untilMs: START_MS + 30_000 };

Deno.test("a round that is cut off does not wait for the passes of other shards", async () => {
  await using rig = await openContinuousRig(DAY_MS, START_MS);
  const held = idsOfShard(0, 16), [waiting] = idsOfShard(1, 1);
  const slow = Promise.withResolvers<void>();
  let reading = 0;
  const duties = await rig.startDuties({
    source: {
      async *devices() {
        yield* [...held, waiting];
      },
      async *read() {
        reading++;
        await slow.promise;
        yield* [];
      },
    },
  });
  const all = duties[0].round({ signal: never, lease: LEASE });
  await until(() => Promise.resolve(reading === held.length));
  const aborter = new AbortController();
  const other = duties[1].round({ signal: aborter.signal, lease: LEASE }).then(() =>
    "it has ended"
  );
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve));
  aborter.abort();
  assertEquals(await other, "it has ended");
  assertEquals([reading, rig.logged], [held.length, []]);
  slow.resolve();
  await all;
});

Deno.test("a device that waits for a worker until the lease ends has no fault", async () => {
  await using rig = await openContinuousRig(DAY_MS, START_MS);
  const held = idsOfShard(0, 3), [waiting] = idsOfShard(1, 1);
  for (const id of [...held, waiting]) {
    await rig.addDevice(id);
    // A day has six blocks, which no other thread than a worker encodes.
    const page = gridPage({ fromMs: Date.UTC(2026, 1, 1), stepMs: 10_000, count: 2 * 8_640 });
    await rig.series.write({ profile: "battery", id }, page);
  }
  let running = 0;
  const slow = Promise.withResolvers<null>();
  const threads: Threads = {
    count: 1,
    run() {
      running++;
      return slow.promise;
    },
    [Symbol.dispose]() {},
  };
  const duties = await rig.startDuties({ threads });
  const all = duties[0].round({ signal: never, lease: LEASE });
  await until(() => Promise.resolve(running === held.length));
  // Cut off after three seconds, which is longer than the share of a pass.
  await duties[1].round({ signal: never, lease: { ...LEASE, untilMs: START_MS + 5_000 } });
  assertEquals([running, rig.logged], [held.length, []]);
  assertEquals((await getExportCheckpoint(rig.kv, waiting))?.value.fault ?? null, null);
  slow.resolve(null);
  await all;
  assertEquals(rig.destination.objects.size, 2 * held.length);
});

Deno.test("devices that catch up do not keep the others waiting", async () => {
  await using rig = await openContinuousRig(DAY_MS, START_MS);
  // A worker would take all devices if more than 32 were due.
  const long = Array.from({ length: 28 }, (_, index) => `D${index}`), others = ["Z1", "Z2", "Z3"];
  for (const id of [...long, ...others]) {
    await rig.addDevice(id);
    // A day of nine blocks, or one reading.
    const page = {
      fromMs: START_MS - 2 * DAY_MS,
      stepMs: 6_000,
      count: others.includes(id) ? 1 : 13_000,
    };
    await rig.series.write({ profile: "battery", id }, gridPage(page));
  }
  const released = Promise.withResolvers<null>();
  const threads: Threads = { count: 1, run: () => released.promise, [Symbol.dispose]() {} };
  const duties = await rig.startDuties({ threads });
  const round = rig.round(duties);
  const exported = () =>
    others.filter((id) => rig.destination.puts.some((key) => key.includes(id)));
  await until(() => Promise.resolve(exported().length === others.length));
  assertEquals(rig.destination.puts.length, others.length);
  released.resolve(null);
  await round;
  for (let rounds = 0; rounds < 2; rounds++) await rig.round(duties);
  assertEquals([rig.destination.objects.size, rig.logged], [2 * long.length + others.length, []]);
});
