import { assertEquals } from "../support/assert.ts";
import { askJson, exportToEnd, type JsonAnswer, startTestService } from "../support/service.ts";

const FILE = new URL(
  "../../../shared/data/household_power/household_power_2006-12-16_2007-01-14.txt",
  import.meta.url,
);

function isThere(): boolean {
  try {
    return Deno.statSync(FILE).isFile;
  } catch {
    return false;
  }
}

/** Imports the file unchanged. */
async function importFile(url: string): Promise<JsonAnswer> {
  return await askJson(`${url}/api/meters/house/readings?preset=household-power`, {
    method: "POST",
    headers: { "content-type": "text/csv" },
    body: await Deno.readFile(FILE),
  });
}

/** `16/12/2006;17:24:00;4.216;…;234.840;18.400;…` as `2006-12-16T17:24:00Z,0.070267,4.216,…`. */
function convertLine(line: string): string {
  const [date, time, power, , voltage, current] = line.split(";");
  if (time === undefined) return date;
  const [day, month, year] = date.split("/").map((part) => part.padStart(2, "0"));
  const values = [energyKwh(power), power, voltage, current].map((text) =>
    text === "?" ? "" : text
  );
  return [`${year}-${month}-${day}T${time}Z`, ...values].join(",");
}

/** The energy of a minute at some kW (three decimals), in kWh, rounded half up to six decimals. */
function energyKwh(powerKw: string): string {
  if (powerKw === "?") return "";
  const watts = BigInt(powerKw.replace(".", ""));
  const millionths = (watts * 2_000n + 60n) / 120n;
  return `${millionths / 1_000_000n}.${String(millionths % 1_000_000n).padStart(6, "0")}`;
}

function shortest(decimal: string): string {
  return decimal.includes(".") ? decimal.replace(/\.?0+$/, "") : decimal;
}

Deno.test({
  name: "an export of a month of a real household equals the imported file, row by row",
  ignore: !isThere(),
  async fn() {
    const lines = (await Deno.readTextFile(FILE)).trimEnd().split("\n").slice(1).map(convertLine);
    await using service = await startTestService();
    const first = await importFile(service.url);
    const report = first.body;
    assertEquals([report.received, report.inserted, report.rejected], [40_964, 40_963, 1]);
    // The file ends in the middle of a date: "14/1/20".
    assertEquals(report.rejects, [
      { line: 40_965, field: null, value: "14/1/20", rule: "9 fields, found 1" },
    ]);
    const status = await exportToEnd(service.url, {
      smart_meter_id: "house",
      start_datetime: "2006-12-16T17:24:00Z",
      end_datetime: "2007-01-14T04:06:00Z",
    });
    assertEquals(status.file_info.record_count, 40_963);
    // The last reading is 28 days, 10 hours and 42 minutes after the first; both count.
    assertEquals(status.file_info.missing_intervals, 28 * 1440 + 642 + 1 - 40_963);
    const file = await (await fetch(`${service.url}${status.file_info.download_url}`)).text();
    const rows = file.trimEnd().split("\n").slice(1);
    const expected = lines.slice(0, -1).map((line) => {
      const [time, ...values] = line.split(",");
      return [time, "house", ...values.map(shortest)].join(",");
    });
    assertEquals(rows.length, expected.length);
    rows.forEach((row, index) => assertEquals(row, expected[index]));
    assertEquals((await importFile(service.url)).body.unchanged, 40_963);
  },
});
