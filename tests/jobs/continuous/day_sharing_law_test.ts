import fc from "fast-check";
import { getExportCheckpoint } from "../../../kv/continuous/checkpoints.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { finishRounds, SHARE, sharedFiles, writeBattery } from "../../support/compacted_days.ts";
import { compactionSteps } from "../../support/compaction_steps.ts";
import { createContinuousReference } from "../../support/continuous_reference.ts";
import { openContinuousRig } from "../../support/continuous_rig.ts";
import { amount } from "../../support/thorough.ts";

const HOUR_MS = 3_600_000, DAY_MS = 86_400_000;
/** Length of the first line of a file. */
const HEADER = 108;
const START_MS = Date.UTC(2026, 1, 7, 12, 0, 5);

Deno.test("whatever happens, in the end each shared day is one object of the profile, and each reading is there once", async () => {
  await fc.assert(
    fc.asyncProperty(compactionSteps, async (some) => {
      await using rig = await openContinuousRig(HOUR_MS, START_MS);
      const reference = createContinuousReference();
      const ids = ["D1", "D2"];
      for (const id of ids) await rig.addDevice(id);
      let duties = await rig.startDuties(SHARE);
      for (const [place, step] of some.entries()) {
        if (step.kind === "round") await rig.round(duties);
        if (step.kind === "restart") duties = await rig.startDuties(SHARE);
        if (step.kind === "turn off") {
          duties = await rig.startDuties({
            ...SHARE,
            isSharing: false,
            isCompacting: place % 2 === 0,
          });
        }
        if (step.kind === "advance") rig.clock.nowMs += step.byMs;
        if (step.kind === "fail") rig.destination.failNext(step.count);
        if (step.kind !== "write") continue;
        const readings = new Map(
          step.agesMs.map((ageMs, index) => [rig.clock.nowMs - ageMs, step.tenths + index]),
        );
        await writeBattery(rig, reference, [...readings], ids[place % 2]);
      }
      rig.destination.failNext(0);
      for (let round = 0; round < 4; round++) await finishRounds(rig, SHARE);
      const endMs = Math.floor((rig.clock.nowMs - 2_000) / HOUR_MS) * HOUR_MS;
      const expected: Record<string, string> = {};
      const shared = new Map<string, string>();
      for (const id of ids) {
        const checkpoint = (await getExportCheckpoint(rig.kv, id))?.value;
        const sharedMs = checkpoint?.sharedMs ?? 0;
        assertEquals(checkpoint?.sharingMs ?? 0, sharedMs);
        const dueMs = (checkpoint?.nextMs ?? 0) - SHARE.lookbackMs;
        assert(checkpoint?.nextMs == null || sharedMs >= dueMs - dueMs % DAY_MS);
        for (const [path, text] of Object.entries(sharedFiles(reference, sharedMs, endMs, id))) {
          if (!path.startsWith("profile=")) expected[path] = text;
          else {shared.set(
              path,
              (shared.get(path) ?? "") + text.slice(shared.has(path) ? HEADER : 0),
            );}
        }
      }
      assertEquals(
        Object.fromEntries(rig.destination.objects),
        { ...expected, ...Object.fromEntries(shared) },
      );
      assertEquals(rig.logged.filter((event) => event === "duty round failed"), []);
    }),
    { numRuns: amount({ quick: 12, thorough: 60 }) },
  );
});
