import { createDevice } from "../../../kv/devices/devices.ts";
import { ALL, openAlertRig } from "../../support/alert_rig.ts";
import { assert, assertEquals } from "../../support/assert.ts";

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
  // Lease, rules, passes, touched, due; then the revisions: batteries, which are more than 500, appliances,
  // and stores.
  const idle = [
    "get alert",
    "get lease",
    "list alert_pass",
    "list due",
    "list revision",
    "list revision",
    "list revision",
    "list revision",
    "list touched",
  ];
  assertEquals(reads.toSorted(), idle);
  await rig.write("device-1234", [[rig.now(), 90]]);
  reads.length = 0;
  await rig.pass(1_000);
  assertEquals(await rig.told(), ["firing device-1234"]);
  const others = reads.filter((read) => !idle.includes(read));
  assert(others.length <= 12, others.join());
});
