import { getExportCheckpoint } from "../../../kv/continuous/checkpoints.ts";
import { listOutbox } from "../../../kv/events/outbox.ts";
import { assertEquals } from "../../support/assert.ts";
import { openContinuousRig } from "../../support/continuous_rig.ts";

Deno.test("the third failure in a row of a device is an event, and the next ones are none", async () => {
  await using rig = await openContinuousRig(900_000, Date.UTC(2026, 1, 6, 23));
  const duties = await rig.startDuties({
    source: {
      async *devices() {
        yield "D1";
      },
      async *read() {
        yield* [];
        throw new RangeError("Cannot export D1 as it is strange");
      },
    },
  });
  const counts: (number | undefined)[] = [];
  const events: number[] = [];
  for (let round = 0; round < 5; round++) {
    await rig.round(duties);
    counts.push((await getExportCheckpoint(rig.kv, "D1"))?.value.fault?.count);
    events.push((await listOutbox(rig.kv, 10)).length);
    // Longer than any wait after a failure.
    rig.clock.nowMs += 120_000;
  }
  assertEquals(counts, [1, 2, 3, 4, 5]);
  assertEquals(events, [0, 0, 1, 1, 1]);
  const [{ value }] = await listOutbox(rig.kv, 1);
  assertEquals([value.type, value.subject], [
    "continuous_export.failing",
    { kind: "continuous_export", id: "D1" },
  ]);
  assertEquals(value.data, {
    device_id: "D1",
    error: { message: "Cannot export D1 as it is strange" },
    failures: 3,
    failing_since: "2026-02-06T23:00:00Z",
  });
});
