import { assert, assertEquals } from "../support/assert.ts";
import {
  addMinuteSchedules,
  expectOneJobEach,
  type MinuteSchedules,
} from "../support/planned_runs.ts";
import { pause, startProcess } from "../support/process.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { KILL_ROUNDS, killDelayMs } from "../support/thorough.ts";

/** Two for each second, so that some are due in every round. */
const SCHEDULES = 120;
/** The longest wait for anything. */
const END_MS = 60_000;

Deno.test(`each planned run is exactly one job after kill -9, ${KILL_ROUNDS} rounds`, async () => {
  await using folder = await makeTempFolder();
  let schedules: MinuteSchedules = { ids: [], fromMs: 0 };
  for (let round = 1; round <= KILL_ROUNDS; round++) {
    await using service = await startProcess(folder.path, {});
    if (round === 1) schedules = await addMinuteSchedules(service.url, SCHEDULES);
    await pause(killDelayMs(round, 2_000));
    service.kill("SIGKILL");
    await service.ended;
  }
  // What was planned while nothing ran comes now.
  await using service = await startProcess(folder.path, {});
  const runs = await expectOneJobEach(service.url, schedules, END_MS);
  assert(runs >= KILL_ROUNDS, `${runs} runs`);
  service.kill("SIGTERM");
  assertEquals(await service.ended, 0, service.output());
});
