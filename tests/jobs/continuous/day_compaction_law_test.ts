import fc from "fast-check";
import { getExportCheckpoint } from "../../../kv/continuous/checkpoints.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import {
  COMPACT,
  compactedFiles,
  finishRounds,
  writeBattery,
} from "../../support/compacted_days.ts";
import { compactionSteps } from "../../support/compaction_steps.ts";
import { createContinuousReference } from "../../support/continuous_reference.ts";
import { openContinuousRig } from "../../support/continuous_rig.ts";
import { amount } from "../../support/thorough.ts";

const HOUR_MS = 3_600_000, DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 1, 7, 12, 0, 5);

Deno.test("whatever happens, in the end each day is one object, and each reading is there once", async () => {
  await fc.assert(
    fc.asyncProperty(compactionSteps, async (some) => {
      await using rig = await openContinuousRig(HOUR_MS, START_MS);
      const reference = createContinuousReference();
      await rig.addDevice("D1");
      let duties = await rig.startDuties(COMPACT);
      for (const step of some) {
        if (step.kind === "round") await rig.round(duties);
        if (step.kind === "restart") duties = await rig.startDuties(COMPACT);
        if (step.kind === "turn off") duties = await rig.startDuties({ lookbackMs: 0 });
        if (step.kind === "advance") rig.clock.nowMs += step.byMs;
        if (step.kind === "fail") rig.destination.failNext(step.count);
        if (step.kind !== "write") continue;
        const readings = new Map(
          step.agesMs.map((ageMs, index) => [rig.clock.nowMs - ageMs, step.tenths + index]),
        );
        await writeBattery(rig, reference, [...readings]);
      }
      rig.destination.failNext(0);
      // The checkpoint of a device that sends nothing moves on with every window or ten minutes.
      for (let round = 0; round < 3; round++) await finishRounds(rig, COMPACT);
      const endMs = Math.floor((rig.clock.nowMs - 2_000) / HOUR_MS) * HOUR_MS;
      const checkpoint = (await getExportCheckpoint(rig.kv, "D1"))?.value;
      const compactedMs = Math.min(checkpoint?.compactedMs ?? 0, checkpoint?.nextMs ?? 0);
      assertEquals(
        Object.fromEntries(rig.destination.objects),
        compactedFiles(reference, compactedMs, endMs),
      );
      // Every day that has been over for two hours, as far as the checkpoint has come.
      const dueMs = (checkpoint?.nextMs ?? 0) - COMPACT.lookbackMs;
      assert(checkpoint?.nextMs == null || compactedMs >= dueMs - dueMs % DAY_MS);
      assertEquals(rig.logged.filter((event) => event === "duty round failed"), []);
    }),
    { numRuns: amount({ quick: 12, thorough: 60 }) },
  );
});
