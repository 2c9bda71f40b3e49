import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { type Ask, openKeyedApp } from "../../support/keyed_app.ts";

const PATTERNS = { meter: ["a.*"], device: ["a.*"], store: [] };
const T = { name: "t", unit: "K", aggregate: "mean" };
const H = { name: "h", unit: "%", aggregate: "mean" };

async function done(ask: Ask, request: string, body: unknown): Promise<void> {
  const answer = await ask(request, { body });
  assert(answer.status < 300, `${request}: ${answer.status} ${answer.text}`);
}

/** An app with the profile `climate`, which some devices and meters have. */
async function openClimate(devices: readonly string[], meters: readonly string[] = []) {
  const app = await openKeyedApp();
  const admin = app.as("admin");
  await done(admin, "PUT /api/profiles/climate", { metrics: [T] });
  for (const id of devices) await done(admin, `PUT /devices/${id}`, { profile: "climate" });
  for (const id of meters) await done(admin, `PUT /api/meters/${id}`, { profile: "climate" });
  const site = app.as("site", { scopes: ["manage", "ingest"], patterns: PATTERNS });
  return { app, admin, site, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() };
}

/** Changes that would reach all users of the profile. */
const CHANGES = [
  { metrics: [{ ...T, min: 1_000 }] },
  { metrics: [{ ...T, max: 0 }] },
  { metrics: [{ ...T, required: true }] },
  { metrics: [T, H] },
  { title: "Climate", metrics: [T] },
];

Deno.test("a key cannot change a profile that something has which it may not touch", async () => {
  for (const [devices, meters] of [[["a.1", "b.1"], []], [["a.1"], ["b.1"]]]) {
    await using world = await openClimate(devices, meters);
    const before = (await world.admin("GET /api/profiles/climate")).text;
    for (const body of CHANGES) {
      const answer = await world.site("PUT /api/profiles/climate", { body });
      assertEquals([answer.status, answer.body.code], [403, "FORBIDDEN"], answer.text);
      assertMatch(
        answer.body.detail,
        /may not change the profile climate, as it may not touch every device and meter/,
      );
      assert(!answer.text.includes("b.1"), answer.text);
    }
    assertEquals((await world.admin("GET /api/profiles/climate")).text, before);
    // What is there already is no change.
    await done(world.site, "PUT /api/profiles/climate", { metrics: [T] });
    await done(world.admin, "PUT /api/profiles/climate", CHANGES[3]);
  }
});

Deno.test("a key can change a profile that only things have which it may touch", async () => {
  await using world = await openClimate(["a.1", "a.2"], ["a.3"]);
  for (const body of CHANGES.slice(0, 4)) await done(world.site, "PUT /api/profiles/climate", body);
  const { body } = await world.site("DELETE /api/profiles/climate");
  assertEquals(body.code, "PROFILE_IN_USE");
  await done(world.site, "PUT /api/profiles/pump", { metrics: [T] });
  assertEquals((await world.site("DELETE /api/profiles/pump")).status, 204);
});

Deno.test("only a key that may touch everything says how long readings of a profile are kept", async () => {
  await using world = await openClimate(["a.1"]);
  const { app, admin, site } = world;
  const storeKey = {
    scopes: ["manage"],
    patterns: { meter: [], device: [], store: ["*"] },
  } as const;
  for (const ask of [site, app.as("stores", storeKey)]) {
    for (const name of ["climate", "new_one"]) {
      const sent = { body: { metrics: [T], retention_days: 1 } };
      const answer = await ask(`PUT /api/profiles/${name}`, sent);
      assertEquals([answer.status, answer.body.code], [403, "FORBIDDEN"], answer.text);
      assertMatch(answer.body.detail, /may not change retention_days of the profile/);
      const [{ pointer, value, rule }] = answer.body.errors;
      assertEquals([pointer, value, rule], ["/retention_days", 1, "null or left out"]);
    }
  }
  await done(admin, "PUT /api/profiles/climate", { metrics: [T], retention_days: 30 });
  for (const more of [{}, { retention_days: null }, { retention_days: 31 }]) {
    const answer = await site("PUT /api/profiles/climate", { body: { metrics: [T, H], ...more } });
    assertEquals([answer.status, answer.body.errors[0].rule], [403, "30, as it is"]);
  }
  // As it is, with more metrics.
  await done(site, "PUT /api/profiles/climate", { metrics: [T, H], retention_days: 30 });
  assertEquals((await admin("GET /api/profiles/climate")).body.retention_days, 30);
  assertEquals((await admin("GET /api/profiles/new_one")).status, 404);
});

Deno.test("line protocol of a key adds no metrics to a profile that hidden things have", async () => {
  await using world = await openClimate(["b.1"]);
  const { admin, site } = world;
  const lines = "climate,host=a.1 t=1,junk=2\nclimate,host=a.1 junk=2\nother,host=a.2 x=1,y=2";
  const written = await site("POST /api/v2/write", { body: lines });
  assertEquals(written.status, 400);
  assertMatch(
    written.body.message,
    /field junk is left out: the profile climate does not have it, and something that your key/,
  );
  assertEquals((await admin("GET /api/profiles/climate")).body.metrics.length, 1);
  assertEquals((await admin("GET /api/profiles/other")).body.metrics.length, 2);
  // What the profile has is stored, and a profile of its own grows.
  const { body } = await admin("GET /devices?fields=latest");
  const [{ device_id, latest }] = body.devices;
  assertEquals([device_id, latest.metrics], ["a.1", { t: 1 }]);
  assertEquals((await site("POST /api/v2/write", { body: "other,host=a.2 z=1" })).status, 204);
  assertEquals((await admin("GET /api/profiles/other")).body.metrics.length, 3);
  assertEquals((await admin("POST /api/v2/write", { body: "climate,host=a.1 h=2" })).status, 204);
});

Deno.test("line protocol of a key makes at most 100 profiles; its other lines are stored", async () => {
  await using world = await openClimate([]);
  const lines = Array.from({ length: 103 }, (_, index) => `m${index},host=a.${index} x=1`);
  const written = await world.site("POST /api/v2/write", { body: lines.join("\n") });
  assertEquals(written.status, 400);
  assertMatch(written.body.message, /can make at most 100 profiles.*dropped=3/s);
  assertEquals((await world.admin("GET /api/profiles")).body.profiles.length, 4 + 100);
  assertEquals((await world.admin("POST /api/v2/write", { body: "n,host=c x=1" })).status, 204);
});

Deno.test("an id that something hidden has with the same profile is refused without naming that", async () => {
  await using world = await openClimate(["a.1"], ["a.2"]);
  const { app } = world;
  const keys = [
    { sees: "device", path: "/api/meters/a.1", taker: "device a.1", hidden: "meter" },
    { sees: "meter", path: "/devices/a.2", taker: "meter a.2", hidden: "device" },
  ];
  for (const { sees, path, taker, hidden } of keys) {
    const body = { profile: "climate" };
    const patterns = { meter: ["a.*"], device: ["a.*"], store: [], [sees]: [] };
    const answer = await app.as(sees, { scopes: ["manage"], patterns })(`PUT ${path}`, { body });
    assertEquals([answer.status, answer.body.code], [409, "ID_TAKEN"], answer.text);
    assertMatch(answer.body.detail, /^The id a\.\d cannot have this profile/);
    assert(!answer.text.includes(sees), `${hidden}: ${answer.text}`);
    const seen = await world.site(`PUT ${path}`, { body });
    assert(seen.body.detail.includes(`The ${taker} has the profile climate`), seen.text);
  }
});
