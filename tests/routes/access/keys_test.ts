import { openKeys } from "../../../kv/access/keys.ts";
import { keyAuthenticator } from "../../../routes/access/key_authenticator.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { createTestApp } from "../app_fixture.ts";
import { NOW_MS } from "../exports/export_example.ts";

const NOW_TEXT = new Date(NOW_MS).toISOString().replace(".000Z", "Z");

/** A key other than the first one, a body, and headers that replace the key. */
interface Options {
  readonly key?: string;
  readonly body?: unknown;
  readonly headers?: { readonly authorization: string };
}

/** The app with real keys, the first of which may do everything. */
async function withKeys(
  run: (rig: {
    admin: string;
    clock: { nowMs: number };
    logged: ReturnType<typeof createTestApp>["logged"];
    // deno-lint-ignore no-explicit-any
    ask(method: string, path: string, options?: Options): Promise<any>;
  }) => Promise<void>,
): Promise<void> {
  using kv = await Deno.openKv(":memory:");
  const clock = { nowMs: NOW_MS };
  const now = () => clock.nowMs;
  await using keys = await openKeys({ kv, isExclusive: true, now });
  const authenticators: ReturnType<typeof keyAuthenticator>[] = [];
  const { app, logged } = createTestApp({ keys, now, authenticators });
  const log: Parameters<typeof keyAuthenticator>[0]["log"] = (level, event, fields) =>
    logged.push({ level, event, fields });
  authenticators.push(keyAuthenticator({ keys, now, log }));
  const first = await keys.createFirst("First key");
  await run({
    admin: first?.text ?? "",
    clock,
    logged,
    async ask(method, path, { key = first?.text, body, headers: given } = {}) {
      const headers = new Headers(given ?? { authorization: `Bearer ${key}` });
      if (headers.get("authorization") === "") headers.delete("authorization");
      if (body !== undefined) headers.set("content-type", "application/json");
      const init = { method, headers, body: body === undefined ? null : JSON.stringify(body) };
      const response = await app.request(path, init);
      const text = await response.text();
      const isJson = response.headers.get("content-type")?.includes("json") ?? false;
      return {
        status: response.status,
        headers: response.headers,
        body: isJson ? JSON.parse(text) : text,
      };
    },
  });
}

Deno.test("a new key is shown once, may do what its scopes say, and is never shown again", async () => {
  await withKeys(async ({ ask }) => {
    const request = { name: "Gateway", scopes: ["read", "ingest", "read"], devices: ["site-a.*"] };
    const made = await ask("POST", "/api/keys", { body: request });
    assertEquals([made.status, made.headers.get("cache-control")], [201, "no-store"]);
    const { key, id, ...rest } = made.body;
    assert(key.startsWith(`ow_${id}_`));
    assertEquals((await ask("GET", "/devices", { key })).status, 200);
    assertEquals((await ask("GET", "/api/keys", { key })).status, 403);
    const shown = await ask("GET", `/api/keys/${id}`);
    const { usage, ...about } = shown.body;
    assertEquals(about, { id, ...rest, last_used_at: "2024-06-01T12:00:00Z" });
    assertEquals(usage.jobs_waiting, { used: 0, limit: null });
    const none = {
      requests_per_second: null,
      burst: null,
      jobs_waiting: null,
      jobs_running: null,
      upload_bytes_at_once: null,
      stored_readings: null,
      file_bytes: null,
    };
    assertEquals(rest, {
      state: "active",
      origin: "api",
      name: "Gateway",
      scopes: ["read", "ingest"],
      meters: [],
      devices: ["site-a.*"],
      stores: [],
      networks: null,
      expires_at: null,
      limits: none,
      created_at: NOW_TEXT,
      created_by: rest.created_by,
      last_used_at: null,
      rotated_at: null,
      previous_valid_until: null,
      revoked_at: null,
    });
    const list = await ask("GET", "/api/keys");
    assertEquals(
      list.body.keys.map((one: { id: string }) => `key:${one.id}`).toSorted(),
      [
        rest.created_by,
        `key:${id}`,
      ].toSorted(),
    );
    assert(!JSON.stringify([shown.body, list.body]).includes(key.split("_")[2]));
  });
});

Deno.test("a key without patterns touches every id; null opens a kind besides patterns of another", async () => {
  await withKeys(async ({ ask }) => {
    const idsOf = async (more: Record<string, unknown>) => {
      const body = { name: "n", scopes: ["read"], ...more };
      const { body: { meters, devices, stores } } = await ask("POST", "/api/keys", { body });
      return [meters, devices, stores];
    };
    assertEquals(await idsOf({}), [null, null, null]);
    assertEquals(await idsOf({ meters: ["a*"] }), [["a*"], [], []]);
    assertEquals(await idsOf({ meters: ["a*"], stores: null }), [["a*"], [], null]);
    assertEquals(await idsOf({ meters: null }), [null, null, null]);
  });
});

Deno.test("everything that is wrong with a key is named at once", async () => {
  await withKeys(async ({ ask }) => {
    const body = {
      name: "",
      scopes: ["write"],
      meters: ["a?"],
      networks: ["10.0.0.1/8"],
      expires_at: "tomorrow",
      limits: { burst: 0 },
      more: 1,
    };
    const { status, body: problem } = await ask("POST", "/api/keys", { body });
    assertEquals(status, 400);
    const pointers = problem.errors.map(({ pointer }: { pointer: string }) => pointer);
    assertEquals(pointers.toSorted(), [
      "/expires_at",
      "/limits/burst",
      "/meters/0",
      "/more",
      "/name",
      "/networks/0",
      "/scopes/0",
    ]);
    const admin = { name: "n", scopes: ["admin"], devices: ["a"], expires_at: NOW_TEXT };
    const second = await ask("POST", "/api/keys", { body: admin });
    assertEquals(
      second.body.errors.map(({ detail }: { detail: string }) => detail).toSorted(),
      [
        "devices must be null with the scope admin, which may touch every id",
        "expires_at must be in the future",
        "meters must be null with the scope admin, which may touch every id",
        "stores must be null with the scope admin, which may touch every id",
      ],
    );
    for (const wrong of [[], null, 1]) {
      const { body: one } = await ask("POST", "/api/keys", { body: wrong });
      assertEquals(one.detail, "The body must be a JSON object");
    }
  });
});

Deno.test("PATCH changes what it is sent, for the very next request", async () => {
  await withKeys(async ({ ask, clock }) => {
    const expires_at = new Date(NOW_MS + 60_000).toISOString();
    const request = { name: "n", scopes: ["read"], limits: { burst: 5, jobs_running: 1 } };
    const { body: { key, id } } = await ask("POST", "/api/keys", { body: request });
    const change = { scopes: ["export"], expires_at, limits: { burst: null } };
    const { status, body } = await ask("PATCH", `/api/keys/${id}`, { body: change });
    assertEquals([status, body.name, body.scopes], [200, "n", ["export"]]);
    assertEquals([body.limits.burst, body.limits.jobs_running], [null, 1]);
    assertEquals((await ask("GET", "/devices", { key })).status, 403);
    clock.nowMs += 60_000;
    assertEquals((await ask("GET", "/api/exports", { key })).status, 401);
    assertEquals((await ask("GET", `/api/keys/${id}`)).body.state, "expired");
    // A key that has expired can be named anew, and made to count again.
    assertEquals((await ask("PATCH", `/api/keys/${id}`, { body: { name: "m" } })).status, 200);
    await ask("PATCH", `/api/keys/${id}`, { body: { expires_at: null } });
    assertEquals((await ask("GET", "/api/exports", { key })).status, 200);
    const wrong = await ask("PATCH", `/api/keys/${id}`, {
      body: { scopes: ["admin"], stores: [] },
    });
    assertEquals(wrong.body.errors[0].pointer, "/stores");
  });
});

Deno.test("a rotated key has two secrets until the grace is over", async () => {
  await withKeys(async ({ ask, clock }) => {
    const made = await ask("POST", "/api/keys", { body: { name: "n", scopes: ["read"] } });
    const { key: old, id } = made.body;
    const rotated = await ask("POST", `/api/keys/${id}/rotate`, { body: { grace_seconds: 60 } });
    assertEquals([rotated.status, rotated.headers.get("cache-control")], [200, "no-store"]);
    const { key, previous_valid_until } = rotated.body;
    assertEquals(Date.parse(previous_valid_until), NOW_MS + 60_000);
    const statuses = () =>
      Promise.all(
        [old, key].map(async (one) => (await ask("GET", "/devices", { key: one })).status),
      );
    assertEquals(await statuses(), [200, 200]);
    clock.nowMs += 60_000;
    assertEquals(await statuses(), [401, 200]);
    assertEquals((await ask("GET", `/api/keys/${id}`)).body.previous_valid_until, null);
    // Without a body the grace is a day.
    const again = await ask("POST", `/api/keys/${id}/rotate`);
    assertEquals(Date.parse(again.body.previous_valid_until), clock.nowMs + 86_400_000);
    const wrong = await ask("POST", `/api/keys/${id}/rotate`, {
      body: { grace_seconds: 2_592_001 },
    });
    assertEquals(wrong.body.detail, "grace_seconds must be a whole number of 0 to 2592000");
  });
});

Deno.test("a revoked key gets 401 at once, and the last admin key cannot be revoked", async () => {
  await withKeys(async ({ ask, admin }) => {
    const { body: { key, id } } = await ask("POST", "/api/keys", {
      body: { name: "n", scopes: ["read"] },
    });
    assertEquals((await ask("DELETE", `/api/keys/${id}`)).status, 204);
    assertEquals((await ask("GET", "/devices", { key })).status, 401);
    assertEquals((await ask("DELETE", `/api/keys/${id}`)).status, 204);
    const changed = await ask("PATCH", `/api/keys/${id}`, { body: { name: "m" } });
    assertEquals([changed.status, changed.body.code], [409, "KEY_FIXED"]);
    const last = await ask("DELETE", `/api/keys/${admin.split("_")[1]}`);
    assertEquals([last.status, last.body.code], [409, "LAST_ADMIN_KEY"]);
    const other = await ask("DELETE", "/api/keys/other");
    assertEquals([other.status, other.body.code], [404, "KEY_NOT_FOUND"]);
  });
});

Deno.test("keys are listed page by page, also those of one state", async () => {
  await withKeys(async ({ ask, clock }) => {
    const made: string[] = [];
    for (let number = 0; number < 4; number++) {
      clock.nowMs += 1_000;
      const body = { name: `key ${number}`, scopes: ["read"] };
      made.push((await ask("POST", "/api/keys", { body })).body.id);
    }
    for (const id of made.slice(0, 3)) await ask("DELETE", `/api/keys/${id}`);
    const found: string[] = [];
    let path = "/api/keys?limit=2&state=revoked";
    const sizes: number[] = [];
    while (path !== null) {
      const { body, headers } = await ask("GET", path);
      assertEquals(headers.get("link"), body.next === null ? null : `<${body.next}>; rel="next"`);
      found.push(...body.keys.map(({ id }: { id: string }) => id));
      sizes.push(body.keys.length);
      path = body.next;
    }
    assertEquals([found, sizes], [made.slice(0, 3), [2, 1]]);
  });
});

Deno.test("clients of InfluxDB send a key as Token, or as the password of Basic", async () => {
  await withKeys(async ({ ask }) => {
    const body = { name: "Telegraf", scopes: ["ingest"] };
    const { body: { key } } = await ask("POST", "/api/keys", { body });
    const write = async (path: string, authorization: string) =>
      (await ask("POST", path, { headers: { authorization } })).status;
    // No line is no fault, so an accepted request answers 204.
    assertEquals(await write("/api/v2/write", `Token ${key}`), 204);
    assertEquals(await write("/write?db=energy", `Basic ${btoa(`telegraf:${key}`)}`), 204);
    assertEquals(await write("/write", `Basic ${btoa(`${key}:telegraf`)}`), 401);
    assertEquals(await write("/telemetry", `Basic ${btoa(`telegraf:${key}`)}`), 401);
    assertEquals(await write(`/write?u=telegraf&p=${key}`, ""), 401);
  });
});

Deno.test("no secret is in the log or in an error, however it was sent", async () => {
  await withKeys(async ({ ask, admin, logged }) => {
    const secret = admin.split("_")[2];
    const wrong = `${admin.slice(0, -1)}${admin.endsWith("x") ? "y" : "x"}`;
    const answers = [
      await ask("GET", "/api/keys", { key: wrong }),
      await ask("GET", "/api/keys", { key: `${admin}, Bearer ${admin}` }),
      await ask("GET", "/api/keys", { key: `${admin}\u00a0` }),
      await ask("POST", "/api/keys", { body: {} }),
      await ask("PATCH", `/api/keys/${admin}`, { body: {} }),
      await ask("GET", `/api/keys/${admin}/more`),
    ];
    assertEquals(answers.map(({ status }) => status), [401, 400, 400, 400, 400, 404]);
    for (const { body } of answers) assert(!JSON.stringify(body).includes(secret.slice(0, 20)));
    const refused = logged.filter(({ event }) => event === "key refused");
    assertEquals(refused.map(({ fields }) => [fields?.keyId, fields?.reason]), [
      [admin.split("_")[1], "wrong secret"],
    ]);
    const paths = logged.map(({ fields }) => fields?.path);
    assert(paths.includes(`/api/keys/ow_${admin.split("_")[1]}_…`));
    assert(!JSON.stringify(logged).includes(secret.slice(0, 20)));
  });
});
