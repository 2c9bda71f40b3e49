import { AppError } from "../../../data/app_error.ts";
import { assertEquals } from "../../support/assert.ts";
import { askJson, type JsonAnswer, startTestService } from "../../support/service.ts";
import { gzipped, postStores } from "../../support/stores.ts";
import { createTestApp, emptySeries } from "../app_fixture.ts";
import { bytesOf, REFUSED_ZIP_FILES } from "../http/zip_files.ts";
import { zipOf } from "../http/zip_of.ts";
import { holdUpload } from "../meters/held_upload.ts";
import { assertProblem, jsonAnswer } from "../problem_assert.ts";

const NONE = { rejected: 0, rejects: [], ignored_columns: [] };
const STATUS = "store_id,timestamp_utc,status\n" +
  "1,2023-01-25 12:09:39.388884 UTC,active\n" +
  "2,2023-01-25 12:10:00 UTC,inactive\n" +
  "1,2023-01-25T13:09:39Z,0\n";
const HOURS = "store_id,day_of_week,start_time_local,end_time_local\n" +
  "1,0,09:00:00,12:00:00\n" +
  "2,3,00:00:00,00:00:00\n" +
  "1,0,13:00:00,17:00:00\n" +
  "1,6,22:00:00,02:00:00\n";
const ZONES = "store_id,timezone_str\n1,America/New_York\n2,Asia/Kolkata\n";

async function storeOf(url: string, id: string): Promise<JsonAnswer["body"]> {
  return (await askJson(`${url}/stores/${id}`)).body;
}

Deno.test("polls are counted as new, unchanged, repeated, or updated with another status", async () => {
  await using service = await startTestService({ role: "api" });
  const { url } = service;
  const first = await postStores(url, "status", STATUS);
  const counts = { received: 3, inserted: 3, updated: 0, unchanged: 0, repeated: 0 };
  assertEquals([first.status, first.body], [200, { ...counts, ...NONE }]);
  const { body } = await postStores(
    url,
    "status",
    "status,store_id,timestampUtc,note\n" +
      "active,1,2023-01-25 12:09:39.388 UTC,x\n" +
      "inactive,2,2023-01-25 12:10:00 UTC,x\n" +
      "1,2,2023-01-25 12:10:00 UTC,x\n" +
      "on,2,2023-01-25 12:10:01 UTC,x\n" +
      "0,3,2023-01-25 12:10:01 UTC,x\n",
  );
  assertEquals(body, {
    received: 5,
    inserted: 1,
    updated: 1,
    // The poll that was there.
    unchanged: 1,
    // The poll of 12:10:00, which occurs twice.
    repeated: 1,
    rejected: 1,
    rejects: [{ line: 5, field: "status", value: "on", rule: "active or inactive, or 1 or 0" }],
    ignored_columns: ["note"],
  });
  assertEquals(await storeOf(url, "1"), {
    store_id: "1",
    timezone_str: null,
    count: 2,
    first_poll: "2023-01-25T12:09:39.388Z",
    last_poll: "2023-01-25T13:09:39Z",
    hours: null,
    rejected_hours: null,
  });
});

Deno.test("hours and zones replace those of their stores, and leave other stores alone", async () => {
  await using service = await startTestService({ role: "api" });
  const { url } = service;
  const hours = await postStores(url, "hours", HOURS);
  const noStores = { stores_without_hours: [], stores_without_hours_count: 0 };
  assertEquals(hours.body, { received: 4, replaced: 4, stores: 2, ...noStores, ...NONE });
  const zones = await postStores(url, "timezones", ZONES);
  assertEquals(zones.body, { received: 2, replaced: 2, stores: 2, ...NONE });
  const before = await storeOf(url, "1");
  assertEquals(before.timezone_str, "America/New_York");
  assertEquals(before.hours, [
    { day_of_week: 0, start_time_local: "09:00:00", end_time_local: "12:00:00" },
    { day_of_week: 0, start_time_local: "13:00:00", end_time_local: "17:00:00" },
    { day_of_week: 6, start_time_local: "22:00:00", end_time_local: "02:00:00" },
  ]);
  await postStores(url, "hours", "end,start,day,store\n23:59:59,08:00:00,2,1\n");
  await postStores(url, "timezones", "tz,store id\nEurope/Berlin,1\n");
  const after = await storeOf(url, "1");
  assertEquals([after.timezone_str, after.hours], ["Europe/Berlin", [
    { day_of_week: 2, start_time_local: "08:00:00", end_time_local: "23:59:59" },
  ]]);
  const other = await storeOf(url, "2");
  assertEquals([other.timezone_str, other.hours], ["Asia/Kolkata", [
    { day_of_week: 3, start_time_local: "00:00:00", end_time_local: "23:59:59" },
  ]]);
});

Deno.test("hours as spreadsheets write them are accepted: 9:00:00, 9:00, 24:00", async () => {
  await using service = await startTestService({ role: "api" });
  const { body } = await postStores(
    service.url,
    "hours",
    "store_id,day_of_week,start_time_local,end_time_local\n" +
      "1,0,9:00:00,17:00:00\n1,1,9:00,24:00\n1,2,0:00,24:00:00\n",
  );
  assertEquals([body.replaced, body.rejected, body.stores_without_hours], [3, 0, []]);
  assertEquals((await storeOf(service.url, "1")).hours, [
    { day_of_week: 0, start_time_local: "09:00:00", end_time_local: "17:00:00" },
    { day_of_week: 1, start_time_local: "09:00:00", end_time_local: "23:59:59" },
    { day_of_week: 2, start_time_local: "00:00:00", end_time_local: "23:59:59" },
  ]);
});

Deno.test("a store whose hours were all rejected is named, until a row of it is accepted", async () => {
  const atMs = Date.UTC(2024, 9, 4, 8);
  await using service = await startTestService({ role: "api", now: () => atMs });
  const { url } = service;
  await postStores(url, "timezones", "store_id,timezone_str\n1,UTC\n2,UTC\n");
  await postStores(url, "hours", "store_id,day,start,end\n2,0,09:00,17:00\n");
  const wrong = "store_id,day,start,end\n1,0,9 am,5 pm\n2,1,noon,17:00\n1,1,9 am,5 pm\n3,0,x,y\n";
  const { body } = await postStores(url, "hours", wrong);
  assertEquals([body.replaced, body.rejected, body.stores], [0, 4, 0]);
  assertEquals([body.stores_without_hours, body.stores_without_hours_count], [["1", "2", "3"], 3]);
  const first = await storeOf(url, "1");
  assertEquals([first.hours, first.rejected_hours], [null, {
    uploaded_at: "2024-10-04T08:00:00Z",
    rows: 2,
    field: "start_time_local",
    value: "9 am",
    rule: "a time of day such as 09:00:00 or 9:00",
  }]);
  // A store that had hours keeps them; rejected rows alone do not make a store.
  const second = await storeOf(url, "2");
  assertEquals([second.hours.length, second.rejected_hours.value], [1, "noon"]);
  assertEquals((await askJson(`${url}/stores/3`)).status, 404);
  await postStores(url, "hours", "store_id,day,start,end\n1,0,9 am,5 pm\n1,0,09:00,17:00\n");
  assertEquals((await storeOf(url, "1")).rejected_hours, null);
  assertEquals((await storeOf(url, "2")).rejected_hours.value, "noon");
});

Deno.test("of many stores without hours the answer names 100 and counts all", async () => {
  await using service = await startTestService({ role: "api" });
  const rows = Array.from({ length: 250 }, (_, index) => `s${1000 + index},0,9 am,17:00\n`);
  const text = `store_id,day,start,end\n${rows.join("")}`;
  const { body } = await postStores(service.url, "hours", text);
  assertEquals([body.stores_without_hours.length, body.stores_without_hours_count], [100, 250]);
  assertEquals(body.stores_without_hours.at(-1), "s1099");
});

Deno.test("a row whose zone does not exist is rejected, and its store keeps its zone", async () => {
  await using service = await startTestService({ role: "api" });
  await postStores(service.url, "timezones", ZONES);
  const { status, body } = await postStores(
    service.url,
    "timezones",
    "store_id,timezone_str\n1,Mars/Base\n9,Mars/Base\n2,UTC\n",
  );
  assertEquals([status, body.received, body.replaced, body.rejected], [200, 3, 1, 2]);
  assertEquals(body.rejects[1], {
    line: 3,
    field: "timezone_str",
    value: "Mars/Base",
    rule:
      "an IANA time zone; the store keeps the zone it has, or counts as in America/Chicago if " +
      "it has none",
  });
  assertEquals((await storeOf(service.url, "1")).timezone_str, "America/New_York");
  assertEquals((await storeOf(service.url, "2")).timezone_str, "UTC");
  assertEquals((await askJson(`${service.url}/stores/9`)).status, 404);
});

for (const [kind, text] of [["status", STATUS], ["hours", HOURS], ["timezones", ZONES]] as const) {
  Deno.test(`an upload of ${kind} in gzip gives the same as a plain one`, async () => {
    await using plain = await startTestService({ role: "api" });
    await using folded = await startTestService({ role: "api" });
    const one = await postStores(plain.url, kind, text);
    const other = await postStores(folded.url, kind, await gzipped(text), {
      "content-encoding": "gzip",
    });
    assertEquals([one.status, one.body], [other.status, other.body]);
    assertEquals(await storeOf(plain.url, "1"), await storeOf(folded.url, "1"));
  });

  Deno.test(`the error for a wrong header of ${kind} names the columns found and the columns needed`, async () => {
    await using service = await startTestService({ role: "api" });
    const needed = text.slice(0, text.indexOf("\n")).replaceAll(",", ", ");
    const answer = await postStores(service.url, kind, "store_id,a,b\n1,2,3\n");
    const missing = needed.split(", ").slice(1).join(", no ");
    assertProblem(answer, {
      status: 400,
      code: "INVALID_REQUEST",
      detail: `The header has no ${missing}: found store_id, a, b; required ${needed}`,
    });
    assertEquals((await askJson(`${service.url}/stores`)).body, { stores: [], next: null });
  });

  Deno.test(`an upload of ${kind} that is not CSV, or has a query, is refused`, async () => {
    const { app } = createTestApp();
    const init = { method: "POST", headers: { "content-type": "application/json" }, body: "[]" };
    assertProblem(await jsonAnswer(await app.request(`/stores/${kind}`, init)), {
      status: 415,
      code: "UNSUPPORTED_MEDIA_TYPE",
      detail: "Content-Type must be text/csv, application/zip or application/x-zip-compressed",
    });
    const csv = { method: "POST", headers: { "content-type": "text/csv" }, body: text };
    const queried = await jsonAnswer(await app.request(`/stores/${kind}?dry_run=true`, csv));
    assertEquals([queried.status, queried.body.detail], [400, "Unknown parameter 'dry_run'"]);
  });
}

Deno.test("an upload of hours that breaks off changes nothing; of polls, those that arrived stay", async () => {
  await using service = await startTestService({ role: "api" });
  const { url } = service;
  await postStores(url, "hours", HOURS);
  const headers = { "content-type": "text/csv", "content-length": "100000" };
  for (
    const [kind, text] of [["hours", "store_id,day,start,end\n1,4,01:00:00,02:00:00\n"], [
      "status",
      STATUS,
    ]]
  ) {
    using upload = await holdUpload(url, `/stores/${kind}`, headers);
    await upload.send(text);
    await until(async () => (await runningUploads(url, kind))[0]?.bytes_received === text.length);
    upload.cut();
    await until(async () => (await runningUploads(url, kind)).length === 0);
  }
  const { hours, count } = await storeOf(url, "1");
  assertEquals([hours.length, hours[0].day_of_week, count], [3, 0, 2]);
  const cut = service.logged.filter(({ event }) => event === "store import cut short");
  assertEquals(cut.map(({ fields }) => [fields?.upload, fields?.inserted]), [["hours", 0], [
    "status",
    3,
  ]]);
  const { body } = await postStores(url, "status", STATUS);
  assertEquals([body.inserted, body.unchanged], [0, 3]);
});

Deno.test("GET /stores/status shows the progress of an upload until it has ended", async () => {
  await using service = await startTestService({ role: "api" });
  const { url } = service;
  const headers = { "content-type": "text/csv", "content-length": String(STATUS.length) };
  using upload = await holdUpload(url, "/stores/status", headers);
  const half = STATUS.indexOf("\n2,");
  await upload.send(STATUS.slice(0, half));
  await until(async () => (await runningUploads(url, "status"))[0]?.bytes_received === half);
  const [{ started_at: _, ...running }] = await runningUploads(url, "status");
  assertEquals(running, {
    dry_run: false,
    received: 0,
    inserted: 0,
    updated: 0,
    unchanged: 0,
    repeated: 0,
    rejected: 0,
    bytes_received: half,
    bytes_total: STATUS.length,
    percent: Math.floor(half / STATUS.length * 100),
  });
  await upload.send(STATUS.slice(half));
  assertEquals((await upload.answer()).body.inserted, 3);
  assertEquals(await runningUploads(url, "status"), []);
});

Deno.test("an upload of polls that other processes keep writing is answered with SERIES_BUSY", async () => {
  const writeMany = () => Promise.reject(new AppError("SERIES_BUSY", "Too many"));
  const { app } = createTestApp({ series: { ...emptySeries(), writeMany } });
  const init = { method: "POST", headers: { "content-type": "text/csv" }, body: STATUS };
  assertProblem(await jsonAnswer(await app.request("/stores/status", init)), {
    status: 503,
    code: "SERIES_BUSY",
    detail: "Too many",
  });
});

async function runningUploads(url: string, kind: string): Promise<JsonAnswer["body"]> {
  return (await askJson(`${url}/stores/${kind}`)).body.imports;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const endMs = Date.now() + 20_000;
  while (!await isSo()) {
    if (Date.now() > endMs) throw new Error("It did not happen within 20 s");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

Deno.test("an upload about stores may be a ZIP with one file", async () => {
  await using service = await startTestService({ role: "api" });
  const send = (type: string, body: Uint8Array<ArrayBuffer>) =>
    askJson(`${service.url}/stores/status`, {
      method: "POST",
      headers: { "content-type": type },
      body,
    });
  const zip = zipOf(new TextEncoder().encode(STATUS));
  const first = await send("application/zip", zip);
  assertEquals(first.status, 200);
  const again = await send("text/csv", zip);
  assertEquals([again.body.received, again.body.unchanged], [
    first.body.received,
    first.body.inserted,
  ]);
  const several = await send("application/zip", bytesOf(REFUSED_ZIP_FILES["two files"]));
  assertEquals([several.status, several.body.code], [400, "MALFORMED_BODY"]);
});
