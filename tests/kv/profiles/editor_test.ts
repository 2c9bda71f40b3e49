import { AppError } from "../../../data/app_error.ts";
import type { Metric } from "../../../data/readings/profile.ts";
import { openProfiles } from "../../../kv/profiles/profiles.ts";
import {
  prepareProfileUse,
  type ProfileUser,
  stageProfileUseEnd,
} from "../../../kv/profiles/uses.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { strictKv, type StrictPlan } from "../../support/strict_kv.ts";

const metric = (name: string): Metric => ({ name, unit: "W", min: 0, max: 10, aggregate: "mean" });
const OF_DEVICES = { owner: "key:d", mayTouch: ({ kind }: ProfileUser) => kind === "device" };
const OF_METERS = { owner: "key:m", mayTouch: ({ kind }: ProfileUser) => kind === "meter" };
const MORE = { metrics: [metric("a"), metric("b")] };

async function use(kv: Deno.Kv, user: ProfileUser): Promise<void> {
  const op = kv.atomic();
  (await prepareProfileUse(kv, "pump", user)).stage(op);
  assert((await op.commit()).ok);
}

Deno.test("a user that an editor may not touch is found behind many others, until it is gone", async () => {
  using kv = await Deno.openKv(":memory:");
  await using profiles = await openProfiles({ kv, isExclusive: true });
  await profiles.put("pump", { metrics: [metric("a")] });
  const many = kv.atomic();
  for (let index = 0; index < 600; index++) {
    many.set(["profile_use", "pump", "device", `a${index}`], true);
  }
  assert((await many.commit()).ok);
  await use(kv, { kind: "meter", id: "b" });
  for (const editor of [OF_DEVICES, OF_DEVICES, OF_METERS]) {
    const error = await assertRejects(() => profiles.put("pump", MORE, editor), AppError);
    assertEquals(error.code, "FORBIDDEN");
  }
  const end = kv.atomic();
  stageProfileUseEnd(end, "pump", { kind: "meter", id: "b" });
  assert((await end.commit()).ok);
  await profiles.put("pump", MORE, OF_DEVICES);
  assertEquals(profiles.get("pump")?.metrics.length, 2);
});

Deno.test("a user that comes while an editor changes a profile keeps the change from happening", async () => {
  const plan: StrictPlan = {};
  const raw = await Deno.openKv(":memory:");
  using kv = strictKv(raw, plan);
  await using profiles = await openProfiles({ kv, isExclusive: true });
  await profiles.put("pump", { metrics: [metric("a")] });
  await use(kv, { kind: "device", id: "a" });
  plan.before = async ({ kind }) => {
    if (kind !== "commit") return;
    plan.before = undefined;
    await use(raw, { kind: "meter", id: "b" });
  };
  const error = await assertRejects(() => profiles.put("pump", MORE, OF_DEVICES), AppError);
  assertEquals([error.code, plan.before], ["FORBIDDEN", undefined]);
  assertEquals(profiles.get("pump")?.metrics.length, 1);
});

Deno.test("an editor makes at most 100 profiles, also several at once and after a restart", async () => {
  using kv = await Deno.openKv(":memory:");
  const deps = { kv, isExclusive: true };
  await using profiles = await openProfiles(deps);
  const made = await Promise.allSettled(
    Array.from({ length: 105 }, (_, n) => profiles.ensure(`p${n}`, [metric("a")], OF_DEVICES)),
  );
  assertEquals(made.filter(({ status }) => status === "fulfilled").length, 100);
  await using again = await openProfiles(deps);
  for (
    const call of [
      () => again.put("last", { metrics: [metric("a")] }, OF_DEVICES),
      () => again.ensure("last", [metric("a")], OF_DEVICES),
    ]
  ) {
    const { code, message } = await assertRejects(call, AppError);
    assertEquals(code, "TOO_MANY_PROFILES");
    assert(message.endsWith("can make at most 100 profiles"), message);
  }
  // Those that are there still get metrics, and whoever changes a profile, its maker stays.
  assertEquals((await again.ensure("p1", MORE.metrics, OF_DEVICES)).metrics.length, 2);
  await again.put("p2", MORE);
  await assertRejects(() => again.ensure("last", [metric("a")], OF_DEVICES), AppError);
  await again.ensure("of_others", [metric("a")], OF_METERS);
  await again.ensure("of_everyone", [metric("a")]);
  await again.remove("p0");
  await again.ensure("last", [metric("a")], OF_DEVICES);
});
