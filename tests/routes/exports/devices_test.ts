import { assertEquals } from "../../support/assert.ts";
import { postJson, startTestService } from "../../support/service.ts";
import { message } from "../../support/telemetry.ts";
import { exportOf, linesOf } from "./export_of.ts";

const NOW_MS = Date.UTC(2026, 1, 2, 12);

Deno.test("an export of devices has the columns of their profile, and those of two profiles are refused", async () => {
  await using service = await startTestService({ now: () => NOW_MS });
  const send = (device_id: string, minute: number) =>
    postJson(
      `${service.url}/telemetry`,
      message({ device_id, timestamp: new Date(Date.UTC(2026, 1, 1, 0, minute)).toISOString() }),
    );
  for (const minute of [0, 1, 2]) {
    assertEquals((await send("b-1", minute)).status, 201);
    assertEquals((await send("b-2", minute)).status, 201);
  }
  const range = { start_datetime: "2026-02-01", end_datetime: "2026-02-01" };
  const { text, status } = await exportOf(service.url, {
    device_ids: ["b-2", "b-1"],
    ...range,
    interval: "1h",
  });
  const lines = linesOf(text);
  const [first, ...columns] = lines[0].split(",");
  assertEquals([first, columns[0], columns.at(-1)], ["timestamp", "device_id", "completeness"]);
  assertEquals(lines.slice(1).map((line) => line.split(",").slice(0, 2)), [
    ["2026-02-01T00:00:00Z", "b-2"],
    ["2026-02-01T00:00:00Z", "b-1"],
  ]);
  // 3 of 60 minutes.
  assertEquals(lines.slice(1).map((line) => line.split(",").at(-1)), ["0.05", "0.05"]);
  assertEquals(status.file_info.filename, "devices_2_20260201_20260201.csv");
  const one = await exportOf(service.url, { device_id: "b-1", ...range });
  assertEquals(one.status.file_info.filename, "device_b-1_20260201_20260201.csv");
  assertEquals(linesOf(one.text).length, 4);
});
