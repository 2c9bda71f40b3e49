import { BUILT_IN_PROFILES } from "../../../data/readings/profiles.ts";
import { readTelemetry } from "../../../data/devices/message.ts";
import { createMessageRows } from "../../../data/devices/message_rows.ts";
import { slicePage } from "../../../data/readings/page.ts";
import { ACCEPTED_TIMES } from "../../../data/time/accepted_times.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { linesOf } from "../../support/series.ts";
import { APPLIANCE, BATTERY, message } from "../../support/telemetry.ts";

const NOW_MS = Date.UTC(2026, 1, 2);
const TIME_MS = Date.UTC(2026, 1, 1, 14, 23, 45);
const RULES = { acceptedTimes: ACCEPTED_TIMES, profiles: BUILT_IN_PROFILES };

function telemetryOf(changes: Record<string, unknown> = {}) {
  const result = readTelemetry(message(changes), NOW_MS, RULES);
  assert("telemetry" in result);
  return result.telemetry;
}

Deno.test("a message becomes a row with its time and values, null as a missing one", () => {
  const rowOf = createMessageRows();
  const metrics = { ...BATTERY, soc_percent: null };
  const { page, rows } = rowOf(telemetryOf({ metrics }));
  assertEquals(linesOf(slicePage(page, rows.start, rows.end)), [
    `${TIME_MS} ,385.2,-45.3,28.4`,
  ]);
});

Deno.test("each of many messages of two profiles keeps its own row, whatever page it is in", () => {
  const rowOf = createMessageRows();
  // More than three pages of each profile.
  const all = Array.from({ length: 1_000 }, (_, index) => {
    const battery = telemetryOf({ metrics: { ...BATTERY, soc_percent: index / 10 } });
    const appliance = telemetryOf({ metrics: { ...APPLIANCE, power: index } });
    return { index, battery: rowOf(battery), appliance: rowOf(appliance) };
  });
  for (const { index, battery, appliance } of all) {
    const soc = battery.page.columns[0].values[battery.rows.start];
    const power = appliance.page.columns[2].values[appliance.rows.start];
    assertEquals([soc, power], [index / 10, index]);
    assertEquals(battery.page.timesMs[battery.rows.start], TIME_MS);
    assertEquals(battery.rows.end - battery.rows.start, 1);
  }
});
