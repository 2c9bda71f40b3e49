import { start } from "../../main.ts";
import { assertEquals } from "../support/assert.ts";
import { askJson, importText, postJson, TEST_SETTINGS } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

Deno.test("settle() ends after the work that is due is done, and at once where no jobs run", async () => {
  await using folder = await makeTempFolder();
  const surroundings = { now: Date.now, log: () => {}, show: () => {} };
  await using service = await start({ ...TEST_SETTINGS, fileStore: folder.path }, surroundings);
  const url = service.url ?? "";
  await importText(url, "m", "timestamp,energy_kwh\n2024-01-01T00:00:00Z,1\n");
  const { body } = await postJson(`${url}/api/export/csv`, {
    smart_meter_id: "m",
    start_datetime: "2024-01-01",
    end_datetime: "2024-01-01",
    format: "csv",
  });
  await service.settle(60_000);
  const { body: after } = await askJson(`${url}/api/export/status/${body.job_id}`);
  assertEquals(after.status, "completed");
  const api = { ...TEST_SETTINGS, fileStore: folder.path, role: "api" as const };
  await using other = await start(api, surroundings);
  await other.settle(60_000);
});
