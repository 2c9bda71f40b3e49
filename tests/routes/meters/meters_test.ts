import { assertEquals } from "../../support/assert.ts";
import { askJson, exportToEnd, importText, startTestService } from "../../support/service.ts";
import { createTestApp, emptySeries } from "../app_fixture.ts";
import { EXAMPLE } from "../exports/export_example.ts";
import { minuteLines, UPLOAD_HEADER } from "./meter_csv.ts";
import { assertProblem, jsonAnswer } from "../problem_assert.ts";

/** What is said of a meter that nobody set up. */
const PLAIN = { profile: "meter", label: null, timezone: null };
const ID_RULE = "The meter's id must be 1 to 64 characters of A-Z a-z 0-9 _ . : - " +
  "except . and .. alone";

/** The only reading of each listed meter. */
const ONE = {
  ...PLAIN,
  count: 1,
  first_reading: "2024-01-01T00:00:00Z",
  last_reading: "2024-01-01T00:00:00Z",
};

/** A request that deletes, and waits for the job. */
const DELETE_AND_WAIT = { method: "DELETE", headers: { prefer: "wait=10" } };

async function importMeters(url: string, ids: readonly string[]): Promise<void> {
  for (const id of ids) await importText(url, id, UPLOAD_HEADER + minuteLines(0, 1));
}

Deno.test("GET /api/meters of an empty service lists nothing", async () => {
  await using service = await startTestService({ role: "api" });
  const { status, body, headers } = await askJson(`${service.url}/api/meters`);
  assertEquals([status, body], [200, { meters: [], next: null }]);
  assertEquals(headers.get("link"), null);
});

Deno.test("GET /api/meters lists all meters in the order of their ids", async () => {
  await using service = await startTestService({ role: "api" });
  await importMeters(service.url, ["b", "a", "B", "10", "9"]);
  const { body, headers } = await askJson(`${service.url}/api/meters`);
  assertEquals(body, {
    // Code points: digits, capitals, small letters.
    meters: ["10", "9", "B", "a", "b"].map((smart_meter_id) => ({ smart_meter_id, ...ONE })),
    next: null,
  });
  assertEquals(headers.get("link"), null);
});

Deno.test("GET /api/meters returns pages whose next links lead through all meters", async () => {
  await using service = await startTestService({ role: "api" });
  await importMeters(service.url, ["a", "b:1", "c", "d", "e"]);
  const pages: string[][] = [];
  const links: (string | null)[] = [];
  let next: string | null = "/api/meters?limit=2";
  while (next !== null && pages.length < 9) {
    const { body, headers } = await askJson(service.url + next);
    pages.push(body.meters.map((meter: { smart_meter_id: string }) => meter.smart_meter_id));
    links.push(headers.get("link"));
    next = body.next;
  }
  assertEquals(pages, [["a", "b:1"], ["c", "d"], ["e"]]);
  // RFC 8288 §3.
  assertEquals(links, [
    '</api/meters?limit=2&after=b%3A1>; rel="next"',
    '</api/meters?limit=2&after=d>; rel="next"',
    null,
  ]);
});

Deno.test("a page that ends with the last meter has no next", async () => {
  await using service = await startTestService({ role: "api" });
  await importMeters(service.url, ["a", "b"]);
  const { body } = await askJson(`${service.url}/api/meters?limit=2`);
  assertEquals([body.meters.length, body.next], [2, null]);
});

Deno.test("GET /api/meters?after accepts an id that no meter has", async () => {
  await using service = await startTestService({ role: "api" });
  await importMeters(service.url, ["a", "c"]);
  const { body } = await askJson(`${service.url}/api/meters?after=b`);
  assertEquals(body.meters, [{ smart_meter_id: "c", ...ONE }]);
});

Deno.test("GET /api/meters lists 100 by default", async () => {
  const infos = Array.from({ length: 2_000 }, (_, index) => ({
    id: String(10_000 + index),
    ...PLAIN,
    count: 1,
    firstMs: 0,
    lastMs: 0,
  }));
  const list = (_: string, { limit }: { limit: number }) => Promise.resolve(infos.slice(0, limit));
  const { app } = createTestApp({ series: { ...emptySeries(), list } });
  const lengthOf = async (query: string) =>
    (await jsonAnswer(await app.request(`/api/meters${query}`))).body.meters.length;
  assertEquals([await lengthOf(""), await lengthOf("?limit=1000")], [100, 1000]);
});

for (
  const [query, detail] of [
    ["limit=0", /^limit must be/],
    ["limit=1001", /^limit must be/],
    ["limit=-1", /^limit must be/],
    ["limit=ten", /^limit must be/],
    ["limit=1.5", /^limit must be/],
    ["limit=", /^limit must be/],
    ["after=a+b", /^after must be/],
    ["after=" + "a".repeat(65), /^after must be/],
    ["colour=red", /^Unknown parameter 'colour'$/],
  ] as const
) {
  Deno.test(`GET /api/meters?${query.slice(0, 20)} is refused`, async () => {
    await using service = await startTestService({ role: "api" });
    const answer = await askJson(`${service.url}/api/meters?${query}`);
    assertProblem(answer, { status: 400, code: "INVALID_REQUEST", detail });
    assertEquals(answer.body.errors.length, 1);
  });
}

Deno.test("GET /api/meters/{id} shows the first and last reading and the count", async () => {
  await using service = await startTestService({ role: "api" });
  const upload = UPLOAD_HEADER + minuteLines(7, 3) + "2023-12-31T23:59:59.250Z,,,,\n";
  await importText(service.url, "home:1", upload);
  for (const id of ["home:1", "home%3A1"]) {
    const { status, body } = await askJson(`${service.url}/api/meters/${id}`);
    assertEquals(status, 200);
    assertEquals(body, {
      smart_meter_id: "home:1",
      ...PLAIN,
      count: 4,
      first_reading: "2023-12-31T23:59:59.250Z",
      last_reading: "2024-01-01T00:09:00Z",
      imports: [],
    });
  }
});

for (const method of ["GET", "DELETE"]) {
  Deno.test(`${method} /api/meters/{id} of an unknown meter is not found`, async () => {
    await using service = await startTestService({ role: "api" });
    assertProblem(await askJson(`${service.url}/api/meters/999`, { method }), {
      status: 404,
      code: "SMART_METER_NOT_FOUND",
      detail: "Smart meter with ID '999' not found",
    });
  });
}

for (const id of ["a b", "a/b", "z\u00e4hler", "a".repeat(65), "*", "\0"]) {
  Deno.test(`the id ${JSON.stringify(id).slice(0, 12)} is refused by every route`, async () => {
    await using service = await startTestService({ role: "api" });
    const url = `${service.url}/api/meters/${encodeURIComponent(id)}`;
    const headers = { "content-type": "text/csv" };
    const body = UPLOAD_HEADER + minuteLines(0, 1);
    const answers = [
      await askJson(url),
      await askJson(url, { method: "DELETE" }),
      await askJson(`${url}/readings`, { method: "POST", headers, body }),
    ];
    for (const answer of answers) {
      assertProblem(answer, {
        status: 400,
        code: "INVALID_REQUEST",
        detail: ID_RULE,
        errors: [["#id", ID_RULE]],
      });
    }
  });
}

Deno.test("DELETE /api/meters/{id} deletes a meter, its readings and nothing else", async () => {
  await using service = await startTestService();
  await importMeters(service.url, ["122", "123", "124"]);
  const removed = await askJson(`${service.url}/api/meters/123`, DELETE_AND_WAIT);
  assertEquals([removed.status, removed.body.kind], [200, "delete_meter"]);
  assertEquals([removed.body.status, removed.body.deleted_readings], ["completed", 1]);
  const statuses = [
    await askJson(`${service.url}/api/meters/123`),
    await askJson(`${service.url}/api/meters/123`, { method: "DELETE" }),
  ].map(({ status }) => status);
  assertEquals(statuses, [404, 404]);
  const { body } = await askJson(`${service.url}/api/meters`);
  assertEquals(
    body.meters.map((meter: { smart_meter_id: string }) => meter.smart_meter_id),
    ["122", "124"],
  );
  const job = await exportToEnd(service.url, EXAMPLE);
  assertEquals([job.status, job.error.code], ["failed", "SMART_METER_NOT_FOUND"]);
});

Deno.test("a deleted meter starts afresh with its next import", async () => {
  await using service = await startTestService();
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(0, 3000));
  await askJson(`${service.url}/api/meters/123`, DELETE_AND_WAIT);
  const { body } = await importText(service.url, "123", UPLOAD_HEADER + minuteLines(5, 2));
  assertEquals([body.inserted, body.unchanged], [2, 0]);
  const { body: meter } = await askJson(`${service.url}/api/meters/123`);
  assertEquals(meter, {
    smart_meter_id: "123",
    ...PLAIN,
    count: 2,
    first_reading: "2024-01-01T00:05:00Z",
    last_reading: "2024-01-01T00:06:00Z",
    imports: [],
  });
});

Deno.test("deleting a meter keeps the files of its exports", async () => {
  await using service = await startTestService();
  await importMeters(service.url, ["123"]);
  const { file_info } = await exportToEnd(service.url, EXAMPLE);
  await askJson(`${service.url}/api/meters/123`, DELETE_AND_WAIT);
  const file = await fetch(service.url + file_info.download_url);
  assertEquals((await file.text()).length, file_info.file_size_bytes);
});
