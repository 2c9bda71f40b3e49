import { createDevice } from "../../../kv/devices/devices.ts";
import { ALL, openAlertRig } from "../../support/alert_rig.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { CommitFault, randomFates, strictKv, type StrictPlan } from "../../support/strict_kv.ts";
import { amount } from "../../support/thorough.ts";

const IDS = Array.from({ length: 20 }, (_, index) => `device-${10 + index}`);

Deno.test("whatever commits fail and whoever dies or takes over, each transition is in exactly one message", async () => {
  for (let seed = 1; seed <= amount({ quick: 1, thorough: 12 }); seed++) {
    const plan: StrictPlan = {};
    const kv = strictKv(await Deno.openKv(":memory:"), plan);
    // Few checks in a commit, as over KV Connect.
    using rig = await openAlertRig({ kv, isExclusive: false });
    const device = { profile: "battery", nowMs: rig.now(), serviceOfflineAfterMs: 600_000 };
    for (const id of IDS) await createDevice(kv, id, device);
    const condition = { type: "above", metric: "soc_percent", limit: 80, clearAt: 80, forMs: 0 };
    const scope = { kind: "device", ...ALL } as const;
    await rig.setRule({ scope, condition: { ...condition, type: "above" }, groupMs: 3_000 });
    /** A round of one of two processes; each believes to hold the lease. */
    const round = async (owner: string) => {
      try {
        await rig.round(owner);
      } catch (error) {
        if (!(error instanceof CommitFault)) throw error;
      }
    };
    for (let time = 0; time < 8; time++) {
      for (const id of IDS) await rig.write(id, [[rig.now(), time % 2 === 0 ? 90 : 50]]);
      plan.fate = randomFates(seed * 100 + time, 0.2);
      for (let second = 0; second < 4; second++) {
        rig.advance(1_000);
        await Promise.all([round("one"), round("two")]);
        if ((seed + time + second) % 5 === 0) rig.restart();
      }
      delete plan.fate;
      // Without faults, whatever was left is judged.
      for (let second = 0; second < 6; second++) {
        rig.advance(1_000);
        await round("one");
      }
    }
    const told = new Map<string, string[]>();
    for (const { type, data } of await rig.events()) {
      assert(Array.isArray(data.ids));
      for (const id of data.ids) told.set(String(id), [...told.get(String(id)) ?? [], type]);
    }
    const expected = ["alert.firing", "alert.resolved"];
    for (const id of IDS) {
      assertEquals(
        told.get(id),
        [...expected, ...expected, ...expected, ...expected],
        `${seed} ${id}`,
      );
    }
  }
});
