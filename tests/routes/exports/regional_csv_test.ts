import type { CsvDialectName } from "../../../data/encoders/csv_dialect.ts";
import { assertEquals } from "../../support/assert.ts";
import { importText, startTestService } from "../../support/service.ts";
import { UPLOAD_HEADER } from "../meters/meter_csv.ts";
import { exportOf } from "./export_of.ts";

/** The values of the four readings: small, negative, missing and large ones. */
const VALUES = ["0.05,-1234.5,230,0.000001", ",-0.25,,", ",,234567.25,", "1,2,3,4"];

interface Region {
  readonly dialect: CsvDialectName;
  readonly zone: string;
  readonly delimiter: string;
  readonly lineEnd: string;
  readonly mark: string;
  /** The values as this region writes them. */
  readonly values: readonly string[][];
  /** For each clock change: the first reading in UTC, then times in the zone and in UTC. */
  readonly changes: readonly { firstMs: number; times: readonly [string, string][] }[];
}

const POINT = [
  ["0.05", "-1234.5", "230", "0.000001"],
  ["", "-0.25", "", ""],
  ["", "", "234567.25", ""],
  ["1", "2", "3", "4"],
];
const COMMA = [
  ["0,05", "-1234,5", "230", "0,000001"],
  ["", "-0,25", "", ""],
  ["", "", "234567,25", ""],
  ["1", "2", "3", "4"],
];
const EXCEL = { delimiter: ",", lineEnd: "\r\n", mark: "\uFEFF", values: POINT };
const PLAIN = { delimiter: ",", lineEnd: "\n", mark: "", values: POINT };
const EUROPEAN = { ...EXCEL, delimiter: ";", values: COMMA };

// The rules of the zones in 2024 (tzdata): Europe changes its clocks at 01:00 UTC on 31 March and
// 27 October, New York at 02:00 of its own on 10 March and 3 November, Sydney at 03:00 of its summer
// time on 7 April and at 02:00 on 6 October.
const REGIONS: readonly Region[] = [
  {
    ...EXCEL,
    dialect: "excel-us",
    zone: "America/New_York",
    changes: [{
      firstMs: Date.UTC(2024, 2, 10, 6),
      times: [
        ["03/10/2024 01:00:00", "03/10/2024 06:00:00"],
        ["03/10/2024 01:30:00", "03/10/2024 06:30:00"],
        ["03/10/2024 03:00:00", "03/10/2024 07:00:00"],
        ["03/10/2024 03:30:00", "03/10/2024 07:30:00"],
      ],
    }, {
      firstMs: Date.UTC(2024, 10, 3, 5),
      times: [
        ["11/03/2024 01:00:00", "11/03/2024 05:00:00"],
        ["11/03/2024 01:30:00", "11/03/2024 05:30:00"],
        ["11/03/2024 01:00:00", "11/03/2024 06:00:00"],
        ["11/03/2024 01:30:00", "11/03/2024 06:30:00"],
      ],
    }],
  },
  {
    ...EXCEL,
    dialect: "excel-uk",
    zone: "Europe/London",
    changes: [{
      firstMs: Date.UTC(2024, 2, 31, 0),
      times: [
        ["31/03/2024 00:00:00", "31/03/2024 00:00:00"],
        ["31/03/2024 00:30:00", "31/03/2024 00:30:00"],
        ["31/03/2024 02:00:00", "31/03/2024 01:00:00"],
        ["31/03/2024 02:30:00", "31/03/2024 01:30:00"],
      ],
    }, {
      firstMs: Date.UTC(2024, 9, 27, 0),
      times: [
        ["27/10/2024 01:00:00", "27/10/2024 00:00:00"],
        ["27/10/2024 01:30:00", "27/10/2024 00:30:00"],
        ["27/10/2024 01:00:00", "27/10/2024 01:00:00"],
        ["27/10/2024 01:30:00", "27/10/2024 01:30:00"],
      ],
    }],
  },
  {
    ...EUROPEAN,
    dialect: "excel-de",
    zone: "Europe/Berlin",
    changes: [{
      firstMs: Date.UTC(2024, 2, 31, 0),
      times: [
        ["31.03.2024 01:00:00", "31.03.2024 00:00:00"],
        ["31.03.2024 01:30:00", "31.03.2024 00:30:00"],
        ["31.03.2024 03:00:00", "31.03.2024 01:00:00"],
        ["31.03.2024 03:30:00", "31.03.2024 01:30:00"],
      ],
    }, {
      firstMs: Date.UTC(2024, 9, 27, 0),
      times: [
        ["27.10.2024 02:00:00", "27.10.2024 00:00:00"],
        ["27.10.2024 02:30:00", "27.10.2024 00:30:00"],
        ["27.10.2024 02:00:00", "27.10.2024 01:00:00"],
        ["27.10.2024 02:30:00", "27.10.2024 01:30:00"],
      ],
    }],
  },
  {
    ...EUROPEAN,
    dialect: "excel-fr",
    zone: "Europe/Paris",
    changes: [{
      firstMs: Date.UTC(2024, 2, 31, 0),
      times: [
        ["31/03/2024 01:00:00", "31/03/2024 00:00:00"],
        ["31/03/2024 01:30:00", "31/03/2024 00:30:00"],
        ["31/03/2024 03:00:00", "31/03/2024 01:00:00"],
        ["31/03/2024 03:30:00", "31/03/2024 01:30:00"],
      ],
    }, {
      firstMs: Date.UTC(2024, 9, 27, 0),
      times: [
        ["27/10/2024 02:00:00", "27/10/2024 00:00:00"],
        ["27/10/2024 02:30:00", "27/10/2024 00:30:00"],
        ["27/10/2024 02:00:00", "27/10/2024 01:00:00"],
        ["27/10/2024 02:30:00", "27/10/2024 01:30:00"],
      ],
    }],
  },
  {
    ...PLAIN,
    dialect: "rfc4180",
    zone: "Europe/Berlin",
    changes: [{
      firstMs: Date.UTC(2024, 2, 31, 0),
      times: [
        ["2024-03-31T01:00:00+01:00", "2024-03-31T00:00:00Z"],
        ["2024-03-31T01:30:00+01:00", "2024-03-31T00:30:00Z"],
        ["2024-03-31T03:00:00+02:00", "2024-03-31T01:00:00Z"],
        ["2024-03-31T03:30:00+02:00", "2024-03-31T01:30:00Z"],
      ],
    }, {
      firstMs: Date.UTC(2024, 9, 27, 0),
      times: [
        ["2024-10-27T02:00:00+02:00", "2024-10-27T00:00:00Z"],
        ["2024-10-27T02:30:00+02:00", "2024-10-27T00:30:00Z"],
        ["2024-10-27T02:00:00+01:00", "2024-10-27T01:00:00Z"],
        ["2024-10-27T02:30:00+01:00", "2024-10-27T01:30:00Z"],
      ],
    }],
  },
  {
    ...PLAIN,
    dialect: "tsv",
    zone: "Australia/Sydney",
    delimiter: "\t",
    changes: [{
      firstMs: Date.UTC(2024, 9, 5, 15),
      times: [
        ["2024-10-06T01:00:00+10:00", "2024-10-05T15:00:00Z"],
        ["2024-10-06T01:30:00+10:00", "2024-10-05T15:30:00Z"],
        ["2024-10-06T03:00:00+11:00", "2024-10-05T16:00:00Z"],
        ["2024-10-06T03:30:00+11:00", "2024-10-05T16:30:00Z"],
      ],
    }, {
      firstMs: Date.UTC(2024, 3, 6, 15),
      times: [
        ["2024-04-07T02:00:00+11:00", "2024-04-06T15:00:00Z"],
        ["2024-04-07T02:30:00+11:00", "2024-04-06T15:30:00Z"],
        ["2024-04-07T02:00:00+10:00", "2024-04-06T16:00:00Z"],
        ["2024-04-07T02:30:00+10:00", "2024-04-06T16:30:00Z"],
      ],
    }],
  },
];

const NAMES = "timestamp,utc,smart_meter_id,energy_kwh,power_kw,voltage_v,current_a".split(",");

Deno.test("the fields of each CSV dialect are those of its region, over both clock changes", async () => {
  await using service = await startTestService();
  for (const { dialect, zone, changes, delimiter, lineEnd, mark, values } of REGIONS) {
    for (const { firstMs, times } of changes) {
      const at = (index: number) => new Date(firstMs + index * 1_800_000).toISOString();
      const lines = VALUES.map((texts, index) => `${at(index)},${texts}\n`);
      await importText(service.url, dialect, UPLOAD_HEADER + lines.join(""));
      const { text, bytes } = await exportOf(service.url, {
        smart_meter_id: dialect,
        start_datetime: at(0),
        end_datetime: at(3),
        timezone: zone,
        utc: true,
        csv: dialect,
      });
      // The decoder of `text` drops the byte order mark.
      const begins = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(0, 4));
      assertEquals(begins.startsWith("\uFEFF"), mark !== "", dialect);
      const rows = text.split(lineEnd).map((line) => line.split(delimiter));
      assertEquals(rows, [
        NAMES,
        ...times.map((both, index) => [...both, dialect, ...values[index]]),
        // The last line has an end, too.
        [""],
      ], dialect);
    }
  }
});
