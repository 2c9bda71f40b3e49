import { assert, assertEquals } from "../support/assert.ts";
import { pause, startProcess } from "../support/process.ts";
import { askJson, importText, type JsonAnswer } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { KILL_ROUNDS } from "../support/thorough.ts";
import { until } from "../support/until.ts";

/** Hours of eight years: as many days as several dozen commits remove. */
const HOURS = 8 * 365 * 24;
const START_MS = Date.UTC(2010, 0, 1);
const HOUR_MS = 3_600_000;

function meterCsv(): string {
  const lines = ["timestamp,power_kw"];
  for (let hour = 0; hour < HOURS; hour++) {
    lines.push(`${new Date(START_MS + hour * HOUR_MS).toISOString()},${hour % 9}`);
  }
  return `${lines.join("\n")}\n`;
}

Deno.test(`a deletion survives kill -9, ${KILL_ROUNDS} rounds: it goes on and deletes its range, no more`, async () => {
  const csv = meterCsv();
  for (let round = 1; round <= KILL_ROUNDS; round++) {
    await using folder = await makeTempFolder();
    let job: JsonAnswer["body"];
    {
      await using service = await startProcess(folder.path, {});
      assertEquals((await importText(service.url, "m1", csv)).body.inserted, HOURS);
      // All but the first 10 hours and the last 20.
      const from = new Date(START_MS + 10 * HOUR_MS).toISOString();
      const to = new Date(START_MS + (HOURS - 20) * HOUR_MS).toISOString();
      const path = `${service.url}/api/meters/m1/readings?from=${from}&to=${to}`;
      const answer = await askJson(path, { method: "DELETE" });
      assert(answer.status === 202 || answer.status === 200);
      job = answer.body;
      await pause(Math.random() * 150);
      service.kill("SIGKILL");
      await service.ended;
    }
    await using service = await startProcess(folder.path, {});
    const { url } = service;
    await until(async () =>
      (await askJson(`${url}/api/jobs/${job.job_id}`)).body.status === "completed"
    );
    const { body } = await askJson(`${url}/api/meters/m1`);
    assertEquals([body.count, body.first_reading, body.last_reading], [
      30,
      "2010-01-01T00:00:00Z",
      new Date(START_MS + (HOURS - 1) * HOUR_MS).toISOString().replace(".000Z", "Z"),
    ]);
  }
});
