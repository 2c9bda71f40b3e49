import { assert, assertEquals, assertGreaterOrEqual } from "../support/assert.ts";
import { downloadHash } from "../support/exports.ts";
import { pause, startProcess } from "../support/process.ts";
import { askJson, postJson, waitForEnd } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

/** How often the service is killed at most. Then the exports may end. */
const ROUNDS = 5;
const END_MS = 300_000;

/** Rows for every minute of a year of each meter, of which one has readings. */
const RANGE = {
  smart_meter_ids: ["123", "none", "neither", "nor"],
  start_datetime: "2024-01-01",
  end_datetime: "2024-12-31",
  interval: "1m",
  gaps: "null",
};
const FORMS = [
  { ...RANGE, format: "csv" },
  { ...RANGE, format: "csv", compression: "gzip", timezone: "Europe/Berlin" },
  { ...RANGE, format: "ndjson" },
  { ...RANGE, format: "json", compression: "gzip" },
];

/** Whether an export went on, as the log of a process says. */
function hasGoneOn(output: string, id: string): boolean {
  return output.includes(`"event":"export goes on","jobId":"${id}"`);
}

Deno.test("long exports go on where they were after each kill -9, and have the bytes of those that were not killed", async () => {
  await using folder = await makeTempFolder();
  const start = (demo: string) => startProcess(folder.path, { DEMO_DATA: demo });
  const ids: string[] = [], expected: string[] = [];
  {
    await using service = await start("true");
    for (const form of FORMS) {
      const { body } = await postJson(`${service.url}/api/exports`, form);
      const status = await waitForEnd(service.url, body.job_id, END_MS);
      assertEquals(status.status, "completed", JSON.stringify(status));
      expected.push(status.file_info.sha256);
    }
  }
  /** The most rows that each export has shown. */
  const rows = FORMS.map(() => 0);
  let goneOn = 0;
  for (let round = 0; round <= ROUNDS; round++) {
    await using service = await start("false");
    const { url } = service;
    if (round === 0) {
      for (const form of FORMS) ids.push((await postJson(`${url}/api/exports`, form)).body.job_id);
    }
    const endMs = round === ROUNDS ? Infinity : Date.now() + 1_400 + Math.random() * 1_500;
    let open = ids.length;
    while (open > 0 && Date.now() < endMs) {
      open = 0;
      for (const [index, id] of ids.entries()) {
        const { body } = await askJson(`${url}/api/exports/${id}`);
        if (body.status === "completed") continue;
        open++;
        const done = body.progress.rows;
        // One that was killed before its first checkpoint begins anew.
        if (hasGoneOn(service.output(), id)) {
          assertGreaterOrEqual(done, rows[index], `progress goes back: ${JSON.stringify(body)}`);
        }
        rows[index] = done;
      }
      await pause(50);
    }
    if (round < ROUNDS) {
      service.kill("SIGKILL");
      await service.ended;
    } else {
      for (const [index, id] of ids.entries()) {
        const status = await waitForEnd(url, id, END_MS);
        assertEquals(status.file_info?.sha256, expected[index], JSON.stringify(status));
        assertEquals(await downloadHash(url, id), expected[index]);
      }
    }
    goneOn += service.output().split('"export goes on"').length - 1;
  }
  assert(goneOn > 0, "no export went on");
  assert(rows.some((count) => count > 0));
});
