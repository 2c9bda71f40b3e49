import type { LineReject } from "./csv_upload.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import { assertEquals } from "../../support/assert.ts";
import { readUpload } from "./csv_upload.ts";

const HEADER = "timestamp,smart_meter_id,energy_kwh,power_kw,voltage_v,current_a";
const GOOD = "2024-01-01T00:00:00Z,m1,1,2,230,4";
const NO_TIME = "a date and time as in ISO 8601";
const TOO_OLD = "1970-01-01T00:00:00Z or later";
const NO_DECIMAL = "a decimal number with a point";
const IF_MISSING = `${NO_DECIMAL}; if this means that there is no value, send missing=`;
const IF_TIME = `${NO_TIME}; if this is a time, send timestamp_format=`;

/** The reject of one record below the full header. */
function rejectOf(record: string): Omit<LineReject, "line"> {
  const { rows, rejects: [{ line, ...reject }, ...others] } = readUpload(`${HEADER}\n${record}\n`);
  assertEquals([rows.length, line, others.length], [0, 2, 0], record);
  return reject;
}

/** The lines of the rejected records. */
function rejectedLines(csv: string, sizes?: number[]): number[] {
  return readUpload(csv, { sizes }).rejects.map(({ line }) => line);
}

Deno.test("a record with a wrong time is rejected by the rule it breaks", () => {
  const times: [text: string, rule: string][] = [
    ["", `${NO_TIME}; a record without a time, such as a total, is not a reading`],
    ["Total", `${NO_TIME}; a record without a time, such as a total, is not a reading`],
    ["2024-01-01", `${IF_TIME}auto or its pattern`],
    ["2023-02-29T00:00:00Z", NO_TIME],
    ["2024-13-01T00:00:00Z", NO_TIME],
    ["2024-04-31T00:00:00Z", NO_TIME],
    ["2024-01-01T24:01:00Z", NO_TIME],
    ["2024-01-01T22:59:60Z", NO_TIME],
    ["2024-01-01T00:60:00Z", NO_TIME],
    ["2024-01-01T00:00:00+24:00", NO_TIME],
    ["01.02.2024 10:00", `${IF_TIME}auto or its pattern`],
    ["1704067200", `${IF_TIME}unix`],
    ["1704067200000", `${IF_TIME}unix_ms`],
    ["1969-12-31T23:59:59Z", TOO_OLD],
    ["1970-01-01T00:30:00+01:00", TOO_OLD],
    ["0000-01-01T00:00:00Z", TOO_OLD],
    ["9999-12-31T23:30:00-01:00", "a time before the year 10000"],
  ];
  for (const [value, rule] of times) {
    const record = GOOD.replace("2024-01-01T00:00:00Z", value);
    assertEquals(rejectOf(record), { field: "timestamp", value, rule });
    assertEquals(rejectOf(record.replace(value, `"${value}"`)), {
      field: "timestamp",
      value,
      rule,
    });
  }
});

Deno.test("a record with a wrong value is rejected by the rule it breaks", () => {
  const wrong: [record: string, field: string, value: string, rule: string][] = [
    ["m1,abc,2,230,4", "energy_kwh", "abc", `${IF_MISSING}abc`],
    ["m1,1,NaN,230,4", "power_kw", "NaN", `${IF_MISSING}NaN`],
    ["m1,1,0x1,230,4", "power_kw", "0x1", NO_DECIMAL],
    ["m1,1,2,230 V,4", "voltage_v", "230 V", NO_DECIMAL],
    [
      'm1,1,2,"230,1",4',
      "voltage_v",
      "230,1",
      `${NO_DECIMAL}; if this is a number, send decimal=,`,
    ],
    ["m1,1,2,230,-", "current_a", "-", `${IF_MISSING}-`],
    ["m1,1,2,230,1e999", "current_a", "1e999", NO_DECIMAL],
    ["m1,1,2,-0.1,4", "voltage_v", "-0.1", "0 to 1000000 V"],
    ["m1,1,2,1000000.1,4", "voltage_v", "1000000.1", "0 to 1000000 V"],
    ["m1,1000000001,2,3,4", "energy_kwh", "1000000001", "-1000000000 to 1000000000 kWh"],
    ["m1,1,-1e7,230,4", "power_kw", "-1e7", "-1000000 to 1000000 kW"],
    ["m2,1,2,230,4", "smart_meter_id", "m2", "the id in the address, m1"],
    ["m10,1,2,230,4", "smart_meter_id", "m10", "the id in the address, m1"],
    ["m,1,2,230,4", "smart_meter_id", "m", "the id in the address, m1"],
    ["M1,1,2,230,4", "smart_meter_id", "M1", "the id in the address, m1"],
    [",1,2,230,4", "smart_meter_id", "", "the id in the address, m1"],
  ];
  for (const [fields, field, value, rule] of wrong) {
    assertEquals(rejectOf(`2024-01-01T00:00:00Z,${fields}`), { field, value, rule });
  }
});

Deno.test("the ranges of metrics are those of the profile", () => {
  const csv = "timestamp,soc_percent,temp_c\n2024-01-01T00:00:00Z,100.5,\n" +
    "2024-01-01T00:00:00Z,100,-50.01\n2024-01-01T00:00:00Z,0,-50\n";
  const { rejects } = readUpload(csv, { profile: PROFILES.battery });
  assertEquals(rejects, [
    { line: 2, field: "soc_percent", value: "100.5", rule: "0 to 100 %" },
    { line: 3, field: "temp_c", value: "-50.01", rule: "-50 to 100 Cel" },
  ]);
});

Deno.test("a record with another number of fields is rejected as a whole", () => {
  const counts: [record: string, found: number][] = [
    ["2024-01-01T00:00:00Z", 1],
    ["2024-01-01T00:00:00Z,m1,1,2,230", 5],
    [`${GOOD},,x`, 8],
    [`${GOOD},5`, 7],
    [`"2024-01-01T00:00:00Z",m1`, 2],
    ["   ", 1],
  ];
  for (const [record, found] of counts) {
    const rule = `6 fields, found ${found}`;
    assertEquals(rejectOf(record), { field: null, value: record, rule });
  }
});

Deno.test("a record whose quotes are not those of RFC 4180 is rejected as a whole", () => {
  const rule = "quotes closed as in RFC 4180";
  for (const odd of ['"230', '23"0', '"230"x', '"23"0"']) {
    const record = GOOD.replace("230", odd);
    assertEquals(rejectOf(record), { field: null, value: record, rule });
  }
});

Deno.test("a wrong value is quoted back with its first 100 characters", () => {
  const { value } = rejectOf(GOOD.replace("230", "x".repeat(150)));
  assertEquals(value, "x".repeat(100));
});

Deno.test("of several wrong values in a record the first one is listed", () => {
  assertEquals(rejectOf("2024-01-01T00:00:00Z,m1,a,b,c,d").field, "energy_kwh");
});

Deno.test("rejects have the right line after blank lines, CRLF and a byte order mark", () => {
  const csv = `\ufeff${HEADER}\r\n\r\nbad\r\n${GOOD}\r\n\r\nbad`;
  assertEquals(rejectedLines(csv), [3, 6]);
  assertEquals(rejectedLines(csv, [1]), [3, 6]);
});

Deno.test("rejects have the right line after line breaks inside quotes", () => {
  const header = `${HEADER},note`;
  const csv = `${header}\n${GOOD},"a\nb\nc"\nbad\n"bad\nfield"\n${GOOD},"d\r\ne"\r\nbad\n`;
  // Header 1, reading 2 to 4, bad 5, bad 6 to 7, reading 8 to 9, bad 10.
  assertEquals(rejectedLines(csv), [5, 6, 10]);
  assertEquals(rejectedLines(csv, [1]), [5, 6, 10]);
  assertEquals(readUpload(csv).rows.length, 2);
});

Deno.test("a header of several lines counts as that many lines", () => {
  assertEquals(rejectedLines(`${HEADER},"no\nte"\nbad\n`), [3]);
});

Deno.test("a record longer than 65,536 bytes alone is rejected, in chunks of any size", () => {
  const long = `2024-01-01T00:00:00Z,m1,1,2,230,${"4".repeat(65_536)}`;
  const csv = `${HEADER}\n${GOOD}\n${long}\n${GOOD}\nbad\n${long}`;
  for (const sizes of [[1_000], [65_536], [1_000_000]]) {
    const { rows, rejects } = readUpload(csv, { sizes });
    assertEquals(rows.length, 2);
    assertEquals(rejects.map(({ line, field, rule }) => ({ line, field, rule })), [
      { line: 3, field: null, rule: "at most 65536 bytes" },
      { line: 5, field: null, rule: "6 fields, found 1" },
      { line: 6, field: null, rule: "at most 65536 bytes" },
    ]);
    assertEquals(rejects[0].value, long.slice(0, 100));
  }
});

Deno.test("a record of exactly 65,536 bytes is read", () => {
  const fields = "2024-01-01T00:00:00Z,m1,1,2,230,";
  const record = `${fields}${"0".repeat(65_536 - fields.length)}`;
  for (const sizes of [[1_000], [65_536], [1_000_000]]) {
    assertEquals(readUpload(`${HEADER}\n${record}\n`, { sizes }).rows.map((row) => row[4]), ["0"]);
    assertEquals(readUpload(`${HEADER}\n${record}0\n`, { sizes }).rejectedCount, 1);
  }
});

Deno.test("a quote that never closes costs only its own line", () => {
  const open = GOOD.replace("230", '"230');
  for (const goodLines of [3, 5_000]) {
    const csv = `${HEADER}\n${open}\n${`${GOOD}\n`.repeat(goodLines)}`;
    for (const sizes of [[7], [65_536], [1_000_000]]) {
      const { rows, rejects } = readUpload(csv, { sizes });
      assertEquals(rows.length, goodLines);
      assertEquals(rejects, [
        { line: 2, field: null, value: open, rule: "quotes closed as in RFC 4180" },
      ]);
    }
  }
});

Deno.test("two quotes far apart cost only their own lines, in chunks of any size", () => {
  const open = GOOD.replace("230", '"230');
  const csv = `${HEADER}\n${open}\n${`${GOOD}\n`.repeat(5_000)}${open}\n${GOOD}\n`;
  for (const sizes of [[1_000], [65_536], [1_000_000]]) {
    const { rows, rejects } = readUpload(csv, { sizes });
    assertEquals(rejects.map(({ line }) => line), [2, 5_003], `chunks of ${sizes}`);
    assertEquals(rows.length, 5_001);
  }
});

Deno.test("the first 100 rejects are listed and all of them counted", () => {
  const { rows, rejects, rejectedCount } = readUpload(
    `${HEADER}\n${`bad\n${GOOD}\n`.repeat(150)}`,
    { sizes: [50] },
  );
  assertEquals(rejectedCount, 150);
  assertEquals(rejects.map(({ line }) => line), Array.from({ length: 100 }, (_, i) => 2 + 2 * i));
  assertEquals(rows.length, 150);
});
