import type { Metric } from "../../../data/readings/profile.ts";
import { createDeviceIntake, type DeviceIntake } from "../../../kv/devices/intake.ts";
import { getDevice } from "../../../kv/devices/devices.ts";
import { openProfiles, type ProfileStore } from "../../../kv/profiles/profiles.ts";
import { prepareProfileUse } from "../../../kv/profiles/uses.ts";
import { createIngest } from "../../../kv/series/ingest.ts";
import { createSeriesStore, type SeriesStore } from "../../../kv/series/store.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { OFFLINE_AFTER_MS } from "../../support/devices.ts";
import { pageOf, rowsOf } from "../../support/pages.ts";

const DAY_MS = 86_400_000;
const REF = { profile: "pump", id: "d" } as const;

/** One of several processes over a database. */
interface Instance extends AsyncDisposable {
  readonly profiles: ProfileStore;
  readonly intake: DeviceIntake;
  readonly series: SeriesStore;
}

async function startInstance(kv: Deno.Kv, owner: string): Promise<Instance> {
  const profiles = await openProfiles({ kv, isExclusive: false });
  const now = () => DAY_MS;
  const series = createSeriesStore({ kv, now, profiles });
  const ingest = createIngest({ kv, writer: owner, profiles });
  const limit = { requests: 1_000, windowMs: 1_000 };
  const deps = { kv, isExclusive: false, owner, ingest, series, profiles, limit, now };
  return {
    profiles,
    series,
    intake: createDeviceIntake({ ...deps, offlineAfterMs: OFFLINE_AFTER_MS }),
    [Symbol.asyncDispose]: () => profiles[Symbol.asyncDispose](),
  };
}

function metric(name: string): Metric {
  return { name, unit: "W", min: 0, max: 10, aggregate: "mean" };
}

/** Sends a reading as a process does that knows the profile as it is in its memory. */
async function send({ profiles, intake }: Instance, timeMs: number, ...texts: string[]) {
  const { life } = profiles.get("pump") ?? {};
  const page = pageOf([[timeMs, ...texts]]);
  return await intake.accept({ id: "d", profile: "pump", life, page, isCounted: true });
}

async function rowsIn({ series, profiles }: Instance) {
  const profile = await profiles.current("pump");
  const { signal } = new AbortController();
  const span = { fromMs: 0, toMs: 10 * DAY_MS, profile };
  return (await Array.fromAsync(series.read(REF, span, signal))).flatMap(rowsOf);
}

Deno.test("an instance that knows an older definition stores nothing under the new one", async () => {
  using kv = await Deno.openKv(":memory:");
  await using one = await startInstance(kv, "one");
  await using other = await startInstance(kv, "other");
  await one.profiles.put("pump", { metrics: [metric("a"), metric("b")] });
  await other.profiles.refresh();
  await one.profiles.put("pump", { metrics: [metric("b"), metric("a")] });
  assertEquals(await send(other, 1, "1", "2"), { kind: "other definition" });
  assertEquals(await one.series.describe(REF), null);
  // The device exists now. Its first instance may use it, the other one after it has read again.
  assertEquals((await send(one, 2, "3", "4")).kind, "accepted");
  assertEquals(await send(other, 3, "1", "2"), { kind: "other definition" });
  await other.profiles.refresh();
  assertEquals((await send(other, 3, "5", "6")).kind, "accepted");
  assertEquals(await rowsIn(other), [[2, "3", "4"], [3, "5", "6"]]);
});

Deno.test("an instance that does not know the newest metrics reads and keeps them", async () => {
  using kv = await Deno.openKv(":memory:");
  await using one = await startInstance(kv, "one");
  await using other = await startInstance(kv, "other");
  await one.profiles.put("pump", { metrics: [metric("a")] });
  await other.profiles.refresh();
  await send(other, 1, "1");
  await one.profiles.put("pump", { metrics: [metric("a"), metric("b")] });
  await send(one, 2, "2", "3");
  // The other one appends in its older, narrower form, folds, and reads.
  assertEquals((await send(other, 3, "4")).kind, "accepted");
  assertEquals(await other.series.fold(REF), 3);
  assertEquals(await rowsIn(other), [[1, "1", ""], [2, "2", "3"], [3, "4", ""]]);
  await other.series.write(REF, pageOf([[4, "5"]]));
  assertEquals(await rowsIn(one), [[1, "1", ""], [2, "2", "3"], [3, "4", ""], [4, "5", ""]]);
});

Deno.test("a partial reading keeps a metric that another instance has just appended", async () => {
  using kv = await Deno.openKv(":memory:");
  await using one = await startInstance(kv, "one");
  await using other = await startInstance(kv, "other");
  await one.profiles.put("pump", { metrics: [metric("a")] });
  await other.profiles.refresh();
  await one.profiles.put("pump", { metrics: [metric("a"), metric("b")] });
  await send(one, 1, "2", "3");
  const { life } = other.profiles.get("pump") ?? {};
  const page = pageOf([[1, "4"]]);
  const partial = { id: "d", profile: "pump", life, page, isPartial: true, isCounted: true };
  assertEquals((await other.intake.accept(partial)).kind, "accepted");
  assertEquals(await rowsIn(one), [[1, "4", "3"]]);
});

Deno.test("a device is not created under a profile that was deleted meanwhile", async () => {
  using kv = await Deno.openKv(":memory:");
  await using one = await startInstance(kv, "one");
  await using other = await startInstance(kv, "other");
  await one.profiles.put("pump", { metrics: [metric("a")] });
  await other.profiles.refresh();
  await one.profiles.remove("pump");
  assertEquals(await send(other, 1, "1"), { kind: "other definition" });
  assertEquals(await getDevice(kv, "d"), null);
});

Deno.test("a device does not share its id with a meter of the same profile", async () => {
  using kv = await Deno.openKv(":memory:");
  await using one = await startInstance(kv, "one");
  await one.profiles.put("pump", { metrics: [metric("a")] });
  const op = kv.atomic();
  (await prepareProfileUse(kv, "pump", { kind: "meter", id: "d" })).stage(op);
  assert((await op.commit()).ok);
  assertEquals(await send(one, 1, "1"), { kind: "id taken" });
  assertEquals(await getDevice(kv, "d"), null);
});
