import { createDevice } from "../../../kv/devices/devices.ts";
import { ALL, openAlertRig } from "../../support/alert_rig.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const HOUR = 3_600_000;

/** Counts the reads of a database; a list counts once for each 500 entries. */
function counted(kv: Deno.Kv): { kv: Deno.Kv; reads: string[] } {
  const reads: string[] = [];
  const spaceOf = (selector: Deno.KvListSelector) =>
    String("prefix" in selector ? selector.prefix[0] : selector.start[0]);
  const proxy = new Proxy(kv, {
    get(target, name) {
      if (name === "get") {
        return (key: Deno.KvKey) => {
          reads.push(`get ${String(key[0])}`);
          return target.get(key);
        };
      }
      if (name === "getMany") {
        return (keys: Deno.KvKey[]) => {
          reads.push(`getMany ${String(keys[0][0])}`);
          return target.getMany(keys);
        };
      }
      if (name === "list") {
        return async function* (selector: Deno.KvListSelector, options: Deno.KvListOptions) {
          reads.push(`list ${spaceOf(selector)}`);
          let count = 0;
          for await (const entry of target.list(selector, options)) {
            if (++count % 500 === 0) reads.push(`list ${spaceOf(selector)}`);
            yield entry;
          }
        };
      }
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { kv: proxy, reads };
}

Deno.test("a round in which nothing changed reads no series; a change costs only its own", async () => {
  const { kv, reads } = counted(await Deno.openKv(":memory:"));
  using rig = await openAlertRig({ kv });
  const ids = Array.from({ length: 520 }, (_, index) => `device-${1_000 + index}`);
  const device = { profile: "battery", nowMs: rig.now(), serviceOfflineAfterMs: 600_000 };
  await Promise.all(ids.map(async (id) => {
    await createDevice(kv, id, device);
    await rig.write(id, [[rig.now(), 50]]);
  }));
  const scope = { kind: "device", ...ALL } as const;
  const limit = { type: "above", metric: "soc_percent", limit: 80, clearAt: 80, forMs: 0 } as const;
  await rig.setRule({ scope, condition: limit });
  await rig.setRule({ id: "silent", scope, condition: { type: "no_data", forMs: 3_600_000 } });
  await rig.pass(5_000);
  reads.length = 0;
  await rig.pass(1_000);
  // Lease, rules, passes, touched, due; then which profiles changed, however many series they have.
  const idle = [
    "get alert",
    "get lease",
    "list alert_pass",
    "list due",
    "list revised",
    "list touched",
  ];
  assertEquals(reads.toSorted(), idle);
  await rig.write("device-1234", [[rig.now(), 90]]);
  reads.length = 0;
  await rig.pass(1_000);
  assertEquals(await rig.told(), ["firing device-1234"]);
  const others = reads.filter((read) => !idle.includes(read));
  // The revisions of the batteries, which are more than 500, but of no other profile.
  assertEquals(others.filter((read) => read === "list revision").length, 2);
  assert(others.length <= 14, others.join());
});

Deno.test("values between the limits cost reads of the last day, not of all the time since the last that decided", async () => {
  const { kv, reads } = counted(await Deno.openKv(":memory:"));
  using rig = await openAlertRig({ kv });
  await createDevice(kv, "a", {
    profile: "battery",
    nowMs: rig.now(),
    serviceOfflineAfterMs: HOUR,
  });
  const startMs = rig.now() - 50 * 24 * HOUR;
  // A value each quarter of an hour for 50 days, the first of which is above the limit.
  const readings = Array.from({ length: 4_800 }, (_, index): [number, number] => [
    startMs + index * HOUR / 4,
    index === 0 ? 90 : 50,
  ]);
  await rig.write("a", readings);
  const scope = { kind: "device", ...ALL } as const;
  const condition = { type: "above", metric: "soc_percent", limit: 80, clearAt: 20, forMs: 0 };
  await rig.setRule({ scope, condition: { ...condition, type: "above" } });
  await rig.pass(1_000);
  assertEquals(await rig.told(), ["firing a"]);
  const costs: number[] = [];
  for (let look = 0; look < 2; look++) {
    await rig.write("a", [[rig.now(), 51]]);
    reads.length = 0;
    await rig.pass(4_000);
    costs.push(reads.filter((read) => read === "list block" || read === "list segment").length);
  }
  // Twice, segments and blocks: a quarter of an hour, and what is after the anchor; and the extent.
  assertEquals(costs, [6, 6]);
  // A reading of the past is corrected: the value that decided was no such value.
  await rig.write("a", [[startMs, 55]]);
  await rig.pass(4_000);
  assertEquals([await rig.states(), await rig.told()], [{}, ["firing a", "resolved a"]]);
});
