import { AppError } from "../../data/app_error.ts";
import { changeLakeOrders } from "../../kv/lake_orders.ts";
import { assert } from "../support/assert.ts";
import { openLakeRig } from "../support/lake_rig.ts";

const WINDOW_MS = 900_000;
const START_MS = Date.UTC(2026, 1, 6, 23, 0, 0);

Deno.test("devices with nothing to export do not shorten the waits for a destination that is away", async () => {
  await using rig = await openLakeRig(WINDOW_MS, START_MS);
  for (const id of ["D1", "idle"]) await rig.addDevice(id);
  const column = { scale: 0, values: Float64Array.of(NaN) };
  const timesMs = Float64Array.of(START_MS - 2 * WINDOW_MS);
  const ref = { profile: "battery", id: "D1" } as const;
  await rig.series.write(ref, { timesMs, columns: [column, column, column, column] });
  let tries = 0;
  const put = () => {
    tries++;
    return Promise.reject(new AppError("STORAGE_UNAVAILABLE", "It is away"));
  };
  const duties = await rig.startDuties({ destination: { ...rig.destination, put } });
  for (let second = 0; second < 60; second++) {
    await changeLakeOrders(rig.kv, "idle", (orders) => ({ ...orders, isRunAsked: true }));
    await rig.round(duties);
    rig.clock.nowMs += 1_000;
  }
  // Waits of at least 0.5, 1, 2, 4, 8, 16 and 32 seconds: the eighth try comes after a minute.
  assert(tries >= 2 && tries <= 8, `tried ${tries} times`);
});
