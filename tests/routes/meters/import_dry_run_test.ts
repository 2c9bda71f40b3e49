import fc from "fast-check";
import { createSeriesStore } from "../../../kv/series/store.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { askJson, importText, type JsonAnswer, startTestService } from "../../support/service.ts";
import { createTestApp } from "../app_fixture.ts";
import { minuteLines, minuteText, UPLOAD_HEADER } from "./meter_csv.ts";
import { assertProblem, jsonAnswer } from "../problem_assert.ts";
import { amount } from "../../support/thorough.ts";

const PATH = "/api/meters/123/readings";

function dryRun(url: string, body: string, type = "text/csv"): Promise<JsonAnswer> {
  const init = { method: "POST", headers: { "content-type": type }, body };
  return askJson(`${url}${PATH}?dry_run=true`, init);
}

Deno.test("a dry run reports what an import would do, and does nothing", async () => {
  await using service = await startTestService({ role: "api" });
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(0, 3));
  const upload = `${UPLOAD_HEADER}${minuteLines(2, 3)}${minuteText(0)},9,9,9,9\nbad,,,,\n`;
  const before = await askJson(`${service.url}/api/meters/123`);
  const { status, body } = await dryRun(service.url, upload);
  const report = {
    smart_meter_id: "123",
    received: 5,
    inserted: 2,
    updated: 1,
    unchanged: 1,
    repeated: 0,
    rejected: 1,
    rejects: [{
      line: 6,
      field: "timestamp",
      value: "bad",
      rule:
        "a date and time as in ISO 8601; a record without a time, such as a total, is not a reading",
    }],
    repeats: [],
    ambiguous: 0,
    gaps: 0,
    resets: 0,
    rollovers: 0,
    jumps: 0,
    breaks: [],
    ignored_columns: [],
    left_out: [],
    preamble: [],
  };
  assertEquals([status, body], [200, { ...report, dry_run: true }]);
  assertEquals((await askJson(`${service.url}/api/meters/123`)).body, before.body);
  const real = await importText(service.url, "123", upload);
  assertEquals(real.body, { ...report, dry_run: false });
});

Deno.test("a dry run for a new meter creates none", async () => {
  await using service = await startTestService({ role: "api" });
  const { body } = await dryRun(service.url, UPLOAD_HEADER + minuteLines(0, 70_000));
  assertEquals([body.received, body.inserted], [70_000, 70_000]);
  assertEquals((await askJson(`${service.url}/api/meters/123`)).status, 404);
  assertEquals((await askJson(`${service.url}/api/meters`)).body.meters, []);
});

Deno.test("a dry run of a wrong upload is refused with the same message", async () => {
  await using service = await startTestService({ role: "api" });
  const header = await dryRun(service.url, "a,b\n1,2\n");
  assertProblem(header, { status: 400, code: "INVALID_REQUEST", detail: /no timestamp column/ });
  const array = await dryRun(service.url, "[1", "application/json");
  assertProblem(array, { status: 400, code: "MALFORMED_BODY", detail: /closed by ]/ });
});

Deno.test("an import does what its dry run counted, for any upload", async () => {
  const value = fc.constantFrom("", "1", "1.0", "2", "x");
  const lines = fc.uniqueArray(fc.tuple(fc.nat(120), value), {
    selector: ([minute]) => minute,
    maxLength: 40,
  }).map((rows) =>
    rows.map(([minute, text]) => `${minuteText(minute * 240)},${text}\n`).join("") + "\n"
  );
  let altered = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(lines, { minLength: 2, maxLength: 3 }), async (uploads) => {
      using kv = await Deno.openKv(":memory:");
      const { app } = createTestApp({ series: createSeriesStore({ kv, now: Date.now }) });
      const send = async (body: string, query: string) => {
        const init = { method: "POST", headers: { "content-type": "text/csv" }, body };
        return (await jsonAnswer(await app.request(`${PATH}?${query}`, init))).body;
      };
      for (const upload of uploads) {
        const body = `timestamp,power_kw\n${upload}`;
        const dry = await send(body, "dry_run=true");
        const again = await send(body, "dry_run=true");
        const real = await send(body, "dry_run=false");
        assertEquals(again, dry);
        assertEquals({ ...dry, dry_run: false }, real);
        altered += real.updated + real.unchanged;
      }
    }),
    { numRuns: amount({ quick: 20, thorough: 120 }) },
  );
  assert(altered > 0, "no upload met readings of the previous one");
});
