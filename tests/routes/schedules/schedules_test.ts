import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import {
  ADMIN_KEY,
  bearer,
  type KeyedService,
  startKeyedService,
} from "../../support/keyed_service.ts";
import {
  askJson,
  importText,
  type JsonAnswer,
  postJson,
  startTestService,
  type TestService,
  waitForEnd,
} from "../../support/service.ts";
import { until } from "../../support/until.ts";

const NOW_MS = Date.parse("2026-03-15T10:00:00Z");

const DAILY = {
  name: "Daily",
  cron: "0 6 * * *",
  timezone: "Europe/Berlin",
  request: { smart_meter_id: "123", period: "yesterday" },
};

function put(url: string, body: unknown): Promise<JsonAnswer> {
  return askJson(url, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function make(service: TestService, changes: Record<string, unknown> = {}) {
  const { status, body } = await postJson(`${service.url}/api/schedules`, { ...DAILY, ...changes });
  assertEquals(status, 201, JSON.stringify(body));
  return body;
}

Deno.test("a new schedule shows its next five runs with their ranges, over a change of the clock", async () => {
  await using service = await startTestService({ now: () => Date.parse("2026-03-27T10:00:00Z") });
  const schedule = await make(service, { delay: "PT90M" });
  const { next_runs: next, state, catch_up, problem, last_run } = schedule;
  assertEquals([state, catch_up, problem, last_run], ["active", "last", null, null]);
  // 06:00 in Berlin is 05:00 UTC until March 28 and 04:00 UTC from March 29 on.
  assertEquals(next.map((run: Record<string, unknown>) => run.planned_at), [
    "2026-03-28T05:00:00Z",
    "2026-03-29T04:00:00Z",
    "2026-03-30T04:00:00Z",
    "2026-03-31T04:00:00Z",
    "2026-04-01T04:00:00Z",
  ]);
  assertEquals(next[0].runs_at, "2026-03-28T06:30:00Z");
  // March 29 has 23 hours.
  assertEquals(next[2].range, {
    start: "2026-03-28T23:00:00Z",
    end: "2026-03-29T21:59:59.999Z",
  });
});

Deno.test("a schedule that begins in the year 9999 shows no run after it", async () => {
  await using service = await startTestService({ now: () => NOW_MS });
  const shown = async (every: string, start: string, more = {}) => {
    const { next_runs: next } = await make(service, { cron: undefined, every, start, ...more });
    return next.map((run: Record<string, unknown>) => run.planned_at);
  };
  const june = await shown("P10Y", "9999-06-01", { timezone: "UTC" });
  assertEquals(june, ["9999-06-01T00:00:00Z"]);
  // The run of the 31st would be on the 1st of January 10000.
  const late = await shown("P1D", "9999-12-30T06:00:00Z", { delay: "PT20H" });
  assertEquals(late, ["9999-12-30T06:00:00Z"]);
  // 23:30 in Honolulu is 09:30 of the next day.
  const { status, body } = await postJson(`${service.url}/api/schedules`, {
    ...DAILY,
    cron: undefined,
    every: "P1D",
    start: "9999-12-31T23:30:00",
    timezone: "Pacific/Honolulu",
  });
  assertEquals([status, body.errors[0].pointer], [400, "/start"]);
});

/** Bodies that are wrong in one field, where, and a part of the sentence. */
const WRONG: readonly (readonly [Record<string, unknown>, string, string])[] = [
  [{ name: undefined }, "/name", "name must be a text"],
  [{ name: " " }, "/name", "1 to 100 characters"],
  [{ name: "x".repeat(101) }, "/name", "1 to 100 characters"],
  [{ cron: undefined }, "/cron", "cron is required, or every"],
  [{ cron: "0 6 * *" }, "/cron", "cron must be five fields"],
  [{ cron: "0 25 * * *" }, "/cron", "cron must have an hour of 0 to 23"],
  [{ cron: "0 0 30 2 *" }, "/cron", "cron must be a time that comes"],
  [{ cron: 5 }, "/cron", "cron must be five fields"],
  [{ every: "P1D" }, "/every", "must not be there with cron"],
  [{ cron: undefined, every: "PT59S" }, "/every", "from 1 minute to 10 years"],
  [{ cron: undefined, every: "P11Y" }, "/every", "from 1 minute to 10 years"],
  [{ cron: undefined, every: "daily" }, "/every", "a duration of ISO 8601"],
  [{ start: "2026-01-01" }, "/start", "must be left out with cron"],
  [{ cron: undefined, every: "P1D", start: "soon" }, "/start", "an ISO 8601 date or time"],
  [{ timezone: "Mars/Olympus" }, "/timezone", "an IANA time zone"],
  [{ timezone: "" }, "/timezone", "an IANA time zone"],
  [{ request: undefined }, "/request", "request is required"],
  [{ request: [] }, "/request", "request must be an object"],
  [{ request: { kind: "import" } }, "/request/kind", "request.kind must be export or report"],
  [{ request: { smart_meter_id: "123" } }, "/request/period", "request.period is required"],
  [
    { request: { smart_meter_id: "123", period: "last_eon" } },
    "/request/period",
    "request.period must be today",
  ],
  [
    { request: { period: "today" } },
    "/request/smart_meter_id",
    "request.smart_meter_id is required",
  ],
  [
    { request: { ...DAILY.request, start_datetime: "2026-01-01" } },
    "/request/start_datetime",
    "the period counts from the planned time",
  ],
  [
    { request: { device_id: "nobody", period: "today" } },
    "/request/device_id",
    "must name devices that have sent readings",
  ],
  [
    { request: { ...DAILY.request, columns: ["power_kw", "power"] } },
    "/request/columns/1",
    "request.columns.1 must be one of",
  ],
  [{ request: { ...DAILY.request, colour: 1 } }, "/request/colour", "Unknown property 'colour'"],
  [
    { request: { kind: "report", period: "yesterday", as_of: "2026-01-01" } },
    "/request/as_of",
    "must be left out",
  ],
  [
    { request: { kind: "report", bucket: "day" } },
    "/request/bucket",
    "request.bucket needs a range",
  ],
  [
    { request: { kind: "report", period: "yesterday" }, require_completeness: 0.9 },
    "/require_completeness",
    "must be left out with a report",
  ],
  [{ catch_up: "some" }, "/catch_up", "none, last or all"],
  [{ delay: "P1M" }, "/delay", "at most 31 days"],
  [{ delay: "P32D" }, "/delay", "at most 31 days"],
  [{ require_completeness: 0 }, "/require_completeness", "above 0, at most 1"],
  [{ require_completeness: 1.1 }, "/require_completeness", "above 0, at most 1"],
  [{ completeness_deadline: "PT1H" }, "/completeness_deadline", "only with require_completeness"],
  [
    { require_completeness: 0.9, completeness_deadline: "1h" },
    "/completeness_deadline",
    "a duration of ISO 8601",
  ],
  [{ notify: {} }, "/notify", "notify must have email, webhook or both"],
  [{ notify: { email: ["a b"] } }, "/notify/email/0", "e-mail address"],
  [{ deliver: [{ to: "moon" }] }, "/deliver/0/to", "deliver.0.to must be email, webhook"],
  [{ colour: 1 }, "/colour", "Unknown property 'colour'"],
];

Deno.test("a wrong field is refused where it is wrong, with its rule", async () => {
  await using service = await startTestService({ now: () => NOW_MS });
  for (const [changes, pointer, part] of WRONG) {
    const { status, body } = await postJson(`${service.url}/api/schedules`, {
      ...DAILY,
      ...changes,
    });
    const what = JSON.stringify([changes, body]);
    assertEquals([status, body.code], [400, "INVALID_REQUEST"], what);
    const error = body.errors.find((one: Record<string, unknown>) => one.pointer === pointer);
    assert(error?.detail.includes(part), what);
    assertEquals(body.errors.length, 1, what);
  }
  const twice = await postJson(`${service.url}/api/schedules`, {
    ...DAILY,
    notify: { webhook: ["a"] },
    request: { ...DAILY.request, notify: { webhook: ["b"] } },
  });
  assertEquals(twice.body.errors.map(({ pointer }: { pointer: string }) => pointer), [
    "/request/notify",
    // There is no such webhook.
    "/notify/webhook/0",
  ]);
  const report = await postJson(`${service.url}/api/schedules`, {
    ...DAILY,
    request: { kind: "report", period: "yesterday" },
    notify: { webhook: ["wh_0011223344556677"] },
  });
  assertEquals([report.status, report.body.errors?.[0].pointer], [400, "/notify/webhook/0"]);
  for (const body of [[], "x", null]) {
    const answer = await postJson(`${service.url}/api/schedules`, body);
    assertEquals([answer.status, answer.body.detail], [400, "The body must be a JSON object"]);
  }
  const all = await postJson(`${service.url}/api/schedules`, {
    cron: "x",
    request: { smart_meter_id: "a b", period: "never", format: "pdf" },
    delay: 5,
  });
  assertEquals(all.body.errors.map(({ pointer }: { pointer: string }) => pointer), [
    "/name",
    "/cron",
    "/delay",
    "/request/smart_meter_id",
    "/request/period",
    "/request/format",
  ]);
  assertEquals((await askJson(`${service.url}/api/schedules`)).body.schedules, []);
});

Deno.test("mail for a schedule without a mail server is refused with the setting that is missing", async () => {
  await using service = await startTestService({ now: () => NOW_MS });
  const notify = { email: ["energy@example.com"] };
  const url = `${service.url}/api/schedules`;
  const outside = await postJson(url, { ...DAILY, notify });
  assertEquals([outside.status, outside.body.code], [400, "DELIVERY_NOT_CONFIGURED"]);
  assertMatch(outside.body.detail, /SMTP_URL/);
  assertEquals(outside.body.errors[0].pointer, "/notify/email");
  const inside = await postJson(url, { ...DAILY, request: { ...DAILY.request, notify } });
  assertEquals(inside.body.errors[0].pointer, "/request/notify/email");
});

Deno.test("a due schedule creates an export of the period before its planned time", async () => {
  let nowMs = NOW_MS;
  await using service = await startTestService({ now: () => nowMs });
  await importText(service.url, "123", "timestamp,power_kw\n2026-03-15T12:00:00Z,1.5\n");
  const { id } = await make(service, { request: { ...DAILY.request, csv: "excel-de" } });
  nowMs = Date.parse("2026-03-16T05:00:01Z");
  const runs = `${service.url}/api/schedules/${id}/runs`;
  await until(async () => (await askJson(runs)).body.runs[0]?.status === "completed");
  const { runs: [run, ...others], next } = (await askJson(runs)).body;
  assertEquals([others, next], [[], null]);
  assertEquals([run.planned_at, run.trigger], ["2026-03-16T05:00:00Z", "schedule"]);
  assertEquals(run.range, { start: "2026-03-14T23:00:00Z", end: "2026-03-15T22:59:59.999Z" });
  const { body: exported } = await askJson(service.url + run.job_url);
  assertEquals(exported.request.period, "yesterday");
  assertEquals(exported.range, run.range);
  assertEquals(exported.file.rows, 1);
  const { body } = await askJson(`${service.url}/api/schedules/${id}`);
  assertEquals(body.last_run, { planned_at: run.planned_at, job_id: run.job_id });
  assertEquals(body.next_runs[0].planned_at, "2026-03-17T05:00:00Z");
});

Deno.test("an export waits for late readings, and at its deadline runs and says how complete it is", async () => {
  let nowMs = NOW_MS;
  await using service = await startTestService({ now: () => nowMs });
  const quarters = (from: number, to: number) =>
    Array.from(
      { length: to - from },
      (_, at) =>
        `${new Date(Date.parse("2026-03-14T23:00Z") + (from + at) * 900_000).toISOString()},1`,
    );
  const send = (lines: string[]) =>
    importText(service.url, "123", ["timestamp,power_kw", ...lines, ""].join("\n"));
  // 48 of the 96 quarters of an hour of March 15.
  await send(quarters(0, 48));
  const waiting = { require_completeness: 0.75, completeness_deadline: "PT6H" };
  const { id } = await make(service, waiting);
  const runs = `${service.url}/api/schedules/${id}/runs`;
  const latest = async () => (await askJson(runs)).body.runs[0];
  const waits = () => service.logged.filter(({ event }) => event === "job run waits").length;
  nowMs = Date.parse("2026-03-16T05:00:00Z");
  await until(() => Promise.resolve(waits() === 1));
  await until(async () => (await latest()).status === "pending");
  assertEquals((await latest()).completeness, {
    required: 0.75,
    reached: null,
    is_met: null,
    waits_until: "2026-03-16T11:00:00Z",
  });
  // 72 of 96 are there.
  await send(quarters(48, 72));
  nowMs += 5 * 60_000;
  await until(async () => (await latest()).status === "completed");
  assertEquals((await latest()).completeness.is_met, true);
  assertEquals((await latest()).completeness.reached, 0.75);
  // The next day has none at all.
  nowMs = Date.parse("2026-03-17T05:00:00Z");
  await until(() => Promise.resolve(waits() === 2));
  await send([`${new Date(Date.parse("2026-03-16T12:00Z")).toISOString()},1`]);
  nowMs = Date.parse("2026-03-17T11:00:00Z");
  await until(async () => (await latest()).status === "completed");
  const { completeness, planned_at } = await latest();
  assertEquals(planned_at, "2026-03-17T05:00:00Z");
  // One of 96.
  assertEquals([completeness.reached, completeness.is_met], [0.0104, false]);
});

Deno.test("a schedule runs now when asked, once for a key, and its planned runs stay", async () => {
  let nowMs = NOW_MS;
  await using service = await startTestService({ now: () => nowMs });
  await importText(service.url, "123", "timestamp,power_kw\n2026-03-14T12:00:00Z,1.5\n");
  const schedule = await make(service);
  const url = `${service.url}/api/schedules/${schedule.id}`;
  const key = { "idempotency-key": "again" };
  const first = await postJson(`${url}/run`, undefined, key);
  nowMs += 1_000;
  const second = await postJson(`${url}/run`, undefined, key);
  assertEquals([first.status, second.status], [202, 202]);
  assertEquals(second.body.job_id, first.body.job_id);
  assertEquals((await postJson(`${url}/run`, undefined, key)).body.job_id, first.body.job_id);
  assertEquals((await askJson(`${url}/runs`)).body.runs.length, 1);
  assertEquals(first.headers.get("location"), `/api/exports/${first.body.job_id}`);
  assertEquals([first.body.trigger, first.body.planned_at], ["request", "2026-03-15T10:00:00Z"]);
  await waitForEnd(service.url, first.body.job_id);
  const third = await postJson(`${url}/run`, undefined);
  assert(third.body.job_id !== first.body.job_id);
  assertEquals((await askJson(`${url}/runs`)).body.runs.length, 2);
  assertEquals((await askJson(url)).body.next_runs, schedule.next_runs);
});

Deno.test("a paused schedule has no runs to come, and a resumed one goes on after now", async () => {
  let nowMs = NOW_MS;
  await using service = await startTestService({ now: () => nowMs });
  const { id } = await make(service);
  const url = `${service.url}/api/schedules/${id}`;
  const paused = await postJson(`${url}/pause`, undefined);
  assertEquals([paused.status, paused.body.state, paused.body.next_runs], [200, "paused", []]);
  nowMs += 10 * 86_400_000;
  const resumed = await postJson(`${url}/resume`, undefined);
  assertEquals([resumed.body.state, resumed.body.next_runs[0].planned_at], [
    "active",
    "2026-03-26T05:00:00Z",
  ]);
  assertEquals((await askJson(`${url}/runs`)).body, { runs: [], next: null });
});

Deno.test("a schedule is replaced; its next run stays if its times do", async () => {
  let nowMs = NOW_MS;
  await using service = await startTestService({ now: () => nowMs });
  const { id } = await make(service, { delay: "PT10H" });
  const url = `${service.url}/api/schedules/${id}`;
  // An hour after the planned time, before it runs.
  nowMs = Date.parse("2026-03-16T06:00:00Z");
  const later = await put(url, { ...DAILY, name: "Later", delay: "PT20H" });
  assertEquals([later.status, later.body.name], [200, "Later"]);
  assertEquals(later.body.next_runs[0], {
    planned_at: "2026-03-16T05:00:00Z",
    runs_at: "2026-03-17T01:00:00Z",
    range: { start: "2026-03-14T23:00:00Z", end: "2026-03-15T22:59:59.999Z" },
  });
  const { cron: _, ...rest } = DAILY;
  const other = await put(url, { ...rest, every: "PT6H", start: "2026-03-16T01:00:00" });
  assertEquals(other.body.cron, undefined);
  // Four times a day from 01:00 in Berlin on, 00:00 UTC; the next one after 06:00 is 12:00.
  assertEquals(other.body.next_runs[0].planned_at, "2026-03-16T12:00:00Z");
  assertEquals([other.body.start, other.body.delay], ["2026-03-16T00:00:00Z", null]);
  const wrong = await put(url, { ...DAILY, cron: "x" });
  assertEquals([wrong.status, wrong.body.errors[0].pointer], [400, "/cron"]);
});

Deno.test("deleting a schedule leaves its jobs, and nothing runs any more", async () => {
  let nowMs = NOW_MS;
  await using service = await startTestService({ now: () => nowMs });
  await importText(service.url, "123", "timestamp,power_kw\n2026-03-14T12:00:00Z,1.5\n");
  const { id } = await make(service);
  const url = `${service.url}/api/schedules/${id}`;
  const { body: { job_id } } = await postJson(`${url}/run`, undefined);
  const deleted = await fetch(url, { method: "DELETE" });
  await deleted.body?.cancel();
  assertEquals(deleted.status, 204);
  for (const path of ["", "/runs"]) {
    const { status, body } = await askJson(url + path);
    assertEquals([status, body.code], [404, "SCHEDULE_NOT_FOUND"]);
  }
  nowMs += 86_400_000;
  assertEquals((await askJson(`${service.url}/api/exports/${job_id}`)).status, 200);
  const { body: { exports } } = await askJson(`${service.url}/api/exports`);
  assertEquals(exports.length, 1);
});

Deno.test("schedules and runs are listed page by page", async () => {
  await using service = await startTestService({ now: () => NOW_MS });
  await importText(service.url, "123", "timestamp,power_kw\n2026-03-14T12:00:00Z,1.5\n");
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) ids.push((await make(service, { name: `No. ${i}` })).id);
  await postJson(`${service.url}/api/schedules/${ids[1]}/pause`, undefined);
  const names: string[] = [];
  for (let path: string | null = "/api/schedules?limit=2&state=active"; path !== null;) {
    const { body }: JsonAnswer = await askJson(service.url + path);
    names.push(...body.schedules.map(({ id }: { id: string }) => id));
    path = body.next;
  }
  assertEquals(names.toSorted(), ids.filter((_, at) => at !== 1).toSorted());
  const runs = `/api/schedules/${ids[0]}/runs`;
  const made: string[] = [];
  for (let i = 0; i < 3; i++) {
    made.push(
      (await postJson(`${service.url}/api/schedules/${ids[0]}/run`, undefined)).body.job_id,
    );
  }
  const listed: string[] = [];
  for (let path: string | null = `${runs}?limit=2`; path !== null;) {
    const { body }: JsonAnswer = await askJson(service.url + path);
    listed.push(...body.runs.map(({ job_id }: { job_id: string }) => job_id));
    path = body.next;
  }
  assertEquals(listed.toSorted(), made.toSorted());
  const { status, body } = await askJson(`${service.url}${runs}?cursor=x`);
  assertEquals([status, body.errors[0].pointer], [400, "#cursor"]);
});

Deno.test("a report is scheduled with the period of its stores, or as of the planned time", async () => {
  let nowMs = NOW_MS;
  await using service = await startTestService({ now: () => nowMs });
  const send = (path: string, csv: string) =>
    askJson(`${service.url}/stores/${path}`, {
      method: "POST",
      headers: { "content-type": "text/csv" },
      body: csv,
    });
  await send("status", "store_id,timestamp_utc,status\n1,2026-03-15 20:00:00 UTC,active\n");
  const { id } = await make(service, { request: { kind: "report", period: "yesterday" } });
  const classic = await make(service, { request: { kind: "report" } });
  assertEquals(classic.next_runs[0].range, null);
  nowMs = Date.parse("2026-03-16T05:00:00Z");
  const latest = async (schedule: string) =>
    (await askJson(`${service.url}/api/schedules/${schedule}/runs`)).body.runs[0];
  await until(async () => (await latest(id))?.status === "completed");
  await until(async () => (await latest(classic.id))?.status === "completed");
  const run = await latest(id);
  assertEquals(run.range, { start: "2026-03-14T23:00:00Z", end: "2026-03-15T22:59:59.999Z" });
  assertEquals(run.job_url, `/get_report/${run.job_id}/`);
  const { job_url } = await latest(classic.id);
  assertEquals((await askJson(service.url + job_url)).body.as_of, "2026-03-16T05:00:00Z");
});

async function keyed(service: KeyedService, key: string, path: string, body?: unknown) {
  const headers = { ...bearer(key), "content-type": "application/json" };
  return await askJson(service.url + path, {
    method: body === undefined ? "GET" : "POST",
    headers,
    ...(body === undefined || body === null ? {} : { body: JSON.stringify(body) }),
  });
}

Deno.test("a key schedules what it may export, and sees its own schedules only", async () => {
  await using service = await startKeyedService({ now: () => NOW_MS });
  const scopes = ["read", "export"];
  const one = await service.makeKey({ scopes, meters: ["1*"] });
  const other = await service.makeKey({ scopes, meters: ["2*"] });
  const reader = await service.makeKey({ scopes: ["read"] });
  const made = await keyed(service, one, "/api/schedules", DAILY);
  assertEquals(made.status, 201);
  const foreign = await keyed(service, other, "/api/schedules", DAILY);
  assertEquals([foreign.status, foreign.body.errors[0].pointer], [400, "/request/smart_meter_id"]);
  assertEquals(foreign.body.errors[0].rule, "a meter that your key may touch");
  assertEquals((await keyed(service, reader, "/api/schedules", DAILY)).status, 403);
  const path = `/api/schedules/${made.body.id}`;
  for (const key of [other, reader]) {
    assertEquals((await keyed(service, key, path)).body.code, "SCHEDULE_NOT_FOUND");
    assertEquals((await keyed(service, key, "/api/schedules")).body.schedules, []);
  }
  assertEquals((await keyed(service, other, `${path}/run`, null)).body.code, "SCHEDULE_NOT_FOUND");
  // Who manages sees all of them; with patterns, those about its own ids.
  const manager = await service.makeKey({ scopes: [...scopes, "manage"], meters: ["2*"] });
  assertEquals((await keyed(service, manager, path)).status, 404);
  assertEquals((await keyed(service, ADMIN_KEY, path)).body.owner, made.body.owner);
  assertEquals((await keyed(service, ADMIN_KEY, "/api/schedules")).body.schedules.length, 1);
});

Deno.test("a schedule stops when its key is revoked or has expired, and says why", async () => {
  let nowMs = NOW_MS;
  await using service = await startKeyedService({ now: () => nowMs });
  const scopes = ["read", "export"];
  const revoked = await service.makeKey({ scopes });
  const expiring = await service.makeKey({ scopes, expires_at: "2026-03-15T12:00:00Z" });
  const ids: string[] = [];
  for (const key of [revoked, expiring]) {
    ids.push((await keyed(service, key, "/api/schedules", DAILY)).body.id);
  }
  const keyId = revoked.split("_")[1];
  const answer = await fetch(`${service.url}/api/keys/${keyId}`, {
    method: "DELETE",
    headers: bearer(ADMIN_KEY),
  });
  await answer.body?.cancel();
  const read = async (id: string) => (await keyed(service, ADMIN_KEY, `/api/schedules/${id}`)).body;
  // At once, before a run is due.
  assertEquals((await read(ids[0])).stop_reason, "The key that made it was revoked");
  nowMs = Date.parse("2026-03-16T05:00:00Z");
  const stops = () => service.logged.filter(({ event }) => event === "schedule stopped").length;
  await until(() => Promise.resolve(stops() === 2));
  const [one, other] = await Promise.all(ids.map(read));
  assertEquals([one.state, one.next_runs], ["stopped", []]);
  assertEquals([other.state, other.stop_reason], ["stopped", "The key that made it has expired"]);
  for (const id of ids) {
    for (const action of ["run", "resume"]) {
      const refused = await keyed(service, ADMIN_KEY, `/api/schedules/${id}/${action}`, null);
      assertEquals([refused.status, refused.body.code], [409, "SCHEDULE_STOPPED"]);
    }
  }
  assertEquals((await keyed(service, ADMIN_KEY, "/api/exports")).body.exports, []);
});

Deno.test("the audit trail has who made, changed, ran and deleted a schedule", async () => {
  await using service = await startKeyedService({ now: () => NOW_MS });
  const key = await service.makeKey({ scopes: ["read", "export"] });
  const { body: { id } } = await keyed(service, key, "/api/schedules", DAILY);
  const url = `${service.url}/api/schedules/${id}`;
  const headers = { ...bearer(key), "content-type": "application/json" };
  await askJson(url, { method: "PUT", headers, body: JSON.stringify({ ...DAILY, name: "B" }) });
  for (const action of ["run", "pause", "resume"]) {
    await keyed(service, key, `/api/schedules/${id}/${action}`, null);
  }
  await askJson(url, { method: "DELETE", headers });
  const trail = await askJson(`${service.url}/api/audit?subject=schedule:${id}&order=oldest`, {
    headers: bearer(ADMIN_KEY),
  });
  const entries = trail.body.entries as { action: string; outcome: string; details: unknown }[];
  assertEquals(entries.map(({ action, outcome }) => `${action} ${outcome}`), [
    "schedule.create done",
    "schedule.change done",
    "schedule.run done",
    "schedule.pause done",
    "schedule.resume done",
    "schedule.delete done",
  ]);
  assertEquals(entries[1].details, { changes: { name: { from: "Daily", to: "B" } } });
});
