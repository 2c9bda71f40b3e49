import { moveExportCheckpoint } from "../../../kv/continuous/checkpoints.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import {
  type Ask,
  type KeyedAnswer,
  type KeyedApp,
  openKeyedApp,
  type Sent,
} from "../../support/keyed_app.ts";
import { APPLIANCE, message } from "../../support/telemetry.ts";
import { until } from "../../support/until.ts";
import { NEW_CHECKPOINT } from "../../support/checkpoints.ts";

const DAY = Date.UTC(2026, 1, 10);
const PATTERNS = { meter: ["a.*"], device: ["a.*", "c"], store: ["a.*"] };
/** What the key `site` may touch, and things that it may not, before, between and after them. */
const VISIBLE = ["a.1", "a.2", "a.3", "a.4"];
const HIDDEN = ["Z", "a", "a-1", "b.1", "z.9"];
/** A number of each, the same with and without hidden things. */
const numberOf = (id: string) => [...VISIBLE, ...HIDDEN].indexOf(id);
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const NONE = "00000000-0000-4000-8000-000000000000";
const CSV = { "content-type": "text/csv" };

/** The continuous export of a device that has written nothing yet. */
const CHECKPOINT = { ...NEW_CHECKPOINT, nextMs: DAY + 86_400_000 };

/** An app with things, and with hidden ones too if so asked. */
interface World extends AsyncDisposable {
  readonly app: KeyedApp;
  readonly admin: Ask;
  /** The job of another key by the name of its kind; of nothing in a world without hidden things. */
  readonly otherJobs: Readonly<Record<string, string>>;
  /** Moves the clock on by a second. */
  tick(): void;
}

async function created(ask: Ask, request: string, sent: Sent): Promise<KeyedAnswer> {
  const answer = await ask(request, sent);
  assert(answer.status < 300, `${request}: ${answer.status} ${answer.text}`);
  return answer;
}

async function addThings(admin: Ask, ids: readonly string[]): Promise<void> {
  const lines = ids.flatMap((id) =>
    ["00:00", "00:01"].map((at) => `${id},2026-02-01T${at}:00Z,1.5`)
  );
  const csv = ["smart_meter_id,timestamp,power_kw", ...lines, ""].join("\n");
  await created(admin, "POST /api/readings", { headers: CSV, body: csv });
  const messages = ids.map((device_id) =>
    message({ device_id, ...(numberOf(device_id) % 2 === 0 ? {} : { metrics: APPLIANCE }) })
  );
  await created(admin, "POST /telemetry", { body: messages });
  const polls = ids.map((id) => `${id},2026-02-0${numberOf(id) + 1} 12:00:00 UTC,active`);
  const status = ["store_id,timestamp_utc,status", ...polls, ""].join("\n");
  await created(admin, "POST /stores/status", { headers: CSV, body: status });
  const zones = ["store_id,timezone_str", ...ids.map((id) => `${id},Europe/Berlin`), ""].join("\n");
  await created(admin, "POST /stores/timezones", { headers: CSV, body: zones });
  for (const id of ids.filter((one) => ["a.2", "b.1"].includes(one))) {
    await created(admin, `PUT /api/meters/${id}`, { body: { label: `label of ${id}` } });
  }
}

/** Jobs of another key: of visible things, and of hidden ones. */
async function addJobs(app: KeyedApp, admin: Ask, ids: readonly string[]) {
  const range = { start_datetime: "2026-02-01", end_datetime: "2026-02-02" };
  const sources = { smart_meter_ids: ids };
  const { body: { job_id } } = await created(admin, "POST /api/exports", {
    body: { ...sources, ...range, gaps: "report" },
  });
  const { body: { report_id } } = await created(admin, "POST /trigger_report", { body: {} });
  const path = `/api/meters/${ids[0]}/readings?from=2020-01-01&to=2020-01-02`;
  const deletion = await created(admin, `DELETE ${path}`, {});
  for (const id of [job_id, report_id, deletion.body.job_id]) await app.ended(id);
  return { job_id, report_id, deletion_id: deletion.body.job_id };
}

async function openWorld({ hasHidden }: { hasHidden: boolean }): Promise<World> {
  let nowMs = DAY;
  const app = await openKeyedApp(() => nowMs);
  const admin = app.as("admin");
  await addThings(admin, hasHidden ? [...VISIBLE, ...HIDDEN].toSorted() : VISIBLE);
  for (const id of hasHidden ? [...VISIBLE, ...HIDDEN] : VISIBLE) {
    await moveExportCheckpoint(app.kv, id, { from: null, to: CHECKPOINT });
  }
  let otherJobs: Record<string, string> = { job_id: NONE, report_id: NONE, deletion_id: NONE };
  if (hasHidden) {
    otherJobs = await addJobs(app, admin, ["a.1", "b.1"]);
    nowMs += 1_000;
    await addJobs(app, admin, ["a.1"]);
  }
  nowMs = DAY + 10_000;
  return {
    app,
    admin,
    otherJobs,
    tick: () => nowMs += 1_000,
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  };
}

/** The parts of an answer that a client sees. Ids of jobs are the luck of each world. */
function seen(request: string, { status, text, headers }: KeyedAnswer): string {
  const names = ["link", "location", "allow", "content-disposition", "content-length", "etag"];
  const shown = names.flatMap((name) => headers.get(name) ?? []);
  return [request, status, ...shown, text].join(" ").replaceAll(UUID, "UUID");
}

/** Asks the same of two worlds; both must answer alike. */
interface Both {
  /** Asks, and returns the answer of the world with hidden things. */
  ask(request: string, sent?: Sent): Promise<KeyedAnswer>;
  /** All pages of a list, in the world with hidden things. */
  walk(path: string): Promise<KeyedAnswer[]>;
  /** The same for a request that names a job of another key, such as `{job_id}`. */
  askOther(request: string): Promise<KeyedAnswer>;
  /** Creates a job in each world and waits for it; returns how to ask about it. */
  create(request: string, sent: Sent): Promise<(request: string) => Promise<KeyedAnswer>>;
}

function askBoth(worlds: readonly [World, World], asks: readonly [Ask, Ask]): Both {
  async function both(requests: readonly string[], sent: Sent = {}) {
    const answers: KeyedAnswer[] = [];
    for (const [index, world] of worlds.entries()) {
      world.tick();
      answers.push(await asks[index](requests[index], sent));
    }
    const [one, other] = answers.map((answer) => seen(requests[0], answer));
    assertEquals(one, other, JSON.stringify(sent).slice(0, 500));
    return answers;
  }
  return {
    ask: async (request, sent) => (await both([request, request], sent))[0],
    async walk(path) {
      const pages: KeyedAnswer[] = [];
      // Cursors name jobs, whose ids differ.
      for (let paths = [path, path]; paths[0] !== null;) {
        const answers = await both(paths.map((next) => `GET ${next}`));
        assertEquals(answers[0].status, 200, answers[0].text);
        pages.push(answers[0]);
        paths = answers.map(({ body }) => body.next);
      }
      return pages;
    },
    async askOther(request) {
      const requests = worlds.map(({ otherJobs }) =>
        request.replace(/\{(\w+)\}/, (_, name) => otherJobs[name])
      );
      return (await both(requests))[0];
    },
    async create(request, sent) {
      const answers = await both([request, request], sent);
      const ids = answers.map(({ status, text, body }) => {
        assert(status < 300, text);
        return String(body.job_id ?? body.report_id);
      });
      for (const [index, id] of ids.entries()) await worlds[index].app.ended(id);
      return async (about) => (await both(ids.map((id) => about.replace("{id}", id))))[0];
    },
  };
}

const idsIn = (pages: readonly KeyedAnswer[], list: string, id: string) =>
  pages.flatMap(({ body }) => body[list].map((one: Record<string, string>) => one[id]));

/** All that a caller who may see everything sees of the hidden things. */
async function viewOfHidden(admin: Ask): Promise<string[]> {
  const views: string[] = [];
  for (const id of HIDDEN) {
    for (
      const path of [
        `/api/meters/${id}`,
        `/api/meters/${id}/readings?start_time=2026-02-01`,
        `/devices/${id}`,
        `/devices/${id}/metrics?start_time=2026-02-01`,
        `/stores/${id}`,
        `/api/continuous-exports/${id}`,
      ]
    ) {
      const answer = await admin(`GET ${path}`);
      assertEquals(answer.status, 200, answer.text);
      views.push(answer.text);
    }
  }
  return views;
}

async function withWorlds(
  scopes: Parameters<KeyedApp["as"]>[1],
  test: (both: Both, world: World) => Promise<void>,
): Promise<void> {
  await using full = await openWorld({ hasHidden: true });
  await using bare = await openWorld({ hasHidden: false });
  const rights = { patterns: PATTERNS, ...scopes };
  const before = await viewOfHidden(full.admin);
  await test(
    askBoth([full, bare], [full.app.as("site", rights), bare.app.as("site", rights)]),
    full,
  );
  assertEquals(await viewOfHidden(full.admin), before);
}

const SITE = { scopes: ["read", "export", "ingest", "import"] } as const;
const MANAGER = { scopes: ["read", "export", "ingest", "import", "manage"] } as const;

Deno.test("lists have the visible things only, with whole pages and cursors between visible ones", async () => {
  await withWorlds(SITE, async (both) => {
    const meters = await both.walk("/api/meters?limit=2");
    assertEquals(idsIn(meters, "meters", "smart_meter_id"), VISIBLE);
    assertEquals(meters.map(({ body }) => body.meters.length), [2, 2]);
    for (const query of ["", "&fields=latest"]) {
      const devices = await both.walk(`/devices?limit=3${query}`);
      assertEquals(idsIn(devices, "devices", "device_id"), VISIBLE);
      const stores = await both.walk(`/stores?limit=3${query}`);
      assertEquals(idsIn(stores, "stores", "store_id"), VISIBLE);
    }
    const appliances = await both.walk("/devices?limit=1&profile=appliance&state=online");
    assert(idsIn(appliances, "devices", "device_id").length > 0);
    const exported = await both.walk("/api/continuous-exports?limit=2");
    assertEquals(idsIn(exported, "exports", "device_id"), VISIBLE);
    for (const id of [...HIDDEN, "0", "a.2", "zz"]) {
      await both.ask(`GET /api/meters?after=${id}`);
      await both.ask(`GET /devices?cursor=${id}`);
      await both.ask(`GET /stores?cursor=${id}`);
      await both.ask(`GET /api/continuous-exports?cursor=${id}`);
    }
  });
});

Deno.test("a hidden thing answers every read and every deletion as one that does not exist", async () => {
  await withWorlds(MANAGER, async (both) => {
    const reads = (id: string) => [
      `/api/meters/${id}`,
      `/api/meters/${id}/readings`,
      `/devices/${id}`,
      `/devices/${id}/events`,
      `/devices/${id}/metrics`,
      `/devices/${id}/summary`,
      `/stores/${id}`,
      `/api/continuous-exports/${id}`,
    ];
    for (const id of HIDDEN) {
      const nothing = reads("a.9");
      for (const [index, path] of reads(id).entries()) {
        const answer = await both.ask(`GET ${path}`);
        assertEquals(answer.status, 404, path);
        const unknown = await both.ask(`GET ${nothing[index]}`);
        assertEquals(answer.text, unknown.text.replaceAll("a.9", id));
        await both.ask(`HEAD ${path}`);
        // What is wrong with the query is said first, of both.
        await both.ask(
          `GET ${path}?start_time=x&date=x&other=1&timezone=Mars/Base&interval=2d&limit=0`,
        );
      }
      const span = "?from=2026-02-01&to=2026-02-02";
      for (
        const path of [
          `/api/meters/${id}`,
          `/devices/${id}`,
          `/stores/${id}`,
          `/api/meters/${id}/readings${span}`,
          `/devices/${id}/readings${span}`,
          `/devices/${id}/readings${span}&objects=true`,
          `/devices/${id}?objects=true`,
          `/stores/${id}/polls${span}`,
        ]
      ) {
        assertEquals((await both.ask(`DELETE ${path}`)).status, 404, path);
        await both.ask(`DELETE ${path}${path.includes("?") ? "&" : "?"}other=1`);
      }
      for (const control of ["pause", "resume", "run"]) {
        const path = `POST /api/continuous-exports/${id}/${control}`;
        assertEquals((await both.ask(path)).status, 404);
      }
      const replay = { from: "2026-02-01", to: "2026-02-02" };
      const path = `POST /api/continuous-exports/${id}/replay`;
      assertEquals((await both.ask(path, { body: replay })).status, 404);
    }
  });
});

Deno.test("a deletion of many finds only what exists for its key, by ids and by patterns", async () => {
  await withWorlds(MANAGER, async (both) => {
    for (const things of ["meters", "devices", "stores"]) {
      for (const path of ["/api/deletions/preview", "/api/deletions"]) {
        for (const texts of [["b.1"], ["Z*"], HIDDEN]) {
          const answer = await both.ask(`POST ${path}`, { body: { [things]: texts } });
          assertEquals(answer.status, 404, `${path} ${things} ${texts}`);
        }
      }
      const body = { [things]: ["*", "b.1"], objects: things === "devices" };
      const all = await both.ask("POST /api/deletions/preview", { body });
      assertEquals([all.body.ids, all.body.not_found], [VISIBLE, ["b.1"]]);
    }
    // Deletions of other keys are visible with `manage`, but not those of hidden things.
    await both.ask("GET /api/deletions?id=b.1");
  });
});

Deno.test("what would create or change a hidden thing is refused, whether it exists or not", async () => {
  await withWorlds(MANAGER, async (both) => {
    for (const id of [...HIDDEN, "b.new"]) {
      for (
        const [request, sent] of [
          [`PUT /api/meters/${id}`, { body: { label: "x" } }],
          [`PUT /devices/${id}`, { body: { location: "x" } }],
          [`PUT /devices/${id}`, { body: { profile: "nothing" } }],
          [`POST /api/meters/${id}/readings`, { headers: CSV, body: "timestamp,power_kw\n" }],
          [`POST /api/meters/${id}/readings?dry_run=true`, { headers: CSV, body: "x" }],
        ] as const
      ) {
        const answer = await both.ask(request, sent);
        assertEquals([answer.status, answer.body.code], [403, "FORBIDDEN"], request);
        assert(answer.text.includes(id), answer.text);
      }
    }
  });
});

Deno.test("each hidden item of an upload is refused by itself, with the same words as a new one", async () => {
  await withWorlds(SITE, async (both) => {
    const time = "2026-02-03T00:00:00Z";
    // A battery, hidden things, and new ids of both kinds.
    const ids = ["a.1", ...HIDDEN, "a.new", "b.new"];
    const isVisible = (id: string) => id.startsWith("a.");
    const single = message({ device_id: "b.1", timestamp: time });
    const refused = await both.ask("POST /telemetry", { body: single });
    assertEquals([refused.status, refused.body.errors.length], [400, 1]);
    assertMatch(refused.body.detail, /device_id must be a device that your key may touch/);
    // Neither the profile nor the times of a hidden device show.
    const wrong = { device_id: "b.1", timestamp: "x", metrics: { other: 1 }, more: 1 };
    assertEquals((await both.ask("POST /telemetry", { body: wrong })).body.errors.length, 1);
    const batch = ids.map((device_id) => message({ device_id, timestamp: time }));
    const rejects = ids.flatMap((value, index) =>
      isVisible(value)
        ? []
        : { index, pointer: "/device_id", value, rule: "a device that your key may touch" }
    );
    const posted = await both.ask("POST /telemetry", { body: batch });
    assertEquals([posted.body.rejected, posted.body.rejects], [rejects.length, rejects]);
    const lines = batch.map((one) => JSON.stringify(one)).join("\n");
    const ndjson = { "content-type": "application/x-ndjson" };
    await both.ask("POST /telemetry", { headers: ndjson, body: lines });
    for (const path of ["/write", "/api/v2/write?precision=ms"]) {
      const points = ids.map((id, index) => `climate,host=${id} t${index}=1 1769990400000`);
      const written = await both.ask(`POST ${path}`, { body: points.join("\n") });
      assertEquals(written.status, 400);
      assertMatch(written.text, /tag host must be a device that your key may touch: 'Z'/);
    }
    // Fields that only refused lines have are no metrics of the profile.
    const { body: { metrics } } = await both.ask("GET /api/profiles/climate");
    const named = metrics.map(({ name }: { name: string }) => name);
    assertEquals(named, ids.flatMap((id, index) => isVisible(id) ? `t${index}` : []));

    const csv = ["smart_meter_id,timestamp,power_kw", ...ids.map((id) => `${id},${time},2`), ""];
    for (const query of ["?dry_run=true", ""]) {
      const sent = { headers: CSV, body: csv.join("\n") };
      const { body } = await both.ask(`POST /api/readings${query}`, sent);
      const problems = body.meters.map((one: Record<string, unknown>) => one.problem);
      const rule = "a meter that your key may touch";
      assertEquals(problems, ids.map((id) => isVisible(id) ? null : rule));
    }

    const polls = ids.map((id) => `${id},2026-02-03 12:00:00 UTC,inactive`).join("\n");
    const status = `store_id,timestamp_utc,status\n${polls}\n`;
    const ofPolls = await both.ask("POST /stores/status", { headers: CSV, body: status });
    assertEquals([ofPolls.body.inserted, ofPolls.body.rejected], [2, rejects.length]);
    const hours = `store_id,day,start,end\n${ids.map((id) => `${id},0,09:00:00,x`).join("\n")}\n`;
    const ofHours = await both.ask("POST /stores/hours", { headers: CSV, body: hours });
    assertEquals(ofHours.body.stores_without_hours, ["a.1", "a.new"]);
    const zones = `store_id,timezone_str\n${ids.map((id) => `${id},UTC`).join("\n")}\n`;
    const ofZones = await both.ask("POST /stores/timezones", { headers: CSV, body: zones });
    assertEquals([ofZones.body.stores, ofZones.body.rejected], [2, rejects.length]);
  });
});

Deno.test("a message of a hidden device is refused the same before and after others were accepted", async () => {
  await withWorlds(SITE, async (both) => {
    const send = (device_id: string) => {
      const body = message({ device_id, timestamp: "2026-02-03T00:00:00Z" });
      // With its length, as clients send a short body, so that it is read as a single message.
      const headers = { "content-length": String(JSON.stringify(body).length) };
      return both.ask("POST /telemetry", { headers, body });
    };
    // Batteries, which are known, and a device that is new.
    const hidden = ["Z", "a-1", "z.9", "b.new"];
    const before: KeyedAnswer[] = [];
    for (const id of hidden) before.push(await send(id));
    // The second of each is a plain message. Those of known devices and of new ones are apart.
    for (const id of ["a.1", "a.3", "a.new", "a.new2"]) assert((await send(id)).status < 300, id);
    for (const [index, id] of hidden.entries()) {
      const { status, text, body } = await send(id);
      assertEquals([status, text], [400, before[index].text], id);
      assertMatch(body.detail, /device_id must be a device that your key may touch/);
    }
  });
});

Deno.test("exports and previews name each meter that the key may not touch, and no hidden device", async () => {
  await withWorlds(SITE, async (both) => {
    const range = { start_datetime: "2026-02-01", end_datetime: "2026-02-02" };
    const hidden = { smart_meter_ids: ["a.1", "b.1", "a.9", "z.9"], ...range };
    const first = { smart_meter_id: "b.1", start_datetime: "x", end_datetime: "y", format: "csv" };
    const devices = { device_ids: ["a.1", "b.1", "b.new"], ...range };
    for (const path of ["/api/exports", "/api/exports/preview"]) {
      const { status, body } = await both.ask(`POST ${path}`, { body: hidden });
      const pointers = body.errors.map(({ pointer }: { pointer: string }) => pointer);
      assertEquals([status, pointers], [400, ["/smart_meter_ids/1", "/smart_meter_ids/3"]]);
      const unknown = await both.ask(`POST ${path}`, { body: devices });
      assertEquals(unknown.body.errors[0].value, "b.1, b.new");
    }
    await both.ask("GET /api/exports/preview?smart_meter_ids=a.1,b.1&period=yesterday");
    const { body: { errors } } = await both.ask("POST /api/export/csv", { body: first });
    assertEquals(errors.length, 3);
    const own = { smart_meter_ids: ["a.1", "a.3"], ...range, gaps: "report", timezone: "UTC" };
    const about = await both.create("POST /api/exports", { body: own });
    for (const path of ["", "/manifest", "/gaps", "/events"]) {
      assertEquals((await about(`GET /api/exports/{id}${path}`)).status, 200, path);
    }
    await about("GET /api/export/status/{id}");
    const file = await about("GET /api/export/download/{id}");
    assertMatch(file.text, /^a\.1,|^2026-02-01T00:00:00Z,a\.1,/m);
    await both.create("POST /api/export/csv", {
      body: { ...range, smart_meter_id: "a.1", format: "csv" },
    });
    assertEquals((await both.walk("/api/exports?limit=1")).length, 2);
    await both.ask("GET /api/exports?source=b.1");
  });
});

Deno.test("a report has the visible stores only, and ends at the last poll of one of them", async () => {
  await withWorlds(SITE, async (both) => {
    const { status, body } = await both.ask("POST /trigger_report", {
      body: { stores: ["a.1", "b.1", "a.9"] },
    });
    assertEquals([status, body.errors[0].pointer], [400, "/stores/1"]);
    for (
      const request of [{}, { stores: ["a.1", "a.2"] }, { from: "2026-02-01", to: "2026-02-05" }]
    ) {
      const about = await both.create("POST /trigger_report", { body: request });
      const report = await about("GET /get_report/{id}");
      assertEquals(report.body.status, "Complete", report.text);
      const { text } = await about("GET /download_report/{id}");
      assert(text.includes("a.1") && !HIDDEN.some((id) => text.includes(`\n${id},`)), text);
    }
    assertEquals((await both.walk("/reports?limit=2")).length, 2);
  });
});

/** Requests about jobs of another key, and the status of their answers. */
const OF_OTHERS = [
  ["GET /api/export/status/{job_id}", 200],
  ["GET /api/export/download/{job_id}", 404],
  ["HEAD /api/export/download/{job_id}", 404],
  ["GET /api/exports/{job_id}", 404],
  ["GET /api/exports/{job_id}/manifest", 404],
  ["GET /api/exports/{job_id}/gaps", 404],
  ["GET /api/exports/{job_id}/events", 404],
  ["POST /api/exports/{job_id}/repeat", 404],
  ["POST /api/exports/{job_id}/link", 404],
  ["POST /api/reports/{report_id}/link", 404],
  ["DELETE /api/exports/{job_id}", 404],
  ["GET /get_report/{report_id}", 404],
  ["GET /download_report/{report_id}", 404],
  ["GET /api/jobs/{deletion_id}", 404],
] as const;

Deno.test("the job of another key does not exist, in lists and by its id, as nothing does", async () => {
  await withWorlds(SITE, async (both, { admin, otherJobs }) => {
    for (const [request, status] of OF_OTHERS) {
      const answer = await both.askOther(request);
      assertEquals(answer.status, status, request);
      assert(status !== 200 || answer.body.status === "not_found");
    }
    assertEquals((await both.walk("/api/exports?limit=1"))[0].body.exports, []);
    assertEquals((await both.walk("/reports?limit=1"))[0].body.reports, []);
    // It is still there for its owner.
    assertEquals((await admin(`GET /api/exports/${otherJobs.job_id}`)).body.status, "completed");
  });
});

Deno.test("with manage a key sees jobs of others, except those about things that it may not touch", async () => {
  await using world = await openWorld({ hasHidden: true });
  const { app, otherJobs } = world;
  const all = app.as("all", { scopes: ["export", "manage"] });
  const site = app.as("site", { scopes: ["export", "manage"], patterns: PATTERNS });
  for (const [request, statusOfNothing] of OF_OTHERS) {
    const path = request.replace(/\{(\w+)\}/, (_, name) => otherJobs[name]);
    if (request.startsWith("GET")) assertEquals((await all(path)).status, 200, request);
    // The deletion is of `a.1`.
    const status = request.includes("/api/jobs/") ? 200 : statusOfNothing;
    assertEquals((await site(path)).status, status, request);
  }
  assertEquals((await all("GET /api/exports")).body.exports.length, 2);
  const { body } = await site("GET /api/exports?limit=1");
  assertEquals([body.exports.length, body.next], [1, null]);
  assertEquals(body.exports[0].request.smart_meter_id, "a.1");
  assertEquals((await all("GET /reports")).body.reports.length, 2);
  const gone = { meters: ["b.1"], from: "1999-01-01", to: "1999-01-02" };
  const deletion = (await created(world.admin, "POST /api/deletions", { body: gone })).body;
  assertEquals((await all("GET /api/deletions")).body.deletions.length, 3);
  assertEquals((await site("GET /api/deletions")).body.deletions.length, 2);
  for (const method of ["GET", "DELETE"]) {
    assertEquals((await site(`${method} /api/deletions/${deletion.id}`)).status, 404);
  }
  // A report without a list of stores is about all of them.
  assertEquals((await site("GET /reports")).body.reports, []);
});

Deno.test("a key whose patterns were narrowed no longer sees its files with other things", async () => {
  await using world = await openWorld({ hasHidden: false });
  const { app } = world;
  const wide = app.as("k", { patterns: { meter: ["a.*"], store: ["a.*"] }, scopes: ["export"] });
  const range = { start_datetime: "2026-02-01", end_datetime: "2026-02-02" };
  const sent = { body: { smart_meter_ids: ["a.1", "a.2"], ...range } };
  const { body: { job_id } } = await created(wide, "POST /api/exports", sent);
  const { body: { report_id } } = await created(wide, "POST /trigger_report", { body: {} });
  for (const id of [job_id, report_id]) await app.ended(id);
  const narrow = app.as("k", { patterns: { meter: ["a.1"], store: ["a.1*"] }, scopes: ["export"] });
  for (const path of [`/api/export/download/${job_id}`, `/download_report/${report_id}`]) {
    assertEquals((await narrow(`GET ${path}`)).status, 404, path);
  }
  const other = app.as("k", { patterns: { meter: null, store: ["*"] }, scopes: ["export"] });
  for (const path of [`/api/export/download/${job_id}`, `/download_report/${report_id}`]) {
    assertEquals((await other(`GET ${path}`)).status, 200, path);
  }
});

Deno.test("an upload about stores shows while it runs only to its key, and to keys that manage all", async () => {
  await using world = await openWorld({ hasHidden: false });
  const { app } = world;
  const sender = app.as("sender", { scopes: ["import"] });
  const others = [
    app.as("other", { scopes: ["import"] }),
    app.as("site", { scopes: ["import", "manage"], patterns: PATTERNS }),
    app.as("all", { scopes: ["import", "manage"] }),
  ];
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const encoder = new TextEncoder();
  const body = ReadableStream.from((async function* () {
    yield encoder.encode("store_id,timestamp_utc,status\n");
    await held;
    yield encoder.encode("a.1,2026-02-04 00:00:00 UTC,active\n");
  })());
  const sending = sender("POST /stores/status", { headers: CSV, body });
  await until(async () => (await sender("GET /stores/status")).body.imports.length === 1);
  const counts = await Promise.all(
    others.map(async (ask) => (await ask("GET /stores/status")).body.imports.length),
  );
  assertEquals(counts, [0, 0, 1]);
  release();
  assertEquals((await sending).body.inserted, 1);
});

Deno.test("an idempotency key belongs to the key that used it", async () => {
  await using world = await openWorld({ hasHidden: false });
  const [one, other] = ["one", "other"].map((name) => world.app.as(name, { scopes: ["export"] }));
  const headers = { "idempotency-key": "same" };
  const range = { start_datetime: "2026-02-01", end_datetime: "2026-02-02" };
  const body = { smart_meter_id: "a.1", ...range };
  const first = await created(one, "POST /api/exports", { headers, body });
  const again = await created(one, "POST /api/exports", { headers, body });
  assertEquals(again.body.job_id, first.body.job_id);
  const theirs = await created(other, "POST /api/exports", { headers, body });
  assert(theirs.body.job_id !== first.body.job_id);
  const changed = { ...body, smart_meter_id: "a.2" };
  assertEquals((await created(other, "POST /api/exports", { body: changed })).status, 200);
  assertEquals((await other("POST /api/exports", { headers, body: changed })).status, 422);
});

Deno.test("a profile in use names only users that the key may touch", async () => {
  await using world = await openWorld({ hasHidden: true });
  const { app, admin } = world;
  const metrics = [{ name: "t", unit: "K", aggregate: "mean" }];
  await created(admin, "PUT /api/profiles/climate", { body: { metrics } });
  for (const id of ["b.2", "b.3", "b.4", "b.5"]) {
    await created(admin, `PUT /devices/${id}`, { body: { profile: "climate" } });
  }
  const site = app.as("site", { scopes: ["manage"], patterns: PATTERNS });
  const refused = await site("DELETE /api/profiles/climate");
  assertEquals(refused.status, 409);
  assertMatch(refused.body.detail, /in use by others, so it cannot be deleted/);
  await created(admin, "PUT /devices/c", { body: { profile: "climate" } });
  const other = [{ name: "t", unit: "C", aggregate: "mean" }];
  const changed = await site("PUT /api/profiles/climate", { body: { metrics: other } });
  assertEquals(changed.status, 409);
  assertMatch(changed.body.detail, /in use by device c, others, and/);
  assertMatch(
    (await admin("DELETE /api/profiles/climate")).body.detail,
    /device b\.2, device b\.3/,
  );
});
