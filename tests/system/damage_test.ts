import { assertEquals, assertMatch } from "../support/assert.ts";
import { askJson, postJson, startTestService, type TestService } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { until } from "../support/until.ts";

const DAY_2 = Date.UTC(2024, 0, 2);
const DETAIL = "The stored readings of 2024-01-02 (UTC) of 'm1' (profile meter) are damaged";

Deno.test("a damaged block fails exports and readings of its day, shows in /ready, and nothing else fails", async () => {
  await using folder = await makeTempFolder();
  const kvPath = `${folder.path}/kv.sqlite3`;
  {
    await using service = await startTestService({ kvPath });
    for (const id of ["m1", "m2"]) await importHours(service, id);
  }
  {
    using kv = await Deno.openKv(kvPath);
    await kv.set(["block", "meter", "m1", DAY_2], new Uint8Array(30));
  }
  await using service = await startTestService({ kvPath });
  // Its worker is not seen at once.
  await until(async () => (await askJson(`${service.url}/ready`)).body.reason === undefined);

  const day = (n: number) => `start_time=2024-01-0${n}T00:00:00Z&end_time=2024-01-0${n}T23:59:59Z`;
  const readings = (id: string, n: number) =>
    askJson(`${service.url}/api/meters/${id}/readings?${day(n)}`);
  const damaged = await readings("m1", 2);
  assertEquals([damaged.status, damaged.body.code, damaged.body.detail], [
    500,
    "STORED_DATA_DAMAGED",
    DETAIL,
  ]);
  for (const [id, n] of [["m1", 1], ["m1", 3], ["m2", 2]] as const) {
    assertEquals((await readings(id, n)).body.data.length, 24, `${id} ${n}`);
  }
  assertEquals((await askJson(`${service.url}/api/meters`)).body.meters.length, 2);

  assertEquals(await exportMeter(service, "m1", "01", "01"), ["completed", null]);
  assertEquals(await exportMeter(service, "m2", "01", "03"), ["completed", null]);
  const [status, error] = await exportMeter(service, "m1", "01", "03");
  assertEquals([status, error.code, error.message], ["failed", "STORED_DATA_DAMAGED", DETAIL]);

  const ready = await askJson(`${service.url}/ready`);
  assertEquals([ready.status, ready.body.ready, ready.body.checks.stored_data], [200, true, false]);
  assertEquals(ready.body.reason, "stored_data: readings of 1 day are damaged; the log says which");
  const logged = service.logged.filter(({ event }) => event === "stored data damaged");
  assertEquals(logged.map(({ level, fields }) => [level, fields?.id, fields?.dayMs]), [
    ["error", "m1", DAY_2],
  ]);

  const removed = await fetch(`${service.url}/api/meters/m1`, { method: "DELETE" });
  await removed.body?.cancel();
  assertMatch(String(removed.status), /^20[024]$/);
  await until(async () => (await askJson(`${service.url}/ready`)).body.reason === undefined);
});

/** Imports three days of hours. */
async function importHours({ url }: TestService, id: string): Promise<void> {
  const rows = Array.from({ length: 72 }, (_, hour) => {
    const time = new Date(Date.UTC(2024, 0, 1, hour)).toISOString();
    return `${time},${hour}`;
  });
  const response = await fetch(`${url}/api/meters/${id}/readings`, {
    method: "POST",
    headers: { "content-type": "text/csv" },
    body: `timestamp,power_kw\n${rows.join("\n")}\n`,
  });
  assertEquals((await response.json()).inserted, 72);
}

/** The state of an export of some days of January, and its error. */
async function exportMeter({ url }: TestService, id: string, first: string, last: string) {
  const { body: { job_id: jobId } } = await postJson(`${url}/api/export/csv`, {
    smart_meter_id: id,
    start_datetime: `2024-01-${first}T00:00:00Z`,
    end_datetime: `2024-01-${last}T23:59:59Z`,
    format: "csv",
  }, { prefer: "wait=10" });
  const { body } = await askJson(`${url}/api/exports/${jobId}`);
  return [body.status, body.error];
}
