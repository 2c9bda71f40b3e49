import fc from "fast-check";
import { createSeriesStore } from "../../../kv/series/store.ts";
import { assertEquals } from "../../support/assert.ts";
import { askJson, importText, type JsonAnswer, startTestService } from "../../support/service.ts";
import { createTestApp } from "../app_fixture.ts";
import { jsonAnswer } from "../problem_assert.ts";
import { minuteLines, minuteText, UPLOAD_HEADER } from "./meter_csv.ts";
import { amount } from "../../support/thorough.ts";

/** received, inserted, updated, unchanged, repeated, rejected. */
function countsOf({ body }: JsonAnswer): number[] {
  const { received, inserted, updated, unchanged, repeated, rejected } = body;
  return [received, inserted, updated, unchanged, repeated, rejected];
}

/** Sends an upload as a dry run, then for real. */
async function importTwice(
  url: string,
  body: string,
  type = "text/csv",
): Promise<[dry: JsonAnswer, real: JsonAnswer]> {
  const init = { method: "POST", headers: { "content-type": type }, body };
  const path = `${url}/api/meters/123/readings`;
  return [await askJson(`${path}?dry_run=true`, init), await askJson(path, init)];
}

Deno.test("a time that occurs twice in an upload is new once and repeated once; the last wins", async () => {
  await using service = await startTestService({ role: "api" });
  const csv = `${UPLOAD_HEADER}${minuteText(0)},1,1,1,1\nbad,,,,\n${minuteText(0)},2,2,2,2\n`;
  for (const answer of await importTwice(service.url, csv)) {
    assertEquals(countsOf(answer), [3, 1, 0, 0, 1, 1]);
    assertEquals(answer.body.repeats, [{ line: 4, timestamp: minuteText(0) }]);
  }
  const last = await importText(service.url, "123", `${UPLOAD_HEADER}${minuteText(0)},2,2,2,2\n`);
  assertEquals(countsOf(last), [1, 0, 0, 1, 0, 0]);
});

Deno.test("the same line twice is repeated too, not unchanged", async () => {
  await using service = await startTestService({ role: "api" });
  const [dry, real] = await importTwice(
    service.url,
    UPLOAD_HEADER + minuteLines(0, 2) + minuteLines(0, 2),
  );
  assertEquals([countsOf(dry), countsOf(real)], [[4, 2, 0, 0, 2, 0], [4, 2, 0, 0, 2, 0]]);
});

Deno.test("a repeated element of a JSON array is listed by its index, a line of NDJSON by its line", async () => {
  await using service = await startTestService({ role: "api" });
  const one = { timestamp: minuteText(0), power_kw: 1 };
  const other = { timestamp: "2024-01-01T01:00:00+01:00", power_kw: 2 };
  const array = await importTwice(
    service.url,
    JSON.stringify([one, other]),
    "application/json",
  );
  assertEquals(array[1].body.repeats, [{ index: 1, timestamp: minuteText(0) }]);
  const lines = `${JSON.stringify(one)}\n\n${JSON.stringify(other)}\n`;
  const ndjson = await importTwice(service.url, lines, "application/x-ndjson");
  assertEquals(ndjson[1].body.repeats, [{ line: 3, timestamp: minuteText(0) }]);
});

Deno.test("times that are 70,000 lines apart are repeated, and the last reading wins", async () => {
  await using service = await startTestService({ role: "api" });
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(0, 2));
  const csv = UPLOAD_HEADER + minuteLines(0, 70_000) +
    `${minuteText(1)},9,9,9,9\n${minuteText(50_000)},9,9,9,9\n`;
  for (const answer of await importTwice(service.url, csv)) {
    assertEquals(countsOf(answer), [70_002, 69_998, 0, 2, 2, 0]);
    assertEquals(answer.body.repeats, [
      { line: 70_002, timestamp: minuteText(1) },
      { line: 70_003, timestamp: minuteText(50_000) },
    ]);
  }
  const last = `${UPLOAD_HEADER}${minuteText(1)},9,9,9,9\n${minuteText(50_000)},9,9,9,9\n`;
  assertEquals(countsOf(await importText(service.url, "123", last)), [2, 0, 0, 2, 0, 0]);
});

Deno.test("a file appended to itself is repeated once over", async () => {
  await using service = await startTestService({ role: "api" });
  const lines = minuteLines(0, 40_000);
  const answer = await importText(service.url, "123", UPLOAD_HEADER + lines + lines);
  assertEquals(countsOf(answer), [80_000, 40_000, 0, 0, 40_000, 0]);
  const places = answer.body.repeats.map(({ line }: { line: number }) => line);
  assertEquals(places, Array.from({ length: 100 }, (_, index) => 40_002 + index));
});

Deno.test("the counts of any uploads are those of a plain reference, also in a dry run", async () => {
  const line = fc.tuple(fc.integer({ min: 0, max: 9 }), fc.constantFrom("1", "2", "x"));
  const uploads = fc.array(fc.array(line, { maxLength: 25 }), { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(uploads, async (all) => {
      using kv = await Deno.openKv(":memory:");
      const { app } = createTestApp({ series: createSeriesStore({ kv, now: Date.now }) });
      const stored = new Map<number, string>();
      for (const lines of all) {
        const good = lines.filter(([, value]) => value !== "x");
        const given = new Map(good);
        const inserted = [...given.keys()].filter((minute) => !stored.has(minute)).length;
        const unchanged = [...given].filter(([minute, value]) => stored.get(minute) === value);
        const updated = given.size - inserted - unchanged.length;
        const repeated = good.length - given.size, rejected = lines.length - good.length;
        const expected = [lines.length, inserted, updated, unchanged.length, repeated, rejected];
        const body = "timestamp,power_kw\n" +
          lines.map(([minute, value]) => `${minuteText(minute)},${value}\n`).join("");
        for (const query of ["?dry_run=true", ""]) {
          const init = { method: "POST", headers: { "content-type": "text/csv" }, body };
          const answer = await app.request(`/api/meters/123/readings${query}`, init);
          assertEquals(countsOf(await jsonAnswer(answer)), expected);
        }
        given.forEach((value, minute) => stored.set(minute, value));
      }
    }),
    { numRuns: amount({ quick: 35, thorough: 200 }) },
  );
});
