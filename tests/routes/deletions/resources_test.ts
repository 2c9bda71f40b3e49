import { assert, assertEquals } from "../../support/assert.ts";
import {
  askJson,
  importText,
  type JsonAnswer,
  postJson,
  startTestService,
} from "../../support/service.ts";
import { postStores } from "../../support/stores.ts";
import { message, postTelemetry } from "../../support/telemetry.ts";
import { until } from "../../support/until.ts";
import { assertProblem } from "../problem_assert.ts";
import { isThorough } from "../../support/thorough.ts";

/** Three readings on three days, for each of some meters. */
async function importMeters(url: string, ids: readonly string[]): Promise<void> {
  const days = ["2024-01-01", "2024-01-02", "2024-01-03"].map((day) => `${day}T12:00:00Z,1\n`);
  for (const id of ids) await importText(url, id, `timestamp,power_kw\n${days.join("")}`);
}

function create(url: string, body: unknown, headers: Record<string, string> = {}) {
  return postJson(`${url}/api/deletions`, body, { prefer: "wait=20", ...headers });
}

/** So long a deletion may take on a machine that does much else. */
const PATIENCE_MS = 180_000;

/** Asks until a deletion has ended, however long a busy machine takes for many things. */
async function untilEnded(url: string): Promise<JsonAnswer> {
  let answer: JsonAnswer | undefined;
  await until(async () => {
    answer = await askJson(url, { headers: { prefer: "wait=20" } });
    return !["pending", "running"].includes(answer.body.status);
  }, PATIENCE_MS);
  assert(answer !== undefined);
  return answer;
}

function listOf({ body }: JsonAnswer): string[] {
  return body.deletions.map(({ id }: { id: string }) => id);
}

Deno.test("a deletion of many deletes the readings of a range of each meter that a pattern matches", async () => {
  await using service = await startTestService();
  const { url } = service;
  await importMeters(url, ["a.1", "a.2", "ab", "b.1"]);
  const asked = { meters: ["a.*", "nothing", "b.1"], from: "2024-01-02", to: "2024-01-02" };
  const preview = await postJson(`${url}/api/deletions/preview`, asked);
  assertEquals([preview.status, preview.body], [200, {
    subject: "meters",
    ids: ["a.1", "a.2", "b.1"],
    not_found: ["nothing"],
    readings: 3,
    windows: 0,
  }]);
  const { status, body, headers } = await create(url, asked);
  assertEquals([status, headers.get("location")], [200, `/api/deletions/${body.id}`]);
  const { created_at: _, started_at, updated_at: __, ended_at, id: ___, ...rest } = body;
  assert(started_at !== null && ended_at !== null);
  assertEquals(rest, {
    kind: "delete_many",
    status: "completed",
    subject: "meters",
    ids: ["a.1", "a.2", "b.1"],
    from: "2024-01-02T00:00:00Z",
    to: "2024-01-03T00:00:00Z",
    objects: false,
    progress: { percent: 100, deleted_readings: 3, total_readings: 3 },
    files: null,
    error: null,
  });
  for (const [id, count] of [["a.1", 2], ["a.2", 2], ["b.1", 2], ["ab", 3]] as const) {
    assertEquals((await askJson(`${url}/api/meters/${id}`)).body.count, count, id);
  }
});

Deno.test("many devices and stores are deleted as a whole, and others stay", async () => {
  await using service = await startTestService();
  const { url } = service;
  const ids = ["d1", "d2", "e1"];
  await postTelemetry(url, ids.map((device_id) => message({ device_id })));
  await postStores(url, "timezones", "store_id,timezone_str\ns1,UTC\ns2,UTC\n");
  const devices = await create(url, { devices: ["d*"] });
  assertEquals([devices.body.status, devices.body.progress.deleted_readings], ["completed", 2]);
  const left = (await askJson(`${url}/devices`)).body.devices;
  assertEquals(left.map(({ device_id }: { device_id: string }) => device_id), ["e1"]);
  assertEquals((await create(url, { stores: ["s2"] })).body.ids, ["s2"]);
  const { stores } = (await askJson(`${url}/stores`)).body;
  assertEquals(stores.map(({ store_id }: { store_id: string }) => store_id), ["s1"]);
});

Deno.test("deletions of every kind are listed, the newest first, page by page and by what they deleted", async () => {
  await using service = await startTestService();
  const { url } = service;
  await importMeters(url, ["m1", "m2", "m3"]);
  const wait = { method: "DELETE", headers: { prefer: "wait=20" } };
  const made = [
    (await askJson(`${url}/api/meters/m1`, wait)).body.job_id,
    (await create(url, { meters: ["m2", "m3"], from: "2024-01-01", to: "2024-01-01" })).body.id,
    (await askJson(`${url}/api/meters/m2/readings?from=2024-01-02&to=2024-01-02`, wait)).body
      .job_id,
  ].toReversed();
  const all = await askJson(`${url}/api/deletions`);
  assertEquals([listOf(all), all.body.next], [made, null]);
  assertEquals(all.body.deletions.map(({ kind }: { kind: string }) => kind), [
    "delete_readings",
    "delete_many",
    "delete_meter",
  ]);
  const first = await askJson(`${url}/api/deletions?limit=2`);
  assertEquals(first.headers.get("link"), `<${first.body.next}>; rel="next"`);
  const rest = await askJson(url + first.body.next);
  assertEquals([...listOf(first), ...listOf(rest)], made);
  assertEquals(listOf(await askJson(`${url}/api/deletions?id=m2`)), made.slice(0, 2));
  assertEquals(listOf(await askJson(`${url}/api/deletions?status=failed`)), []);
  // One record has two addresses.
  const one = await askJson(`${url}/api/deletions/${made[0].toUpperCase()}`);
  assertEquals([one.body.id, one.body.ids, one.body.status], [made[0], ["m2"], "completed"]);
  assertEquals((await askJson(`${url}/api/jobs/${made[1]}`)).body.deleted_readings, 2);
});

Deno.test("a deletion that waits is cancelled, and deletes nothing; one that has ended is removed", async () => {
  await using folderless = await startTestService({ role: "api" });
  const { url } = folderless;
  await importMeters(url, ["m1"]);
  const { status, body } = await postJson(`${url}/api/deletions`, { meters: ["m1"] });
  assertEquals([status, body.status, body.progress.total_readings], [202, "pending", null]);
  const path = `${url}/api/deletions/${body.id}`;
  const cancelled = await askJson(path, { method: "DELETE" });
  assertEquals([cancelled.status, cancelled.body.status], [200, "cancelled"]);
  assertEquals((await askJson(`${url}/api/jobs/${body.id}`)).body.message, "Deletion cancelled");
  assertEquals((await askJson(`${url}/api/meters/m1`)).body.count, 3);
  assertEquals((await askJson(path, { method: "DELETE" })).status, 204);
  assertEquals((await askJson(path)).body.code, "JOB_NOT_FOUND");
  assertEquals((await askJson(`${url}/api/deletions/preview`)).status, 405);
});

Deno.test("the same key and request return the same deletion, also when it has deleted part of its ids", async () => {
  await using service = await startTestService();
  const { url } = service;
  await importMeters(url, ["a.1", "a.2"]);
  const key = { "idempotency-key": "k1" };
  const first = await create(url, { meters: ["a.*"] }, key);
  await importMeters(url, ["a.2"]);
  const again = await create(url, { meters: ["a.*"] }, key);
  assertEquals([again.body.id, again.body.ids], [first.body.id, ["a.1", "a.2"]]);
  assertEquals((await askJson(`${url}/api/meters/a.2`)).body.count, 3);
  const other = await create(url, { meters: ["a.2"] }, key);
  assertEquals([other.status, other.body.code], [422, "IDEMPOTENCY_KEY_REUSED"]);
});

Deno.test("everything that is wrong with a request is named, and nothing is deleted", async () => {
  await using service = await startTestService({ role: "api" });
  const { url } = service;
  const ONE = "Send one of meters, devices and stores";
  const PATTERN = "1 to 64 characters of A-Z a-z 0-9 _ . : - and * for any run of characters";
  const cases: [unknown, [pointer: string, detail: string][]][] = [
    [{}, [["", ONE]]],
    [{ meters: ["a"], stores: ["b"] }, [["", ONE]]],
    [{ meters: [] }, [["/meters", "meters must have 1 to 500 ids or patterns"]]],
    [{ meters: ["ok", "no/t"] }, [["/meters/1", `meters must each be ${PATTERN}`]]],
    [{ meters: ["a"], objects: true }, [["/objects", "objects is only for devices"]]],
    [{ meters: ["a"], from: "2024-01-01" }, [["/to", "Send from and to, or neither"]]],
    [{ meters: ["a"], from: "2024-01-02", to: "2024-01-01" }, [["/to", "to must be after from"]]],
    [{ meters: ["a"], from: "then", to: "2024-01-01" }, [[
      "/from",
      "from must be an ISO 8601 date or time, such as 2024-01-31 or 2024-01-31T12:00:00Z",
    ]]],
    [{ meters: ["a"], before: 1 }, [["/before", "Unknown property 'before'"]]],
  ];
  for (const [body, errors] of cases) {
    for (const path of ["/api/deletions", "/api/deletions/preview"]) {
      const answer = await postJson(url + path, body);
      assertEquals(answer.status, 400, JSON.stringify(body));
      const found = answer.body.errors.map((one: { pointer: string; detail: string }) => [
        one.pointer,
        one.detail,
      ]);
      assertEquals(found, errors);
    }
  }
  for (
    const [body, code] of [
      [{ meters: ["x*"] }, "SMART_METER_NOT_FOUND"],
      [{ devices: ["x"] }, "DEVICE_NOT_FOUND"],
      [{ stores: ["*"] }, "STORE_NOT_FOUND"],
    ] as const
  ) {
    const [things] = Object.keys(body);
    assertProblem(await postJson(`${url}/api/deletions`, body), {
      status: 404,
      code,
      detail: `None of these ${things} exist`,
    });
  }
  assertEquals((await askJson(`${url}/api/deletions`)).body.deletions, []);
});

Deno.test("a request may name 500 things at most, however few patterns it has", async () => {
  await using service = await startTestService();
  const { url } = service;
  const ids = Array.from({ length: 501 }, (_, index) => `d${1_000 + index}`);
  await postTelemetry(url, ids.map((device_id) => message({ device_id })));
  const detail = "devices must name at most 500; these name more";
  assertProblem(await create(url, { devices: ["d*"] }), {
    status: 400,
    code: "INVALID_REQUEST",
    detail,
    errors: [["/devices", detail]],
  });
  const devices500 = { devices: ["d10*", "d11*", "d12*", "d13*", "d14*"] };
  const preview = await postJson(`${url}/api/deletions/preview`, devices500);
  assertEquals([preview.status, preview.body.ids.length], [200, 500]);
  if (!isThorough) return;
  const { body: { id } } = await create(url, devices500);
  const { body } = await untilEnded(`${url}/api/deletions/${id}`);
  assertEquals([body.status, body.progress.deleted_readings], ["completed", 500]);
  const { devices } = (await askJson(`${url}/devices`)).body;
  assertEquals(devices.map(({ device_id }: { device_id: string }) => device_id), ["d1500"]);
});

Deno.test("the audit trail has the request and the end of a deletion, with what it deleted", async () => {
  await using service = await startTestService();
  const { url } = service;
  await importMeters(url, ["a.1", "a.2"]);
  const { body } = await create(url, { meters: ["a.*"] });
  const trail = (await askJson(`${url}/api/audit`)).body.entries;
  const [end, request] = trail.map(
    ({ action, outcome, subject, details }: JsonAnswer["body"]) => ({
      action,
      outcome,
      subject,
      details,
    }),
  );
  const subject = { kind: "job", id: body.id };
  assertEquals(end, {
    action: "deletion.end",
    outcome: "done",
    subject,
    details: { deleted_readings: 6, targets: 2, files: null },
  });
  assertEquals(request, {
    action: "deletion.create",
    outcome: "done",
    subject,
    details: { meters: ["a.1", "a.2"], count: 2 },
  });
});
