import { assert, assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { askJson, type JsonAnswer, postJson, startTestService } from "../../support/service.ts";
import { createCaller } from "../../../data/access/caller.ts";
import { createAudit } from "../../../kv/audit/audit.ts";
import { openKv } from "../../../kv/opened_kv.ts";
import { openProfiles } from "../../../kv/profiles/profiles.ts";
import { createTestApp } from "../app_fixture.ts";
import { assertProblem } from "../problem_assert.ts";

const T0 = Date.UTC(2026, 1, 7, 8);

function put(url: string, body: unknown): Promise<JsonAnswer> {
  return askJson(url, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

type Entry = JsonAnswer["body"];

async function trail(url: string, query = "order=oldest"): Promise<Entry[]> {
  return (await askJson(`${url}/api/audit?${query}`)).body.entries;
}

/** What differs between entries of one test. */
function summary({ action, outcome, code, subject, details }: Entry): unknown[] {
  return [action, outcome, code, subject && `${subject.kind} ${subject.id}`, details];
}

Deno.test("changed settings have their values before and after, in the words of the API", async () => {
  await using service = await startTestService({ now: () => T0 });
  const { url } = service;
  await put(`${url}/devices/D1`, { profile: "appliance", location: "Roof" });
  await put(`${url}/devices/D1`, { location: "Cellar", offline_after_seconds: 60 });
  await put(`${url}/api/meters/M1`, { label: "Kitchen" });
  const metric = { name: "power_w", unit: "W", aggregate: "mean" };
  await put(`${url}/api/profiles/pump`, { metrics: [metric] });
  await put(`${url}/api/profiles/pump`, { title: "Pump", metrics: [metric] });
  await fetch(`${url}/api/profiles/pump`, { method: "DELETE" });
  const metrics = [{ ...metric, label: null, min: null, max: null, required: false }];
  assertEquals((await trail(url)).map(summary), [
    ["device.change", "done", null, "device D1", {
      changes: {
        profile: { from: null, to: "appliance" },
        location: { from: null, to: "Roof" },
      },
    }],
    ["device.change", "done", null, "device D1", {
      changes: {
        location: { from: "Roof", to: "Cellar" },
        offline_after_seconds: { from: null, to: 60 },
      },
    }],
    ["meter.change", "done", null, "meter M1", {
      changes: {
        profile: { from: null, to: "meter" },
        label: { from: null, to: "Kitchen" },
      },
    }],
    ["profile.change", "done", null, "profile pump", {
      changes: { metrics: { from: null, to: metrics } },
    }],
    ["profile.change", "done", null, "profile pump", {
      changes: { title: { from: null, to: "Pump" } },
    }],
    ["profile.delete", "done", null, "profile pump", {
      changes: { title: { from: "Pump", to: null }, metrics: { from: metrics, to: null } },
    }],
  ]);
});

Deno.test("an entry says when, who and from where", async () => {
  await using service = await startTestService({ now: () => T0 });
  await put(`${service.url}/api/meters/M1`, { label: "Kitchen" });
  const [entry] = await trail(service.url);
  assertEquals([entry.at, entry.last_at, entry.count], [
    "2026-02-07T08:00:00Z",
    "2026-02-07T08:00:00Z",
    1,
  ]);
  assertEquals(entry.actor, { kind: "anonymous", id: "127.0.0.1", name: "127.0.0.1" });
  assertEquals(entry.address, "127.0.0.1");
  assert(entry.id.startsWith(`${T0}_`));
});

Deno.test("deletions name their job and span; uploads of stores have their counts", async () => {
  await using service = await startTestService({ now: () => T0 });
  const { url } = service;
  await put(`${url}/devices/D1`, {});
  const span = "from=2026-02-01&to=2026-02-02T12:00:00Z";
  const { body } = await askJson(`${url}/devices/D1/readings?${span}`, { method: "DELETE" });
  const { body: deletion } = await askJson(`${url}/devices/D1`, { method: "DELETE" });
  const csv = "store_id,timezone_str\n1,Europe/Amsterdam\n2,Mars/Base\n";
  await askJson(`${url}/stores/timezones`, {
    method: "POST",
    headers: { "content-type": "text/csv" },
    body: csv,
  });
  // The jobs end at any time.
  const requests = (await trail(url)).filter(({ action }) => action !== "deletion.end");
  assertEquals(requests.slice(1).map(summary), [
    ["readings.delete", "done", null, "device D1", {
      job_id: body.job_id,
      from: "2026-02-01T00:00:00Z",
      to: "2026-02-02T12:00:00Z",
    }],
    ["device.delete", "done", null, "device D1", { job_id: deletion.job_id }],
    ["zones.upload", "done", null, null, { received: 2, replaced: 1, stores: 1, rejected: 1 }],
  ]);
});

Deno.test("requests that were refused are in the trail with the code of their error", async () => {
  await using service = await startTestService({ now: () => T0 });
  const { url } = service;
  await put(`${url}/devices/D1`, { location: 5 });
  assertProblem(await askJson(`${url}/api/meters/none`, { method: "DELETE" }), {
    status: 404,
    code: "SMART_METER_NOT_FOUND",
    detail: "Smart meter with ID 'none' not found",
  });
  assertEquals((await trail(url)).map(summary), [
    ["device.change", "refused", "INVALID_REQUEST", "device D1", {}],
    ["meter.delete", "refused", "SMART_METER_NOT_FOUND", "meter none", {}],
  ]);
});

/** An app whose callers are an admin and one that may only read, by the words of their tokens. */
async function openKeyed() {
  await using stack = new AsyncDisposableStack();
  const opened = stack.use(await openKv(":memory:"));
  const { kv } = opened;
  const audit = createAudit({ kv, owner: "p", now: () => T0, log: () => {} });
  stack.defer(() => audit.stop());
  const profiles = stack.use(await openProfiles(opened));
  const callers = new Map((["admin", "read"] as const).map((name) => {
    const actor = { kind: "key", id: `k-${name}`, name } as const;
    return [name as string, createCaller({ owner: `key:${name}`, actor, scopes: [name] })];
  }));
  const { app } = createTestApp({
    kv,
    audit,
    profiles,
    authenticators: [{ authenticate: ({ token }) => callers.get(token ?? "") ?? null }],
  });
  const owned = stack.move();
  return {
    audit,
    async ask(request: string, token: string | null, body?: unknown): Promise<Entry> {
      const [method, path] = request.split(" ");
      const headers = {
        "content-type": "application/json",
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      };
      const init = {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      };
      const answer = await app.request(path, init);
      return { status: answer.status, body: await answer.json() };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

Deno.test("an entry has the key that acted; wrong keys and missing scopes are counted", async () => {
  await using keyed = await openKeyed();
  const { ask, audit } = keyed;
  const metrics = [{ name: "a", unit: "1", aggregate: "mean" }];
  assertEquals((await ask("PUT /api/profiles/pump", "admin", { metrics })).status, 201);
  assertEquals((await ask("PUT /api/profiles/pump", "read", { metrics })).status, 403);
  assertEquals((await ask("GET /api/audit", "read")).status, 403);
  for (let time = 0; time < 3; time++) {
    assertEquals((await ask("GET /devices", "wrong")).status, 401);
  }
  // Nothing was presented here, so nobody failed to sign in.
  assertEquals((await ask("GET /devices", null)).status, 401);
  // The answers did not wait for what they count.
  await audit.flush();
  const { body } = await ask("GET /api/audit?order=oldest", "admin");
  assertEquals(
    body.entries.map(({ action, outcome, code, actor, subject }: Entry) => [
      action,
      outcome,
      code,
      actor.id,
      subject?.id ?? null,
    ]),
    [
      ["profile.change", "done", null, "k-admin", "pump"],
      ["profile.change", "refused", "FORBIDDEN", "k-read", "pump"],
      ["access.refuse", "refused", "FORBIDDEN", "k-read", null],
      ["sign_in.refuse", "refused", "UNAUTHENTICATED", "", null],
    ],
  );
  assertEquals(body.entries[2].details, { route: "GET /api/audit", scope: "admin" });
  assert(!JSON.stringify(body).includes("wrong"));
});

Deno.test("the trail is filtered by time, actor, action, subject and outcome", async () => {
  const clock = { nowMs: T0 };
  await using service = await startTestService({ now: () => clock.nowMs });
  const { url } = service;
  for (const id of ["A", "B"]) {
    await put(`${url}/devices/${id}`, {});
    clock.nowMs += 1_000;
    await put(`${url}/api/meters/${id}`, {});
    clock.nowMs += 1_000;
  }
  await fetch(`${url}/api/meters/none`, { method: "DELETE" }).then((answer) =>
    answer.body?.cancel()
  );
  const count = async (query: string) => (await trail(url, query)).length;
  assertEquals(await count("action=device.change"), 2);
  assertEquals(await count("action=meter"), 3);
  assertEquals(await count("subject=A"), 2);
  assertEquals(await count("subject=meter:A"), 1);
  assertEquals(await count("outcome=refused"), 1);
  assertEquals(await count("actor=anonymous"), 5);
  assertEquals(await count("actor=k1"), 0);
  assertEquals(await count("from=2026-02-07T08:00:01Z&to=2026-02-07T08:00:03Z"), 2);
  assertEquals(await count("from=2026-02-08"), 0);
  assertEquals(await count("to=2026-02-07"), 5);
});

Deno.test("the trail has pages in both orders, each entry once", async () => {
  await using service = await startTestService({ now: () => T0 });
  const { url } = service;
  for (let index = 0; index < 7; index++) await put(`${url}/devices/D${index}`, {});
  for (const order of ["oldest", "newest"]) {
    const ids: string[] = [];
    let next: string | null = `/api/audit?limit=3&order=${order}&action=device`;
    while (next !== null) {
      const { body, headers }: JsonAnswer = await askJson(url + next);
      ids.push(...body.entries.map(({ subject }: Entry) => subject.id));
      next = body.next;
      assertEquals(headers.get("link"), next === null ? null : `<${next}>; rel="next"`);
    }
    const expected = ["D0", "D1", "D2", "D3", "D4", "D5", "D6"];
    assertEquals(ids, order === "oldest" ? expected : expected.toReversed());
  }
});

Deno.test("NDJSON and CSV have all entries at once; a formula in an id stays text", async () => {
  await using service = await startTestService({ now: () => T0 });
  const { url } = service;
  for (const id of ["D1", "-1"]) await put(`${url}/devices/${id}`, { location: 'a "b"' });
  const ndjson = await fetch(`${url}/api/audit?format=ndjson&order=oldest`);
  assertEquals(ndjson.headers.get("content-type"), "application/x-ndjson");
  const lines = (await ndjson.text()).trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(lines, await trail(url));
  const csv = await (await fetch(`${url}/api/audit?format=csv&order=oldest`)).text();
  const [header, first, second, end] = csv.split("\n");
  assertEquals(
    header,
    "id,at,action,outcome,code,actor_kind,actor_id,actor_name,address,subject_kind,subject_id," +
      "count,last_at,details",
  );
  assertStringIncludes(first, ",2026-02-07T08:00:00Z,device.change,done,,anonymous,127.0.0.1,");
  assertStringIncludes(first, `""to"":""a \\""b\\""""}`);
  assertStringIncludes(second, ",device,'-1,1,");
  assertEquals(end, "");
});

Deno.test("everything that is wrong with the query is reported at once", async () => {
  await using service = await startTestService();
  const query = "from=yesterday&action=drink&outcome=good&order=up&format=csv&limit=5&cursor=a";
  const { status, body } = await askJson(`${service.url}/api/audit?${query}&who=me`);
  assertEquals([status, body.code], [400, "INVALID_REQUEST"]);
  const pointers = body.errors.map(({ pointer }: { pointer: string }) => pointer);
  assertEquals(
    [...new Set<string>(pointers)].toSorted(),
    ["#action", "#cursor", "#from", "#limit", "#order", "#outcome", "#who"],
  );
});

Deno.test("POST to the trail is not allowed", async () => {
  await using service = await startTestService();
  assertEquals((await postJson(`${service.url}/api/audit`, {})).status, 405);
});
