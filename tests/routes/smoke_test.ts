import { assertEquals } from "../support/assert.ts";
import { exportToEnd, importText, startTestService } from "../support/service.ts";

Deno.test("an imported reading comes back in an export's file", async () => {
  await using service = await startTestService();
  const csv = "timestamp,energy_kwh,power_kw,voltage_v,current_a\n" +
    "2024-01-01T00:00:00Z,0.78,2.63,229.3,9.7\n";
  const { body } = await importText(service.url, "m1", csv);
  assertEquals(body.inserted, 1);
  const status = await exportToEnd(service.url, {
    smart_meter_id: "m1",
    start_datetime: "2024-01-01T00:00:00Z",
    end_datetime: "2024-01-01T00:10:00Z",
  });
  assertEquals(status.status, "completed");
  const file = await fetch(`${service.url}${status.file_info.download_url}`);
  assertEquals(
    await file.text(),
    "timestamp,smart_meter_id,energy_kwh,power_kw,voltage_v,current_a\n" +
      "2024-01-01T00:00:00Z,m1,0.78,2.63,229.3,9.7\n",
  );
});
