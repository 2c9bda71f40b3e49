import fc from "fast-check";
import { createCsvEncoder, encodeWindowCsv } from "../../../data/continuous/csv.ts";
import { emptyPage, slicePage } from "../../../data/readings/page.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import { parse } from "../../../data/text/std_csv.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import {
  anyWindow,
  type ExpectedRow,
  expectedRows,
  windowOf,
} from "../../support/exported_files.ts";
import { pageOf } from "../../support/pages.ts";

const NOON_MS = Date.parse("2026-02-07T12:00:00Z");
const HEADER = "timestamp,device_id,device_type,location,voltage,current,power,temperature," +
  "hour,day_of_week,is_weekend,power_factor\n";

function textOf(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}

Deno.test("encodeWindowCsv() writes a header and one line per reading, with empty fields for missing values", () => {
  const page = pageOf([
    [NOON_MS, "230", "1.5", "172.5", "44.99"],
    [NOON_MS + 5_250, "229.98", "", "", "-3"],
    [NOON_MS + 43_200_000, "230", "0", "0", "20"],
  ]);
  // 172.5 / (230 × 1.5) = 0.5. 2026-02-07 is a Saturday.
  assertEquals(
    textOf(encodeWindowCsv(windowOf(page))),
    HEADER +
      "2026-02-07T12:00:00Z,D1,washer,cellar,230,1.5,172.5,44.99,12,5,true,0.5\n" +
      "2026-02-07T12:00:05.250Z,D1,washer,cellar,229.98,,,-3,12,5,true,\n" +
      "2026-02-08T00:00:00Z,D1,washer,cellar,230,0,0,20,0,6,true,\n",
  );
});

Deno.test("encodeWindowCsv() writes the metrics of a battery and no power factor", () => {
  const page = pageOf([[Date.parse("2026-02-09T07:59:59Z"), "67.5", "385.2", "-45.3", "28.4"]]);
  const window = { ...windowOf(page, { deviceType: null }), profile: PROFILES.battery };
  assertEquals(
    textOf(encodeWindowCsv(window)),
    "timestamp,device_id,device_type,location,soc_percent,voltage_v,current_a,temp_c," +
      "hour,day_of_week,is_weekend\n" +
      "2026-02-09T07:59:59Z,D1,,cellar,67.5,385.2,-45.3,28.4,7,0,false\n",
  );
});

Deno.test("an encoder writes the file after a very long one like the first one", () => {
  const { encode } = createCsvEncoder();
  // 70,000 lines of 80 characters are more memory than is kept.
  const timesMs = Float64Array.from({ length: 70_000 }, (_, row) => NOON_MS + row * 1_000);
  const columns = [2300, 15, 1725, 449].map((value) => ({
    scale: 1,
    values: timesMs.map(() => value),
  }));
  const long = windowOf({ timesMs, columns });
  const short = windowOf(slicePage({ timesMs, columns }, 0, 100));
  for (const window of [short, long, short]) {
    assert(textOf(encode(window)) === textOf(encodeWindowCsv(window)));
  }
});

Deno.test("an encoder of many files writes each like the first one", () => {
  const { encode } = createCsvEncoder();
  const page = pageOf([[NOON_MS, "230", "1.5", "172.5", "44.99"]]);
  const battery = pageOf([[NOON_MS, "67.5", "385.2", "-45.3", "28.4"]]);
  const windows = [
    { ...windowOf(page), deviceId: "D2" },
    { ...windowOf(page, { deviceType: null }), deviceId: "D3" },
    { ...windowOf(battery), profile: PROFILES.battery },
    windowOf(page),
  ];
  for (const window of [...windows, ...windows.toReversed()]) {
    for (const layout of ["plain", "hive"] as const) {
      assertEquals(textOf(encode(window, layout)), textOf(encodeWindowCsv(window, layout)));
    }
  }
  assertEquals(textOf(encode(windows[0])).includes("2026-02-07T12:00:00Z,D2,washer,"), true);
});

Deno.test("encodeWindowCsv() writes only the header if there are no readings", () => {
  assertEquals(textOf(encodeWindowCsv(windowOf(emptyPage(4)))), HEADER);
});

Deno.test("encodeWindowCsv() quotes texts only if required, and distinguishes missing from empty", () => {
  const page = pageOf([[NOON_MS, "1", "1", "1", "1"]]);
  const labels: [string | null, string][] = [
    ["a,b", '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ["two\nlines", '"two\nlines"'],
    ["\r", '"\r"'],
    ["=1+1", "=1+1"],
    ["Küche 日本 🙂", "Küche 日本 🙂"],
    ["", '""'],
    [null, ""],
  ];
  for (const [label, field] of labels) {
    const text = textOf(encodeWindowCsv(windowOf(page, { deviceType: label, location: label })));
    assertEquals(
      text,
      `${HEADER}2026-02-07T12:00:00Z,D1,${field},${field},1,1,1,1,12,5,true,1\n`,
    );
  }
});

Deno.test("encodeWindowCsv() writes milliseconds correctly next to text that is not ASCII", () => {
  const page = pageOf([[NOON_MS, "1", "1", "1", "1"], [NOON_MS + 7, "1", "1", "1", "1"]]);
  assertEquals(
    textOf(encodeWindowCsv(windowOf(page, { deviceType: "ß–🙂" }))),
    `${HEADER}2026-02-07T12:00:00Z,D1,ß–🙂,cellar,1,1,1,1,12,5,true,1\n` +
      "2026-02-07T12:00:00.007Z,D1,ß–🙂,cellar,1,1,1,1,12,5,true,1\n",
  );
});

Deno.test("encodeWindowCsv() writes the same bytes for the same readings", () => {
  fc.assert(
    fc.property(anyWindow(50), (window) => {
      const again = structuredClone(window);
      assertEquals(encodeWindowCsv(again), encodeWindowCsv(window));
    }),
    { numRuns: 30 },
  );
});

/** The fields of a row in CSV; the power factor stays a number, to compare it as one. */
function fieldsOf({ reading, deviceType, location, clock, powerFactor }: ExpectedRow): unknown[] {
  const [timeMs, ...texts] = reading;
  const time = new Date(timeMs).toISOString().replace(".000Z", "Z");
  const [hour, day, isWeekend] = clock;
  const common = [time, "D-1_x", deviceType ?? "", location ?? "", ...texts, hour, day, isWeekend];
  return [...common.map(String), powerFactor];
}

Deno.test("@std/csv reads the rows of any window back from its file", () => {
  fc.assert(
    fc.property(anyWindow(200), (window) => {
      const [, ...records] = parse(textOf(encodeWindowCsv(window)));
      const isAppliance = window.profile.name === "appliance";
      const read = records.map((fields) => [
        ...fields.slice(0, 11),
        isAppliance && fields[11] !== "" ? Number(fields[11]) : NaN,
      ]);
      assertEquals(read, expectedRows(window).map(fieldsOf));
    }),
    { numRuns: 60 },
  );
});
