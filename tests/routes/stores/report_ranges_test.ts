import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { assert, assertEquals } from "../../support/assert.ts";
import { askJson, postJson, startTestService } from "../../support/service.ts";
import { fillStores, reportText, triggerReport, waitForReport } from "../../support/reports.ts";

const COLUMNS = "store_id,timezone,from,to,open_hours,uptime_hours,downtime_hours,unknown_hours," +
  "uptime_percent";

/** Berlin goes from UTC+1 to UTC+2 on 2024-03-31; Phoenix is at UTC-7 all the year. */
const STORES = {
  status: [
    "b,2024-03-29T12:00:00Z,active",
    "b,2024-03-31T10:00:00Z,inactive",
    "p,2024-03-30T07:00:00Z,inactive",
    "p,2024-03-31T07:00:00Z,active",
    "late,2024-06-01T00:00:00Z,active",
  ],
  hours: ["p,6,09:00:00,12:00:00"],
  timezones: ["b,Europe/Berlin", "p,America/Phoenix"],
};

Deno.test("a report on days has a row for each store and day of its own clock", async () => {
  await using service = await startTestService();
  await fillStores(service.url, STORES);
  const text = await reportText(service.url, {
    from: "2024-03-30",
    to: "2024-03-31",
    bucket: "day",
  });
  assertEquals(text.split("\n"), [
    COLUMNS,
    // Always open. The 31st has 23 hours and is up until 10:00 UTC, which is 11 hours after midnight.
    "b,Europe/Berlin,2024-03-30T00:00:00+01:00,2024-03-31T00:00:00+01:00,24.00,24.00,0.00,0.00,100.00",
    "b,Europe/Berlin,2024-03-31T00:00:00+01:00,2024-04-01T00:00:00+02:00,23.00,11.00,12.00,0.00,47.83",
    // Open on Sundays only: no hours on the 30th, a Saturday. Up since midnight of the 31st.
    "p,America/Phoenix,2024-03-30T00:00:00-07:00,2024-03-31T00:00:00-07:00,0.00,0.00,0.00,0.00,",
    "p,America/Phoenix,2024-03-31T00:00:00-07:00,2024-04-01T00:00:00-07:00,3.00,3.00,0.00,0.00,100.00",
    "",
  ]);
});

Deno.test("a range in one zone, of some stores, has a row for each store", async () => {
  await using service = await startTestService();
  const { url } = service;
  await fillStores(url, STORES);
  const request = {
    from: "2024-03-31T08:00:00",
    to: "2024-03-31T14:00:00",
    timezone: "Europe/Berlin",
    stores: ["p", "late", "b"],
    max_hold_hours: 1,
  };
  const id = await triggerReport(url, request);
  const status = await waitForReport(url, id);
  assertEquals([status.store_count, status.row_count, status.stores_without_polls], [2, 2, [
    "late",
  ]]);
  assertEquals(status.as_of, "2024-03-31T12:00:00Z");
  const answer = await fetch(url + status.download_url);
  assertEquals(
    answer.headers.get("content-disposition")?.includes(`report_${id}_20240331_20240331.csv`),
    true,
  );
  // 06:00 to 12:00 UTC. b: the poll of 10:00 holds until 11:00. p: open from 16:00 UTC, so not here.
  assertEquals((await answer.text()).split("\n").slice(1, -1), [
    "b,Europe/Berlin,2024-03-31T08:00:00+02:00,2024-03-31T14:00:00+02:00,6.00,0.00,1.00,5.00,0.00",
    "p,Europe/Berlin,2024-03-31T08:00:00+02:00,2024-03-31T14:00:00+02:00,0.00,0.00,0.00,0.00,",
  ]);
});

Deno.test("hours of a clock change: the skipped one is missing, and JSON has numbers", async () => {
  await using service = await startTestService();
  await fillStores(service.url, STORES);
  const { columns, rows } = JSON.parse(
    await reportText(service.url, {
      from: "2024-03-31T00:00:00+01:00",
      to: "2024-03-31T05:00:00+02:00",
      bucket: "hour",
      stores: ["b"],
      format: "json",
    }),
  );
  assertEquals(columns[4], { name: "open_hours", unit: "h" });
  assertEquals(rows.map((row: { from: string }) => row.from), [
    "2024-03-31T00:00:00+01:00",
    "2024-03-31T01:00:00+01:00",
    "2024-03-31T03:00:00+02:00",
    "2024-03-31T04:00:00+02:00",
  ]);
  assertEquals(rows[0], {
    store_id: "b",
    timezone: "Europe/Berlin",
    from: "2024-03-31T00:00:00+01:00",
    to: "2024-03-31T01:00:00+01:00",
    open_hours: 1,
    uptime_hours: 1,
    downtime_hours: 0,
    unknown_hours: 0,
    uptime_percent: 100,
  });
});

Deno.test("the report of the contract is the same in JSON", async () => {
  await using service = await startTestService();
  await fillStores(service.url, STORES);
  const as_of = "2024-03-31T19:00:00Z";
  const { rows } = JSON.parse(await reportText(service.url, { as_of, format: "json" }));
  const lines = (await reportText(service.url, { as_of })).trimEnd().split("\n").slice(1);
  assertEquals(
    rows.map((row: Record<string, unknown>) =>
      Object.values(row).map((value) => typeof value === "number" ? value.toFixed(2) : value).join()
    ),
    lines,
  );
});

Deno.test("a report in Parquet has typed columns with the same values", async () => {
  await using service = await startTestService();
  await fillStores(service.url, STORES);
  const request = {
    from: "2024-03-31",
    to: "2024-03-31",
    stores: ["b", "p"],
    stale_after_hours: 24,
  };
  const status = await waitForReport(
    service.url,
    await triggerReport(service.url, { ...request, format: "parquet" }),
  );
  assertEquals(status.csv_file, `report_data/report_${status.report_id}.parquet`);
  const answer = await fetch(service.url + status.download_url);
  assertEquals(answer.headers.get("content-type"), "application/vnd.apache.parquet");
  const file = await answer.arrayBuffer();
  const rows = await parquetReadObjects({ file });
  assertEquals(rows[0], {
    store_id: "b",
    timezone: "Europe/Berlin",
    from: new Date("2024-03-30T23:00:00Z"),
    to: new Date("2024-03-31T22:00:00Z"),
    open_hours: 23,
    uptime_hours: 11,
    downtime_hours: 12,
    unknown_hours: 0,
    uptime_percent: 47.83,
    last_poll: new Date("2024-03-31T10:00:00Z"),
    stale: false,
  });
  assertEquals(rows.length, 2);
  const { key_value_metadata } = parquetMetadata(file);
  assertEquals(JSON.parse(key_value_metadata?.[0].value ?? "").uptime_hours, "h");
});

Deno.test("a wrong range gets every problem at once, and creates no report", async () => {
  await using service = await startTestService();
  const { url } = service;
  const cases: [unknown, [string, string][]][] = [
    [{ from: "2024-03-01", period: "today", bucket: "week", stores: [] }, [
      ["/bucket", "bucket must be hour or day"],
      ["/stores", "stores must be a list of 1 to 1000 different store ids"],
      ["/from", "Send period, or from and to"],
    ]],
    [{ bucket: "day", timezone: "Mars" }, [
      ["/timezone", "timezone must be an IANA time zone or an offset such as +01:00"],
      ["/bucket", "bucket needs a range: from and to, or period"],
    ]],
    [{ from: "2024-03-02" }, [["/from", "from needs to, the end of the range"]]],
    [{ from: "2024-03-02", to: "2024-03-01" }, [["/to", "to must be after from"]]],
    [{ from: "2020-01-01", to: "2024-03-01" }, [["/to", "The range must be at most 366 days"]]],
    [{ from: "2999-01-01", to: "2999-01-02" }, [["/from", "from must be in the past"]]],
    [{ period: "today", as_of: "2024-01-01" }, [
      ["/as_of", "as_of is for reports without from, to and period"],
    ]],
    [{ period: "last_year", bucket: "hour" }, [
      ["/bucket", "bucket hour is for ranges of at most 92 days; send day"],
    ]],
  ];
  for (const [request, expected] of cases) {
    const { status, body } = await postJson(`${url}/trigger_report/`, request);
    assertEquals(status, 400, JSON.stringify(request));
    const errors = body.errors.map((
      { pointer, detail }: Record<string, string>,
    ) => [pointer, detail]);
    assertEquals(errors, expected);
  }
  assertEquals((await askJson(`${url}/reports`)).body, { reports: [], next: null });
});

Deno.test("the history lists reports with what was requested, page by page", async () => {
  await using service = await startTestService();
  const { url } = service;
  await fillStores(url, STORES);
  const requests = [
    {},
    { from: "2024-03-30", to: "2024-03-31", bucket: "day", stores: ["b"], format: "json" },
    { as_of: "2024-03-31T19:00:00Z", max_hold_hours: 2 },
  ];
  const ids: string[] = [];
  for (const request of requests) {
    const id = await triggerReport(url, request);
    await waitForReport(url, id);
    ids.unshift(id);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const first = await askJson(`${url}/reports/?limit=2&status=Complete`);
  assertEquals(
    first.body.reports.map((one: { report_id: string }) => one.report_id),
    ids.slice(0, 2),
  );
  assertEquals(first.body.reports[1].request, requests[1]);
  assertEquals(first.body.reports[1].download_url, `/download_report/${ids[1]}/`);
  assert(first.headers.get("link")?.includes('rel="next"'));
  const second = await askJson(url + first.body.next);
  assertEquals(second.body.reports.map((one: { report_id: string }) => one.report_id), [ids[2]]);
  assertEquals(second.body.next, null);
  // Sent again, the request of the list makes the same report.
  const again = await reportText(url, first.body.reports[1].request);
  assertEquals(again, await (await fetch(`${url}/download_report/${ids[1]}/`)).text());
  assertEquals((await askJson(`${url}/reports?status=Failed`)).body.reports, []);
  const wrong = await askJson(`${url}/reports?limit=0&status=Done&cursor=x`);
  assertEquals(wrong.status, 400);
  assertEquals(wrong.body.errors.map((error: { pointer: string }) => error.pointer), [
    "#limit",
    "#cursor",
    "#status",
  ]);
});

Deno.test("a retry of a request with a period and an idempotency key is the same report", async () => {
  await using service = await startTestService();
  const { url } = service;
  const headers = { "idempotency-key": "k" };
  const first = await postJson(`${url}/trigger_report/`, { period: "last_month" }, headers);
  await new Promise((resolve) => setTimeout(resolve, 5));
  const second = await postJson(`${url}/trigger_report/`, { period: "last_month" }, headers);
  assertEquals(second.body.report_id, first.body.report_id);
});
