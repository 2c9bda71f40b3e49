import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { askJson, postJson, startTestService } from "../../support/service.ts";
import {
  fillStores,
  REPORT_HEADER,
  reportLines,
  triggerReport,
  waitForReport,
} from "../../support/reports.ts";
import { postStores } from "../../support/stores.ts";
import { assertProblem } from "../problem_assert.ts";

const ID = "00000000-0000-4000-8000-000000000000";
/** 2024-05-06 is a Monday; Phoenix is at UTC-7 all the year. */
const TWO_STORES = {
  status: [
    "b,2024-05-06T17:14:00Z,active",
    "b,2024-05-06T18:15:00Z,inactive",
    "a,2024-05-06T19:00:00Z,active",
  ],
  hours: ["b,0,09:00:00,12:00:00"],
  timezones: ["b,America/Phoenix"],
};

Deno.test("the id comes first in the answer to a trigger, after a wait too, so that a shell can cut it out", async () => {
  await using service = await startTestService();
  await fillStores(service.url, TWO_STORES);
  for (const prefer of ["wait=20", "wait=0", "respond-async"]) {
    const response = await fetch(`${service.url}/trigger_report/`, {
      method: "POST",
      headers: { prefer },
    });
    const { report_id: id } = await response.clone().json();
    assertEquals((await response.text()).split('"', 4)[3], id, prefer);
  }
});

Deno.test("a report is triggered, runs and completes, and its file can be downloaded", async () => {
  await using service = await startTestService();
  const { url } = service;
  await fillStores(url, TWO_STORES);
  const triggered = await askJson(`${url}/trigger_report/`, { method: "POST" });
  const id = triggered.body.report_id;
  assertMatch(id, /^[0-9a-f-]{36}$/);
  assertEquals(triggered.status, 200);
  assertEquals(triggered.body, {
    report_id: id,
    status: "triggered",
    message: `Report generation started. Use /get_report/${id}/ to check status.`,
  });
  assertEquals(triggered.headers.get("location"), `/get_report/${id}/`);
  const status = await waitForReport(url, id);
  // As of 19:00 UTC, which is 12:00 in Phoenix. b: 09:00 to 11:15 up, 0.75 h down. a: open always.
  const text = `${REPORT_HEADER}\n` +
    "a,60.00,24.00,168.00,0.00,0.00,0.00\n" +
    "b,15.00,2.25,2.25,45.00,0.75,0.75\n";
  assertMatch(status.generated_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assertEquals(status, {
    status: "Complete",
    report_id: id,
    csv_file: `report_data/report_${id}.csv`,
    file_size_bytes: text.length,
    store_count: 2,
    download_url: `/download_report/${id}/`,
    generated_at: status.generated_at,
    as_of: "2024-05-06T19:00:00Z",
    stores_by_last_poll: { within_1_hour: 2, within_24_hours: 0, within_168_hours: 0, older: 0 },
    stale_after_hours: null,
    stale_stores: null,
    stores_with_rejected_hours: 0,
  });
  const download = await fetch(`${url}/download_report/${id}/`);
  assertEquals(download.headers.get("content-type"), "text/csv; charset=utf-8; header=present");
  assertEquals(
    download.headers.get("content-disposition"),
    `attachment; filename="report_${id}_as_of_20240506T190000Z.csv"`,
  );
  assertEquals(await download.text(), text);
});

Deno.test("the download has ranges, an entity tag and a digest, like that of an export", async () => {
  await using service = await startTestService();
  await fillStores(service.url, TWO_STORES);
  const id = await triggerReport(service.url);
  await waitForReport(service.url, id);
  const url = `${service.url}/download_report/${id}`;
  const whole = await fetch(url);
  const bytes = await whole.bytes();
  const etag = whole.headers.get("etag") ?? "";
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  assertEquals(etag, `"${hash.toHex()}"`);
  assertEquals(whole.headers.get("repr-digest"), `sha-256=:${hash.toBase64()}:`);
  const part = await fetch(url, { headers: { range: "bytes=9-30", "if-range": etag } });
  assertEquals([part.status, await part.text()], [206, "uptime_last_hour,uptim"]);
  const known = await fetch(url, { headers: { "if-none-match": etag } });
  assertEquals([known.status, await known.text()], [304, ""]);
  const head = await fetch(url, { method: "HEAD" });
  assertEquals([head.status, await head.text()], [200, ""]);
  assertEquals(head.headers.get("content-length"), String(bytes.length));
});

Deno.test("every path of reports works with and without a slash at its end", async () => {
  await using service = await startTestService();
  const { url } = service;
  const { body } = await askJson(`${url}/trigger_report`, { method: "POST" });
  const { status, ...answer } = await waitForReport(url, body.report_id);
  assertEquals(status, "Complete");
  for (const path of ["get_report", "download_report"]) {
    const texts = [];
    for (const end of ["", "/"]) {
      const response = await fetch(`${url}/${path}/${body.report_id}${end}`);
      assertEquals(response.status, 200);
      texts.push(await response.text());
    }
    assertEquals(texts[0], texts[1]);
  }
  assertEquals(answer.store_count, 0);
  for (const path of ["/get_report/", "/get_report", "/get_report/a/b", "/trigger_report//"]) {
    assertEquals((await askJson(url + path)).status, 404, path);
  }
  assertEquals((await askJson(`${url}/trigger_report/`)).status, 405);
});

Deno.test("as_of ends the windows; later polls do not exist, nor do stores that have no others", async () => {
  await using service = await startTestService();
  const { url } = service;
  await fillStores(url, TWO_STORES);
  // 18:00 UTC is 11:00 in Phoenix: the last poll of b is that of 17:14, and a has none yet. The week
  // began at 11:00 of the Monday before, so it has an hour of that one: 2 + 1.
  assertEquals(await reportLines(url, { as_of: "2024-05-06T20:00:00+02:00" }), [
    "b,60.00,2.00,3.00,0.00,0.00,0.00",
  ]);
  assertEquals(await reportLines(url, { as_of: "2024-05-01T00:00:00Z" }), []);
  // The poll at this very moment, 10:14, counts: 74 minutes of this Monday, 106 of the one before.
  assertEquals(await reportLines(url, { as_of: "2024-05-06T17:14:00.000Z" }), [
    "b,60.00,1.23,3.00,0.00,0.00,0.00",
  ]);
});

Deno.test("as_of is in the status and in the file name, and a bare date is the end of its day", async () => {
  await using service = await startTestService();
  const { url } = service;
  await fillStores(url, TWO_STORES);
  const cases = [
    ["2024-05-06T20:00:00.25+02:00", "2024-05-06T18:00:00.250Z", "20240506T180000.250Z"],
    ["2024-05-06", "2024-05-07T00:00:00Z", "20240507T000000Z"],
  ];
  for (const [given, asOf, compact] of cases) {
    const id = await triggerReport(url, { as_of: given });
    assertEquals((await waitForReport(url, id)).as_of, asOf);
    const { headers } = await fetch(`${url}/download_report/${id}`, { method: "HEAD" });
    assertEquals(
      headers.get("content-disposition"),
      `attachment; filename="report_${id}_as_of_${compact}.csv"`,
    );
  }
});

Deno.test("a poll from the future is rejected, so it does not move the end of later reports", async () => {
  const nowMs = Date.UTC(2024, 4, 6, 19, 2);
  await using service = await startTestService({ now: () => nowMs });
  const { url } = service;
  await fillStores(url, TWO_STORES);
  const rows = [
    "a,2036-02-07T06:28:15Z,inactive",
    "a,2024-05-06T19:07:00.001Z,inactive",
    "a,2024-05-06T19:07:00Z,inactive",
    "a,1999-12-31T23:59:59Z,inactive",
  ];
  const { body } = await postStores(
    url,
    "status",
    `store_id,timestamp_utc,status\n${rows.join("\n")}\n`,
  );
  assertEquals([body.inserted, body.rejected], [1, 3]);
  assertEquals(body.rejects.map(({ rule }: { rule: string }) => rule), [
    "at most 5 minutes ahead",
    "at most 5 minutes ahead",
    "2000-01-01T00:00:00Z or later",
  ]);
  // The poll of 19:07 is accepted, but not reported before its time has come.
  const status = await waitForReport(url, await triggerReport(url));
  assertEquals(status.as_of, "2024-05-06T19:00:00Z");
  assertEquals(await reportLines(url), [
    "a,60.00,24.00,168.00,0.00,0.00,0.00",
    "b,15.00,2.25,2.25,45.00,0.75,0.75",
  ]);
});

Deno.test("a report without polls has no as_of", async () => {
  await using service = await startTestService();
  const id = await triggerReport(service.url);
  const status = await waitForReport(service.url, id);
  assertEquals([status.as_of, status.store_count, status.stores_by_last_poll.older], [null, 0, 0]);
  const { headers } = await fetch(`${service.url}/download_report/${id}`, { method: "HEAD" });
  assertEquals(headers.get("content-disposition"), `attachment; filename="report_${id}.csv"`);
});

Deno.test("a stale_after_hours below a millisecond counts as a millisecond", async () => {
  await using service = await startTestService();
  await fillStores(service.url, TWO_STORES);
  const { body } = await postJson(`${service.url}/trigger_report`, { stale_after_hours: 1e-9 });
  const status = await waitForReport(service.url, body.report_id);
  // An hour has 3,600,000 milliseconds.
  assertEquals(status.stale_after_hours, 1 / 3_600_000);
});

Deno.test("stale_after_hours marks stores, by the request or by the setting", async () => {
  // Last polls: a at 19:00, b at 18:15. 45 minutes are 0.75 hours.
  for (
    const [setting, body, hours, marks] of [
      [null, { stale_after_hours: 0.5 }, 0.5, ["false", "true"]],
      [0.5 * 3_600_000, undefined, 0.5, ["false", "true"]],
      [0.5 * 3_600_000, { stale_after_hours: 0.75 }, 0.75, ["false", "false"]],
    ] as const
  ) {
    await using service = await startTestService({ staleAfterMs: setting });
    const { url } = service;
    await fillStores(url, TWO_STORES);
    const lines = await reportLines(url, body);
    assertEquals(lines.map((line) => line.split(",").slice(7)), [
      ["2024-05-06T19:00:00Z", marks[0]],
      ["2024-05-06T18:15:00Z", marks[1]],
    ]);
    const status = await waitForReport(url, await triggerReport(url, body));
    assertEquals(status.stale_after_hours, hours);
    assertEquals(status.stale_stores, marks.filter((mark) => mark === "true").length);
  }
});

Deno.test("the status counts stores whose hours were rejected, which count as always open", async () => {
  await using service = await startTestService();
  const { url } = service;
  await fillStores(url, TWO_STORES);
  await postStores(url, "hours", "store_id,day,start,end\na,0,9 am,5 pm\nc,0,9 am,5 pm\n");
  const status = await waitForReport(url, await triggerReport(url));
  assertEquals([status.store_count, status.stores_with_rejected_hours], [2, 1]);
});

Deno.test("max_hold_hours adds three columns of unknown time", async () => {
  await using service = await startTestService();
  const { url } = service;
  await fillStores(url, TWO_STORES);
  assertEquals(await reportLines(url, { max_hold_hours: 0.5 }), [
    // a is known from 18:30 to 19:00.
    "a,30.00,0.50,0.50,0.00,0.00,0.00,30.00,23.50,167.50",
    // b is known from 16:44 to 17:44 and from 18:15 to 18:45; open from 16:00 to 19:00.
    "b,0.00,1.00,1.00,30.00,0.50,0.50,30.00,1.50,1.50",
  ]);
});

Deno.test("a report includes every poll that was stored before it was triggered", async () => {
  await using service = await startTestService();
  const { url } = service;
  await fillStores(url, TWO_STORES);
  await reportLines(url);
  await fillStores(url, {
    status: ["a,2024-05-06T20:00:00Z,inactive", "c,2024-05-01T00:00:00Z,active"],
  });
  assertEquals(await reportLines(url), [
    // As of 20:00: a went inactive just now, b has been closed since 19:00.
    "a,60.00,24.00,168.00,0.00,0.00,0.00",
    "b,0.00,2.25,2.25,0.00,0.75,0.75",
    "c,60.00,24.00,168.00,0.00,0.00,0.00",
  ]);
  // A poll of the same time replaces the earlier one, and so do hours.
  await fillStores(url, {
    status: ["a,2024-05-06T19:00:00Z,inactive"],
    hours: ["b,0,11:00:00,11:30:00"],
  });
  assertEquals(await reportLines(url), [
    "a,0.00,0.00,0.00,60.00,24.00,168.00",
    "b,0.00,0.25,0.25,0.00,0.25,0.25",
    "c,60.00,24.00,168.00,0.00,0.00,0.00",
  ]);
});

Deno.test("a store without a zone counts as in Chicago; a store without polls is in no report", async () => {
  await using service = await startTestService();
  const { url } = service;
  await fillStores(url, {
    status: ["b,2024-05-06T15:00:00Z,active"],
    // Monday 09:00 to 10:00 in Chicago, at UTC-5 in May, is 14:00 to 15:00 UTC.
    hours: ["b,0,09:00:00,10:00:00", "a,0,09:00:00,10:00:00", "c,0,09:00:00,10:00:00"],
    timezones: ["a,Europe/Berlin", "c,Europe/Berlin"],
  });
  assertEquals(await reportLines(url), ["b,60.00,1.00,1.00,0.00,0.00,0.00"]);
});

Deno.test("a zone that does not exist is rejected, and its store counts as in Chicago", async () => {
  await using service = await startTestService();
  const { url } = service;
  await fillStores(url, {
    status: ["b,2024-05-06T15:00:00Z,active"],
    hours: ["b,0,09:00:00,10:00:00"],
  });
  const { body } = await askJson(`${url}/stores/timezones`, {
    method: "POST",
    headers: { "content-type": "text/csv" },
    body: "store_id,timezone_str\nb,America/Gotham\n",
  });
  assertEquals([body.rejected, body.rejects[0].value], [1, "America/Gotham"]);
  assertEquals(await reportLines(url), ["b,60.00,1.00,1.00,0.00,0.00,0.00"]);
});

Deno.test("a wrong request gets all its errors at once, and creates no job", async () => {
  await using service = await startTestService({ role: "api" });
  const url = `${service.url}/trigger_report/`;
  assertProblem(
    await postJson(url, { as_of: "today", max_hold_hours: 0, stale_after_hours: "6", store: 1 }),
    {
      status: 400,
      code: "INVALID_REQUEST",
      detail: /as_of/,
      errors: [
        ["/as_of", "as_of must be an ISO 8601 date or time of the years 1970 to 9999"],
        ["/max_hold_hours", "max_hold_hours must be a number above 0, at most 8760"],
        ["/stale_after_hours", "stale_after_hours must be a number above 0, at most 8760"],
        ["/store", "Unknown property 'store'"],
      ],
    },
  );
  const wrong = [
    { as_of: "1969-12-31T23:59:59Z" },
    { as_of: 1714989600 },
    { as_of: null },
    { max_hold_hours: 8_761 },
    { max_hold_hours: "2" },
    { stale_after_hours: 0 },
    { as_of: "2024-02-30" },
    [],
    null,
  ];
  for (const body of wrong) {
    assertEquals((await postJson(url, body)).status, 400, JSON.stringify(body));
  }
  assertEquals((await askJson(url, { method: "POST", body: "as_of=1" })).status, 415);
});

Deno.test("the body may be missing or empty, whatever its media type", async () => {
  await using service = await startTestService({ role: "api" });
  const url = `${service.url}/trigger_report/`;
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  for (const init of [{}, { headers, body: "" }, { headers: {}, body: new Uint8Array() }]) {
    assertEquals((await askJson(url, { method: "POST", ...init })).status, 200);
  }
  assertEquals((await postJson(url, {})).status, 200);
});

Deno.test("the same request with the same Idempotency-Key gives the same report", async () => {
  await using service = await startTestService({ role: "api" });
  const url = `${service.url}/trigger_report/`;
  const headers = { "idempotency-key": "may" };
  const first = await postJson(url, { max_hold_hours: 2 }, headers);
  const again = await postJson(url, { max_hold_hours: 2 }, headers);
  const other = await postJson(url, { max_hold_hours: 3 }, headers);
  assertEquals(again.body.report_id, first.body.report_id);
  assertEquals([other.status, other.body.code], [422, "IDEMPOTENCY_KEY_REUSED"]);
});

Deno.test("a waiting report is Running, and its file is not ready", async () => {
  await using service = await startTestService({ role: "api" });
  const id = await triggerReport(service.url);
  const { headers, body } = await askJson(`${service.url}/get_report/${id}/`);
  assertEquals(body, {
    status: "Running",
    report_id: id,
    message: "Report is still being generated. Please check again in a few moments.",
    progress: { phase: "queued", stores_done: 0, percent: 0, attempt: 1 },
  });
  assert(headers.has("retry-after"));
  assertProblem(await askJson(`${service.url}/download_report/${id}/`), {
    status: 404,
    code: "REPORT_NOT_READY",
    detail: "Report is still being generated, it has no file yet",
  });
});

Deno.test("an id that is not a report's is not found, and a report is not an export", async () => {
  await using service = await startTestService({ role: "api" });
  const { url } = service;
  const { body: { job_id } } = await postJson(`${url}/api/export/csv`, {
    smart_meter_id: "123",
    start_datetime: "2024-01-01T00:00:00Z",
    end_datetime: "2024-01-02T00:00:00Z",
    format: "csv",
  });
  for (const id of [ID, "no-id", job_id]) {
    for (const path of ["get_report", "download_report"]) {
      assertProblem(await askJson(`${url}/${path}/${id}/`), {
        status: 404,
        code: "REPORT_NOT_FOUND",
        detail: "Report not found",
      });
    }
  }
  const id = await triggerReport(url);
  assertEquals((await askJson(`${url}/api/export/status/${id}`)).body.status, "not_found");
  const download = await askJson(`${url}/api/export/download/${id}`);
  assertEquals([download.status, download.body.code], [404, "JOB_NOT_FOUND"]);
});
