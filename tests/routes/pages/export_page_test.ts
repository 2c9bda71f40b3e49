import { CODE_LANGUAGES } from "../../../routes/pages/export_code.ts";
import { exportBodyOfForm, readExportForm } from "../../../routes/pages/export_form.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../../support/assert.ts";
import { type Ask, type KeyedApp, openKeyedApp } from "../../support/keyed_app.ts";
import { askJson, importText, startTestService } from "../../support/service.ts";

/** A Friday in summer: Berlin is two hours ahead of UTC. */
const NOW_MS = Date.UTC(2024, 5, 14, 10);
const HTML = { accept: "text/html" };
const FORM = {
  ...HTML,
  "content-type": "application/x-www-form-urlencoded",
  "sec-fetch-site": "same-origin",
};

/** Four quarter hours around midnight in Berlin: two of the 12th, two of the 13th. */
const READINGS = `timestamp,power_kw
2024-06-12T21:30:00Z,1.5
2024-06-12T21:45:00Z,2
2024-06-12T22:00:00Z,2.5
2024-06-12T22:15:00Z,3
`;

async function importMeter(app: KeyedApp, id: string): Promise<void> {
  const sent = { headers: { "content-type": "text/csv" }, body: READINGS };
  assertEquals((await app.as("all")(`POST /api/meters/${id}/readings`, sent)).status, 200);
}

/** The newest export that a caller sees. */
async function newest(ask: Ask) {
  return (await ask("GET /api/exports?limit=1")).body.exports[0];
}

Deno.test("a form makes the body that one would write, and leaves out what is the default", () => {
  const bodyOf = (query: string) =>
    exportBodyOfForm(readExportForm(new URLSearchParams(query), "UTC"));
  assertEquals(bodyOf(""), { period: "last_7_days", format: "csv" });
  assertEquals(bodyOf("kind=meter&meter=a&device=b&csv=excel-de&timezone=Europe/Berlin"), {
    smart_meter_id: "a",
    period: "last_7_days",
    timezone: "Europe/Berlin",
    format: "csv",
    csv: "excel-de",
  });
  assertEquals(
    bodyOf("kind=device&device=a&ids=b,+a;c&format=parquet&csv=excel-de&layout=wide&interval=1h"),
    {
      device_ids: ["a", "b", "c"],
      period: "last_7_days",
      interval: "1h",
      format: "parquet",
      layout: "wide",
    },
  );
  // A link of another page names a gap.
  assertEquals(bodyOf("id=a&start=2024-01-01&end=2024-01-02"), {
    smart_meter_id: "a",
    start_datetime: "2024-01-01",
    end_datetime: "2024-01-02",
    format: "csv",
  });
  assertEquals(bodyOf("id=a&id=b&layout=per_source&compression=gzip").compression, undefined);
});

Deno.test("the form without JavaScript makes an export, whose file has the days of Berlin", async () => {
  await using app = await openKeyedApp(() => NOW_MS);
  await importMeter(app, "hall");
  const ask = app.as("all");
  const body = new URLSearchParams({
    kind: "meter",
    meter: "hall",
    period: "custom",
    start: "2024-06-13",
    end: "2024-06-13",
    timezone: "Europe/Berlin",
    csv: "excel-de",
  }).toString();
  const sent = await ask("POST /export", { headers: FORM, body });
  assertEquals(sent.status, 303, sent.text);
  assertMatch(sent.headers.get("location") ?? "", /^\/export\?.*id=hall.*#jobs$/);
  const made = await newest(ask);
  await app.ended(made.id);
  const file = await ask(`GET /api/export/download/${made.id}`);
  assertEquals(
    file.text,
    "timestamp;smart_meter_id;energy_kwh;power_kw;voltage_v;current_a\r\n" +
      "13.06.2024 00:00:00;hall;;2,5;;\r\n13.06.2024 00:15:00;hall;;3;;\r\n",
  );
  const page = await ask("GET /export", { headers: HTML });
  assertStringIncludes(page.text, `href="/api/export/download/${made.id}"`);
});

Deno.test("a form with mistakes comes back filled in, with all of them", async () => {
  await using app = await openKeyedApp(() => NOW_MS);
  const body = "kind=meter&meter=hall&timezone=Mars/Olympus&interval=7s";
  const { status, text } = await app.as("all")("POST /export", { headers: FORM, body });
  assertEquals(status, 400);
  assertStringIncludes(text, "timezone must be an IANA time zone");
  assertStringIncludes(text, "interval must be");
  assertStringIncludes(text, 'value="Mars/Olympus"');
  const foreign = { ...FORM, "sec-fetch-site": "cross-site" };
  const refused = await app.as("all")("POST /export", { headers: foreign, body: "meter=hall" });
  assertEquals(refused.status, 403);
});

Deno.test("the preview of the page has the numbers and rows of the API", async () => {
  await using app = await openKeyedApp(() => NOW_MS);
  await importMeter(app, "hall");
  const ask = app.as("all");
  const api = await ask("GET /api/exports/preview?smart_meter_id=hall&period=last_7_days");
  assertEquals([api.body.rows, api.body.size_bytes > 0], [4, true]);
  const page = await ask("GET /fragments/export/preview?meter=hall&period=last_7_days");
  assertMatch(page.text, /<dt>Rows<\/dt><dd>4<\/dd>/);
  assertStringIncludes(page.text, api.body.first_rows.split("\n")[1]);
  const none = await ask("GET /fragments/export/preview");
  assertStringIncludes(none.text, "Choose a meter or device");
});

Deno.test("buttons of the list repeat, cancel and remove the exports of the caller, and no others", async () => {
  await using app = await openKeyedApp(() => NOW_MS);
  await importMeter(app, "hall");
  const ask = app.as("maker", { scopes: ["export", "read"] });
  const made = await ask("POST /api/exports", {
    body: { smart_meter_id: "hall", period: "last_7_days", interval: "1h" },
  });
  const id: string = made.body.job_id;
  await app.ended(id);
  const press = (by: Ask, what: string) =>
    by("POST /export/jobs", { headers: FORM, body: `do=${what}&id=${id}` });
  const other = app.as("other", { scopes: ["export", "read"] });
  assertEquals((await press(other, "remove")).status, 400);
  assertEquals((await ask(`GET /api/exports/${id}`)).status, 200);

  assertEquals((await press(ask, "again")).status, 303);
  const { body } = await ask("GET /api/exports");
  assertEquals(body.exports.length, 2);
  assertEquals(body.exports[0].request, body.exports[1].request);
  assertEquals((await press(ask, "remove")).status, 303);
  assertEquals((await ask(`GET /api/exports/${id}`)).status, 404);
});

Deno.test("labels with markup show as text, and a key sees only what it may touch", async () => {
  await using app = await openKeyedApp(() => NOW_MS);
  await importMeter(app, "a-hall");
  await importMeter(app, "b-hall");
  const label = `<script>alert("x")</script>`;
  await app.as("all")("PUT /api/meters/a-hall", { body: { label } });
  const rights = { scopes: ["export" as const, "read" as const], patterns: { meter: ["a-*"] } };
  const { text } = await app.as("some", rights)("GET /export", { headers: HTML });
  assertStringIncludes(text, "&lt;script&gt;alert(");
  assert(!text.includes("<script>alert"), text);
  assert(!text.includes("b-hall"), text);
});

Deno.test("a key without the scope read may export ids that it names, but sees no list", async () => {
  await using app = await openKeyedApp(() => NOW_MS);
  await importMeter(app, "a-hall");
  const { text } = await app.as("some", { scopes: ["export"] })("GET /export", { headers: HTML });
  assert(!text.includes("a-hall"), text);
  assertStringIncludes(text, 'name="ids"');
});

Deno.test("code quotes what a form has, in each language", () => {
  const body = { smart_meter_id: "hall", timezone: `it's "x" $(y) #(z)`, utc: true };
  const place = { origin: "https://energy.example", hasSignIn: true };
  const code = Object.fromEntries(
    CODE_LANGUAGES.map(({ id, write }) => [id, write(place, body)]),
  );
  assertStringIncludes(code.curl, `it'\\''s \\"x\\" $(y) #(z)`);
  assertStringIncludes(code.python, `"timezone": "it's \\"x\\" $(y) #(z)", "utc": True}`);
  assertStringIncludes(code.typescript, `"timezone":"it's \\"x\\" $(y) #(z)"`);
  assertStringIncludes(code.powerquery, `""timezone"":""it's \\""x\\"" $(y) #(#)(z)""`);
  for (const text of Object.values(code)) {
    assert(!text.includes("ow_"), text);
    assertStringIncludes(text, "https://energy.example");
  }
});

Deno.test("without a script, an export repeats monthly, is paused, resumed, run and deleted by forms", async () => {
  await using service = await startTestService({ now: () => NOW_MS });
  const { url } = service;
  const page = async (path: string) => await (await fetch(url + path, { headers: HTML })).text();
  const list = async () => (await askJson(`${url}/api/schedules`)).body.schedules;
  const send = async (path: string, body: string, referer: string) => {
    const headers = { ...FORM, referer };
    const init = { method: "POST", redirect: "manual" as const, headers, body };
    const answer = await fetch(url + path, init);
    assertEquals(answer.status, 303, await answer.text());
    return answer.headers.get("location") ?? "";
  };
  await importText(url, "hall", READINGS);
  const empty = await page("/export");
  assertStringIncludes(empty, "Nothing repeats yet.");
  assert(!empty.includes(">Next run<"), "an empty list has no header");

  const body = "kind=meter&meter=hall&timezone=Europe/Berlin&interval=1h&start=2024-01-01";
  const to = await send("/export/schedules", body, `${url}/export`);
  assertMatch(to, /^\/export\?.*id=hall.*&repeated=1#schedules$/);
  const [{ id, cron, timezone, request, name }] = await list();
  assertEquals([cron, timezone, name], ["0 6 1 * *", "Europe/Berlin", "Monthly: hall"]);
  assertEquals([request.smart_meter_id, request.period, request.interval], [
    "hall",
    "last_month",
    "1h",
  ]);
  const made = await page(to.split("#")[0]);
  assertStringIncludes(made, "Runs on the first of each month");
  // 06:00 in Berlin on 1 July is 04:00 in UTC.
  assertStringIncludes(made, 'datetime="2024-07-01T04:00:00Z"');

  const press = async (what: string) => {
    const at = `${url}/export?id=hall&repeated=1`;
    const to = await send(`/export/schedules/${id}/${what}`, "", at);
    assertEquals(to, "/export?id=hall#schedules");
    return (await list())[0];
  };
  assertEquals((await press("pause")).state, "paused");
  assertStringIncludes(await page("/export"), ">Resume<");
  assertEquals((await press("resume")).state, "active");
  assertEquals(typeof (await press("run")).last_run.job_id, "string");
  assertEquals(await press("delete"), undefined);
});

Deno.test("a schedule with mistakes comes back with the form, and those of others have no buttons to press", async () => {
  await using app = await openKeyedApp(() => NOW_MS);
  await importMeter(app, "hall");
  const wrong = "kind=meter&meter=hall&timezone=Mars/Olympus";
  const { status, text } = await app.as("all")("POST /export/schedules", {
    headers: FORM,
    body: wrong,
  });
  assertEquals(status, 400);
  assertStringIncludes(text, "timezone must be an IANA time zone");
  assertStringIncludes(text, 'value="Mars/Olympus"');
  // A choice of the language leads back to the form as it is.
  assertEquals(backFrom(text).split("?")[0], "/export");
  const back = await app.as("all")(`GET ${backFrom(text)}`, { headers: HTML });
  assertEquals(back.status, 200);
  assertStringIncludes(back.text, 'value="Mars/Olympus"');

  const maker = app.as("maker", { scopes: ["export", "read"] });
  await maker("POST /export/schedules", { headers: FORM, body: "kind=meter&meter=hall" });
  const { body: { schedules: [{ id }] } } = await maker("GET /api/schedules");
  const other = app.as("other", { scopes: ["export", "read"] });
  assert(!(await other("GET /export", { headers: HTML })).text.includes(id));
  const refused = await other(`POST /export/schedules/${id}/delete`, { headers: FORM, body: "" });
  assertEquals(refused.status, 404);
  assertEquals((await maker("GET /api/schedules")).body.schedules.length, 1);
});

Deno.test("a page that answers a form leads back to the Export screen when the language is chosen", async () => {
  await using app = await openKeyedApp(() => NOW_MS);
  const post = (path: string, body: string) =>
    app.as("all")(`POST ${path}`, { headers: FORM, body });
  const wrong = await post("/export", "kind=meter&meter=hall&interval=7s");
  assertMatch(backFrom(wrong.text), /^\/export\?.*interval=7s/);
  const unknown = await post("/export/jobs", "do=cancel&id=4a9c7a4e-8f0e-4c57-9d3f-2b6f0c1d5e7a");
  assertEquals([unknown.status, backFrom(unknown.text)], [400, "/export"]);
});

/** Where a page leads back to when one chooses its language, theme or zone. */
function backFrom(html: string): string {
  return (/name="to" value="([^"]*)"/.exec(html)?.[1] ?? "").replaceAll("&amp;", "&");
}
