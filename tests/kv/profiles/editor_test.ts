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
const OF_DEVICES = { mayTouch: ({ kind }: ProfileUser) => kind === "device" };
const OF_METERS = { mayTouch: ({ kind }: ProfileUser) => kind === "meter" };
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
