import { AppError } from "../../../data/app_error.ts";
import type { Metric } from "../../../data/readings/profile.ts";
import { openProfiles, type ProfileStore } from "../../../kv/profiles/profiles.ts";
import {
  prepareProfileUse,
  type ProfileUser,
  stageProfileUseEnd,
} from "../../../kv/profiles/uses.ts";
import { wrapCommit, wrapKv } from "../../../kv/wrapped_kv.ts";
import { assert, assertEquals, assertRejects, assertStrictEquals } from "../../support/assert.ts";
import { strictKv } from "../../support/strict_kv.ts";

const USER = { kind: "device", id: "a" } as const;

function metric(name: string, changes: Partial<Metric> = {}): Metric {
  return { name, unit: "W", min: 0, max: 10, aggregate: "mean", ...changes };
}

function metricsOf(profiles: ProfileStore, name: string): string[] | undefined {
  return profiles.get(name)?.metrics.map((one) => one.name);
}

/** Gives a profile to a device or meter. */
async function use(kv: Deno.Kv, user: ProfileUser): Promise<void> {
  const { stage } = await prepareProfileUse(kv, "pump", user);
  await commit(kv, stage);
}

async function commit(kv: Deno.Kv, stage: (op: Deno.AtomicOperation) => void): Promise<void> {
  const op = kv.atomic();
  stage(op);
  assert((await op.commit()).ok);
}

/** The pointers of the changes that a profile in use cannot have. */
async function refused(profiles: ProfileStore, metrics: Metric[]): Promise<string[]> {
  const error = await assertRejects(() => profiles.put("pump", { metrics }), AppError);
  assertEquals(error.code, "PROFILE_IN_USE");
  return error.errors.map(({ pointer }) => pointer);
}

Deno.test("a profile is defined, found, and there again after a restart", async () => {
  using kv = await Deno.openKv(":memory:");
  const deps = { kv, isExclusive: true };
  await using profiles = await openProfiles(deps);
  const definition = {
    title: "Heat pump",
    metrics: [
      metric("power_w", { label: "Power", isRequired: true }),
      metric("heat_kwh", { unit: "kWh", aggregate: "sum", min: -Number.MAX_VALUE }),
    ],
  };
  const { isNew, profile } = await profiles.put("pump", definition);
  assertEquals([isNew, profile.title, profile.metrics], [true, "Heat pump", definition.metrics]);
  assertStrictEquals(profiles.get("pump"), profile);
  assertEquals(profiles.ofDevices().map(({ name }) => name), ["battery", "appliance", "pump"]);
  await using again = await openProfiles(deps);
  assertEquals(again.get("pump"), profile);
  assertEquals((await profiles.put("pump", { metrics: [metric("flow")] })).isNew, false);
});

Deno.test("the built-in profiles can be neither changed nor deleted, nor can that of stores", async () => {
  using kv = await Deno.openKv(":memory:");
  await using profiles = await openProfiles({ kv, isExclusive: true });
  for (const name of ["meter", "battery", "appliance", "site"]) {
    const calls = [
      () => profiles.put(name, { metrics: [metric("a")] }),
      () => profiles.remove(name),
    ];
    for (const call of calls) {
      assertEquals((await assertRejects(call, AppError)).code, "PROFILE_FIXED");
    }
  }
  assertEquals((await profiles.ensure("battery", [metric("a")])).metrics.length, 4);
  for (const name of ["meter", "site"]) {
    const error = await assertRejects(() => profiles.ensure(name, [metric("a")]), AppError);
    assertEquals(error.code, "PROFILE_FIXED");
  }
});

Deno.test("a profile without a user may change in any way, and each such change is another life", async () => {
  using kv = await Deno.openKv(":memory:");
  await using profiles = await openProfiles({ kv, isExclusive: true });
  const lives = [];
  for (
    const metrics of [
      [metric("a")],
      [metric("a"), metric("b")],
      [metric("a", { max: 5 }), metric("b")],
      [metric("b"), metric("a")],
      [metric("b", { unit: "V" })],
    ]
  ) lives.push((await profiles.put("pump", { metrics })).profile.life);
  await profiles.remove("pump");
  assertEquals(profiles.get("pump"), undefined);
  const { isNew, profile } = await profiles.put("pump", { metrics: [metric("b")] });
  assertEquals([isNew, ...lives, profile.life], [true, 1, 1, 1, 2, 3, 4]);
});

Deno.test("a profile in use gets metrics at its end, other ranges, titles and labels", async () => {
  using kv = await Deno.openKv(":memory:");
  await using profiles = await openProfiles({ kv, isExclusive: true });
  await profiles.put("pump", { metrics: [metric("a"), metric("b")] });
  await use(kv, USER);
  assert(await profiles.isUsed("pump"));
  const metrics = [
    metric("a", { min: -5, max: 99, label: "A", isRequired: true }),
    metric("b"),
    metric("c", { unit: "kWh", aggregate: "last" }),
  ];
  const { profile } = await profiles.put("pump", { title: "Pump", metrics });
  assertEquals([profile.title, profile.metrics, profile.life], ["Pump", metrics, 1]);
});

Deno.test("what would change stored readings of a profile in use is refused, all of it at once", async () => {
  using kv = await Deno.openKv(":memory:");
  await using profiles = await openProfiles({ kv, isExclusive: true });
  await profiles.put("pump", { metrics: [metric("a"), metric("b"), metric("c")] });
  await use(kv, USER);
  const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => metric(name));
  assertEquals(await refused(profiles, [a, b]), ["/metrics/2"]);
  assertEquals(await refused(profiles, [a, d, b, c]), ["/metrics/2", "/metrics/3"]);
  assertEquals(await refused(profiles, [b, a, c]), ["/metrics/1", "/metrics/0"]);
  assertEquals(await refused(profiles, [a, b, metric("C")]), ["/metrics/2"]);
  assertEquals(
    await refused(profiles, [metric("a", { unit: "kW", aggregate: "sum" }), d]),
    ["/metrics/0/unit", "/metrics/0/aggregate", "/metrics/1", "/metrics/2"],
  );
  const error = await assertRejects(
    () => profiles.put("pump", { metrics: [metric("a", { unit: "kW" }), b, c] }),
    AppError,
  );
  assertEquals(
    error.message,
    "The profile pump is in use by device a, and stored readings must keep their meaning: " +
      "unit of metric a cannot change from W to kW",
  );
  assertEquals(metricsOf(profiles, "pump"), ["a", "b", "c"]);
});

Deno.test("a profile is deleted once nothing has it, and not before", async () => {
  using kv = await Deno.openKv(":memory:");
  await using profiles = await openProfiles({ kv, isExclusive: true });
  await profiles.put("pump", { metrics: [metric("a")] });
  const users = ["a", "b", "c", "d"].map((id) => ({ kind: "device", id }) as const);
  for (const user of users) await use(kv, user);
  const error = await assertRejects(() => profiles.remove("pump"), AppError);
  assertEquals(
    [error.code, error.message],
    [
      "PROFILE_IN_USE",
      "The profile pump is in use by device a, device b, device c, others, so it cannot be deleted",
    ],
  );
  await commit(kv, (op) => users.forEach((user) => stageProfileUseEnd(op, "pump", user)));
  await profiles.remove("pump");
  assertEquals(profiles.get("pump"), undefined);
  assertEquals(
    (await assertRejects(() => profiles.remove("pump"), AppError)).code,
    "PROFILE_NOT_FOUND",
  );
});

Deno.test("a user that comes while a profile is changed or deleted keeps the change from happening", async () => {
  for (const change of ["put", "remove"] as const) {
    using kv = strictKv(await Deno.openKv(":memory:"));
    await using profiles = await openProfiles({ kv, isExclusive: true });
    await profiles.put("pump", { metrics: [metric("a")] });
    let isFirst = true;
    const interrupted = wrapKv(kv, {
      atomic: () =>
        wrapCommit(kv.atomic(), async (commitNow) => {
          if (isFirst) {
            isFirst = false;
            await use(kv, USER);
          }
          return await commitNow();
        }),
    });
    await using racing = await openProfiles({ kv: interrupted, isExclusive: true });
    const error = await assertRejects(
      () =>
        change === "put" ? racing.put("pump", { metrics: [metric("b")] }) : racing.remove("pump"),
      AppError,
    );
    assertEquals(error.code, "PROFILE_IN_USE");
    await profiles.refresh();
    assertEquals(metricsOf(profiles, "pump"), ["a"]);
  }
});

Deno.test("two processes see each other's profiles when they refresh, or read one again", async () => {
  using kv = await Deno.openKv(":memory:");
  const deps = { kv, isExclusive: false };
  await using one = await openProfiles(deps);
  await using other = await openProfiles(deps);
  await one.put("pump", { metrics: [metric("a")] });
  assertEquals(other.get("pump"), undefined);
  assertEquals((await other.current("pump"))?.metrics.length, 1);
  await one.put("pump", { metrics: [metric("a"), metric("b")] });
  await one.put("inverter", { metrics: [metric("a")] });
  assertEquals(metricsOf(other, "pump"), ["a"]);
  await other.refresh();
  assertEquals([metricsOf(other, "pump"), metricsOf(other, "inverter")], [["a", "b"], ["a"]]);
  await one.remove("inverter");
  assertEquals(await other.current("inverter"), undefined);
});

Deno.test("a process over a shared database sees a change of another within 5 seconds by itself", async () => {
  using kv = await Deno.openKv(":memory:");
  const deps = { kv, isExclusive: false };
  await using one = await openProfiles(deps);
  await using other = await openProfiles(deps);
  await one.put("pump", { metrics: [metric("a")] });
  const startedAt = performance.now();
  while (other.get("pump") === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
  assert(performance.now() - startedAt < 5_000);
});

Deno.test("the days for which readings are kept stay when metrics are appended, and are read again", async () => {
  using kv = await Deno.openKv(":memory:");
  await using profiles = await openProfiles({ kv, isExclusive: true });
  await profiles.put("pump", { metrics: [metric("a")], retentionDays: 90 });
  await profiles.ensure("pump", [metric("b")]);
  await using other = await openProfiles({ kv, isExclusive: true });
  assertEquals(other.get("pump")?.retentionDays, 90);
  const { before, profile } = await profiles.put("pump", { metrics: [metric("a"), metric("b")] });
  assertEquals([before?.retentionDays, profile.retentionDays], [90, undefined]);
});

Deno.test("ensure() makes a profile and appends metrics, from many processes at once", async () => {
  using kv = await Deno.openKv(":memory:");
  const stores = await Promise.all(
    Array.from({ length: 4 }, () => openProfiles({ kv, isExclusive: false })),
  );
  const names = ["a", "b", "c", "d", "e", "f"];
  const calls = stores.flatMap((profiles, index) =>
    names.map((name) => profiles.ensure("weather", [metric(name), metric(`own_${index}`)]))
  );
  const ensured = await Promise.all(calls);
  for (const [index, { metrics }] of ensured.entries()) {
    assert(metrics.some(({ name }) => name === names[index % names.length]));
  }
  const [first, ...others] = await Promise.all(stores.map((each) => each.current("weather")));
  assertEquals(first?.metrics.length, names.length + stores.length);
  assertEquals(first?.life, 1);
  for (const other of others) assertEquals(other, first);
  for (const each of stores) await each[Symbol.asyncDispose]();
});

Deno.test("ensure() leaves out names that are invalid or differ only in case, and those beyond the 64th", async () => {
  using kv = await Deno.openKv(":memory:");
  await using profiles = await openProfiles({ kv, isExclusive: true });
  const many = Array.from({ length: 70 }, (_, index) => metric(`m${index}`));
  const first = await profiles.ensure("weather", [metric("a b"), metric("count"), metric("M0")]);
  assertEquals(first.metrics.map(({ name }) => name), ["M0"]);
  const { metrics } = await profiles.ensure("weather", many);
  assertEquals(metrics.length, 64);
  assertEquals(metrics.slice(0, 3).map(({ name }) => name), ["M0", "m1", "m2"]);
  assertEquals((await profiles.ensure("weather", many)).metrics, metrics);
});

Deno.test("no more than 1,000 profiles are defined", async () => {
  using kv = await Deno.openKv(":memory:");
  await using profiles = await openProfiles({ kv, isExclusive: true });
  for (let index = 0; index < 1_000; index++) {
    await profiles.put(`p${index}`, { metrics: [metric("a")] });
  }
  for (
    const call of [
      () => profiles.put("last", { metrics: [metric("a")] }),
      () => profiles.ensure("last", [metric("a")]),
    ]
  ) {
    assertEquals((await assertRejects(call, AppError)).code, "TOO_MANY_PROFILES");
  }
  await profiles.remove("p7");
  await profiles.put("last", { metrics: [metric("a")] });
});

Deno.test("a use that begins while its profile is changed or deleted fails", async () => {
  using kv = await Deno.openKv(":memory:");
  await using profiles = await openProfiles({ kv, isExclusive: true });
  await profiles.put("pump", { metrics: [metric("a")] });
  const { life, stage } = await prepareProfileUse(kv, "pump", USER);
  await profiles.put("pump", { metrics: [metric("b")] });
  const op = kv.atomic();
  stage(op);
  assertEquals([life, (await op.commit()).ok], [1, false]);
  await profiles.remove("pump");
  const error = await assertRejects(() => prepareProfileUse(kv, "pump", USER), AppError);
  assertEquals(error.code, "PROFILE_NOT_FOUND");
});

Deno.test("a device and a meter with the same id cannot have the same profile", async () => {
  using kv = await Deno.openKv(":memory:");
  await using profiles = await openProfiles({ kv, isExclusive: true });
  await profiles.put("pump", { metrics: [metric("a")] });
  const late = await prepareProfileUse(kv, "pump", { kind: "meter", id: "a" });
  await use(kv, USER);
  const op = kv.atomic();
  late.stage(op);
  assertEquals((await op.commit()).ok, false);
  const error = await assertRejects(() => use(kv, { kind: "meter", id: "a" }), AppError);
  assertEquals([error.code, error.message], ["ID_TAKEN", "The device a has the profile pump"]);
  await use(kv, { kind: "meter", id: "b" });
});
