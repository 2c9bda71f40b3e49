import { commitSchedule, getSchedule } from "../../../kv/schedules/schedules.ts";
import { listOutbox } from "../../../kv/events/outbox.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { createScheduleRig, type ScheduleRig } from "../../support/schedule_rig.ts";

const HOUR_MS = 3_600_000;
/** Noon of the 1st of January 2026. */
const START_MS = Date.UTC(2026, 0, 1, 12);

/** Pauses a schedule of every hour at 14:30, and resumes it at another time of the day. */
async function pauseUntil(
  rig: ScheduleRig,
  delay: string | null,
  [hour, minute]: readonly [number, number],
): Promise<string> {
  const { id } = await rig.add({
    timing: { zone: "UTC", every: "PT1H", anchorMs: START_MS },
    delay,
  });
  const change = async (to: "paused" | "resumed") => {
    const entry = await getSchedule(rig.kv, id);
    assert(entry !== null);
    const { schedule, more } = to === "resumed"
      ? rig.scheduler.resumed(entry.value, rig.nowMs)
      : { schedule: rig.scheduler.paused(entry.value, rig.nowMs), more: undefined };
    assert(await commitSchedule(rig.kv, entry, schedule, more));
  };
  for (rig.nowMs = START_MS; rig.nowMs < START_MS + 2.5 * HOUR_MS; rig.nowMs += HOUR_MS / 2) {
    await rig.tick();
  }
  await change("paused");
  rig.nowMs = Date.UTC(2026, 0, 1, hour, minute);
  await change("resumed");
  return id;
}

/** The hours of the planned times that ran by 20:00, and of those that were missed. */
async function outcome(rig: ScheduleRig, id: string): Promise<[number[], number[][]]> {
  while (rig.nowMs < START_MS + 8 * HOUR_MS) {
    await rig.tick();
    rig.nowMs += HOUR_MS / 2;
  }
  const runs = await rig.runs(id);
  const hourOf = (ms: number) => new Date(ms).getUTCHours();
  return [
    runs.filter(({ value }) => value.kind === "planned").map(({ plannedMs }) => hourOf(plannedMs)),
    runs.flatMap(({ plannedMs, value: { missed } }) =>
      missed === null ? [] : [[hourOf(plannedMs), hourOf(missed.lastMs), missed.count]]
    ),
  ];
}

Deno.test("a resumed schedule still runs what was planned before the pause if its delay has not passed", async () => {
  using rig = await createScheduleRig(START_MS);
  // At 14:30 the hours 13 and 14 wait for their two hours; both wait still at 14:45.
  const id = await pauseUntil(rig, "PT2H", [14, 45]);
  assertEquals((await rig.read(id)).nextMs, START_MS + HOUR_MS);
  assertEquals(await outcome(rig, id), [[13, 14, 15, 16, 17], []]);
});

Deno.test("what was planned before the pause is missed if its delay has passed when it ends", async () => {
  using rig = await createScheduleRig(START_MS);
  // 13 was due at 15:00 and 14 at 16:00. 15 is due at 17:00.
  const id = await pauseUntil(rig, "PT2H", [16, 15]);
  const [event, ...others] = await listOutbox(rig.kv, 9);
  assertEquals([event.value.type, event.value.data.count, others], ["schedule.missed", 2, []]);
  assertEquals((await rig.read(id)).held, undefined);
  assertEquals(await outcome(rig, id), [[15, 16, 17], [[13, 14, 2]]]);
});

Deno.test("without a delay, what was planned during the pause does not run and was not missed", async () => {
  using rig = await createScheduleRig(START_MS);
  const id = await pauseUntil(rig, null, [17, 30]);
  assertEquals(await outcome(rig, id), [[13, 14, 18, 19], []]);
});
