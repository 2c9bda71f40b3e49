import { AppError } from "../../../data/app_error.ts";
import {
  createDeviceIntake,
  type DeviceIntake,
  type IntakeResult,
} from "../../../kv/devices/intake.ts";
import { changeDevice } from "../../../kv/devices/devices.ts";
import { createIngest, type Ingest } from "../../../kv/series/ingest.ts";
import { createSeriesStore } from "../../../kv/series/store.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { createBattery, deviceOf, OFFLINE_AFTER_MS } from "../../support/devices.ts";
import { pageOf } from "../../support/pages.ts";
import { DAY, readLines } from "../../support/series.ts";
import { strictKv, type StrictPlan } from "../../support/strict_kv.ts";

function startIntake(
  kv: Deno.Kv,
  { isExclusive, ingest = createIngest({ kv, writer: "one" }) }: {
    isExclusive: boolean;
    ingest?: Ingest;
  },
): DeviceIntake {
  const now = () => DAY;
  return createDeviceIntake({
    kv,
    isExclusive,
    owner: "one",
    ingest,
    series: createSeriesStore({ kv, now }),
    limit: { requests: 10, windowMs: 1_000 },
    offlineAfterMs: OFFLINE_AFTER_MS,
    now,
  });
}

/** Sends a reading of the battery `d`. */
function send(intake: DeviceIntake): Promise<IntakeResult> {
  const page = pageOf([[DAY, "60.5", "60.5", "60.5", "60.5"]]);
  return intake.accept({ id: "d", profile: "battery", page, isCounted: true });
}

async function linesOf(kv: Deno.Kv): Promise<string[]> {
  return await readLines(createSeriesStore({ kv, now: () => DAY }), {
    profile: "battery",
    id: "d",
  });
}

for (const isExclusive of [true, false]) {
  const where = isExclusive ? "alone" : "with others";

  Deno.test(`a first reading during a change of profile keeps the profile, ${where}`, async () => {
    using kv = strictKv(await Deno.openKv(":memory:"));
    await createBattery(kv, "d");
    const intake = startIntake(kv, { isExclusive });
    const change = async () => {
      // After the check for readings, which found none.
      await send(intake);
      return { profile: "appliance" } as const;
    };
    await assertRejects(
      () => changeDevice(kv, "d", { nowMs: DAY, change }),
      AppError,
      "has readings",
    );
    assertEquals((await deviceOf(kv, "d")).profile, "battery");
    assertEquals((await linesOf(kv)).length, 1);
  });

  Deno.test(`the profile is fixed before the first reading is written, ${where}`, async () => {
    using kv = strictKv(await Deno.openKv(":memory:"));
    await createBattery(kv, "d");
    const writer = createIngest({ kv, writer: "one" });
    const change = () => ({ profile: "appliance" }) as const;
    const intake = startIntake(kv, {
      isExclusive,
      ingest: {
        ...writer,
        async addMany(all) {
          const tried = () => changeDevice(kv, "d", { nowMs: DAY, change });
          await assertRejects(tried, AppError, "has readings");
          return await writer.addMany(all);
        },
      },
    });
    assertEquals((await send(intake)).kind, "accepted");
    assertEquals((await deviceOf(kv, "d")).profile, "battery");
  });

  Deno.test(`a first reading that arrives after a change of profile is refused, ${where}`, async () => {
    const plan: StrictPlan = {};
    using kv = strictKv(await Deno.openKv(":memory:"), plan);
    await createBattery(kv, "d");
    const intake = startIntake(kv, { isExclusive });
    plan.before = async ({ kind, space }) => {
      if (kind !== "commit" || space !== "device") return;
      // The intake cached the device as a battery, and nobody invalidates it.
      delete plan.before;
      await changeDevice(kv, "d", { nowMs: DAY, change: () => ({ profile: "appliance" }) });
    };
    assertEquals(await send(intake), {
      kind: "other profile",
      profile: "appliance",
    });
    assertEquals([plan.before, await linesOf(kv)], [undefined, []]);
  });
}
