import { assertEquals } from "../../support/assert.ts";
import { askJson, type JsonAnswer, startTestService } from "../../support/service.ts";

const CASES = new URL("../../data/imports/cases/", import.meta.url);

/** Uploads a file into a meter. */
function upload(
  url: string,
  query: Record<string, string>,
  body: BodyInit,
): Promise<JsonAnswer> {
  const init = { method: "POST", headers: { "content-type": "text/csv" }, body };
  return askJson(`${url}/api/meters/house/readings?${new URLSearchParams(query)}`, init);
}

async function readings(url: string, range: string): Promise<[string, number][]> {
  const { body } = await askJson(`${url}/api/meters/house/readings?${range}`);
  return body.data.map((
    row: { timestamp: string; energy_kwh: number },
  ) => [row.timestamp, row.energy_kwh]);
}

Deno.test("100 quarter hours of a day on which the clock goes back are stored as 100 readings", async () => {
  await using service = await startTestService({ role: "api" });
  const query = {
    delimiter: ";",
    decimal: ",",
    timestamp: "Datum von",
    timestamp_format: "auto",
    timezone: "Europe/Vienna",
    map: "Energiemenge in kWh:energy_kwh",
  };
  const file = await Deno.readFile(new URL("01_autumn_quarter_hours.csv", CASES));
  const { status, body } = await upload(service.url, query, file);
  assertEquals([status, body.inserted, body.repeated, body.ambiguous], [200, 100, 0, 0]);
  const hour = "start_time=2024-10-27T00:45:00Z&end_time=2024-10-27T01:00:00Z";
  assertEquals(await readings(service.url, hour), [
    ["2024-10-27T00:45:00Z", 0.087],
    ["2024-10-27T01:00:00Z", 0.094],
  ]);
  const again = await upload(service.url, query, file);
  assertEquals([again.body.unchanged, again.body.repeated], [100, 0]);
});

Deno.test("a report has the preamble, columns left out with a reason, and what is ambiguous", async () => {
  await using service = await startTestService({ role: "api" });
  const csv = "Account,1\ntimestamp,energy_kwh,Q (kvarh)\n2024-10-27 01:00,1,5\n" +
    "2024-10-27 02:00,2,5\n2024-10-27 03:00,3,5\n";
  const { body } = await upload(service.url, { timezone: "Europe/Vienna" }, csv);
  assertEquals([body.inserted, body.ambiguous, body.preamble], [3, 1, ["Account,1"]]);
  assertEquals(body.left_out, [{
    column: "Q (kvarh)",
    reason: "kvarh is reactive energy, which the profile meter does not have",
  }]);
});

Deno.test("each wrong option is listed, and what the first rows do not show is asked for", async () => {
  await using service = await startTestService({ role: "api" });
  const pointers = async (query: Record<string, string>, csv: string) => {
    const { status, body } = await upload(service.url, query, csv);
    assertEquals(status, 400);
    return body.errors.map(({ pointer }: { pointer: string }) => pointer);
  };
  const wrong = {
    encoding: "ebcdic",
    thousands: ".",
    decimal: ".",
    stamp: "middle",
    interval: "soon",
    ambiguous: "both",
    nonexistent: "maybe",
  };
  assertEquals(
    (await pointers(wrong, "timestamp,energy_kwh\n")).toSorted(),
    ["#ambiguous", "#encoding", "#interval", "#nonexistent", "#stamp", "#thousands"],
  );
  const csv = "timestamp,energy_kwh\n01/02/2024 00:00,1\n01/02/2024 01:00,2\n";
  assertEquals(await pointers({ timestamp_format: "auto" }, csv), ["#timestamp_format"]);
  const one = "timestamp,energy_kwh\n2024-02-01 00:00,1\n";
  assertEquals(await pointers({ stamp: "end" }, one), ["#interval"]);
  assertEquals((await askJson(`${service.url}/api/meters/house`)).status, 404);
});

Deno.test("an upload in another encoding than UTF-8 is refused with the option that reads it", async () => {
  await using service = await startTestService({ role: "api" });
  const file = await Deno.readFile(new URL("06_utf16_tabs.csv", CASES));
  const query = { delimiter: "tab", decimal: ",", timestamp: "Zeitstempel" };
  const map = "Verbrauch (kWh):energy_kwh";
  const stored = await upload(service.url, { ...query, map }, file);
  assertEquals([stored.status, stored.body.inserted], [200, 4]);
  const { status, body } = await upload(service.url, { ...query, map, encoding: "utf-8" }, file);
  assertEquals([status, body.code], [400, "MALFORMED_BODY"]);
  assertEquals(
    body.detail.split(", ").at(-1),
    "but it looks like utf-16le; send encoding=utf-16le",
  );
});
