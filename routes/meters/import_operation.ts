/**
 * The import of readings, as the OpenAPI document describes it.
 *
 * @module
 */

import { z } from "zod";
import { importQuery } from "./import_query.ts";
import { importReport, meterId } from "./schemas.ts";
import { contentEncoding, uploadText } from "../openapi/upload_parts.ts";
import type { Content, Operation, Parameter } from "../openapi/operation.ts";

const { shape } = importQuery;

/** The name of a column or property. */
const name = z.string().min(1).max(100);
/** An entry of `map`. */
const METRIC_COLUMN = /^.+:(energy_kwh|power_kw|voltage_v|current_a)(:[A-Za-z]+)?$/;

const parameters: readonly Parameter[] = [
  meterId,
  {
    in: "query",
    name: "dry_run",
    description: "`true` reports what an import would do and writes nothing.",
    schema: z.boolean(),
    example: true,
  },
  {
    in: "query",
    name: "preset",
    description: "CSV only: a known file as it is. `household-power` is the UCI data set " +
      '"Individual household electric power consumption"; its energy is the power divided by 60, ' +
      "rounded half up to 6 decimals. Other parameters go before what it sets.",
    schema: shape.preset,
    example: "household-power",
  },
  {
    in: "query",
    name: "delimiter",
    description:
      "CSV only: what parts the fields, one ASCII character or `tab`; `,` by default, `;` with a decimal comma.",
    schema: z.string().regex(/^(tab|[ !#-*,/:-@[-`{-~])$/),
    example: ";",
  },
  {
    in: "query",
    name: "decimal",
    description: "CSV only: what stands before a fraction; `.` by default.",
    schema: shape.decimal,
    example: ",",
  },
  {
    in: "query",
    name: "timestamp",
    description:
      "The column or property of times, `timestamp` by default; of two, whose texts are " +
      "joined by a space, both: `timestamp=Date,Time`.",
    schema: z.array(name).min(1).max(2),
    example: ["Date", "Time"],
  },
  {
    in: "query",
    name: "timestamp_format",
    description: "How times are written, in fields of Unicode TR35: `dd/MM/yyyy HH:mm:ss`. " +
      "Fields are `yyyy` `yy` `MM` `M` `MMM` `dd` `d` `HH` `H` `hh` `h` `a` `mm` `m` `ss` `s` `S` " +
      "and `X` `XX` `XXX`. Or `iso` (default), `unix` (seconds), `unix_ms`.",
    schema: z.string().min(1),
    example: "dd/MM/yyyy HH:mm:ss",
  },
  {
    in: "query",
    name: "timezone",
    description:
      "The IANA zone of times without an offset, or a fixed offset; UTC by default. Of a " +
      "time that clocks show twice the first is meant; one that they skip is rejected.",
    schema: z.string().min(1),
    example: "Europe/Paris",
  },
  {
    in: "query",
    name: "map",
    description: "`column:metric` or `column:metric:unit`, repeated or with commas between. " +
      "Units: kWh, Wh, MWh; kW, W, MW; V, mV, kV; A, mA, kA. Metrics that are not named go by " +
      "their own names.",
    schema: z.array(z.string().regex(METRIC_COLUMN)),
    example: ["Leistung:power_kw:W"],
  },
  {
    in: "query",
    name: "missing",
    description: "CSV only: texts that stand for a missing value, beside the empty field.",
    schema: z.array(z.string().min(1).max(100)).max(20),
    example: ["?", "NA"],
  },
  contentEncoding,
];

const value = z.number().nullable();
const reading = z.looseObject({
  timestamp: z.union([z.string(), z.number()]).meta({ examples: ["2024-05-01T12:00:00Z"] })
    .optional(),
  energy_kwh: value.optional(),
  power_kw: value.optional(),
  voltage_v: value.optional(),
  current_a: value.optional(),
  smart_meter_id: z.union([z.string(), z.number()])
    .meta({ description: "The meter again, which must be the one in the address." }).optional(),
}).meta({
  id: "ImportedReading",
  description:
    "A reading by the names of a plain upload; `timestamp` and `map` give others. What " +
    "has another name means nothing here.",
});

const body: readonly Content[] = [
  {
    mediaType: "text/csv",
    schema: uploadText("A header and a line for each reading."),
    examples: {
      two_minutes: {
        summary: "Two minutes",
        value: "timestamp,energy_kwh,power_kw,voltage_v,current_a\n" +
          "2024-05-01T12:00:00Z,0.0167,1.002,230.1,4.35\n" +
          "2024-05-01T12:01:00Z,0.0171,1.026,230.0,4.46\n",
      },
      local_dialect: {
        summary: "Semicolons, decimal commas, watts, local time; the query says so",
        value: "Datum;Uhrzeit;Leistung;Spannung\n" +
          "01.05.2024;14:00;1002,5;230,1\n" +
          "01.05.2024;14:01;NA;230,0\n",
        "x-query": "delimiter=;&decimal=,&timestamp=Datum,Uhrzeit&" +
          "timestamp_format=dd.MM.yyyy HH:mm&timezone=Europe/Berlin&" +
          "map=Leistung:power_kw:W,Spannung:voltage_v&missing=NA",
      },
      household_power: {
        summary: "A line of a file that is known by a preset",
        value: "Date;Time;Global_active_power;Global_reactive_power;Voltage;Global_intensity;" +
          "Sub_metering_1;Sub_metering_2;Sub_metering_3\n" +
          "16/12/2006;17:24:00;4.216;0.418;234.840;18.400;0.000;1.000;17.000\n",
        "x-query": "preset=household-power",
      },
      power_only: {
        summary: "Power alone, in local time",
        value: "timestamp,power_kw\n2024-05-01T14:02:00+02:00,1.1\n",
      },
    },
  },
  {
    mediaType: "application/x-ndjson",
    schema: uploadText("A JSON object a line."),
    examples: {
      two_lines: {
        summary: "Two minutes",
        value: '{"timestamp":"2024-05-01T12:00:00Z","power_kw":1.002}\n' +
          '{"timestamp":"2024-05-01T12:01:00Z","power_kw":1.026,"voltage_v":null}\n',
      },
    },
  },
  {
    mediaType: "application/json",
    schema: z.array(reading),
    examples: {
      one_reading: {
        summary: "One minute",
        value: [{ timestamp: "2024-05-01T12:00:00Z", power_kw: 1.002, voltage_v: 230.1 }],
      },
    },
  },
];

/** The operation. */
export const importOperation: Operation = {
  method: "post",
  path: "/api/meters/{id}/readings",
  id: "importReadings",
  tag: "Meters",
  summary: "Import readings",
  description:
    "Takes an upload of any length: CSV with a header, a JSON object a line, or a JSON " +
    "array of objects. Columns and properties go by name, in any order: `timestamp` and at least " +
    "one of `energy_kwh`, `power_kw`, `voltage_v`, `current_a`; an empty field or null is a missing " +
    "value. A `smart_meter_id` must be the meter's own. All text is UTF-8. A reading with a known time replaces the whole earlier one. Good records are stored " +
    "as they come in, also when the upload breaks off; sending the same again completes it. " +
    "`GET /api/meters/{id}` tells how far it is.",
  parameters,
  body,
  answers: [{
    status: 200,
    description: "The upload was read to its end; `rejects` tells what was not taken.",
    content: [{ mediaType: "application/json", schema: importReport }],
  }],
  problems: ["INVALID_REQUEST", "MALFORMED_BODY", "UNSUPPORTED_MEDIA_TYPE", "SERIES_BUSY"],
};
