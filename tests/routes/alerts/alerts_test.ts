import { type Caller, createCaller, type Patterns } from "../../../data/access/caller.ts";
import { type Scope, SCOPES } from "../../../data/access/scopes.ts";
import { BUILT_IN_PROFILES } from "../../../data/readings/profiles.ts";
import { createAlertTester } from "../../../jobs/alerts/alert_tester.ts";
import { changeDevice, createDevice } from "../../../kv/devices/devices.ts";
import { type AlertRig, openAlertRig } from "../../support/alert_rig.ts";
import { assertEquals, assertMatch } from "../../support/assert.ts";
import { createTestApp } from "../app_fixture.ts";

const MINUTE = 60_000;

type Answer = { status: number; body: Record<string, unknown> };
type Ask = (request: string, body?: unknown) => Promise<Answer>;

interface AlertApp extends Disposable {
  readonly rig: AlertRig;
  /** Keys that count; take one out to revoke it. */
  readonly callers: Map<string, Caller>;
  as(name: string, patterns?: Partial<Patterns>, scopes?: readonly Scope[]): Ask;
}

async function openAlertApp(): Promise<AlertApp> {
  const callers = new Map<string, Caller>();
  const findOwner = (owner: string) => callers.get(owner.replace(/^key:/, "")) ?? null;
  const rig = await openAlertRig({ findOwner });
  const { kv, series } = rig;
  let made = 0;
  const { app } = createTestApp({
    kv,
    series,
    now: rig.now,
    findOwner,
    newId: () => `id-${++made}`,
    alertTester: createAlertTester({ kv, series, profiles: BUILT_IN_PROFILES }),
    authenticators: [{ authenticate: ({ token }) => callers.get(token ?? "") ?? null }],
  });
  return {
    rig,
    callers,
    as(name, patterns = {}, scopes = SCOPES) {
      const actor = { kind: "key", id: name, name } as const;
      const all = { meter: null, device: null, store: null, ...patterns };
      callers.set(name, createCaller({ owner: `key:${name}`, actor, scopes, patterns: all }));
      return async (request, body) => {
        const [method, path] = request.split(" ");
        const headers = { authorization: `Bearer ${name}`, "content-type": "application/json" };
        const answer = await app.request(path, { method, headers, body: JSON.stringify(body) });
        const text = await answer.text();
        return { status: answer.status, body: text === "" ? {} : JSON.parse(text) };
      };
    },
    [Symbol.dispose]: () => rig[Symbol.dispose](),
  };
}

const HOT = {
  name: "Too full",
  on: "devices",
  condition: { type: "above", metric: "soc_percent", limit: 80, for_seconds: 0 },
  group_seconds: 0,
};

async function addDevice({ rig }: AlertApp, id: string, more: object = {}): Promise<void> {
  const device = { profile: "battery", nowMs: rig.now(), serviceOfflineAfterMs: 600_000 };
  await createDevice(rig.kv, id, { ...device, ...more });
}

const idsOf = (list: unknown) => (list as { id: string }[]).map(({ id }) => id);

Deno.test("an alert is made with its defaults, changed as a whole, and deleted", async () => {
  using app = await openAlertApp();
  const ask = app.as("admin");
  const { group_seconds: _, ...request } = HOT;
  const made = await ask("POST /api/alerts", request);
  assertEquals(made, {
    status: 201,
    body: {
      id: "id-1",
      state: "active",
      name: "Too full",
      note: null,
      severity: "warning",
      enabled: true,
      on: "devices",
      scope: { ids: null, device_type: null, location: null, profile: null },
      condition: {
        type: "above",
        metric: "soc_percent",
        limit: 80,
        clear_at: 80,
        for_seconds: 0,
      },
      resolve_after_seconds: 0,
      group_seconds: 10,
      flapping: { firings: 3, within_seconds: 3_600, calm_seconds: 900 },
      notify: null,
      counts: { pending: 0, firing: 0, muted: 0 },
      owner: "key:admin",
      created_at: "2024-03-10T00:00:00Z",
      changed_at: "2024-03-10T00:00:00Z",
    },
  });
  const { body: { scope: _scope, ...settings } } = made;
  const { id: _id, state: _state, counts: _c, owner: _o, created_at: _1, changed_at: _2, ...rest } =
    settings;
  const changed = await ask("PUT /api/alerts/id-1", { ...rest, notify: undefined, note: "Call" });
  assertEquals([changed.status, changed.body.note], [200, "Call"]);
  assertEquals((await ask("DELETE /api/alerts/id-1")).status, 204);
  for (const method of ["GET", "DELETE"]) {
    const { status, body } = await ask(`${method} /api/alerts/id-1`);
    assertEquals([status, body.code], [404, "ALERT_NOT_FOUND"]);
  }
});

Deno.test("everything that is wrong with an alert is named at once", async () => {
  using app = await openAlertApp();
  const ask = app.as("admin");
  const wrong = {
    name: "x",
    on: "meters",
    scope: { location: "cellar" },
    condition: { type: "above", metric: "colour", limit: 80, clear_at: 90 },
  };
  const { status, body } = await ask("POST /api/alerts", wrong);
  assertEquals([status, body.detail], [
    400,
    "scope.location must be null with on meters: only devices have a type and a location; " +
    "condition.metric must be a metric of a profile; " +
    "condition.clear_at must be at most the limit, 80",
  ]);
  const kinds = [["devices", "down"], ["meters", "offline"], ["stores", "no_data"]];
  for (const [on, type] of kinds) {
    const condition = { type, for_seconds: 600 };
    const { body } = await ask("POST /api/alerts", { name: "x", on, condition });
    assertMatch(
      String(body.detail),
      /^condition.type must be one of .+ with on (devices|meters|stores)$/,
    );
  }
  const mail = { ...HOT, notify: { email: ["a@example.com"] } };
  assertEquals((await ask("POST /api/alerts", mail)).body.code, "DELIVERY_NOT_CONFIGURED");
});

Deno.test("what fires is listed page by page, and an alert shows its subjects, also those that are ok", async () => {
  using app = await openAlertApp();
  const ask = app.as("admin");
  const { rig } = app;
  for (const id of ["a", "b", "c"]) {
    await addDevice(app, id);
    await rig.write(id, [[rig.now(), id === "b" ? 50 : 90]]);
  }
  await ask("POST /api/alerts", HOT);
  await ask("POST /api/alerts", { ...HOT, severity: "critical", scope: { ids: ["c*"] } });
  await rig.pass(1_000);
  const first = await ask("GET /api/alerts/firing?limit=2");
  assertEquals([idsOf(first.body.firing), first.body.next], [
    ["a", "c"],
    "/api/alerts/firing?limit=2&cursor=id-1~c",
  ]);
  const second = await ask(`GET ${first.body.next}`);
  assertEquals([idsOf(second.body.firing), second.body.next], [["c"], null]);
  const critical = await ask("GET /api/alerts/firing?severity=critical");
  assertEquals(idsOf(critical.body.firing), ["c"]);
  const { body } = await ask("GET /api/alerts/id-1?limit=2");
  const states = (body.subjects as { id: string; state: string; value: number }[])
    .map(({ id, state, value }) => [id, state, value]);
  assertEquals(states, [["a", "firing", 90], ["b", "ok", null]]);
  assertEquals(body.counts, { pending: 0, firing: 2, muted: 0 });
  assertEquals(body.next, "/api/alerts/id-1?limit=2&cursor=b");
  const firing = await ask("GET /api/alerts/id-1?state=firing&cursor=a");
  assertEquals(idsOf(firing.body.subjects), ["c"]);
});

Deno.test("scopes by type and location follow a device that changes", async () => {
  using app = await openAlertApp();
  const ask = app.as("admin");
  const { rig } = app;
  await addDevice(app, "a", { deviceType: "home battery", location: "cellar 1" });
  await addDevice(app, "b", { deviceType: "home battery", location: "roof" });
  for (const id of ["a", "b"]) await rig.write(id, [[rig.now(), 90]]);
  const scope = { device_type: "home*", location: "cellar*" };
  await ask("POST /api/alerts", { ...HOT, scope });
  await rig.pass(1_000);
  assertEquals(await rig.told(), ["firing a"]);
  const move = (location: string) => ({ change: () => ({ location }), nowMs: rig.now() });
  await changeDevice(rig.kv, "a", move("roof"));
  await changeDevice(rig.kv, "b", move("cellar 2"));
  await rig.pass(1_000);
  // The one that left does so without a message.
  assertEquals([await rig.states("id-1"), await rig.told()], [{ b: "firing" }, [
    "firing a",
    "firing b",
  ]]);
});

Deno.test("an alert of a restricted key watches what the key may touch, and others do not see it", async () => {
  using app = await openAlertApp();
  const { rig } = app;
  const admin = app.as("admin");
  const site = app.as("site", { device: ["a*"], meter: [], store: [] });
  const other = app.as("other", { device: ["b*"], meter: [], store: [] });
  for (const id of ["a", "b"]) {
    await addDevice(app, id);
    await rig.write(id, [[rig.now(), 90]]);
  }
  await site("POST /api/alerts", HOT);
  await admin("POST /api/alerts", HOT);
  await rig.pass(1_000);
  assertEquals((await rig.told()).toSorted(), ["firing a", "firing a,b"]);
  assertEquals(idsOf((await site("GET /api/alerts")).body.alerts), ["id-1"]);
  assertEquals(idsOf((await other("GET /api/alerts")).body.alerts), []);
  assertEquals((await other("GET /api/alerts/firing")).body.firing, []);
  for (const request of ["GET", "DELETE"]) {
    assertEquals((await other(`${request} /api/alerts/id-1`)).status, 404);
  }
  assertEquals((await other("PUT /api/alerts/id-1", HOT)).status, 404);
  assertEquals(idsOf((await admin("GET /api/alerts/id-1")).body.subjects), ["a"]);
  // Reading needs a scope, and changing another one.
  const reader = app.as("reader", {}, ["read"]);
  assertEquals((await reader("POST /api/alerts", HOT)).status, 403);
  assertEquals((await reader("POST /api/alerts/test", HOT)).status, 200);
});

Deno.test("an alert stops when its key is revoked, says why, and whoever changes it takes it over", async () => {
  using app = await openAlertApp();
  const { rig } = app;
  const admin = app.as("admin");
  const site = app.as("site", { device: ["a*"], meter: [], store: [] });
  await addDevice(app, "a");
  await rig.write("a", [[rig.now(), 90]]);
  await site("POST /api/alerts", HOT);
  await rig.pass(1_000);
  assertEquals(await rig.states("id-1"), { a: "firing" });
  app.callers.delete("site");
  await rig.pass(2_000);
  assertEquals([await rig.states("id-1"), await rig.told()], [{}, ["firing a"]]);
  assertEquals((await admin("GET /api/alerts/id-1")).body.state, "owner_gone");
  const taken = await admin("PUT /api/alerts/id-1", HOT);
  assertEquals([taken.body.state, taken.body.owner], ["active", "key:admin"]);
  await rig.pass(1_000);
  assertEquals(await rig.states("id-1"), { a: "firing" });
});

Deno.test("a test says what an alert would have reported in the last day, and stores nothing", async () => {
  using app = await openAlertApp();
  const { rig } = app;
  const ask = app.as("admin");
  const startMs = rig.now();
  for (const id of ["a", "b"]) {
    await addDevice(app, id);
    await rig.write(id, [
      [startMs, 50],
      [startMs + 10 * MINUTE, 90],
      [startMs + 16 * MINUTE, 50],
      [startMs + 60 * MINUTE, 90],
      [startMs + 62 * MINUTE, 50],
    ]);
  }
  rig.advance(120 * MINUTE);
  const condition = { ...HOT.condition, for_seconds: 300 };
  const { status, body } = await ask("POST /api/alerts/test", { ...HOT, condition });
  assertEquals([status, body.tested, body.firings, body.message_count], [200, 2, 2, 2]);
  assertEquals(body.messages, [
    { at: "2024-03-10T00:15:00Z", transition: "firing", count: 2, ids: ["a", "b"] },
    { at: "2024-03-10T00:16:00Z", transition: "resolved", count: 2, ids: ["a", "b"] },
  ]);
  const [{ moves }] = body.subjects as { moves: { at: string; state: string }[] }[];
  assertEquals(moves.map(({ at, state }) => [at.slice(11, 16), state]), [
    ["00:10", "pending"],
    ["00:15", "firing"],
    ["00:16", "ok"],
    ["01:00", "pending"],
    ["01:02", "ok"],
  ]);
  await rig.pass(1_000);
  assertEquals([await rig.told(), (await ask("GET /api/alerts")).body.alerts], [[], []]);
  const times = { from: "2024-03-01T00:00:00Z", to: "2024-03-11T00:00:00Z" };
  assertEquals(
    (await ask("POST /api/alerts/test", { ...HOT, ...times })).body.detail,
    "to must not be in the future; from must be at most 7 days before to",
  );
});

Deno.test("during maintenance a subject is muted; the window of a restricted key mutes only its own alerts", async () => {
  using app = await openAlertApp();
  const { rig } = app;
  const admin = app.as("admin");
  const site = app.as("site", { device: ["a*"], meter: [], store: [] });
  await addDevice(app, "a");
  await site("POST /api/alerts", HOT);
  await admin("POST /api/alerts", HOT);
  const once = { from: "2024-03-10T00:00:00Z", to: "2024-03-10T01:00:00Z" };
  const made = await site("POST /api/maintenance-windows", { name: "Works", once });
  assertEquals([made.status, made.body.active, made.body.next], [201, true, [once]]);
  await rig.write("a", [[rig.now(), 90]]);
  await rig.pass(1_000);
  assertEquals((await rig.events()).map(({ subject }) => subject.id), ["id-2"]);
  const { body } = await admin("GET /api/alerts/firing");
  const states = (body.firing as { state: string; muted_until: string | null }[])
    .map(({ state, muted_until }) => [state, muted_until]);
  assertEquals(states, [["muted", "2024-03-10T01:00:00Z"], ["firing", null]]);
  assertEquals((await admin("GET /api/alerts/id-1")).body.counts, {
    pending: 0,
    firing: 0,
    muted: 1,
  });
  assertEquals((await site("DELETE /api/maintenance-windows/id-3")).status, 204);
  await rig.pass(1_000);
  assertEquals((await rig.events()).map(({ subject }) => subject.id), ["id-2", "id-1"]);
});

Deno.test("a window repeats by the clock of its zone, over the change of the clocks", async () => {
  using app = await openAlertApp();
  const ask = app.as("admin");
  const repeat = {
    timezone: "America/New_York",
    days: ["saturday", "sunday"],
    start: "22:00",
    end: "03:30",
  };
  const made = await ask("POST /api/maintenance-windows", { name: "Nights", repeat });
  // It is Saturday 19:00 in New York, where 02:00 on Sunday is 03:00.
  assertEquals(made.body.next, [
    { from: "2024-03-10T03:00:00Z", to: "2024-03-10T07:30:00Z" },
    { from: "2024-03-11T02:00:00Z", to: "2024-03-11T07:30:00Z" },
    { from: "2024-03-17T02:00:00Z", to: "2024-03-17T07:30:00Z" },
  ]);
  const last = { timezone: "UTC", days_of_month: [-1], start: "00:00", end: "00:00" };
  const monthly = await ask("PUT /api/maintenance-windows/id-1", { name: "Month", repeat: last });
  assertEquals((monthly.body.next as { from: string }[]).map(({ from }) => from.slice(0, 10)), [
    "2024-03-31",
    "2024-04-30",
    "2024-05-31",
  ]);
  const { body } = await ask("POST /api/maintenance-windows", { name: "Neither" });
  assertEquals(body.detail, "Send either once or repeat");
});
