import { assertEquals } from "../../support/assert.ts";
import { askJson, importText, startTestService } from "../../support/service.ts";
import { postStores } from "../../support/stores.ts";
import { message, postTelemetry } from "../../support/telemetry.ts";
import { assertProblem } from "../problem_assert.ts";

Deno.test("GET /stores lists stores with polls, hours or a zone, in the order of their ids, by page", async () => {
  await using service = await startTestService({ role: "api" });
  const { url } = service;
  assertEquals((await askJson(`${url}/stores`)).body, { stores: [], next: null });
  const poll = "2023-01-25 12:00:00 UTC,active";
  await postStores(
    url,
    "status",
    `store_id,timestamp_utc,status\nc,${poll}\na.1,${poll}\nb:2,${poll}\n`,
  );
  await postStores(url, "hours", "store_id,day,start,end\nb:2,0,09:00,17:00\na,0,09:00,17:00\n");
  await postStores(url, "timezones", "store_id,timezone_str\nd,UTC\nc,UTC\n");
  const pages: unknown[] = [], links: unknown[] = [];
  let next = "/stores?limit=2";
  while (next !== null && pages.length < 9) {
    const { body, headers } = await askJson(url + next);
    pages.push(body.stores.map((store: Record<string, unknown>) => [
      store.store_id,
      store.timezone_str,
      store.count,
      store.last_poll,
    ]));
    links.push(headers.get("link"));
    next = body.next;
  }
  const at = "2023-01-25T12:00:00Z";
  assertEquals(pages, [
    [["a", null, 0, null], ["a.1", null, 1, at]],
    [["b:2", null, 1, at], ["c", "UTC", 1, at]],
    [["d", "UTC", 0, null]],
  ]);
  assertEquals(links, [
    '</stores?limit=2&cursor=a.1>; rel="next"',
    '</stores?limit=2&cursor=c>; rel="next"',
    null,
  ]);
  const rest = (await askJson(`${url}/stores?cursor=b`)).body.stores;
  assertEquals(rest.map(({ store_id }: { store_id: string }) => store_id), ["b:2", "c", "d"]);
});

Deno.test("fields=latest adds the latest poll of each store, on every page", async () => {
  await using service = await startTestService({ role: "api" });
  const { url } = service;
  await postStores(
    url,
    "status",
    "store_id,timestamp_utc,status\n" +
      "a,2023-01-25 13:00:00 UTC,0\na,2023-01-25 12:00:00 UTC,1\nc,2023-01-24 00:00:00.5 UTC,1\n",
  );
  await postStores(url, "timezones", "store_id,timezone_str\nb,UTC\n");
  const first = (await askJson(`${url}/stores?limit=2&fields=latest`)).body;
  assertEquals(first.stores.map(({ latest }: { latest: unknown }) => latest), [
    { timestamp: "2023-01-25T13:00:00Z", status: "inactive" },
    null,
  ]);
  assertEquals(first.next, "/stores?limit=2&cursor=b&fields=latest");
  const second = (await askJson(url + first.next)).body;
  assertEquals([second.stores.length, second.stores[0].latest, second.next], [1, {
    timestamp: "2023-01-24T00:00:00.500Z",
    status: "active",
  }, null]);
  const plain = (await askJson(`${url}/stores`)).body;
  assertEquals(plain.stores.map((store: object) => "latest" in store), [false, false, false]);
  const wrong = await askJson(`${url}/stores?fields=all`);
  assertEquals([wrong.status, wrong.body.errors[0].detail], [400, "fields must be latest"]);
});

Deno.test("meters and devices are not stores, and stores are neither", async () => {
  await using service = await startTestService();
  const { url } = service;
  await importText(url, "one", "timestamp,power_kw\n2024-01-01T00:00:00Z,1\n");
  await postTelemetry(url, [message({ device_id: "two" })]);
  await postStores(
    url,
    "status",
    "store_id,timestamp_utc,status\nthree,2023-01-25 12:00:00 UTC,1\n",
  );
  const { body: { meters } } = await askJson(`${url}/api/meters`);
  const { body: { devices } } = await askJson(`${url}/devices`);
  const { body: { stores } } = await askJson(`${url}/stores`);
  assertEquals(
    [meters[0].smart_meter_id, devices[0].device_id, stores[0].store_id],
    ["one", "two", "three"],
  );
  assertEquals([meters.length, devices.length, stores.length], [1, 1, 1]);
  for (const path of ["/api/meters/three", "/devices/three", "/stores/one", "/stores/two"]) {
    assertEquals((await askJson(url + path)).status, 404, path);
  }
});

Deno.test("an unknown store is a 404, an id that no store may have is a 400", async () => {
  await using service = await startTestService({ role: "api" });
  assertProblem(await askJson(`${service.url}/stores/x`), {
    status: 404,
    code: "STORE_NOT_FOUND",
    detail: "Store not found",
  });
  const wrong = await askJson(`${service.url}/stores/a%20b`);
  assertEquals([wrong.status, wrong.body.errors[0].pointer], [400, "#store_id"]);
  const list = await askJson(`${service.url}/stores?limit=0&cursor=-&x=1`);
  assertEquals([list.status, list.body.errors.length], [400, 3]);
});
