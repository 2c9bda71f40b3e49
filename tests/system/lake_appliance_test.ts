import { parquetReadObjects } from "hyparquet";
import { assert, assertEquals } from "../support/assert.ts";
import { listFiles, startLakeService, untilExported } from "../support/lake_service.ts";
import { linesOf, postLines } from "../support/telemetry.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const FILE = new URL(
  "../../../shared/data/appliance_d1/appliance_d1_2026-02-07.jsonl",
  import.meta.url,
);

function isThere(): boolean {
  try {
    return Deno.statSync(FILE).isFile;
  } catch {
    return false;
  }
}

Deno.test({
  name: "the readings of a real appliance come back from their Parquet files as they were sent",
  ignore: !isThere(),
  async fn() {
    const lines = (await Deno.readTextFile(FILE)).trimEnd().split("\n");
    const sent = lines.map((line) => {
      const { timestamp, voltage, current, power, temperature } = JSON.parse(line).original_payload;
      return { timestamp: Date.parse(timestamp), voltage, current, power, temperature };
    });
    // Of one time the later counts.
    const byTime = new Map(sent.map((one) => [one.timestamp, one]));
    const wanted = [...byTime.values()].sort((a, b) => a.timestamp - b.timestamp);
    await using folder = await makeTempFolder();
    const lake = { format: "parquet" as const, intervalMs: 60_000 };
    await using service = await startLakeService(folder.path, { lake });
    const messages = sent.map(({ timestamp, ...metrics }) => ({
      device_id: "D1",
      timestamp: new Date(timestamp).toISOString(),
      metrics,
    }));
    const { body } = await postLines(service.url, linesOf(messages));
    assertEquals(body.rejected, 0);
    await untilExported(service.url, ["D1"]);
    const found: typeof wanted = [];
    const paths = (await listFiles(folder.path)).filter((path) => path.endsWith(".parquet"));
    for (const path of paths) {
      const { buffer: file } = await Deno.readFile(`${folder.path}/${path}`);
      for (const row of await parquetReadObjects({ file })) {
        const { timestamp, device_id, voltage, current, power, temperature } = row;
        assert(timestamp instanceof Date && device_id === "D1");
        // The name tells the minute.
        const minute = timestamp.toISOString().slice(0, 16);
        const clock = `export_${minute.slice(11).replace(":", "")}00`;
        assertEquals(
          path,
          `device_id=D1/date=${minute.slice(0, 10).replaceAll("-", "/")}/${clock}.parquet`,
        );
        found.push({ timestamp: timestamp.getTime(), voltage, current, power, temperature });
      }
    }
    assertEquals(found, wanted);
    assertEquals(
      new Set(wanted.map((one) => Math.floor(one.timestamp / 60_000))).size,
      paths.length,
    );
  },
});
